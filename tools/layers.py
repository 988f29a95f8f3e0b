#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers.py LIBRARY: finds circles among the files of a module, by the symbols that their objects define and need.

LIBRARY is the static library; the objects of the eddy command are looked for in its folder. A circle is a set of files of
which each needs a symbol of each other one, directly or through others.
"""
import collections
import glob
import graphlib
import os
import re
import subprocess
import sys

MODULES = ('base', 'os', 'core', 'sync', 'io', 'cores', 'tls', 'cli')


def symbols(lines, module):
    """{file: (defined symbols, needed symbols)} of the module's objects, from the lines of nm."""
    files = collections.defaultdict(lambda: (set(), set()))
    for line in lines:
        match = re.match(r'.*\bsrc_%s_(\w+)\.c\.o\]?: (\S+) (\w)' % module, line)
        if not match:
            continue
        name, symbol, kind = match.groups()
        defined, needed = files[re.sub(r'^(frame|generator|switch)_(aarch64|generic|x86_64)$', r'\1', name)]
        if kind == 'U':
            needed.add(symbol)
        elif kind.isupper():
            defined.add(symbol)
    return files


def needs_of(files):
    """{file: the other files whose symbols it needs}"""
    home = {symbol: name for name, (defined, _) in files.items() for symbol in defined}
    return {name: {home[symbol] for symbol in needed if symbol in home} - {name}
            for name, (_, needed) in files.items()}


def check(lines, module):
    files = symbols(lines, module)
    if len(files) < 2:  # where nm cannot read what link-time optimisation leaves, only assembly is seen
        print('layers: nm reads no object of src/%s: nothing was checked' % module)
        return 0
    try:
        graphlib.TopologicalSorter(needs_of(files)).prepare()
    except graphlib.CycleError as error:
        print('src/%s: a circle of files, each of which needs the next one: %s; move the common part to a file below'
              % (module, ' -> '.join(reversed(error.args[1]))))
        return 1
    return 0


def main():
    objects = sorted(glob.glob(os.path.join(os.path.dirname(sys.argv[1]), 'eddy.p', '*.o')))
    output = subprocess.run(['nm', '-A', '-P', sys.argv[1]] + objects, stdout=subprocess.PIPE, text=True, check=True).stdout
    findings = sum(check(output.splitlines(), module) for module in MODULES)
    print('layers: %s' % ('%d findings' % findings if findings else 'no circle'))
    return 1 if findings else 0


sys.exit(main())
