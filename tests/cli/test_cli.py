#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cli.py [EDDY]: the `eddy` command, as a user meets it.

EDDY is the executable, else $EDDY_BUILD/eddy, else build/eddy of this tree. One line per check, the last line counts
them; exit status 0 when all passed. Every check runs in a folder of its own with an empty cache.
"""
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('EDDY_BUILD') or os.path.join(HERE, '..', '..', 'build')
EDDY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(BUILD, 'eddy'))
COMPILER = os.environ.get('CC') or 'cc'
# Without a command before it that keeps results, too, and need not notice a header that comes.
THE_COMPILER = [word for word in COMPILER.split() if not word.startswith('-')][-1]
LIMIT = 60

# The programs that a check starts inherit what is ignored, and one is sent this.
signal.signal(signal.SIGINT, signal.default_int_handler)

CHECKS = []
SEVEN = 'int main(void) { return 7; }\n'
TWICE = '''#include <eddy/keywords.h>
async(void, nothing) { await(eddy_sleep(0.0)); }
int main(void) { return eddy_run(nothing()) || eddy_run(nothing()); }
'''
ECHO = '''#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" %s\\n", __FILE__);
    return 0;
}
'''
ASYNC = '''#include <eddy/keywords.h>
#include <stdio.h>
async(int, twice, (int, n)) {
    await(eddy_sleep(3600));
    return 2 * n;
}
async(int, main_task) {
    printf("%d\\n", await(twice(21)));
    return 5;
}
int main(void) { return eddy_run(main_task()); }
'''


class Skip(Exception):
    """What a check needs is not on this machine."""


def check(function):
    CHECKS.append(function)
    return function


class Place:
    """A folder to work in, and an environment with nothing of the caller's in the way."""

    def __init__(self, folder):
        self.folder = folder
        self.home = os.path.join(folder, 'home')
        os.mkdir(self.home)
        self.environment = {
            'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': self.home, 'CC': COMPILER, 'LC_ALL': 'C',
            'EDDY_CACHE': os.path.join(folder, 'cache'),
        }
        if 'GCOV_PREFIX' in os.environ:  # tools/mutate.py asks which lines this executes
            self.environment['GCOV_PREFIX'] = os.environ['GCOV_PREFIX']

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def start(self, *words, **options):
        environment = dict(self.environment, **options.pop('env', {}))
        environment = {name: value for name, value in environment.items() if value is not None}
        options.setdefault('cwd', self.folder)
        return subprocess.run(words, env=environment, timeout=LIMIT, text=True, capture_output=True, check=False,
                              **options)

    def eddy(self, *words, **options):
        return self.start(EDDY, *words, **options)

    def counting_compiler(self, compiler=COMPILER):
        """A compiler that writes a line to the file `calls` each time it is called."""
        self.write('counting-cc', '#!/bin/sh\necho call >> "%s"\nexec %s "$@"\n' % (self.path('calls'), compiler))
        os.chmod(self.path('counting-cc'), 0o755)
        self.environment['CC'] = self.path('counting-cc')

    def calls(self):
        if not os.path.exists(self.path('calls')):
            return 0
        with open(self.path('calls'), encoding='utf-8') as file:
            return len(file.readlines())


def same(got, wanted, what='value'):
    if got != wanted:
        raise AssertionError('%s is %r, should be %r' % (what, got, wanted))


def contains(text, part):
    if part not in text:
        raise AssertionError('%r does not contain %r' % (text, part))


def ends(result, status, stdout=None, stderr=None):
    same(result.returncode, status, 'status (it said %r)' % (result.stdout + result.stderr)[-2000:])
    if stdout is not None:
        same(result.stdout, stdout, 'standard output')
    if stderr is not None:
        same(result.stderr, stderr, 'standard error')


def complains(result, status, *parts):
    """One line, on standard error, that begins with the name of the command."""
    same(result.returncode, status, 'status (standard error: %r)' % result.stderr)
    same(result.stderr.count('\n'), 1, 'lines in %r' % result.stderr)
    if not result.stderr.startswith('eddy: '):
        raise AssertionError('%r does not begin with "eddy: "' % result.stderr)
    for part in parts:
        contains(result.stderr, part)


# ---- the command itself ----

@check
def usage_without_a_command(place):
    result = place.eddy()
    ends(result, 2, stdout='')
    contains(result.stderr, 'usage: eddy COMMAND')


@check
def version_is_printed(place):
    result = place.eddy('--version')
    ends(result, 0, stderr='')
    if not re.fullmatch(r'eddy \d+\.\d+\.\d+\n', result.stdout):
        raise AssertionError(result.stdout)


@check
def help_lists_and_explains_every_command(place):
    overview = place.eddy('help')
    ends(overview, 0, stderr='')
    same(place.eddy('--help').stdout, overview.stdout, 'eddy --help')
    for name in ('run', 'new', 'tour', 'doctor'):
        contains(overview.stdout, '\n  %s ' % name)
        page = place.eddy('help', name)
        ends(page, 0, stderr='')
        contains(page.stdout, 'usage: eddy ' + name)
        contains(page.stdout, 'exit status: ')
        same(place.eddy(name, '--help').stdout, page.stdout, name + ' --help')


@check
def unknown_command_is_told(place):
    complains(place.eddy('walk'), 2, 'no command "walk"')
    complains(place.eddy('help', 'walk'), 2, 'no command "walk"')


