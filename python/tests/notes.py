#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""notes.py: each program of the notes (examples/notes/python) prints on Eddy's loop what it prints on CPython's.

In the simulation it is held to CPython's loop in virtual time (tests/conformance/virtual_loop.py), on uring and epoll to
CPython's own loop in real time; numbers that were measured are left out (virtual_loop.py moves time.time, too). Programs that
take a minute or longer run in the simulation only.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

TOP = os.environ.get('EDDY_SOURCE', os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
NOTES = os.path.join(TOP, 'examples', 'notes')
VIRTUAL = os.path.join(TOP, 'tests', 'conformance', 'virtual_loop.py')
LONG = ('chess',)  # twelve hours of a chess exhibition, at some seconds a move
TIED = ('timer_ties', 'rand', 'asyncq')  # sleeps that end at one instant have a fixed order in virtual time only
TALLY = {'ok': 0, 'failed': 0}


def programs():
    with open(os.path.join(NOTES, 'INDEX'), encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                source, _, arguments = line.rstrip('\n').split('|')
                yield source[:-len('.c')], arguments.split()


def output_of(words, driver=None):
    environment = dict(os.environ, PYTHONHASHSEED='0')
    environment.pop('EDDY_SEED', None)
    if driver:
        environment['EDDY_DRIVER'] = driver
    done = subprocess.run([sys.executable, *words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=240, check=False, text=True)
    return done.stdout if done.returncode == 0 else done.stdout + '[status %d]\n%s' % (done.returncode, done.stderr)


def measured(text):
    return re.sub(r'\d+\.\d+', '#', text)


def checks(pool):
    """(name, driver, what CPython prints, what Eddy's loop lets it print), the last two to come."""
    for name, arguments in programs():
        words = [os.path.join(NOTES, 'python', name + '.py')] + arguments
        yield name, 'sim', pool.submit(output_of, [VIRTUAL] + words), pool.submit(output_of, ['-m', 'eddyloop'] + words, 'sim')
        if name not in LONG + TIED:
            real = pool.submit(output_of, words)
            for driver in ('uring', 'epoll'):
                yield name, driver, real, pool.submit(output_of, ['-m', 'eddyloop'] + words, driver)


def main():
    with concurrent.futures.ThreadPoolExecutor(24) as pool:  # they sleep
        for name, driver, wanted, printed in list(checks(pool)):
            wanted, printed = wanted.result(), printed.result()
            same = measured(wanted) == measured(printed)
            TALLY['ok' if same else 'failed'] += 1
            if not same:
                print('FAILED %s on %s\n--- CPython\n%s\n--- eddyloop\n%s' % (name, driver, wanted, printed))
    print('%d passed, %d failed, 0 skipped' % (TALLY['ok'], TALLY['failed']))
    return 1 if TALLY['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
