#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cache.py [EDDY]: when `eddy run` compiles, and what it does with its cache."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from command import COMPILER, EDDY, LIMIT, SEVEN, THE_COMPILER, cached, check, complains, contains, ends, main, same


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
def a_closed_standard_input_changes_nothing(place):
    """What the command opens first is descriptor 0 then, which is one like others: each folder on the way to the cache,
    or the entry in it, by the number of folders."""
    place.write('seven.c', SEVEN)
    for cache in ('cache', 'deeper/cache'):
        place.counting_compiler()
        environment = {'EDDY_CACHE': place.path(cache)}
        ends(place.start('sh', '-c', 'exec "$0" run seven.c <&-', EDDY, env=environment), 7, '', '')
        made = place.calls()
        ends(place.start('sh', '-c', 'exec "$0" run seven.c <&-', EDDY, env=environment), 7, '', '')
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
    os.chmod(place.path('seven.c'), 0o666)  # whatever its rights are
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('seven.c')}), 1, 'Not a directory')


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


def refuses_the_cache(place, *words, **options):
    """What it had begun is not left there."""
    complains(place.start(*words, **options), 1, 'cannot use the cache "%s": ' % place.path('cache'), 'EDDY_CACHE')
    same(os.listdir(place.path('cache')), [], 'the cache')


@check
def cache_that_cannot_be_written_is_told(place):
    place.write('seven.c', SEVEN)
    refuses_the_cache(place, 'sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$0" run seven.c', EDDY)
    made = 'for word; do [ "$last" != -o ] || echo > "$word"; last=$word; done'
    rule = 'last=; for word; do [ "$last" != -MF ] || { echo "x: seven.c"; seq -f " /no/file/%g" 300; } | tr -d "\\n" ' \
           '> "$word"; last=$word; done'
    place.environment['CC'] = place.script('odd-cc', made, rule)
    refuses_the_cache(place, 'bash', '-c', 'trap "" XFSZ; ulimit -f 4; exec "$0" run seven.c', EDDY)
    place.environment['CC'] = place.script('no-cc', 'exit 0')
    refuses_the_cache(place, EDDY, 'run', 'seven.c')


@check
def folders_on_the_way_to_the_cache_are_made(place):
    place.write('seven.c', SEVEN)
    old = os.umask(0o027)
    try:
        ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': 'a//b/../c/'}), 7)
        ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('d/./e')}), 7)
    finally:
        os.umask(old)
    same([oct(os.stat(place.path(name)).st_mode & 0o777) for name in ('a', 'a/b', 'a/c', 'd', 'd/e')],
         ['0o750', '0o750', '0o700', '0o750', '0o700'], 'rights of the folders')
    same(len(os.listdir(place.path('a/c'))), 2, 'names in the cache')


@check
def nothing_is_made_after_a_folder_that_cannot_be(place):
    place.write('seven.c', SEVEN)
    too_long = place.path('n' * 300 + '/cache')
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': too_long}), 1, 'cannot use the cache', 'File name too long')
    same(os.path.exists(place.path('cache')), False, 'there is a folder of the same name elsewhere')


@check
def links_to_the_cache_are_counted(place):
    place.write('seven.c', SEVEN)
    os.mkdir(place.path('real'), 0o700)
    os.symlink('real', place.path('link1'))
    for number in range(2, 42):
        os.symlink('link%d' % (number - 1), place.path('link%d' % number))
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': 'link40'}), 7)
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': place.path('link40/')}), 7)
    complains(place.eddy('run', 'seven.c', env={'EDDY_CACHE': 'link41'}), 1, 'Too many levels of symbolic links')
    os.symlink(place.folder[1:], place.path('root-less'))
    os.symlink('/', place.path('root'))
    ends(place.eddy('run', 'seven.c', env={'EDDY_CACHE': 'root' + place.path('through')}), 7)
    same(len(os.listdir(place.path('through'))), 2, 'names in the cache')


@check
def trimming_leaves_no_descriptor_open(place):
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7)
    made, cache = cached(place, 'program-'), place.path('cache')
    for number in range(160):
        old = os.path.join(cache, 'program-%040x' % number)
        shutil.copytree(made, old) if number % 2 else os.mkdir(old)
        os.utime(old, (number, number))
        place.write('cache/depends-%040x' % number, 'made by eddy run\n' if number % 2 else 'a list of mine\n')
        os.utime(place.path('cache/depends-%040x' % number), (number, number))
    place.write('eight.c', SEVEN.replace('7', '8'))
    ends(place.start('sh', '-c', 'ulimit -n 24; exec "$0" run eight.c', EDDY), 8, '', '')
    names = os.listdir(cache)
    for kind in ('program-', 'depends-'):
        kept = [number for number in range(160) if kind + '%040x' % number in names]
        same(kept, [number for number in range(160) if number >= 62 or number % 2 == 0], 'what is kept of ' + kind)


# ---- run: headers that come ----