@check
def full_device_is_a_failure(place):
    with open('/dev/full', 'w', encoding='utf-8') as full:
        result = subprocess.run([EDDY, 'help'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    complains(result, 1, 'cannot write to standard output')


# ---- run: the program ----

@check
def run_passes_the_exit_status_on(place):
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7, '', '')


@check
def run_passes_death_by_a_signal_on(place):
    place.write('dies.c', '#include <signal.h>\nint main(void) { return raise(SIGTERM); }\n')
    ends(place.eddy('run', 'dies.c'), -signal.SIGTERM)


@check
def run_gives_the_arguments_behind_dashes(place):
    place.write('echo.c', ECHO)
    ends(place.eddy('run', 'echo.c', '--', 'a', 'b c', '', '-x', '--', 'y.c'), 0,
         '[a][b c][][-x][--][y.c] echo.c\n')


@check
def run_keeps_the_path_as_spelled(place):
    place.write('deep/echo.c', ECHO)
    ends(place.eddy('run', './deep/../deep/echo.c'), 0, ' ./deep/../deep/echo.c\n')


@check
def run_copes_with_blanks_and_dollars_in_names(place):
    place.write('a folder/it\'s $x #1.c', '#include "own \\header$.h"\nint main(void) { return N; }\n'.replace('\\', ''))
    place.write('a folder/own header$.h', '#define N 4\n')
    ends(place.eddy('run', 'a folder/it\'s $x #1.c'), 4)
    place.write('a folder/own header$.h', '#define N 6\n')
    ends(place.eddy('run', 'a folder/it\'s $x #1.c'), 6)


@check
def run_names_the_program_after_the_source(place):
    place.write('name.c', '#include <stdio.h>\nint main(int n, char **v) { (void)n; puts(v[0]); }\n')
    ends(place.eddy('run', './name.c'), 0, './name\n')


@check
def run_passes_standard_input_through(place):
    place.write('upper.c', '#include <stdio.h>\n#include <ctype.h>\n'
                           'int main(void) { for (int c; (c = getchar()) != EOF;) putchar(toupper(c)); }\n')
    ends(place.eddy('run', 'upper.c', input='quiet\n'), 0, 'QUIET\n')


@check
def run_reads_a_source_from_standard_input(place):
    for _ in range(2):
        ends(place.eddy('run', '-', '--', 'x', input=ECHO), 0, '[x] <stdin>\n')


@check
def run_builds_several_sources(place):
    place.write('one.c', 'int other(void);\nint main(void) { return other(); }\n')
    place.write('two.c', 'int other(void);\nint other(void) { return 9; }\n')
    ends(place.eddy('run', 'one.c', 'two.c'), 9)


@check
def run_compiles_async_functions(place):
    place.write('async.c', ASYNC)
    ends(place.eddy('run', 'async.c', env={'EDDY_DRIVER': 'sim'}), 5, '42\n', '')


@check
def run_has_debug_info_and_honours_flags(place):
    place.write('flags.c', 'int main(void) { return N; }\n')
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': '-DN=3'}), 3)
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': ' -DN=4  -O0 '}), 4)
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': None, 'CC': COMPILER + ' -DN=5'}), 5)
    programs = [os.path.join(here, 'program') for here, _, names in os.walk(place.path('cache')) if 'program' in names]
    with open(programs[0], 'rb') as program:
        contains(program.read(), b'.debug_line')


@check
def run_links_the_libraries_of_the_user(place):
    place.write('uses.c', 'int mine(void);\nint main(void) { return mine(); }\n')
    for number in (3, 4):
        place.write('mine.c', 'int mine(void);\nint mine(void) { return %d; }\n' % number)
        ends(place.start('sh', '-c', '%s -c mine.c && ar rcs libmine.a mine.o' % COMPILER), 0)
        ends(place.eddy('run', 'uses.c', env={'LDLIBS': './libmine.a'}), number)


@check
def run_links_libcurl_when_it_is_used(place):
    if doctor_rows(place.eddy('doctor'))['eddy-curl'] != 'not built':
        place.write('fetches.c', '#include <eddy/curl.h>\n#include <curl/curl.h>\n'
                                 'int main(void) { return curl_version() == 0; }\n')
        ends(place.eddy('run', 'fetches.c'), 0)
        return
    place.write('eddy/curl.h', '')
    place.write('fetches.c', '#include <eddy/curl.h>\nint main(void) { return 0; }\n')
    complains(place.eddy('run', 'fetches.c', env={'CFLAGS': '-I' + place.folder}), 1,
              '<eddy/curl.h> needs the module eddy-curl')


# ---- run: what the compiler says ----

@check
def run_shows_compiler_errors_unchanged(place):
    place.write('bad.c', 'int main(void) { return nothing; }\n')
    flags = '-std=gnu11 -O2 -g -Wall -Wextra -Wfatal-errors -c -o /dev/null'.split()
    plain = place.start(*COMPILER.split(), *flags, 'bad.c')
    result = place.eddy('run', 'bad.c')
    ends(result, 1, '', plain.stderr)
    contains(result.stderr, 'nothing')
    same([name for name in os.listdir(place.path('cache'))], [], 'the cache')


@check
def run_shows_warnings_each_time(place):
    place.counting_compiler()
    place.write('warns.c', 'int main(void) { int unused; return 0; }\n')
    first = place.eddy('run', 'warns.c')
    ends(first, 0, '')
    contains(first.stderr, 'unused')
    made = place.calls()
    ends(place.eddy('run', 'warns.c'), 0, '', first.stderr)
    same(place.calls(), made, 'calls of the compiler')


@check
def run_reports_an_undefined_function(place):
    place.write('loose.c', 'int missing_function(void);\nint main(void) { return missing_function(); }\n')
    result = place.eddy('run', 'loose.c')
    ends(result, 1, '')
    contains(result.stderr, 'missing_function')


# ---- run: the cache ----

@check
def second_run_does_not_compile(place):
    place.counting_compiler()
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7)
    made = place.calls()
    if made == 0:
        raise AssertionError('the compiler of CC was not called')
    ends(place.eddy('run', 'seven.c'), 7)
    os.utime(place.path('seven.c'))
    ends(place.eddy('run', 'seven.c'), 7)
    same(place.calls(), made, 'calls of the compiler')


