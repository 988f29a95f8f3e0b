#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py FOLDER COUNT: runs the programs of tests/seeds.txt in the simulation with the seeds 1 to COUNT, or to the
number after a program's name there.

A seed shuffles what is ready, so what passes with each does not lean on an order that nobody promised. Tests that check
the promised order (first come, first served) are not in that list; those of src/sync walk their own seeds.
The last line is the tally, one count per program.
"""
import concurrent.futures
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 60
WORKERS = 2 * (os.cpu_count() or 1)  # what is not simulated, pipes among it, waits in real time


def programs(folder):
    """(program, seeds or None) of each line."""
    with open(os.path.join(HERE, 'seeds.txt'), encoding='utf-8') as lines:
        rows = [line.split() for line in lines if line.strip()]
    return [(os.path.abspath(os.path.join(folder, 'tests', row[0])), int(row[1]) if row[1:] else None) for row in rows]


def failure(run):
    """None, or (program, seed, what went wrong)."""
    program, seed = run
    try:
        done = subprocess.run([program], env=dict(os.environ, EDDY_DRIVER='sim', EDDY_SEED=str(seed)),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return program, seed, 'hangs'
    what = 'status %d\n%s' % (done.returncode, done.stdout.decode(errors='replace')[-2000:])
    return (program, seed, what) if done.returncode else None


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    chosen, failed = programs(folder), set()
    runs = [(program, seed) for program, most in chosen for seed in range(1, (most or count) + 1)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for program, seed, what in filter(None, pool.map(failure, runs)):
            if program not in failed:
                failed.add(program)
                print('EDDY_DRIVER=sim EDDY_SEED=%d %s: %s' % (seed, os.path.relpath(program), what), flush=True)
    print('%d passed, %d failed, 0 skipped' % (len(chosen) - len(failed), len(failed)))
    return 1 if failed else 0


sys.exit(main())
