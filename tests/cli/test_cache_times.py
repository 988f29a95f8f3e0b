#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cache_times.py [EDDY]: what `eddy run` knows from the times of files, without reading them."""
import os
import re
import sys
import time

from command import THE_COMPILER, cached, check, ends, main, same


def settle(place, *names):
    """Waits until the files have been unchanged for so long that their times are trusted."""
    newest = max(os.stat(place.path(name)).st_ctime for name in names)
    while int(time.time()) <= int(newest) + 2:
        time.sleep(0.1)


def read_lines(name):
    with open(name, encoding='utf-8') as file:
        return file.read().splitlines()


def write_lines(name, lines):
    with open(name, 'w', encoding='utf-8') as file:
        file.write(''.join(line + '\n' for line in lines))


def stamp_in_list(place, name):
    lines = read_lines(cached(place, 'depends-'))
    return [line for line in lines if line.endswith(' ' + name)][0].split(' ')[0][1:]


@check
def stamps_are_of_files_that_have_settled(place):
    place.write('value.h', '#define N 3\n')
    place.write('main.c', '#include "value.h"\nint main(void) { return N; }\n')
    ends(place.eddy('run', 'main.c'), 3)
    if time.time() < os.stat(place.path('value.h')).st_ctime + 2:
        same(stamp_in_list(place, 'value.h'), '?', 'stamp of a file that may change in the same tick')
    settle(place, 'value.h', 'main.c')
    ends(place.eddy('run', 'main.c'), 3)
    stamp = stamp_in_list(place, 'value.h')
    same(re.fullmatch(r'[0-9a-f]+(\.[0-9a-f]+){6}', stamp) is not None, True, 'a stamp, not %r' % stamp)


@check
def list_alone_says_which_program_it_is_while_nothing_has_changed(place):
    for name, number in (('a.c', 3), ('b.c', 4)):
        place.write(name, 'int main(void) { return %d; }\n' % number)
    settle(place, 'a.c', 'b.c')
    ends(place.eddy('run', 'a.c'), 3)
    first = cached(place, 'depends-')
    os.rename(first, place.path('first'))
    ends(place.eddy('run', 'b.c'), 4)
    lines, others = read_lines(place.path('first')), read_lines(cached(place, 'depends-'))
    write_lines(first, [lines[0], others[1], *lines[2:]])
    os.chmod(first, 0o600)
    ends(place.eddy('run', 'a.c'), 4)
    os.utime(place.path('a.c'))
    ends(place.eddy('run', 'a.c'), 3)
    same(read_lines(first)[1], lines[1], 'what the list says after contents were looked at')


@check
def file_that_another_takes_the_place_of_is_noticed(place):
    for name, number in (('value.h', 3), ('other.h', 4)):
        place.write(name, '#define N %d\n' % number)
        os.utime(place.path(name), (1000000000, 1000000000))
    place.write('main.c', '#include "value.h"\nint main(void) { return N; }\n')
    settle(place, 'value.h', 'other.h', 'main.c')
    for _ in range(2):
        ends(place.eddy('run', 'main.c'), 3)
    os.rename(place.path('other.h'), place.path('value.h'))
    ends(place.eddy('run', 'main.c'), 4)


@check
def file_that_comes_to_a_settled_folder_is_noticed(place):
    place.environment['CC'] = THE_COMPILER
    place.environment['CFLAGS'] = '-Ifirst -Isecond'
    os.mkdir(place.path('first'))
    place.write('second/value.h', '#define N 3\n')
    place.write('main.c', '#include <value.h>\nint main(void) { return N; }\n')
    settle(place, 'first', 'second/value.h', 'main.c')
    ends(place.eddy('run', 'main.c'), 3)
    same(stamp_in_list(place, 'first') != '?', True, 'the folder has a stamp')
    name = cached(place, 'depends-')
    lines = read_lines(name)
    place.write('first/value.h', '#define N 4\n')
    ends(place.eddy('run', 'main.c'), 4)
    os.unlink(place.path('first/value.h'))
    ends(place.eddy('run', 'main.c'), 3)
    write_lines(name, [line for line in lines if line[0] != '/'])  # a list that says nothing of folders
    ends(place.eddy('run', 'main.c'), 3)
    place.write('first/value.h', '#define N 4\n')
    ends(place.eddy('run', 'main.c'), 4)


sys.exit(main())
