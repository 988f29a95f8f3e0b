#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py FOLDER COUNT: runs the programs of tests/seeds.txt in the simulation with the seeds 1 to COUNT, or to the
number that stands behind a program's name there.

A seed shuffles what is ready, so what passes with each does not lean on an order that nobody promised. Tests that check
the promised order (first come, first served) are not in that list; those of src/sync walk their own seeds.
The last line is the tally, one count per program.
"""
import concurrent.futures
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECONDS = 60


def programs(folder):
    """(program, seeds or None) of each line."""
    with open(os.path.join(TOP, 'tests', 'seeds.txt'), encoding='utf-8') as lines:
        rows = [line.split() for line in lines if line.strip()]
    return [(os.path.abspath(os.path.join(folder, 'tests', row[0])), int(row[1]) if row[1:] else None) for row in rows]


def first_failure(program, count):
    for seed in range(1, count + 1):
        try:
            done = subprocess.run([program], env=dict(os.environ, EDDY_DRIVER='sim', EDDY_SEED=str(seed)),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return seed, 'hangs'
        if done.returncode:
            return seed, 'status %d\n%s' % (done.returncode, done.stdout.decode(errors='replace')[-2000:])
    return None


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    chosen, failed = programs(folder), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = pool.map(lambda row: first_failure(row[0], row[1] or count), chosen)
        for (program, _), failure in zip(chosen, failures):
            if failure:
                failed += 1
                print('EDDY_DRIVER=sim EDDY_SEED=%d %s: %s' % (failure[0], os.path.relpath(program), failure[1]), flush=True)
    print('%d passed, %d failed, 0 skipped' % (len(chosen) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
