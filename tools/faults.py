#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py FOLDER: runs each program of the language tests and the examples with the n-th allocation failing, and
with the n-th operation of the driver failing, for n = 1, 2, ... until it passes untouched.

A program may then fail, but in words: a signal, a sanitizer's report, a hang, or silence is a finding. FOLDER should be
a build with sanitizers. The last line is the tally, one count per program and kind of fault.
"""
import concurrent.futures
import json
import os
import subprocess
import sys

KINDS = ('EDDY_FAIL_ALLOC', 'EDDY_FAIL_DRIVER')
SUITES = ('eddy:language', 'eddy:examples')
# Beyond this the runs repeat themselves; a program that allocates in a loop would never end.
MOST = 300
# That many good runs one after the other: the fault lies behind the last allocation (a fault may also be weathered).
GOOD_RUNS = 12
SECONDS = 60


def programs(folder):
    listing = subprocess.run(['meson', 'introspect', '--tests', folder], check=True, capture_output=True, text=True)
    chosen = {}
    for test in json.loads(listing.stdout):
        if not any(suite in SUITES for suite in test['suite']):
            continue
        words = test['cmd']
        if 'expect.py' in words[0] or (len(words) > 1 and 'expect.py' in words[1]):
            words = words[words.index(next(word for word in words if word.endswith('.out'))) + 1:]
        # Paths are given from the build folder.
        program = os.path.abspath(os.path.join(folder, words[0]))
        chosen[(program, *words[1:])] = os.path.relpath(program, folder)
    return sorted((name, list(words)) for words, name in chosen.items())


def run(words, kind, number):
    """None when all is well, '' when the program reported the failure, else what is wrong."""
    environment = dict(os.environ, EDDY_DRIVER='sim', UBSAN_OPTIONS='print_stacktrace=1')
    environment[kind] = str(number)
    try:
        done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return 'hangs'
    text = done.stdout.decode(errors='replace')
    if 'Sanitizer' in text or 'runtime error:' in text:
        return 'sanitizer:\n' + text[-3000:]
    if done.returncode < 0:
        return 'killed by signal %d:\n%s' % (-done.returncode, text[-2000:])
    if done.returncode and not text.strip():
        return 'status %d without a word' % done.returncode
    return '' if done.returncode else None


def torture(name, words, kind):
    good = 0
    for number in range(1, MOST + 1):
        outcome = run(words, kind, number)
        if outcome:
            return '%s=%d EDDY_DRIVER=sim %s: %s' % (kind, number, ' '.join(words), outcome)
        good = good + 1 if outcome is None else 0
        if good == GOOD_RUNS:
            break
    return None


def main():
    jobs = [(name, words, kind) for name, words in programs(sys.argv[1]) for kind in KINDS]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for finding in pool.map(lambda job: torture(*job), jobs):
            if finding:
                failed += 1
                print(finding, flush=True)
    print('%d passed, %d failed, 0 skipped' % (len(jobs) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
