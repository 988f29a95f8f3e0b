#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_tour.py [EDDY]: `eddy tour`."""
import os
import pty
import re
import select
import subprocess
import sys

from command import EDDY, LIMIT, check, complains, contains, ends, main, same


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


sys.exit(main())