@check
def changed_source_and_flags_compile_again(place):
    place.counting_compiler()
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7)
    place.write('seven.c', SEVEN.replace('7', '8'))
    ends(place.eddy('run', 'seven.c'), 8)
    made = place.calls()
    ends(place.eddy('run', 'seven.c', env={'CFLAGS': '-O0'}), 8)
    if place.calls() == made:
        raise AssertionError('CFLAGS are not part of the key')
    place.write('seven.c', SEVEN)
    made = place.calls()
    ends(place.eddy('run', 'seven.c'), 7)
    same(place.calls(), made, 'calls of the compiler after an edit was taken back')


@check
def changed_header_compiles_again(place):
    place.counting_compiler()
    place.write('inner.h', '#define N 1\n')
    place.write('outer.h', '#include "inner.h"\n')
    place.write('main.c', '#include "outer.h"\nint main(void) { return N; }\n')
    ends(place.eddy('run', 'main.c'), 1)
    place.write('inner.h', '#define N 2\n')
    ends(place.eddy('run', 'main.c'), 2)
    made = place.calls()
    ends(place.eddy('run', 'main.c'), 2)
    place.write('inner.h', '#define N 1\n')
    ends(place.eddy('run', 'main.c'), 1)
    same(place.calls(), made, 'calls of the compiler')
    os.unlink(place.path('inner.h'))
    result = place.eddy('run', 'main.c')
    ends(result, 1)
    contains(result.stderr, 'inner.h')


@check
def same_name_in_two_folders_is_two_programs(place):
    place.write('a/main.c', 'int main(void) { return 1; }\n')
    place.write('b/main.c', 'int main(void) { return 2; }\n')
    ends(place.eddy('run', 'main.c', cwd=place.path('a')), 1)
    ends(place.eddy('run', 'main.c', cwd=place.path('b')), 2)
    ends(place.eddy('run', 'main.c', cwd=place.path('a')), 1)


@check
def cache_is_bounded(place):
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7)
    cache = place.path('cache')
    made = cached(place, 'program-')
    for i in range(130):
        old = os.path.join(cache, 'program-%040x' % i)
        shutil.copytree(made, old)
        os.utime(old, (1000 + i, 1000 + i))
    for name in ('program-of-mine', 'notes.txt'):
        place.write('cache/' + name, 'not the command\'s\n')
        os.utime(os.path.join(cache, name), (1, 1))
    place.write('eight.c', SEVEN.replace('7', '8'))
    ends(place.eddy('run', 'eight.c'), 8)
    names = os.listdir(cache)
    same(len([name for name in names if re.fullmatch('program-[0-9a-f]{40}', name)]), 100, 'entries')
    same('program-%040x' % 129 in names and 'program-%040x' % 31 not in names, True, 'the oldest went')
    same('program-of-mine' in names and 'notes.txt' in names, True, 'files of others stay')
    place.counting_compiler()
    place.environment['CC'] = COMPILER
    ends(place.eddy('run', 'seven.c'), 7)


@check
def runs_at_the_same_time_agree(place):
    place.write('seven.c', SEVEN)
    runs = [subprocess.Popen([EDDY, 'run', 'seven.c'], cwd=place.folder, env=place.environment,
                             stderr=subprocess.PIPE) for _ in range(6)]
    for run in runs:
        _, words = run.communicate(timeout=LIMIT)
        same((run.returncode, words), (7, b''), 'status and words')
    same(len([name for name in os.listdir(place.path('cache')) if name.startswith('work-')]), 0, 'work folders')


@check
def cache_lies_where_the_environment_says(place):
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': None}), 7)
    same(os.path.isdir(os.path.join(place.home, '.cache', 'eddy')), True, 'HOME/.cache/eddy')
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': None, 'XDG_CACHE_HOME': place.path('xdg')}), 7)
    same(os.path.isdir(place.path('xdg/eddy')), True, 'XDG_CACHE_HOME/eddy')
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('own')}), 7)
    same(os.path.isdir(place.path('own')), True, 'EDDY_CACHE')


@check
def unusable_cache_is_told(place):
    place.write('seven.c', SEVEN)
    for variable, value in (('EDDY_CACHE', 'seven.c/x'), ('XDG_CACHE_HOME', 'seven.c'), ('HOME', 'seven.c')):
        result = place.eddy('run', 'seven.c', env={'EDDY_CACHE': None, variable: place.path(value)})
        complains(result, 1, 'cannot use the cache "%s' % place.path('seven.c'), 'Not a directory', 'EDDY_CACHE')
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('seven.c')}), 1, 'Not a directory')


def cached(place, beginning):
    """The one name in the cache that begins so."""
    names = [name for name in os.listdir(place.path('cache')) if name.startswith(beginning)]
    same(len(names), 1, 'names that begin with %s in %r' % (beginning, names))
    return place.path('cache/' + names[0])


