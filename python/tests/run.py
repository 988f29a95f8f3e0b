#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py [NAME...]: every test of the package; the last line is the tally. NAME: some of them, as printed.

Two run at a time, and wait most of the time; beside them, with what the processors have left, the one that compiles.

The interpreter that runs this file runs the tests, with the package on PYTHONPATH. tools/python.sh test calls it.
"""
import concurrent.futures
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TALLY = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', re.M)
UNITTEST = re.compile(r'^Ran (\d+) tests? in ', re.M)
SECONDS = int(os.environ.get('EDDY_PYTHON_SECONDS', '420'))

# (script, driver): the longest first. Driver None: the script chooses.
COMPILES = ('wheel.sh', None)
RUNS = [COMPILES, ('cpython.py', 'uring'), ('cpython.py', 'epoll'), ('notes.py', None),
        ('test_loop.py', 'uring'), ('test_loop.py', 'epoll'), ('test_core.py', 'uring'), ('test_core.py', 'epoll'),
        ('test_io.py', 'uring'), ('test_io.py', 'epoll'), ('test_streams.py', 'uring'), ('test_streams.py', 'epoll'),
        ('test_tls.py', 'uring'), ('test_tls.py', 'epoll'), ('test_collector.py', 'uring'), ('test_collector.py', 'epoll'),
        ('test_sendfile.py', 'uring'), ('test_sendfile.py', 'epoll'), ('test_hostile.py', 'uring'), ('test_hostile.py', 'epoll'),
        ('test_same.py', 'uring'), ('test_same.py', 'epoll'), ('test_sim.py', None), ('test_testing.py', None),
        ('test_apps.py', 'uring'), ('test_apps.py', 'epoll')]


def name_of(run):
    return run[0] if run[1] is None else '%s on %s' % run


def counts_of(status, said):
    """(passed, failed) of a run: its own tally, or that of unittest."""
    own, ran = TALLY.findall(said), UNITTEST.search(said)
    if own:
        passed, failed, skipped = map(int, own[-1])
        failed += skipped
    elif ran:
        broken = sum(map(int, re.findall(r'\b(?:failures|errors|skipped|unexpected successes)=(\d+)', said.split('\n')[-2])))
        passed, failed = int(ran.group(1)) - broken, broken
    else:
        passed, failed = 0, 0
    return passed, failed or (1 if status != 0 or not passed else 0)


def carry_out(run):
    """Runs a script in a folder of its own; returns (run, seconds, passed, failed, what it said)."""
    script, driver = run
    command = [os.path.join(HERE, script)] if script.endswith('.sh') else [sys.executable, os.path.join(HERE, script)]
    if script == 'cpython.py':
        command += ['--driver', driver]
    environment = dict(os.environ, PYTHON=sys.executable)
    environment.pop('EDDY_DRIVER', None)
    if driver:
        environment['EDDY_DRIVER'] = driver
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
            status, said = done.returncode, done.stdout.decode(errors='replace')
        except subprocess.TimeoutExpired as late:
            status, said = 'time is over', (late.stdout or b'').decode(errors='replace')
    return (run, time.monotonic() - began, *counts_of(status, said), said)


def main():
    for number in (signal.SIGINT, signal.SIGHUP):  # perhaps ignored, as below nohup: tests send them to themselves
        signal.signal(number, signal.SIG_DFL)
    runs = [run for run in RUNS if not sys.argv[1:] or name_of(run) in sys.argv[1:] or run[0] in sys.argv[1:]]
    totals = [0, 0]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count()) + (COMPILES in runs)) as pool:
        for done in concurrent.futures.as_completed([pool.submit(carry_out, run) for run in runs]):
            run, seconds, passed, failed, said = done.result()
            totals[0] += passed
            totals[1] += failed
            print('%s %s: %d passed (%.0f s)' % ('FAILED' if failed else 'ok    ', name_of(run), passed, seconds), flush=True)
            if failed:
                print('\n'.join('    ' + line for line in said.rstrip().split('\n')[-120:]), flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print('%.0f s, of the processors %.0f s' % (time.monotonic() - began, used.ru_utime + used.ru_stime))
    print('%d passed, %d failed, 0 skipped' % tuple(totals))
    return 1 if totals[1] or not totals[0] else 0


if __name__ == '__main__':
    sys.exit(main())
