#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_doctor.py [EDDY]: `eddy doctor`."""
import os
import re
import resource
import shutil
import sys

from command import BUILD, EDDY, SEVEN, check, complains, contains, doctor_rows, ends, main, same

TWICE = '''#include <eddy/keywords.h>
async(void, nothing) { await(eddy_sleep(0.0)); }
int main(void) { return eddy_run(nothing()) || eddy_run(nothing()); }
'''


ROWS = ('eddy', 'kernel', 'machine', 'compiler', 'library', 'headers', 'eddy-curl', 'eddy-http', 'eddy-pg', 'eddy-jobs', 'eddy-nats', 'eddy-redis', 'eddy-sqlite', 'cache', 'driver', 'drivers',
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
    best = 'uring' if rows['drivers'].startswith('uring, ') else 'epoll, since io_uring is not available'
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
        why = 'epoll, since io_uring is not available: io_uring_setup: ' + words
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
def doctor_says_where_the_cache_is(place):
    place.write('seven.c', SEVEN)
    same(doctor_rows(place.eddy('doctor'))['cache'], place.path('cache') + ' (not made yet)')
    ends(place.eddy('run', 'seven.c'), 7)
    same(doctor_rows(place.eddy('doctor'))['cache'], place.path('cache') + ', the last 100 programs')
    same(doctor_rows(place.eddy('doctor', env={'EDDY_CACHE': '', 'XDG_CACHE_HOME': 'relative'}))['cache'],
         place.home + '/.cache/eddy (not made yet)')
    same(doctor_rows(place.eddy('doctor', env={'EDDY_CACHE': '', 'HOME': ''}))['cache'].split(' ')[0].rstrip(','),
         '/tmp/eddy-%d' % os.geteuid())
    if os.geteuid() != 0:
        os.chmod(place.path('cache'), 0o500)
        same(doctor_rows(place.eddy('doctor'))['cache'], place.path('cache') + ': Permission denied')


@check
def doctor_says_what_holds_for_this_process(place):
    os.mkdir(place.path('bin'))
    rows = doctor_rows(place.start('sh', '-c', 'ulimit -S -n 33; exec "$0" doctor', EDDY, env={'PATH': '/usr/bin:/bin'}))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    same(rows['open files'], '33 (hard limit %d)' % (hard if hard >= 0 else 2 ** 64 - 1))
    same(rows['machine'].split(', ')[1], '%d processors' % os.sysconf('SC_NPROCESSORS_ONLN'))
    same(re.fullmatch(r'\d+ KiB', rows['stack size']) is not None, True, rows['stack size'])
    same(doctor_rows(place.eddy('doctor', env={'EDDY_STACK_SIZE': str(1 << 20)}))['stack size'],
         '1024 KiB (EDDY_STACK_SIZE)')
    rows = doctor_rows(place.eddy('doctor', env={'EDDY_STACK_GUARD': 'mprotect'}))
    same(rows['guarded stacks'].split(';')[0], 'about %d' % (int(rows['mapping limit'].split(' ')[0]) // 2))
    rows = doctor_rows(place.eddy('doctor', env={'PATH': place.path('bin')}))
    same(rows['valgrind'], 'not installed')
    valgrind = place.script('bin/valgrind', 'exit 0')
    same(doctor_rows(place.eddy('doctor', env={'PATH': place.path('bin')}))['valgrind'], valgrind)


@check
def doctor_says_what_the_kernel_refuses(place):
    forbids = os.path.join(BUILD, 'tests', 'without_uring')
    rows = doctor_rows(place.eddy('doctor'))
    for name in ('epoll_pwait2', 'eventfd', 'pidfd_open', 'io_uring_setup', 'guard install'):
        same(rows[name] == 'yes' or rows[name].startswith('no: '), True, name + ' ' + rows[name])
    if not os.path.exists(forbids) or not rows['drivers'].startswith('uring'):
        return
    same(doctor_rows(place.start(forbids, EDDY, 'doctor'))['io_uring_setup'], 'no: Operation not permitted')


@check
def doctor_tells_what_makes_programs_impossible(place):
    complains(place.eddy('doctor', env={'EDDY_STACK_SIZE': str(1 << 47)}), 1,
              'cannot make a stack of %d KiB: Cannot allocate memory' % (1 << 37))
    shutil.copy(EDDY, place.path('alone'))
    result = place.start('./alone', 'doctor')
    complains(result, 1, 'cannot find eddy.h')
    same(doctor_rows(result)['library'], 'none')
    rows = doctor_rows(place.start(place.install(), 'doctor'))
    same((rows['library'], rows['headers'], rows['eddy-curl']),
         (place.path('prefix/lib/libeddy.a'), place.path('prefix/include'), 'not built'))
    same(doctor_rows(place.eddy('doctor'))['library'].endswith('libeddy.a (not installed)'), True)


@check
def doctor_reports_what_is_missing(place):
    complains(place.eddy('doctor', env={'CC': 'no-such-compiler'}), 1, 'no C compiler')
    complains(place.eddy('doctor', env={'EDDY_DRIVER': 'nonsense'}), 1, 'no driver "nonsense": there is none of this name',
              'unset EDDY_DRIVER')
    same(doctor_rows(place.eddy('doctor', env={'EDDY_DRIVER': 'nonsense'}))['driver'], 'none: Invalid argument')
    ends(place.eddy('doctor', env={'EDDY_DRIVER': ''}), 0, stderr='')
    complains(place.eddy('doctor', '--all'), 2, '"--all"')
    complains(place.eddy('doctor', '--table', 'x'), 2, '"--table"')


@check
def doctor_prints_the_table(place):
    result = place.eddy('doctor', '--table')
    ends(result, 0, stderr='')
    lines = [line for line in result.stdout.splitlines() if line.startswith('|')]
    same(len({line.count('|') for line in lines}), 1, 'numbers of columns')
    same(sum('**here: %s**' % os.uname().release in line for line in lines), 1, 'marked rows')


sys.exit(main())
