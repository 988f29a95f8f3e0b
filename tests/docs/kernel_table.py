#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/platforms.md shows the table that `eddy doctor --table` prints, without its last column: the mark of this kernel."""
import os
import subprocess
import sys


def main():
    printed = subprocess.run([os.path.join(os.environ['EDDY_BUILD'], 'eddy'), 'doctor', '--table'], check=True,
                             capture_output=True, text=True).stdout
    table = [line[:line.rindex('|', 0, -1) + 1] for line in printed.splitlines() if line.startswith('|')]
    with open(os.path.join(os.environ['EDDY_SOURCE'], 'docs/platforms.md'), encoding='utf-8') as page:
        lines = [line.rstrip() for line in page]
    wanted = '\n'.join(table)
    if len(table) < 3 or wanted not in '\n'.join(lines):
        print('docs/platforms.md lacks this table, as `eddy doctor --table` prints it:\n' + wanted)
        return 1
    return 0


sys.exit(main())
