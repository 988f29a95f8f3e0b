#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_tour.py [EDDY]: `eddy tour`, on programs of the test's own; the examples' tests run those of the notes."""
import os
import pty
import re
import select
import subprocess
import sys

from command import LIMIT, check, complains, contains, ends, main, same

PROGRAM = '''#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *driver = getenv("EDDY_DRIVER");
    printf("%%s %%s %%s %%d\\n", argv[0], argc > 1 ? argv[argc - 1] : "-", driver ? driver : "real", getchar());
    return %s;
}
'''
INDEX = '''# how it begins
## First steps
one.c|The first one|a bc
two.c|The second one

## Later
three.c
'''
PROGRAMS = {'INDEX': INDEX, 'one.c': PROGRAM % 0, 'two.c': PROGRAM % 3, 'three.c': PROGRAM % 0}


def stop(number, count, name, title='', arguments='', last='-', status=0, driver='sim', chapter=''):
    """What the tour shows of a program."""
    source = ''.join('    ' * bool(line.strip()) + line for line in PROGRAMS[name].splitlines(True))
    return ('#### %s\n\n' % chapter if chapter else '') + '==== %d of %d: %s%s ====\n\n' % (
        number, count, name, ': ' + title if title else '') + source + '\n---- output%s ----\n\n' % (
        ' with ' + arguments if arguments else '') + '%s %s %s -1\n' % (name[:-2], last, driver) + (
        '(exit status %d)\n' % status if status else '') + '\n'


def tour(place, *words, notes=None, **options):
    """Runs an installed command's tour."""
    if not os.path.exists(place.path('prefix')):
        place.install(notes=PROGRAMS if notes is None else notes)
    return place.start(place.path('prefix/bin/eddy'), 'tour', *words, **options)


@check
def tour_shows_each_program_and_its_output(place):
    ends(tour(place), 0, stop(1, 3, 'one.c', 'The first one', 'a bc', 'bc', chapter='First steps') +
         stop(2, 3, 'two.c', 'The second one', status=3) + stop(3, 3, 'three.c', chapter='Later'), '')


@check
def tour_shows_the_programs_that_are_named(place):
    for name in ('two', 'two.c'):
        ends(tour(place, name), 0, stop(1, 1, 'two.c', 'The second one', status=3), '')
    ends(tour(place, '--real', 'three', 'one', env={'EDDY_DRIVER': None}), 0,
         stop(1, 2, 'one.c', 'The first one', 'a bc', 'bc', driver='real', chapter='First steps') +
         stop(2, 2, 'three.c', driver='real', chapter='Later'), '')
    for name in ('nothing', 'tw', 'two.', 'two.c.c'):
        complains(tour(place, name), 1, 'no program "%s"' % name)
    complains(tour(place, 'two', 'nothing'), 1, 'no program "nothing"')
    complains(tour(place, '--fast'), 2, '"--fast"')


@check
def tour_lists_its_programs(place):
    ends(tour(place, '--list'), 0, 'First steps\n  %-22s The first one\n  %-22s The second one\n\nLater\n  %-22s \n'
         % ('one.c', 'two.c', 'three.c'), '')


@check
def programs_of_the_notes_are_there(place):
    result = place.eddy('tour', '--list')
    ends(result, 0, stderr='')
    same(len(re.findall(r'^  \w+\.c ', result.stdout, re.M)) > 20, True, 'enough of them')


@check
def tour_goes_on_after_what_fails(place):
    notes = {'INDEX': 'bad.c\nkilled.c\none.c\nmissing.c\n', 'bad.c': 'int main(void) { return nothing; }\n',
             'killed.c': '#include <signal.h>\nint main(void) { return raise(SIGKILL); }\n', 'one.c': PROGRAM % 0}
    for names, status in ((('bad',), 1), (('killed',), 1), (('missing',), 1), ((), 1), (('one',), 0)):
        result = tour(place, *names, notes=notes)
        same(result.returncode, status, 'status of %r' % (names,))
        for name in names or ('bad', 'killed', 'one', 'missing'):
            contains(result.stdout, ': %s.c ====' % name)
    contains(tour(place, 'killed').stdout, '(exit status 137)\n')
    contains(tour(place, 'missing').stderr, 'cannot read "')


@check
def tour_ends_with_an_interrupt(place):
    notes = {'INDEX': 'one.c\nstop.c\ntwo.c\n', 'one.c': PROGRAM % 0, 'two.c': PROGRAM % 0,
             'stop.c': '#include <signal.h>\nint main(void) { return raise(SIGINT); }\n'}
    result = tour(place, notes=notes)
    same(result.returncode, 130, 'status')
    contains(result.stdout, '==== 2 of 3: stop.c ====')
    same('two.c' in result.stdout, False, 'the third program is shown')


@check
def tour_without_programs_is_told(place):
    complains(tour(place, notes={}), 1, 'not installed here')
    place.write('prefix/share/eddy/notes/one.c', '')
    complains(tour(place), 1, 'there is no program in')
    place.write('prefix/share/eddy/notes/INDEX', '# nothing\n## nowhere\n')
    complains(tour(place), 1, 'there is no program in')


@check
def tour_leaves_no_descriptor_open(place):
    notes = {'%d.c' % number: 'int main(void) { return %d; }\n' % number for number in range(24)}
    notes['INDEX'] = ''.join(name + '\n' for name in notes)
    place.install(notes=notes)
    for _ in range(2):  # made anew, and from the cache
        result = place.start('sh', '-c', 'ulimit -n 24 && exec prefix/bin/eddy tour')
        same((result.returncode, result.stderr), (0, ''), 'status and errors')
        same(result.stdout.count('\n---- output'), 24, 'outputs')


def on_terminal(place, answer, stops):
    """The tour on a terminal: what it shows after one answer, and its status."""
    place.install(notes=PROGRAMS)
    master, slave = pty.openpty()
    with subprocess.Popen([place.path('prefix/bin/eddy'), 'tour'], cwd=place.folder, stdin=slave, stdout=slave,
                          stderr=slave, env=place.environment) as run:
        os.close(slave)
        seen = b''
        try:
            while select.select([master], [], [], LIMIT)[0]:
                seen += os.read(master, 4096)
                if answer and seen.endswith(b'leave] '):
                    os.write(master, answer)
        except OSError: # how Linux says that the other end is closed
            pass
        same(run.wait(timeout=LIMIT), 0, 'status')
    os.close(master)
    same(re.findall(r'==== (\d) of 3', seen.decode()), stops, 'the programs shown')


@check
def tour_waits_on_a_terminal(place):
    on_terminal(place, b'\n', ['1', '2', '3'])


@check
def tour_is_left_by_a_letter(place):
    on_terminal(place, b'quit\n', ['1'])


@check
def tour_is_left_at_the_end_of_input(place):
    on_terminal(place, b'\x04', ['1'])


sys.exit(main())