@check
def what_was_damaged_is_made_anew(place):
    place.counting_compiler()
    place.write('seven.c', SEVEN.replace('return', 'int unused; return'))
    first = place.eddy('run', 'seven.c')
    ends(first, 7, '')
    contains(first.stderr, 'unused')
    whole = place.calls()

    def garbage(name):
        with open(name, 'wb') as file:
            file.write(b'\x7fELF but no more')

    def replaced(name, make):
        shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
        make(name)

    damages = (
        lambda entry, depends: garbage(entry + '/program'),
        lambda entry, depends: os.unlink(entry + '/program'),
        lambda entry, depends: os.chmod(entry + '/program', 0o600),
        lambda entry, depends: os.unlink(entry + '/messages'),
        lambda entry, depends: os.link(entry + '/program', place.path('another-name')), # to be written to by that
        lambda entry, depends: garbage(entry + '/messages'),
        lambda entry, depends: os.truncate(depends, 0),
        lambda entry, depends: os.truncate(depends, 30),
        lambda entry, depends: shutil.rmtree(entry),
        lambda entry, depends: os.unlink(depends),
    )
    for number, damage in enumerate(damages):
        damage(cached(place, 'program-'), cached(place, 'depends-'))
        ends(place.eddy('run', 'seven.c'), 7, '', first.stderr)
        made = place.calls()
        if made == whole * (number + 1):
            raise AssertionError('after damage %d nothing was made anew' % number)
        ends(place.eddy('run', 'seven.c'), 7, '', first.stderr)
        same(place.calls(), made, 'calls of the compiler for what was made anew')


@check
def names_that_something_else_has_are_left_to_it(place):
    place.counting_compiler()
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7)
    entry, depends = cached(place, 'program-'), cached(place, 'depends-')
    others = (
        (lambda: place.write(os.path.relpath(entry, place.folder), 'a file'), lambda: os.unlink(entry)),
        (lambda: place.write(os.path.relpath(entry, place.folder) + '/thesis.tex', ''), lambda: shutil.rmtree(entry)),
        (lambda: place.write(os.path.relpath(entry, place.folder) + '/program', ''), lambda: shutil.rmtree(entry)),
        (lambda: os.symlink('/etc', entry), lambda: os.unlink(entry)),
        (lambda: os.mkdir(depends), lambda: os.rmdir(depends)),
        (lambda: place.write(os.path.relpath(depends, place.folder), 'a list'), lambda: os.unlink(depends)),
        (lambda: os.symlink('/dev/zero', depends), lambda: os.unlink(depends)),
        (lambda: os.mkfifo(depends), lambda: os.unlink(depends)),
    )
    for make, remove in others:
        for name in os.listdir(place.path('cache')):
            name = place.path('cache/' + name)
            shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
        make()
        ends(place.eddy('run', 'seven.c'), 7)
        made = place.calls()
        ends(place.eddy('run', 'seven.c'), 7)
        same(place.calls(), made, 'calls of the compiler beside what has the name')
        if os.path.isfile(depends) and make is others[5][0]:
            with open(depends, encoding='utf-8') as file:
                same(file.read(), 'a list', 'what has the name of the list')
        remove()  # it is still there: else this fails


@check
def only_what_it_made_is_deleted(place):
    place.write('seven.c', SEVEN)
    names = ('work-2023/thesis.tex', 'work-notes.txt', 'work-0123456789ab/program', 'depends-' + 40 * '7',
             'program-' + 40 * '7' + '/program', 'program-' + 40 * '8' + '/thesis.tex', 'work-ba9876543210/0.o')
    os.mkdir(place.path('cache'), 0o700)
    for name in names:
        place.write('cache/' + name, 'years of work\n')
        os.utime(place.path('cache/' + name), (1, 1))
        os.utime(os.path.dirname(place.path('cache/' + name)), (1, 1))
    ends(place.eddy('run', 'seven.c'), 7)
    cache = place.path('cache')
    made = [name for name in os.listdir(cache) if os.path.exists(os.path.join(cache, name, 'made-by-eddy'))][0]
    for number in range(100): # with it more than are kept
        shutil.copytree(os.path.join(cache, made), os.path.join(cache, 'program-%040x' % number))
        place.write('cache/depends-%040x' % number, 'made by eddy run\n')
    place.write('seven.c', SEVEN.replace('7', '8'))
    ends(place.eddy('run', 'seven.c'), 8)
    for name in names:
        same(os.path.exists(place.path('cache/' + name)), True, name)


@check
def what_a_killed_run_has_left_goes(place):
    place.write('seven.c', SEVEN)
    place.write('slow-cc', '#!/bin/sh\ntouch started\nexec sleep 60\n')
    os.chmod(place.path('slow-cc'), 0o755)
    with subprocess.Popen([EDDY, 'run', 'seven.c'], cwd=place.folder, start_new_session=True,
                          env=dict(place.environment, CC=place.path('slow-cc'))) as run:
        while not os.path.exists(place.path('started')) and run.poll() is None:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGKILL)
    left = cached(place, 'work-')
    ends(place.eddy('run', 'seven.c'), 7)
    same(os.path.exists(left), True, 'a young one stays')
    os.utime(left, (1, 1))
    place.write('seven.c', SEVEN.replace('7', '8'))
    ends(place.eddy('run', 'seven.c'), 8)
    same(os.path.exists(left), False, 'an old one stays')


# ---- run: headers that come ----

@check
def new_header_that_hides_another_compiles_again(place):
    place.counting_compiler(THE_COMPILER)
    for folder in ('first', 'second'):
        os.mkdir(place.path(folder))
    place.write('second/sub/value.h', '#define N 2\n')
    place.write('second/plain.h', '#include <sub/value.h>\n')
    place.write('main.c', '#include "plain.h"\nint main(void) { return N; }\n')
    place.environment['CFLAGS'] = '-Inowhere -Ifirst -Isecond'

    def is_now(wanted):
        ends(place.eddy('run', 'main.c'), wanted)
        made = place.calls()
        ends(place.eddy('run', 'main.c'), wanted)
        same(place.calls(), made, 'calls of the compiler')

    is_now(2)
    place.write('first/sub/value.h', '#define N 3\n')
    is_now(3)
    place.write('nowhere/sub/value.h', '#define N 4\n')
    is_now(4)
    place.write('first/plain.h', '#define N 5\n')
    is_now(5)
    place.write('plain.h', '#define N 6\n') # beside the source: the first place of all
    is_now(6)
    os.unlink(place.path('plain.h'))
    is_now(5)
    shutil.rmtree(place.path('first'))
    is_now(4)


