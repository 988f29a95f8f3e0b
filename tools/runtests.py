#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs `meson test` in a build folder and says what came of it.

Prints each failure with its output and the command that repeats it, the slowest tests, and as the very last
line `N passed, N failed, N skipped`. A test program counts once; one that counts its own cases (cmocka's summary,
or a last line in the form above) counts with those. Exit status 77 means skipped; with CI=true a skip is a failure.
"""
import argparse
import glob
import json
import os
import re
import shlex
import subprocess
import sys

TALLY = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', re.M)
CMOCKA = {word: re.compile(r'^\[  %s\] (?:tests: )?(\d+) test\(s\)' % word, re.M)
          for word in ('PASSED  ', 'FAILED  ', 'SKIPPED ')}
LINES_SHOWN = 60


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', help='the build folder')
    parser.add_argument('--suite', action='append', default=[], help='run this suite (may be repeated)')
    parser.add_argument('--wrapper', help='run each test program under this command')
    parser.add_argument('--build', action='store_true', help='first build what these tests are made of, and nothing else')
    parser.add_argument('--slower', type=int, default=1, help='factor on every time limit')
    parser.add_argument('--slowest', type=int, default=0, help='how many of the slowest tests to list')
    parser.add_argument('--label', default='', help='name of this run in messages')
    parser.add_argument('--tally', help='append "passed failed skipped" to this file')
    parser.add_argument('--failures', help='append what failed to this file, with the end of its output')
    return parser.parse_args()


def run_meson(options):
    """Runs the tests, showing meson's line for each; returns the records of its log, or None if it did not run."""
    base = 'eddy-tests'
    for old in glob.glob(os.path.join(options.folder, 'meson-logs', base + '*')):
        os.remove(old)
    command = ['meson', 'test', '-C', options.folder, '--logbase', base, '-t', str(options.slower)]
    if not options.build:
        command.append('--no-rebuild')
    for suite in options.suite:
        command += ['--suite', suite]
    if options.wrapper:
        command += ['--wrapper', options.wrapper]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace') as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if re.match(r'\s*\d+/\d+ ', line):
                print(line.rstrip(), flush=True)
    logs = glob.glob(os.path.join(options.folder, 'meson-logs', base + '*.json'))
    if not logs:
        print(''.join(lines[-LINES_SHOWN:]))
        return [] if any('No suitable tests' in line for line in lines) else None
    with open(logs[0], encoding='utf-8', errors='replace') as log:
        return [json.loads(line) for line in log if line.strip()]


def output_of(record):
    return (record.get('stdout') or '') + (record.get('stderr') or '')


def count(record):
    """(passed, failed, skipped) of one test."""
    text = output_of(record)
    own = TALLY.findall(text)
    if own:
        passed, failed, skipped = map(int, own[-1])
    elif any(pattern.search(text) for pattern in CMOCKA.values()):
        passed, failed, skipped = (sum(map(int, pattern.findall(text))) for pattern in CMOCKA.values())
    else:
        passed, failed, skipped = 0, 0, 0
    result = record['result']
    if result == 'SKIP':
        skipped = max(skipped, 1)
    elif result not in ('OK', 'EXPECTEDFAIL'):
        failed = max(failed, 1)
    elif passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def again(record):
    """The command that repeats one test."""
    own = {name: value for name, value in (record.get('env') or {}).items() if name.startswith('EDDY_')}
    words = ['%s=%s' % (name, shlex.quote(value)) for name, value in sorted(own.items())]
    return ' '.join(words + [shlex.quote(os.path.relpath(word) if os.path.isabs(word) else word)
                             for word in record['command']])


def show_failure(record, label, file):
    print('\n--- %s: %s: %s (status %s)' % (label, record['name'], record['result'], record.get('returncode')), file=file)
    lines = output_of(record).rstrip().split('\n')
    if len(lines) > LINES_SHOWN:
        print('... %d lines left out, see the log in meson-logs/' % (len(lines) - LINES_SHOWN), file=file)
    print('\n'.join(lines[-LINES_SHOWN:]), file=file)
    print('--- again: %s' % again(record), file=file)


def show_failures(records, counts, options):
    """Prints failures where they happen, and into the file that is shown at the end."""
    for record, (_, failed, _) in zip(records, counts):
        if failed:
            show_failure(record, options.label or options.folder, sys.stdout)
            if options.failures:
                with open(options.failures, 'a', encoding='utf-8') as failures:
                    show_failure(record, options.label or options.folder, failures)


def main():
    options = parse_arguments()
    records = run_meson(options)
    if records is None:
        print('\n%s: the tests could not be run; meson\'s words stand above' % (options.label or options.folder))
        totals = [0, 1, 0]
    else:
        counts = [count(record) for record in records]
        totals = [sum(column) for column in zip(*counts)] or [0, 0, 0]
        show_failures(records, counts, options)
        for record, (_, _, skipped) in zip(records, counts):
            if skipped:
                print('\nskipped (%d): %s\n%s' % (skipped, record['name'],
                                                  '\n'.join(output_of(record).strip().split('\n')[-3:])))
        slowest = sorted(records, key=lambda record: -record['duration'])[:options.slowest]
        if slowest:
            print('\nThe slowest %d tests:' % len(slowest))
            for record in slowest:
                print('  %6.2f s  %s' % (record['duration'], record['name']))
    if options.tally:
        with open(options.tally, 'a', encoding='utf-8') as tally:
            tally.write('%d %d %d\n' % tuple(totals))
    passed, failed, skipped = totals
    print('\n%d passed, %d failed, %d skipped' % (passed, failed, skipped), flush=True)
    return 1 if failed or (skipped and os.environ.get('CI') == 'true') else 0


sys.exit(main())
