#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py [--completions] FOLDER [NAME...]: runs each program of the language tests, the examples and
tests/stress/faults_*.c with the n-th allocation failing, and with the n-th operation of the driver failing, for
n = 1, 2, ... (from 16 on not for each) until it passes untouched. The simulation is the driver; those of tests/stress run
on the others, too.

--completions: the n-th call or request of a driver gets another answer from the kernel instead (ECANCELED, EINTR,
EAGAIN, ENOBUFS, or it moves less than it was asked to), on each driver; the examples on the simulation alone, whose time
they need. EDDY_FAULTS_PICKS: how many n for each. 0: each n, also without --completions.

A program may then fail, but in words: a crash, a sanitizer's report, a hang, a failure without a word, and a success
that prints something else than it should are findings. FOLDER should be a build with sanitizers.

Leaks count in the programs that unwind to their end (those that succeed, and all faults_*); another program that gives
up at once may leave its own blocks behind. The last line is the tally, one count per program and kind of fault.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

KINDS = ('EDDY_FAIL_ALLOC', 'EDDY_FAIL_DRIVER')
SUITES = ('eddy:language', 'eddy:examples', 'eddy:stress')
# They print how many bytes a read gave, which may be fewer.
SHORT_SHOWS = {'handover'}
# It uses handles after their end. Debug mode keeps their memory to report that, and needs memory for it.
MISUSES = {'misuse'}
COMPLETIONS = ('ECANCELED', 'EINTR', 'EAGAIN', 'ENOBUFS', 'short')
DRIVERS = ('uring', 'epoll', 'sim')
PICKS = int(os.environ.get('EDDY_FAULTS_PICKS', '3'))
# Beyond this the runs repeat themselves; a program that allocates in a loop would never end.
MOST = 300
# After so many good runs in a row the fault lies after the last allocation. (A program may also survive a fault.)
GOOD_RUNS = 12
SECONDS = 60
# A program may also report the failure in its output and go on.
IN_WORDS = re.compile(r'memory|ENOMEM|connection abort|ECONNABORTED|EDDY_GIVEN_UP|ENOBUFS|buffer space|resource busy', re.I)
# What is printed before the documented abort of a plain function without &err.
UNCAUGHT = re.compile(r'^(ENOMEM|ECONNABORTED|EBUSY|ENOBUFS|EDDY_\w+): ', re.M)


def is_exact(program):
    """It handles every error and unwinds, so that any leak is the library's."""
    return os.path.basename(program).startswith('faults_')


def programs(folder, names):
    listing = subprocess.run(['meson', 'introspect', '--tests', folder], check=True, capture_output=True, text=True)
    chosen = {}
    for test in json.loads(listing.stdout):
        suites = [suite for suite in test['suite'] if suite in SUITES]
        words = test['cmd']
        if 'expect.py' in words[0] or (len(words) > 1 and 'expect.py' in words[1]):
            words = words[words.index(next(word for word in words if word.endswith('.out'))) + 1:]
        # Paths are given from the build folder.
        program = os.path.abspath(os.path.join(folder, words[0]))
        name = os.path.relpath(program, folder)
        if os.path.basename(program) in MISUSES:
            continue
        wanted = os.path.basename(program) in names if names else suites and ('eddy:stress' not in suites or is_exact(name))
        if wanted and not program.endswith('.py') and name[:2] != '..':
            chosen[(program, *words[1:])] = name
    return sorted((name, list(words)) for words, name in chosen.items())


def execute(words, options, **fault):
    environment = {**os.environ, 'EDDY_DRIVER': 'sim', 'UBSAN_OPTIONS': 'print_stacktrace=1', 'ASAN_OPTIONS': options,
                   **fault}
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                          check=False)
    return done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')


def without_addresses(text):
    return re.sub(r'0x[0-9a-f]+', '0x', text)