@check
def header_that_is_asked_for_compiles_again(place):
    place.environment['CC'] = THE_COMPILER
    place.write('main.c', '#if __has_include("extra.h")\n#define N 1\n#else\n#define N 2\n#endif\n'
                          'int main(void) { return N; }\n')
    ends(place.eddy('run', 'main.c'), 2)
    ends(place.eddy('run', 'main.c'), 2)
    place.write('extra.h', '')
    ends(place.eddy('run', 'main.c'), 1)
    os.unlink(place.path('extra.h'))
    ends(place.eddy('run', 'main.c'), 2)


# ---- run: folders of others ----

@check
def cache_that_others_can_write_is_refused(place):
    place.write('seven.c', SEVEN)
    os.mkdir(place.path('cache'))
    for mode in (0o777, 0o1777, 0o770, 0o2775):
        os.chmod(place.path('cache'), mode)
        complains(place.eddy('run', 'seven.c'), 1, 'other users can write to it', 'EDDY_CACHE')
    os.chmod(place.path('cache'), 0o700)
    ends(place.eddy('run', 'seven.c'), 7)
    os.mkdir(place.path('open'))
    os.chmod(place.path('open'), 0o777)
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('open/cache')}), 1,
              'other users can write to a folder on the way', 'EDDY_CACHE')
    os.chmod(place.path('open'), 0o1777) # as /tmp is
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('open/cache')}), 7)


@check
def links_of_ones_own_may_lead_to_the_cache(place):
    place.write('seven.c', SEVEN)
    os.makedirs(place.path('elsewhere/deep'))
    os.symlink('elsewhere', place.path('link'))
    os.symlink(place.path('link/deep'), place.path('cache'))
    ends(place.eddy('run', 'seven.c'), 7)
    same(len(os.listdir(place.path('elsewhere/deep'))), 2, 'names in the folder that the link names')
    os.symlink('circle', place.path('circle'))
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('circle/x')}), 1, 'cannot use the cache')


# ---- run: complaints ----

@check
def missing_file_is_told(place):
    complains(place.eddy('run', 'nowhere.c'), 1, 'cannot read "nowhere.c": No such file or directory')
    os.mkdir(place.path('folder.c'))
    complains(place.eddy('run', 'folder.c'), 1, 'cannot read "folder.c": Is a directory')
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', 'seven.c', 'nowhere.c'), 1, 'nowhere.c')


@check
def missing_compiler_is_told(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', 'seven.c', env={'CC': 'no-such-compiler -m64'}), 1,
              'no C compiler: "no-such-compiler" was not found; install gcc or set CC')
    complains(place.eddy('run', 'seven.c', env={'CC': None, 'PATH': place.home}), 1,
              'no C compiler: "cc" was not found; install gcc or set CC')


@check
def compiler_that_cannot_start_is_told(place):
    place.write('seven.c', SEVEN)
    place.write('broken-cc', '#!/no/such/interpreter\n')
    os.chmod(place.path('broken-cc'), 0o755)
    complains(place.eddy('run', 'seven.c', env={'CC': place.path('broken-cc')}), 1, 'cannot run the compiler')