@check
def new_header_that_hides_another_compiles_again(place):
    place.counting_compiler(THE_COMPILER)
    for folder in ('a', 'c'):
        os.mkdir(place.path(folder))
    place.write('c/sub/value.h', '#define N 2\n')
    place.write('c/plain.h', '#include <sub/value.h>\n')
    place.write('main.c', '#include "plain.h"\nint main(void) { return N; }\n')
    place.environment['CFLAGS'] = '-Ib -Ia -Ic'  # of which b is not there

    def is_now(wanted):
        ends(place.eddy('run', 'main.c'), wanted)
        made = place.calls()
        ends(place.eddy('run', 'main.c'), wanted)
        same(place.calls(), made, 'calls of the compiler')

    is_now(2)
    place.write('a/sub/value.h', '#define N 3\n')
    is_now(3)
    place.write('b/sub/value.h', '#define N 4\n')
    is_now(4)
    place.write('a/plain.h', '#define N 5\n')
    is_now(5)
    place.write('plain.h', '#define N 6\n') # beside the source: the first place of all
    is_now(6)
    os.unlink(place.path('plain.h'))
    is_now(5)
    shutil.rmtree(place.path('a'))
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


@check
def questions_of_all_forms_are_seen(place):
    place.environment['CC'] = THE_COMPILER
    folder = place.path('asked')
    os.mkdir(place.path('later'))
    place.environment['CFLAGS'] = '-Ilater'
    questions = ('"asked/a.h"', '<asked/b.h>', '(  "asked/c.h")', '(<%s/d.h>)' % folder, '("%s/e.h")' % folder, '(\t<f.h>)')
    place.write('main.c', ''.join('#if __has_include%s\n#define N%d %d\n#else\n#define N%d 0\n#endif\n' % (
        words if words.startswith('(') else '(%s)' % words, number, 1 << number, number)
                                  for number, words in enumerate(questions)) +
                'int main(void) { return N0 + N1 + N2 + N3 + N4 + N5; }\n')
    ends(place.eddy('run', 'main.c'), 0)
    wanted = 0
    for number, name in enumerate(('asked/a.h', 'later/asked/b.h', 'asked/c.h', 'asked/d.h', 'asked/e.h', 'later/f.h')):
        place.write(name, '')
        wanted += 1 << number
        for _ in range(2):
            ends(place.eddy('run', 'main.c'), wanted)
    os.unlink(place.path('later/f.h'))
    ends(place.eddy('run', 'main.c'), wanted - 32)


@check
def file_of_a_long_name_is_no_exception(place):
    folder = '/'.join(['a' * 200] * 4)
    place.counting_compiler()
    place.write(folder + '/long.h', '#define N 3\n')
    place.write(folder + '/long.c', '#include "long.h"\nint main(void) { return N; }\n')
    ends(place.eddy('run', folder + '/long.c'), 3)
    made = place.calls()
    ends(place.eddy('run', folder + '/long.c'), 3)
    same(place.calls(), made, 'calls of the compiler')
    place.write(folder + '/long.h', '#define N 4\n')
    ends(place.eddy('run', folder + '/long.c'), 4)


# ---- run: what changes while the compiler runs ----

def compiler_that_then(place, *lines):
    """A compiler that executes the lines when it has compiled for the first time."""
    place.environment['CC'] = place.script(
        'then-cc', '%s "$@" || exit' % THE_COMPILER, 'case " $* " in *" -c "*) ;; *) exit 0;; esac',
        '[ ! -e "%s" ] || exit 0' % place.path('compiled'), ': > "%s"' % place.path('compiled'), *lines)


@check
def header_that_comes_before_another_meanwhile_is_noticed(place):
    os.mkdir(place.path('first'))
    place.write('second/value.h', '#define N 3\n')
    place.write('main.c', '#include <value.h>\nint main(void) { return N; }\n')
    place.environment['CFLAGS'] = '-Ifirst -Isecond'
    compiler_that_then(place, 'echo "#define N 4" > "%s"' % place.path('first/value.h'))
    ends(place.eddy('run', 'main.c'), 3)
    ends(place.eddy('run', 'main.c'), 4)


@check
def header_that_changes_meanwhile_is_noticed(place):
    place.write('value.h', '#define N 3\n')
    place.write('main.c', '#include "value.h"\nint main(void) { return N; }\n')
    compiler_that_then(place, 'echo "#define N 4" > "%s"' % place.path('value.h'))
    ends(place.eddy('run', 'main.c'), 3)
    ends(place.eddy('run', 'main.c'), 4)


@check
def what_lies_in_the_way_and_is_not_read_matters_to_nobody(place):
    """A header beside the source that <value.h> does not find, and a folder that has a header's name."""
    place.counting_compiler(THE_COMPILER)
    place.write('value.h', '#error\n')
    place.write('second/value.h', '#define N 3\n')
    os.mkdir(place.path('extra.h'))
    place.write('main.c', '#include <value.h>\n#if __has_include("extra.h")\n#error\n#endif\nint main(void) { return N; }\n')
    place.environment['CFLAGS'] = '-Isecond'
    ends(place.eddy('run', 'main.c'), 3)
    made = place.calls()
    ends(place.eddy('run', 'main.c'), 3)
    same(place.calls(), made, 'calls of the compiler')


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


sys.exit(main())