def judge(words, good_output, **fault):
    """None if all is well, '' if the program reported the failure, else what is wrong."""
    status, out, err = execute(words, 'detect_leaks=1', **fault)
    if 'LeakSanitizer' in err and not is_exact(words[0]):
        leaks = err
        status, out, err = execute(words, 'detect_leaks=0', **fault)
        if status == 0:
            return 'leaks although it succeeds:\n' + leaks[-3000:]
    text = out + err
    if 'Sanitizer' in text or 'runtime error:' in text:
        return 'sanitizer:\n' + text[-3000:]
    if 'account: ' in err and is_exact(words[0]):  # tests/account/account.c
        return 'leaves something behind:\n' + text[-2000:]
    if status < 0 and not (status == -6 and UNCAUGHT.search(err)):
        return 'killed by signal %d:\n%s' % (-status, text[-2000:])
    if status and not text.strip():
        return 'status %d without a word' % status
    if status == 0 and not IN_WORDS.search(text) and without_addresses(out) != good_output:
        return 'succeeds silently, and printed:\n' + out[-2000:]
    return '' if status else None


def next_number(number):
    """The first places differ most; later ones are mostly those of a loop."""
    return number + (max(1, number // 8) if PICKS else 1)


def torture(words, kind, driver):
    status, out, err = execute(words, 'detect_leaks=1', EDDY_DRIVER=driver)
    if status and driver == 'uring' and '"uring" cannot be had' in err:
        return None
    if status:
        return 'fails without any fault:\n' + (out + err)[-2000:]
    good, number = 0, 1
    while number <= MOST and good < GOOD_RUNS:
        try:
            outcome = judge(words, without_addresses(out), EDDY_DRIVER=driver, **{kind: str(number)})
        except subprocess.TimeoutExpired:
            outcome = 'hangs'
        if outcome:
            return '%s=%d EDDY_DRIVER=%s %s: %s' % (kind, number, driver, ' '.join(words), outcome)
        good = good + 1 if outcome is None else 0
        number = next_number(number)
    return None


def spread(count):
    """A selection of 1 to count that includes the first and the last."""
    if PICKS in (0, 1) or count <= PICKS:
        return range(1, count + 1)
    return sorted({1 + number * (count - 1) // (PICKS - 1) for number in range(PICKS)})


def torture_completions(words, driver):
    status, out, err = execute(words, 'detect_leaks=1', EDDY_DRIVER=driver, EDDY_FAIL_COMPLETION='0')
    if status and driver == 'uring' and '"uring" is not available' in err:
        return None
    counted = re.search(r'EDDY_FAIL_COMPLETION: (\d+) calls', err)
    if status or not counted:
        return 'EDDY_DRIVER=%s %s fails without any fault:\n%s' % (driver, ' '.join(words), (out + err)[-2000:])
    faults = [fault for fault in COMPLETIONS if fault != 'short' or os.path.basename(words[0]) not in SHORT_SHOWS]
    for fault in faults:
        for number in spread(int(counted.group(1))):
            what = {'EDDY_DRIVER': driver, 'EDDY_FAIL_COMPLETION': '%d:%s' % (number, fault)}
            try:
                outcome = judge(words, without_addresses(out), **what)
            except subprocess.TimeoutExpired:
                outcome = 'hangs'
            if outcome:
                return '%s %s: %s' % (' '.join('%s=%s' % pair for pair in what.items()), ' '.join(words), outcome)
    return None


def main():
    completions = sys.argv[1] == '--completions'
    folder, *names = sys.argv[2:] if completions else sys.argv[1:]
    chosen = programs(folder, names)
    jobs = [(words, kind, 'sim') for _, words in chosen for kind in KINDS]
    jobs += [(words, 'EDDY_FAIL_ALLOC', driver) for name, words in chosen if is_exact(name) for driver in ('uring', 'epoll')]
    if completions:
        jobs = [(words, driver) for name, words in chosen for driver in DRIVERS[-1 if name.startswith('examples') else 0:]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for finding in pool.map(lambda job: (torture_completions if completions else torture)(*job), jobs):
            if finding:
                failed += 1
                print(finding, flush=True)
    print('%d passed, %d failed, 0 skipped' % (len(jobs) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
