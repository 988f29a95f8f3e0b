#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""expect.py FILE.out PROGRAM [ARGUMENT...]: runs the program; its output must be the file's.

`{{...}}` in the file is a regular expression for a part of one line (a port, an address). NAME.in beside NAME.out is
the standard input, NAME.status the exit status (0 without), NAME.err the standard error, which is only shown, when the
outcome differs, without such a file.
"""
import difflib
import os
import re
import subprocess
import sys


def pattern_of(line):
    parts = re.split(r'\{\{(.*?)\}\}', line)
    return ''.join(part if index % 2 else re.escape(part) for index, part in enumerate(parts))


def settle(wanted, printed):
    """The wanted lines, with those that match by pattern replaced by what was printed, so that a diff shows the rest."""
    settled = list(wanted)
    for index, (want, line) in enumerate(zip(wanted, printed)):
        if '{{' in want and re.fullmatch(pattern_of(want), line):
            settled[index] = line
    return settled


def differences(path, printed):
    """What is not as the file says."""
    lines = printed.decode(errors='replace').split('\n')
    with open(path, encoding='utf-8') as file:
        wanted = settle(file.read().split('\n'), lines)
    return list(difflib.unified_diff(wanted, lines, path, 'printed', lineterm=''))


def main():
    expected, command = sys.argv[1], sys.argv[2:]
    stem = os.path.splitext(expected)[0]
    given = open(stem + '.in', 'rb') if os.path.exists(stem + '.in') else subprocess.DEVNULL
    status = 0
    if os.path.exists(stem + '.status'):
        with open(stem + '.status', encoding='utf-8') as file:
            status = int(file.read())
    run = subprocess.run(command, stdin=given, capture_output=True, check=False)
    difference = differences(expected, run.stdout)
    if os.path.exists(stem + '.err'):
        difference += differences(stem + '.err', run.stderr)
    if not difference and run.returncode == status:
        return 0
    print('\n'.join(difference))
    if run.returncode != status:
        print('exit status %d, not %d' % (run.returncode, status))
    sys.stdout.flush()
    sys.stderr.buffer.write(run.stderr)
    return 1


sys.exit(main())