@check
def wrong_command_lines_are_told(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run'), 2, 'eddy run FILE.c... [-- ARGUMENTS]')
    complains(place.eddy('run', '--', 'seven.c'), 2, 'eddy run FILE.c')
    complains(place.eddy('run', '-O2', 'seven.c'), 2, 'no option "-O2"', 'CFLAGS')
    complains(place.eddy('run', 'seven.c', 'argument'), 2, '"argument" is not a C source', '"--"')


@check
def interrupted_compiler_leaves_nothing_behind(place):
    place.write('slow-cc', '#!/bin/sh\ntouch started\nexec sleep 60\n')
    os.chmod(place.path('slow-cc'), 0o755)
    place.write('seven.c', SEVEN)
    with subprocess.Popen([EDDY, 'run', 'seven.c'], cwd=place.folder, start_new_session=True,
                          env=dict(place.environment, CC=place.path('slow-cc'))) as run:
        while not os.path.exists(place.path('started')) and run.poll() is None:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        same(run.wait(timeout=LIMIT), 130, 'status')
    same(os.listdir(place.path('cache')), [], 'the cache')


# ---- run: seeds ----

LUCK = '''#include <eddy/keywords.h>
#include <stdio.h>
static int order = 1;
async(void, first) { await(eddy_sleep(0)); order = order * 2; }
async(void, second) { await(eddy_sleep(0)); order = order + 1; }
async(void, in_order) {
    struct first *a = spawn(first());
    struct second *b = spawn(second());
    await(a);
    await(b);
    if (order != 3)
        throw(EDDY_INVALID_STATE, "the order was another");
}
async(int, main_task) { puts("begun"); await(in_order()); return 0; }
int main(void) { return eddy_run(main_task()); }
'''
SEED = '''#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    const char *weather = getenv("EDDY_SIM_WEATHER");
    printf("%s %s\\n", argv[argc - 1], weather ? weather : "-");
    fflush(stdout);
    if (strcmp(getenv("EDDY_DRIVER"), "sim") != 0)
        return 9;
    if (atoi(getenv("EDDY_SEED")) >= 7)
        abort();
    return 0;
}
'''
HANGS = '''#include <eddy/keywords.h>
async(int, waits) { eddy_event never = {0}; await(eddy_event_wait(&never)); return 0; }
async(int, main_task) { return await(waits()); }
int main(void) { return eddy_run(main_task()); }
'''


@check
def seeds_find_luck_and_tell_how_to_repeat_it(place):
    place.write('luck.c', LUCK)
    result = place.eddy('run', '--seeds', '100', 'luck.c')
    ends(result, 1, stdout='')
    contains(result.stderr, 'begun\n')
    contains(result.stderr, 'luck.c:12 in in_order')
    again = re.search(r'\n    EDDY_DRIVER=sim EDDY_SEED=(\d+) eddy run luck.c\n$', result.stderr)
    if not again:
        raise AssertionError(result.stderr)
    for seed in range(1, int(again.group(1)) + 1):  # it is the first one
        repeated = place.eddy('run', 'luck.c', env={'EDDY_DRIVER': 'sim', 'EDDY_SEED': str(seed)})
        same(repeated.returncode, int(seed == int(again.group(1))), 'status with seed %d' % seed)


@check
def seeds_that_all_go_well_say_so(place):
    place.write('seed.c', SEED)
    place.eddy('run', '--seeds', '1', 'seed.c')
    place.counting_compiler()
    ends(place.eddy('run', '--seeds', '6', 'seed.c', env={'EDDY_DRIVER': 'epoll', 'EDDY_SEED': '9'}), 0,
         '6 seeds, each well\n', '')
    calls = place.calls()
    ends(place.eddy('run', '--seeds', '5', 'seed.c'), 0, '5 seeds, each well\n', '')
    same(place.calls(), calls, 'calls of the compiler for a program that is known')


@check
def seeds_tell_a_crash_with_its_weather_and_arguments(place):
    place.write('seed.c', SEED)
    result = place.eddy('run', '--weather', 'storm reset=0.5', '--seeds', '20', 'seed.c', '--', 'a', "it's")
    ends(result, 128 + signal.SIGABRT, stdout='')
    contains(result.stderr, "it's storm reset=0.5\n")
    contains(result.stderr, 'with seed 7 the program ends by signal 6')
    contains(result.stderr, "    EDDY_DRIVER=sim EDDY_SEED=7 EDDY_SIM_WEATHER='storm reset=0.5' eddy run seed.c "
                            "-- a 'it'\\''s'\n")


@check
def seeds_end_what_hangs_and_tell_where(place):
    place.write('hangs.c', HANGS)
    result = place.eddy('run', '--limit', '0.5', '--seeds', '1', 'hangs.c')
    ends(result, 124, stdout='')
    contains(result.stderr, 'with seed 1 the program has not ended after 0.5 seconds; again:\n')
    contains(result.stderr, 'hangs.c:2 in waits\n')


@check
def seeds_refuse_what_they_cannot_read(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', '--seeds', '0', 'seven.c'), 2, '--seeds', '"0"')
    complains(place.eddy('run', '--seeds', '-1', 'seven.c'), 2, '--seeds', '"-1"')
    complains(place.eddy('run', '--seeds', '3x', 'seven.c'), 2, '--seeds')
    complains(place.eddy('run', '--seeds'), 2, '--seeds needs a word')
    complains(place.eddy('run', '--seeds', '3', '--weather', 'rain', 'seven.c'), 2, 'no weather "rain"')
    complains(place.eddy('run', '--weather', 'storm', 'seven.c'), 2, '--seeds N')
    complains(place.eddy('run', '--seeds', '3'), 2, 'run what?')


# ---- where Eddy lies ----

@check
def installed_command_finds_its_library(place):
    rows = doctor_rows(place.eddy('doctor'))
    for libraries in ('lib', 'lib/%s-linux-gnu' % os.uname().machine):
        prefix = place.path(libraries.replace('/', '-'))
        os.makedirs(os.path.join(prefix, 'bin'))
        os.makedirs(os.path.join(prefix, libraries))
        shutil.copy(EDDY, os.path.join(prefix, 'bin'))
        shutil.copytree(rows['headers'], os.path.join(prefix, 'include'))
        shutil.copy(rows['library'].split(' (')[0], os.path.join(prefix, libraries))
        place.write('async.c', ASYNC)
        result = place.start(os.path.join(prefix, 'bin', 'eddy'), 'run', 'async.c', env={'EDDY_DRIVER': 'sim'})
        ends(result, 5, '42\n', '')


@check
def linked_command_finds_its_library(place):
    os.symlink(EDDY, place.path('linked'))
    place.write('seven.c', SEVEN)
    ends(place.start('./linked', 'run', 'seven.c'), 7)


@check
def command_without_its_library_is_told(place):
    shutil.copy(EDDY, place.path('alone'))
    place.write('seven.c', SEVEN)
    complains(place.start('./alone', 'run', 'seven.c'), 1, 'cannot find eddy.h and libeddy.a', 'run make')
    complains(place.start('./alone', 'tour'), 1, 'cannot find eddy.h and libeddy.a')


# ---- new ----

def build_flags(place):
    """What a program needs to link with a library that was built with sanitizers."""
    flags = doctor_rows(place.eddy('doctor'))['sanitizers']
    return flags if flags.startswith('-') else ''


def uninstalled():
    """The folder of the build's own pkg-config file, when there is one."""
    folder = os.path.join(os.path.dirname(EDDY), 'meson-uninstalled')
    if not os.path.exists(os.path.join(folder, 'eddy-uninstalled.pc')):
        raise Skip('no build folder of Meson')
    if not shutil.which('pkg-config'):
        raise Skip('pkg-config is not installed')
    return folder


GREETINGS = '''Hello Paula
Hello Thomas
Hello Lewis
one after the other: 0.3 s
Hello Paula
Hello Thomas
Hello Lewis
all at once: 0.1 s
'''


@check
def new_writes_a_project(place):
    result = place.eddy('new', 'hello')
    ends(result, 0, stderr='')
    contains(result.stdout, 'eddy run main.c')
    same(sorted(os.listdir(place.path('hello'))), ['.gitignore', 'README.md', 'main.c', 'meson.build'], 'files')
    with open(place.path('hello/README.md'), encoding='utf-8') as readme:
        text = readme.read()
    contains(text, 'meson setup build && ninja -C build')
    contains(text, 'cc main.c $(pkg-config --cflags --libs eddy) -o hello')
    for name in os.listdir(place.path('hello')):
        with open(place.path('hello/' + name), encoding='utf-8') as file:
            same('@' in file.read(), False, 'a mark left in ' + name)


@check
def new_project_runs(place):
    ends(place.eddy('new', 'hello'), 0)
    result = place.eddy('run', 'main.c', cwd=place.path('hello'), env={'EDDY_DRIVER': 'sim'})
    ends(result, 0, GREETINGS, '')


@check
def new_project_builds_with_cc(place):
    folder = uninstalled()
    result = place.eddy('new', 'hello')
    contains(result.stdout, 'export PKG_CONFIG_PATH="%s"' % folder)
    contains(result.stdout, 'export LD_LIBRARY_PATH="%s"' % os.path.dirname(folder))
    command = '%s %s main.c $(pkg-config --cflags --libs eddy) -o hello' % (COMPILER, build_flags(place))
    build = place.start('sh', '-c', command, cwd=place.path('hello'), env={'PKG_CONFIG_PATH': folder})
    ends(build, 0)
    ends(place.start('./hello', cwd=place.path('hello'),
                     env={'EDDY_DRIVER': 'sim', 'LD_LIBRARY_PATH': os.path.dirname(folder)}), 0, GREETINGS)


@check
def new_project_builds_with_meson(place):
    folder = uninstalled()
    if not shutil.which('meson'):
        raise Skip('meson is not installed')
    ends(place.eddy('new', 'hello'), 0)
    build = place.start('sh', '-c', 'meson setup build && ninja -C build', cwd=place.path('hello'),
                        env={'PKG_CONFIG_PATH': folder, 'CFLAGS': build_flags(place)})
    ends(build, 0)
    same('warning: ' in build.stdout, False, 'a compiler warning in %s' % build.stdout)
    ends(place.start('build/hello', cwd=place.path('hello'),
                     env={'EDDY_DRIVER': 'sim', 'LD_LIBRARY_PATH': os.path.dirname(folder)}), 0, GREETINGS)


@check
def new_refuses_names(place):
    for name in ('', '7up', '-x', 'a/b', 'a b', '../up', 'dot.dot', 'caf\u00e9'):
        complains(place.eddy('new', name), 2, 'is not a name for a project')
    for name in ('test', 'all', 'meson-x'):
        complains(place.eddy('new', name), 2, 'Meson keeps that word')
    complains(place.eddy('new'), 2, 'eddy new NAME')
    complains(place.eddy('new', 'a', 'b'), 2, 'eddy new NAME')
    same(sorted(os.listdir(place.folder)), ['home'], 'folders made')


@check
def new_refuses_what_exists(place):
    place.write('hello/mine.txt', 'precious\n')
    complains(place.eddy('new', 'hello'), 1, '"hello" exists already')
    same(os.listdir(place.path('hello')), ['mine.txt'], 'the folder that was there')


@check
def new_tells_where_it_cannot_write(place):
    if os.geteuid() == 0:
        folder = '/proc'
    else:
        folder = place.path('shut')
        os.mkdir(folder, stat.S_IRUSR | stat.S_IXUSR)
    complains(place.eddy('new', 'hello', cwd=folder), 1, 'cannot make the folder "hello"')


# ---- doctor ----

ROWS = ('eddy', 'kernel', 'machine', 'compiler', 'library', 'headers', 'eddy-curl', 'cache', 'driver', 'drivers',
        'epoll_pwait2', 'eventfd', 'pidfd_open', 'io_uring_setup', 'guard install', 'clock', 'stack size',
        'guard method', 'mapping limit', 'guarded stacks', 'open files', 'huge pages', 'sanitizers', 'valgrind')


def doctor_rows(result):
    return {line[:16].strip(): line[17:] for line in result.stdout.splitlines()}


@check
def doctor_says_every_line(place):
    result = place.eddy('doctor')
    ends(result, 0, stderr='')
    rows = doctor_rows(result)
    same(tuple(rows), ROWS, 'rows')
    for name, value in rows.items():
        if not value.strip():
            raise AssertionError('nothing is said of ' + name)
    contains(rows['kernel'], os.uname().release)
    contains(rows['cache'], place.path('cache'))
    contains(rows['drivers'], 'epoll, sim')


@check
def doctor_says_the_driver_in_force(place):
    rows = doctor_rows(place.eddy('doctor', env={'EDDY_DRIVER': None}))
    best = 'uring' if rows['drivers'].startswith('uring, ') else 'epoll, since io_uring cannot be had'
    if not re.match(best, rows['driver']):
        raise AssertionError(rows['driver'])
    same(doctor_rows(place.eddy('doctor', env={'EDDY_DRIVER': 'epoll'}))['driver'], 'epoll (EDDY_DRIVER)', 'driver')
    same(doctor_rows(place.eddy('doctor', env={'EDDY_DRIVER': 'sim'}))['driver'], 'sim (EDDY_DRIVER)', 'driver')


@check
def where_io_uring_is_forbidden_it_is_said(place):
    forbids = os.path.join(BUILD, 'tests', 'without_uring')
    if not os.path.exists(forbids) or not doctor_rows(place.eddy('doctor'))['driver'].startswith('uring'):
        return
    place.write('twice.c', TWICE)
    for code, words in (('EPERM', 'Operation not permitted'), ('ENOSYS', 'Function not implemented'),
                        ('EACCES', 'Permission denied')):
        environment = {'EDDY_DRIVER': None, 'EDDY_TEST_REFUSAL': code}
        why = 'epoll, since io_uring cannot be had: io_uring_setup: ' + words
        same(doctor_rows(place.start(forbids, EDDY, 'doctor', env=environment))['driver'], why, 'driver')
        ends(place.start(forbids, EDDY, 'run', 'twice.c', env=environment), 0, '', '')
    ends(place.start(forbids, EDDY, 'run', 'twice.c', env=dict(environment, EDDY_DEBUG='1')), 0, '',
         'eddy: the driver is %s\n' % why)


@check
def doctor_says_the_guard_in_force(place):
    for wish, guard, stacks in (('mprotect', 'mprotect (EDDY_STACK_GUARD)', r'about \d+;'),
                                ('canary', 'a canary, checked at each switch (EDDY_STACK_GUARD)', 'none$')):
        rows = doctor_rows(place.eddy('doctor', env={'EDDY_STACK_GUARD': wish}))
        same(rows['guard method'], guard, 'guard method')
        if not re.match(stacks, rows['guarded stacks']):
            raise AssertionError(rows['guarded stacks'])
    rows = doctor_rows(place.eddy('doctor', env={'EDDY_STACK_SIZE': str(1 << 20)}))
    contains(rows['stack size'], '(EDDY_STACK_SIZE)')


@check
def doctor_reports_what_is_missing(place):
    complains(place.eddy('doctor', env={'CC': 'no-such-compiler'}), 1, 'no C compiler')
    complains(place.eddy('doctor', env={'EDDY_DRIVER': 'nonsense'}), 1, 'no driver "nonsense"', 'EDDY_DRIVER')
    complains(place.eddy('doctor', '--all'), 2, '"--all"')


@check
def doctor_prints_the_table(place):
    result = place.eddy('doctor', '--table')
    ends(result, 0, stderr='')
    lines = [line for line in result.stdout.splitlines() if line.startswith('|')]
    same(len({line.count('|') for line in lines}), 1, 'numbers of columns')
    same(sum('**here: %s**' % os.uname().release in line for line in lines), 1, 'marked rows')


# ---- tour ----

def tour_programs(place):
    result = place.eddy('tour', '--list')
    ends(result, 0, stderr='')
    programs = re.findall(r'^  (\S+\.c) ', result.stdout, re.M)
    if not programs:
        raise AssertionError('the tour is empty')
    return programs


@check
def tour_shows_source_and_output(place):
    name = tour_programs(place)[0]
    result = place.eddy('tour', name[:-2])
    ends(result, 0, stderr='')
    contains(result.stdout, '==== 1 of 1: ' + name)
    contains(result.stdout, '\n    #include <eddy/keywords.h>')
    output = result.stdout.split('---- output ----\n', 1)[1]
    if not output.strip():
        raise AssertionError('no output is shown')


@check
def tour_runs_every_program(place):
    programs = tour_programs(place)
    result = place.eddy('tour')
    ends(result, 0)
    for number, name in enumerate(programs, 1):
        contains(result.stdout, '==== %d of %d: %s' % (number, len(programs), name))
    same(result.stdout.count('\n---- output'), len(programs), 'outputs')


@check
def tour_waits_on_a_terminal(place):
    names = tour_programs(place)[:2]
    master, slave = pty.openpty()
    with subprocess.Popen([EDDY, 'tour', *names], cwd=place.folder, stdin=slave, stdout=slave, stderr=slave,
                          env=place.environment) as run:
        os.close(slave)
        seen = b''
        while b'[Enter:' not in seen and select.select([master], [], [], LIMIT)[0]:
            seen += os.read(master, 4096)
        contains(seen.decode(), '==== 1 of 2: ' + names[0])
        os.write(master, b'q\n')
        try:
            while select.select([master], [], [], LIMIT)[0]:
                seen += os.read(master, 4096)
        except OSError: # how Linux says that the other end is closed
            pass
        same(run.wait(timeout=LIMIT), 0, 'status')
    os.close(master)
    same(b'==== 2 of 2' in seen, False, 'the second program is shown')


@check
def tour_refuses_what_it_has_not(place):
    complains(place.eddy('tour', 'nothing'), 1, 'no program "nothing"')
    complains(place.eddy('tour', '--fast'), 2, '"--fast"')


def run_check(function):
    """Prints the check's line; 'passed', 'failed' or 'skipped'."""
    folder = tempfile.mkdtemp(prefix='eddy-cli-')
    name = function.__name__.replace('_', ' ')
    try:
        function(Place(folder))
        print('ok      ' + name, flush=True)
        return 'passed'
    except Skip as reason:
        print('skipped %s: %s' % (name, reason), flush=True)
        return 'skipped'
    except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
        print('FAILED  %s: %s' % (name, error), flush=True)
        return 'failed'
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if not os.access(EDDY, os.X_OK):
        sys.exit('test_cli.py: no executable "%s"; run make first' % EDDY)
    results = [run_check(function) for function in CHECKS]
    print('%d passed, %d failed, %d skipped' % tuple(results.count(word) for word in ('passed', 'failed', 'skipped')))
    return 1 if 'failed' in results else 0


if __name__ == '__main__':
    sys.exit(main())
