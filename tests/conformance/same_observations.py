#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs observations_*.c on each driver: whatever the driver, a program sees the same codes, counts and order.

Its argument, if there is one, is the program of that name alone. io_uring may be forbidden here; what is left is compared.
"""
import difflib
import os
import subprocess
import sys

DRIVERS = ('epoll', 'uring', 'sim')
PROGRAMS = ('observations_sockets', 'observations_files')


def observe(program, driver):
    """What it prints, or None if there is no such driver here."""
    environment = dict(os.environ, EDDY_DRIVER=driver)
    done = subprocess.run([program, *sys.argv[1:]], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False)
    if done.returncode and not done.stdout and driver == 'uring' and 'uring' in done.stderr:
        print('without io_uring: ' + done.stderr.strip())
        return None
    if done.returncode:
        raise SystemExit('%s: status %d\n%s%s' % (driver, done.returncode, done.stdout, done.stderr))
    return done.stdout.splitlines()


def compare(name):
    program = os.path.join(os.environ['EDDY_BUILD'], 'tests', 'conformance', name)
    first = observe(program, DRIVERS[0])
    same = True
    for driver in DRIVERS[1:]:
        other = observe(program, driver)
        if other is None or other == first:
            continue
        same = False
        print('\n'.join(difflib.unified_diff(first, other, DRIVERS[0], driver, lineterm='', n=3)))
        print('to repeat it: EDDY_DRIVER=%s %s' % (driver, program))
    return same


sys.exit(0 if all([compare(name) for name in PROGRAMS]) else 1)
