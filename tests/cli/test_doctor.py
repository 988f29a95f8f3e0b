#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_doctor.py [EDDY]: `eddy doctor`."""
import os
import re
import sys

from command import BUILD, EDDY, check, complains, contains, doctor_rows, ends, main, same

TWICE = '''#include <eddy/keywords.h>
async(void, nothing) { await(eddy_sleep(0.0)); }
int main(void) { return eddy_run(nothing()) || eddy_run(nothing()); }
'''


ROWS = ('eddy', 'kernel', 'machine', 'compiler', 'library', 'headers', 'eddy-curl', 'cache', 'driver', 'drivers',
        'epoll_pwait2', 'eventfd', 'pidfd_open', 'io_uring_setup', 'guard install', 'clock', 'stack size',
        'guard method', 'mapping limit', 'guarded stacks', 'open files', 'huge pages', 'sanitizers', 'valgrind')


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


sys.exit(main())
