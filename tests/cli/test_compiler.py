#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_compiler.py [EDDY]: how `eddy run` finds and calls the compiler, and what makes it call it again."""
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

from command import (COMPILER, EDDY, LIMIT, SEVEN, THE_COMPILER, cached, check, complains, contains, doctor_rows, ends,
                     main, same)

REAL = shutil.which(THE_COMPILER)
IGNORED = '''#include <signal.h>
#include <stdio.h>
int main(void)
{
    struct sigaction interrupt, quit;
    sigaction(SIGINT, 0, &interrupt);
    sigaction(SIGQUIT, 0, &quit);
    printf("%d%d\\n", interrupt.sa_handler == SIG_IGN, quit.sa_handler == SIG_IGN);
}
'''
DESCRIPTORS = '''#include <fcntl.h>
#include <stdio.h>
int main(void)
{
    for (int fd = 0; fd < 100; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d ", fd);
}
'''


# ---- finding it ----

def compiler_of(place, **env):
    return doctor_rows(place.eddy('doctor', env=env))['compiler']


@check
def usual_compilers_are_looked_for(place):
    for name in ('clang', 'gcc', 'cc'):  # each goes before the one made first
        place.script('bin/' + name, 'echo %s 1.0' % name, 'echo more')
        same(compiler_of(place, CC=None, PATH=place.path('bin')), '%s 1.0 (%s/bin/%s)' % (name, place.folder, name))
        same(compiler_of(place, CC='  ', PATH=place.path('bin')), '%s 1.0 (%s/bin/%s)' % (name, place.folder, name))


@check
def compiler_is_looked_for_along_the_path(place):
    os.makedirs(place.path('first/my-cc'))
    place.write('second/my-cc', 'no program')
    place.script('third/my-cc', 'echo third', 'echo noise >&2')
    path = ':'.join(place.path(name) for name in ('nowhere', 'first', 'second', 'third'))
    same(compiler_of(place, CC='my-cc', PATH=path), 'third (%s)' % place.path('third/my-cc'))
    place.script('my-cc', 'echo here')
    for path in (':' + path, place.path('nowhere') + ':', place.path('nowhere') + '::' + path):
        same(compiler_of(place, CC='my-cc', PATH=path), 'here (./my-cc)')
    same(compiler_of(place, CC='./third/my-cc'), 'third (./third/my-cc)')
    result = place.eddy('doctor', env={'CC': 'my-cc', 'PATH': place.path('first')})
    complains(result, 1, 'no C compiler: "my-cc"')
    same(doctor_rows(result)['compiler'], 'none', 'compiler')
    complains(place.eddy('doctor', env={'CC': './second/my-cc'}), 1, 'no C compiler: "./second/my-cc"')
    contains(compiler_of(place, CC='sh', PATH=None), 'bin/sh)')


@check
def compiler_that_does_not_tell_its_version(place):
    same(compiler_of(place, CC=place.script('bad-cc', 'echo words', 'exit 1')),
         'of unknown version (%s)' % place.path('bad-cc'))


# ---- calling it ----

@check
def compiler_is_called_with_the_words_of_the_user(place):
    place.write('a.c', SEVEN)
    place.environment['CC'] = place.script('my-cc', 'echo "$@" >> calls', 'exec %s "$@"' % REAL) + ' -DX\t -DY '
    ends(place.eddy('run', 'a.c', env={'CFLAGS': ' -DZ\n -O1', 'LDLIBS': '-lm'}), 7)
    with open(place.path('calls'), encoding='utf-8') as file:
        compiles, links, asks = file.read().splitlines()
    same(compiles.startswith('-DX -DY -std=gnu11 '), True, compiles)
    contains(compiles, ' -DZ -O1 -c -MD ')
    same(compiles.endswith(' a.c'), True, compiles)
    contains(links, ' -DZ -O1 /proc/self/fd/')
    contains(links, '/0.o ')
    contains(links, ' -lpthread -lm -lm -o ')
    contains(asks, '-DX -DY -std=gnu11 ')
    contains(asks, ' -E -v ')


