#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers.py LIBRARY: finds circles among the files of a module, by the symbols that their objects define and need.

LIBRARY is the static library. A circle is a set of files of which each needs a symbol of each other one, directly or
through others. Files that still lie in one are listed in KNOWN. Any other file in a circle is a finding, and so is a
listed file that lies in none.
"""
import collections
import re
import subprocess
import sys

# Module -> files that may still lie in a circle: this list only gets shorter. frame_* stands for each architecture's.
KNOWN = {
    'os': (),
    'core': ('blocking cancel circle frame future handle level loop native post task task_api watch wrong_loop').split(),
}


def symbols(lines, module):
    """{file: (defined symbols, needed symbols)} of the module's objects, from the lines of nm."""
    files = collections.defaultdict(lambda: (set(), set()))
    for line in lines:
        match = re.match(r'.*\[src_%s_(\w+)\.c\.o\]: (\S+) (\w)' % module, line)
        if not match:
            continue
        name, symbol, kind = match.groups()
        defined, needed = files[re.sub(r'^(frame|switch)_.*', r'\1', name)]
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


def reachable(needs, start):
    seen, left = set(), list(needs[start])
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left.extend(needs[name])
    return seen


def circles(needs):
    """Sorted lists of files, each of at least two that need each other."""
    reach = {name: reachable(needs, name) for name in needs}
    found = {tuple(sorted(other for other in reach[name] if name in reach[other]))
             for name in needs if name in reach[name]}
    return sorted(found)


def check(lines, module, known):
    files = symbols(lines, module)
    if len(files) < 2:  # where nm cannot read what link-time optimisation leaves, only assembly is seen
        print('layers: nm reads no object of src/%s: nothing was checked' % module)
        return 0
    needs, findings = needs_of(files), 0
    found = circles(needs)
    for name in sorted(set(known).difference(*found)):
        print('src/%s/%s.c lies in no circle: take it out of KNOWN in tools/layers.py' % (module, name))
        findings += 1
    for circle in found:
        for name in sorted(set(circle) - set(known)):
            others = needs[name] & set(circle)
            users = {user for user in circle if name in needs[user]}
            print('src/%s/%s.c lies in a circle: it needs %s, and is needed by %s; move the common part to a file below'
                  % (module, name, ', '.join(sorted(others)), ', '.join(sorted(users))))
            findings += 1
    return findings


def main():
    output = subprocess.run(['nm', '-A', '-P', sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout
    findings = sum(check(output.splitlines(), module, known) for module, known in KNOWN.items())
    print('layers: %s' % ('%d findings' % findings if findings else 'no new circle'))
    return 1 if findings else 0


sys.exit(main())
