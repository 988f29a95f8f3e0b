#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""growth.py FOLDER [--instructions] [--only ROW...]: what one costs among few and among many.

FOLDER is a build with -Dbench=true.  Each row of the table is a measure of growth.c on a driver.  By default processor
time is taken, least of ROUNDS, for as many as a million: where one costs more than SLOPE times as much among many as
among the first count, the row fails.  So much is left to caches and page faults; what looks through all the others
costs a thousand times as much.  With --instructions callgrind counts, up to a few thousand: that is exact on a busy
machine as well, so the bar is lower.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ROUNDS, SLOPE = 3, 5.0
COUNTED_SLOPE = 1.5 # a heap's depth grows, too

MANY = [1000, 10000, 100000, 1000000]
DESCRIPTORS = [100, 1000, 9000] # two for a connection: 20 000 are allowed at many places
FEW, FEW_DESCRIPTORS = [300, 3000], [50, 400]

# Row: measure, driver, seed, counts, counts under callgrind.
ROWS = {
    'tasks': ('tasks', 'epoll', '', MANY, FEW),
    'tasks, seeded': ('tasks', 'sim', '3', MANY, FEW),
    'cancellations': ('cancellations', 'epoll', '', MANY[:3], FEW),
    'group': ('group', 'epoll', '', MANY[:3], FEW),
    'waiters': ('waiters', 'epoll', '', MANY[:3], FEW),
    'timers': ('timers', 'epoll', '', MANY, FEW),
    'blocking calls': ('blocking_calls', 'epoll', '', MANY[:3], FEW),
    'generators': ('generators', 'epoll', '', MANY, FEW),
    'readers, epoll': ('readers', 'epoll', '', DESCRIPTORS, FEW_DESCRIPTORS),
    'readers, uring': ('readers', 'uring', '', DESCRIPTORS, None),
    'connections, epoll': ('connections', 'epoll', '', DESCRIPTORS, FEW_DESCRIPTORS),
    'connections, uring': ('connections', 'uring', '', DESCRIPTORS, None),
    'connections, sim': ('connections', 'sim', '', DESCRIPTORS, FEW_DESCRIPTORS),
    'connections, seeded': ('connections', 'sim', '3', DESCRIPTORS, FEW_DESCRIPTORS),
}


def run(row, command, count):
    """Its standard output and error."""
    measure, driver, seed = ROWS[row][:3]
    done = subprocess.run(command + [measure, str(count)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env=dict(os.environ, EDDY_DRIVER=driver, EDDY_SEED=seed or '0'))
    if done.returncode:
        sys.exit('%s, %d: status %d\n%s' % (row, count, done.returncode, done.stdout))
    return done.stdout


def nanoseconds(row, program, count):
    """Processor time of one."""
    return min(float(run(row, [program], count).split()[-1]) for _ in range(ROUNDS))


def instructions(row, program, count):
    """Of the whole program."""
    with tempfile.NamedTemporaryFile() as out:
        said = run(row, ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out.name, program], count)
    return int(re.search(r'Collected : (\d+)', said).group(1))


def costs(row, program, counted):
    """[(count, cost of one)]."""
    counts = ROWS[row][4 if counted else 3]
    if not counted:
        return [(count, nanoseconds(row, program, count)) for count in counts]
    start = instructions(row, program, 1)
    return [(count, (instructions(row, program, count) - start) / count) for count in counts]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('folder')
    parser.add_argument('--instructions', action='store_true')
    parser.add_argument('--only', nargs='+', choices=list(ROWS), default=list(ROWS))
    options = parser.parse_args()
    program, slope = os.path.join(options.folder, 'bench', 'growth'), COUNTED_SLOPE if options.instructions else SLOPE
    failed = rows = 0
    print('%s of one, among so many' % ('Instructions' if options.instructions else 'Nanoseconds'))
    for row in options.only:
        if options.instructions and ROWS[row][4] is None:
            continue
        found = costs(row, program, options.instructions)
        times = max(cost for _, cost in found) / found[0][1]
        rows, failed = rows + 1, failed + (times > slope)
        print('%-20s %s   x %.2f%s' % (row, '  '.join('%7d: %7.0f' % pair for pair in found), times,
                                      '  GROWS: more than x %.1f' % slope if times > slope else ''), flush=True)
    print('%d passed, %d failed, 0 skipped' % (rows - failed, failed))
    return failed > 0


sys.exit(main())