@check
def entry_holds_what_is_needed_alone(place):
    ends(place.eddy('run', '-', input=SEVEN), 7)
    same(sorted(os.listdir(cached(place, 'program-'))), ['made-by-eddy', 'messages', 'program'], 'files of an entry')
    same(oct(os.stat(cached(place, 'program-') + '/messages').st_mode & 0o777), '0o600', 'rights')


def on_a_terminal(place, **env):
    """What `eddy run bad.c` writes when standard error is a terminal."""
    place.write('bad.c', 'int main(void) { return nothing; }\n')
    master, slave = pty.openpty()
    with subprocess.Popen([EDDY, 'run', 'bad.c'], cwd=place.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=slave, env=dict(place.environment, **env)) as run:
        os.close(slave)
        seen = b''
        try:
            while True:
                seen += os.read(master, 4096)
        except OSError:
            pass
        same(run.wait(timeout=LIMIT), 1, 'status')
    os.close(master)
    return seen


@check
def messages_are_coloured_on_a_terminal(place):
    place.environment['TERM'] = 'xterm'
    same(b'\x1b[' in on_a_terminal(place), True, 'colours')
    same(b'\x1b[' in on_a_terminal(place, NO_COLOR='1'), False, 'colours with NO_COLOR')
    same('\x1b[' in place.eddy('run', 'bad.c').stderr, False, 'colours in a pipe')


@check
def compiler_killed_by_a_signal(place):
    place.write('a.c', SEVEN)
    ends(place.eddy('run', 'a.c', env={'CC': place.script('bad-cc', 'kill -9 $$')}), 137, '', '')
    same(os.listdir(place.path('cache')), [], 'the cache')


@check
def first_failure_is_the_status(place):
    place.write('a.c', SEVEN)
    place.write('b.c', SEVEN)
    compiler = place.script('bad-cc', 'echo call >> calls', 'case "$*" in *a.c) exit 5;; *) exit 6;; esac')
    ends(place.eddy('run', 'a.c', 'b.c', env={'CC': compiler}), 5, '', '')
    same(place.calls(), 2, 'calls of the compiler')


@check
def program_that_cannot_be_executed_is_told(place):
    place.write('a.c', SEVEN)
    compiler = place.script('odd-cc', 'while [ $# -gt 1 ]; do [ "$1" != -o ] || echo "no program" > "$2"; shift; done')
    for _ in range(2):
        complains(place.eddy('run', 'a.c', env={'CC': compiler}), 1, 'cannot run "%s/program-' % place.path('cache'),
                  '/program": Exec format error; delete it')


@check
def compiler_that_does_not_say_what_it_read_is_called_each_time(place):
    place.write('a.c', SEVEN)
    shifts = 'for word; do [ "$last" != -MF ] || rule=$word; last=$word; done'
    for end in ('rm -f "$rule"', '[ ! "$rule" ] || echo nothing > "$rule"'):
        place.environment['CC'] = place.script('odd-cc', 'echo call >> calls', REAL + ' "$@" || exit', shifts, end)
        ends(place.eddy('run', 'a.c'), 7)
        made = place.calls()
        ends(place.eddy('run', 'a.c'), 7)
        same(place.calls() > made, True, 'the compiler is called again')


@check
def compiler_that_does_not_say_where_it_looks_is_called_each_time(place):
    place.write('a.c', SEVEN)
    place.environment['CC'] = place.script('odd-cc', 'case "$*" in *" -v "*) exit 0;; esac', 'echo call >> calls',
                                           'exec %s "$@"' % REAL)
    for number in (1, 2, 3):
        ends(place.eddy('run', 'a.c'), 7)
        same(place.calls(), 2 * number, 'calls of the compiler')


# ---- signals and descriptors ----

