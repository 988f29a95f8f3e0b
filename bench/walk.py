#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""walk.py: how far a reader has to walk to follow a path through the library (docs/internals/walks.md).

Builds the library with -finstrument-functions in a folder of its own (build-walk), runs walk.c, and prints a row for
each path.  A room is a file and its header; src/base is no room.  A stay is a visit of a room, by a call or by a
return to the caller; the returns are the stays in rooms that were visited before.  Functions of up to five lines
that call no other (accessors) are read by their names, and are no stays.  A path that waits is counted again without
the loop's part: what lies between the switch to another stack and the switch back.

Functions that are always inlined are not, in this build: their calls could not be told from those of their callers.
DWARF 4, since addr2line of Debian 12 takes some functions of headers for those of other files in DWARF 5."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
BUILD = os.path.join(SOURCE, 'build-walk')
OPTIONS = ['-Dbuildtype=debug', '-Dc_args=-finstrument-functions -gdwarf-4 -Dalways_inline=unused', '-Dtests=disabled',
           '-Dman=disabled', '-Dtls=disabled', '-Dcurl=disabled', '-Dhttp=disabled']
ACCESSOR = 5


def build():
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        subprocess.run(['meson', 'setup', BUILD, SOURCE] + OPTIONS, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', BUILD, 'libeddy.a'], check=True, stdout=subprocess.DEVNULL)
    program = os.path.join(BUILD, 'walk')
    subprocess.run([os.environ.get('CC', 'cc'), '-g', '-O0', '-no-pie', '-I' + os.path.join(SOURCE, 'include'),
                    '-finstrument-functions', '-finstrument-functions-exclude-file-list=walk.c,macros.h',
                    os.path.join(HERE, 'walk.c'), os.path.join(BUILD, 'libeddy.a'), '-luring', '-lpthread', '-lm',
                    '-o', program], check=True)
    return program


def places(program, addresses):
    """{address: (function, its file, its first line)}; the file is None outside of the rooms."""
    said = subprocess.run(['addr2line', '-f', '-e', program], input='\n'.join(addresses), capture_output=True, text=True,
                          check=True).stdout.splitlines()
    found = {}
    for address, function, place in zip(addresses, said[::2], said[1::2]):
        m = re.match(r'(.*src/(?:core|os|io|sync)/\w+\.[ch]):(\d+)', place)
        found[address] = (function, os.path.join(BUILD, m[1]) if m else None, int(m[2]) if m else 0)
    return found


def length(file, line):
    with open(file) as f:
        lines = f.read().split('\n')
    for n, text in enumerate(lines[line - 1:], 1):
        if text.startswith('}'):
            return n
    return 1


def room(file):
    return file and re.search(r'src/(\w+/\w+)\.', file)[1]


def walk(events, found):
    """The number of functions, that of their lines, the stays."""
    calls, lines, callers = [], {}, set()
    for sign, address in events:
        function, file, line = found[address]
        calls.append((sign, function, file))
        if sign == '>' and file:
            lines[function, file] = length(file, line)
        if sign == '<' and file:
            callers.add((function, file))
    small = {key for key, n in lines.items() if n <= ACCESSOR and key not in callers}
    stays, skipping = [], 0
    for sign, function, file in calls:
        if sign == '>' and (function, file) in small:
            skipping += 1
        elif skipping and sign == '<':
            skipping -= 1
        elif file and (not stays or stays[-1] != room(file)):
            stays.append(room(file))
    read = {key: n for key, n in lines.items() if key not in small}
    return len(read), sum(read.values()), stays


def without_loop(stays):
    first, last = stays.index('core/switch'), len(stays) - stays[::-1].index('core/switch')
    return stays[:first] + stays[last:]


def show(name, functions, lines, stays):
    rooms = len(set(stays))
    print(f'| {name} | {rooms} | {functions} | {lines} | {len(stays)} | {len(stays) - rooms} |')
    if '-v' in sys.argv:
        print('   ', ' '.join(stays))


def main():
    program = build()
    for driver in 'uring', 'epoll':
        out = subprocess.run([program], capture_output=True, text=True, check=True,
                             env=dict(os.environ, EDDY_DRIVER=driver)).stdout.splitlines()
        found = places(program, sorted({line[2:] for line in out if line[0] in '<>'}))
        paths = {}
        for line in out:
            if line[0] == '=':
                events = paths.setdefault(line[2:], [])
            else:
                events.append((line[0], line[2:]))
        for name, events in paths.items():
            functions, lines, stays = walk(events, found)
            show(f'{name}, {driver}', functions, lines, stays)
            if 'os/driver' in stays and 'core/switch' in stays:
                show('its part without the loop', '', '', without_loop(stays))


if __name__ == '__main__':
    main()