@check
def program_has_the_signals_that_eddy_had(place):
    place.write('ignored.c', IGNORED)
    for _ in range(2):
        ends(place.eddy('run', 'ignored.c'), 0, '00\n')
        ends(place.start('sh', '-c', 'trap "" INT; exec "$0" run ignored.c', EDDY), 0, '10\n')
        ends(place.start('sh', '-c', 'trap "" QUIT; exec "$0" run ignored.c', EDDY), 0, '01\n')
        shutil.rmtree(place.path('cache'))


@check
def compiler_has_the_signals_that_eddy_had(place):
    place.write('ignored.c', IGNORED)
    ends(place.start(*COMPILER.split(), 'ignored.c', '-o', 'ignored'), 0)
    place.write('a.c', SEVEN)
    place.environment['CC'] = place.script('my-cc', './ignored >> said', 'exit 1')
    place.eddy('run', 'a.c')
    place.start('sh', '-c', 'trap "" INT; exec "$0" run a.c', EDDY)
    place.start('sh', '-c', 'trap "" QUIT; exec "$0" run a.c', EDDY)
    with open(place.path('said'), encoding='utf-8') as file:
        same(file.read(), '00\n10\n01\n', 'what is ignored')


@check
def keys_end_the_compiler_and_leave_nothing_behind(place):
    place.write('seven.c', SEVEN)
    for key in (signal.SIGINT, signal.SIGQUIT):
        compiler = place.script('slow-cc', 'ulimit -c 0', 'echo > started', 'exec sleep 60')
        with subprocess.Popen([EDDY, 'run', 'seven.c'], cwd=place.folder, start_new_session=True,
                              env=dict(place.environment, CC=compiler)) as run:
            while run.poll() is None and not os.path.exists(place.path('started')):
                time.sleep(0.01)
            os.killpg(run.pid, key)
            same(run.wait(timeout=LIMIT), 128 + key, 'status')
        os.unlink(place.path('started'))
        same(os.listdir(place.path('cache')), [], 'the cache')


@check
def program_has_no_descriptor_of_eddy(place):
    place.write('descriptors.c', DESCRIPTORS)
    for _ in range(2):
        ends(place.eddy('run', 'descriptors.c'), 0, '0 1 2 ')


# ---- what makes it compile again ----

def compiles_again(place, **env):
    """Whether a run calls the compiler, and whether the run after it does not."""
    before = place.calls()
    ends(place.eddy('run', 'seven.c', env=env), 7)
    again = place.calls()
    ends(place.eddy('run', 'seven.c', env=env), 7)
    same(place.calls(), again, 'calls of the compiler, the second time')
    return again > before


@check
def surroundings_are_part_of_the_key(place):
    place.counting_compiler(THE_COMPILER)
    place.write('seven.c', SEVEN)
    os.mkdir(place.path('headers'))
    same(compiles_again(place), True)
    same(compiles_again(place, UNRELATED='1'), False)
    for name in ('CPATH', 'C_INCLUDE_PATH', 'LIBRARY_PATH'):
        same(compiles_again(place, **{name: place.path('headers')}), True, name)
    for name in ('CFLAGS', 'LDLIBS'):
        same(compiles_again(place, **{name: '-L.'}), True, name)
    same(compiles_again(place, CC=place.environment['CC'] + ' -g'), True, 'a flag in CC')
    os.utime(place.path('counting-cc'), (1, 1))
    same(compiles_again(place), True, 'another compiler')
    with open(place.path('counting-cc'), 'a', encoding='utf-8') as file:
        file.write('# longer\n')
    os.utime(place.path('counting-cc'), (1, 1))
    same(compiles_again(place), True, 'a compiler of another size')


@check
def library_is_part_of_the_key(place):
    place.counting_compiler()
    place.write('seven.c', SEVEN)
    command = place.install()
    for again in (True, False):
        before = place.calls()
        ends(place.start(command, 'run', 'seven.c'), 7)
        same(place.calls() > before, again, 'compiled')
    os.utime(place.path('prefix/lib/libeddy.a'), (1, 1))
    before = place.calls()
    ends(place.start(command, 'run', 'seven.c'), 7)
    same(place.calls() > before, True, 'compiled again')


sys.exit(main())
