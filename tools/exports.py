#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY [FILE.so]: what the headers declare, what the symbol map lists and what the library exports agree.

LIBRARY is `eddy` or one of the modules below. public_names.py reads the headers, nm lists the library. A name that is declared and not
defined breaks a user's link; one that is exported and not declared is an internal that leaked out. The map gives each
name the version that brought it: a program notes the versions it needs, and the dynamic linker refuses an older
library by name instead of failing at the first call.
"""
import glob
import os
import re
import subprocess
import sys

import public_names

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Library: its map, the folder of its headers.
LIBRARIES = {
    'eddy': ('src/eddy.map', 'include'),
    'eddy-curl': ('modules/curl/eddy-curl.map', 'modules/curl/include'),
    'eddy-http': ('modules/http/eddy-http.map', 'modules/http/include'),
    'eddy-pg': ('modules/pg/eddy-pg.map', 'modules/pg/include'),
    'eddy-jobs': ('modules/jobs/eddy-jobs.map', 'modules/jobs/include'),
    'eddy-nats': ('modules/nats/eddy-nats.map', 'modules/nats/include'),
    'eddy-redis': ('modules/redis/eddy-redis.map', 'modules/redis/include'),
    'eddy-sqlite': ('modules/sqlite/eddy-sqlite.map', 'modules/sqlite/include'),
}


def declared(library, top=TOP):
    """The symbols that the headers promise; what a program calls of a coroutine is its body."""
    headers = glob.glob(os.path.join(top, LIBRARIES[library][1], '**', '*.h'), recursive=True)
    return {name + '__body' * ('coroutine' in found.kinds) for path in headers
            for name, found in public_names.Reader(path).names.items() if found.declaration}


# --- the map ----------------------------------------------------------------------------------------------------------

def read_map(library, top):
    with open(os.path.join(top, LIBRARIES[library][0]), encoding='utf-8') as file:
        return file.read()


def mapped(library, top=TOP):
    return set(re.findall(r'^ +(\w+);$', read_map(library, top), re.M))


def map_findings(library, top=TOP):
    """A sentence for each name that stands in the headers or in the map only."""
    wanted, listed = declared(library, top), mapped(library, top)
    path = LIBRARIES[library][0]
    for name in sorted(wanted - listed):
        yield ('%s is declared with EDDY_API, and %s does not list it: add the line `    %s;` to the last version there '
               '(tools/tidy.py --fix does)' % (name, path, name))
    for name in sorted(listed - wanted):
        yield ('%s stands in %s, and no public header declares it: take the line `    %s;` out (tools/tidy.py --fix '
               'does), or declare it with EDDY_API' % (name, path, name))


def fix_map(library, top=TOP):
    """Takes out what is gone, and puts what is new, sorted, into the last version that has global names."""
    text, wanted, listed = read_map(library, top), declared(library, top), mapped(library, top)
    if wanted == listed:
        return
    for name in listed - wanted:
        text = text.replace('    %s;\n' % name, '')
    first = text.rindex('global:\n') + len('global:\n')
    length = re.match(r'(?: +\w+;\n)*', text[first:]).end()
    lines = text[first:first + length].splitlines() + ['    %s;' % name for name in wanted - listed]
    text = text[:first] + ''.join(line + '\n' for line in sorted(lines)) + text[first + length:]
    with open(os.path.join(top, LIBRARIES[library][0]), 'w', encoding='utf-8') as file:
        file.write(text)
    print('%s: %d names added, %d taken out' % (LIBRARIES[library][0], len(wanted - listed), len(listed - wanted)))


# --- what the library exports -----------------------------------------------------------------------------------------

def exported(path):
    """Names and whether each has a version."""
    listing = subprocess.run(['nm', '-D', '--defined-only', path], check=True, capture_output=True, text=True)
    # Sanitizers and the linker add names of their own; the versions are objects, too, at the address 0.
    found = {}
    for line in listing.stdout.splitlines():
        name, _, version = line.split()[-1].partition('@')
        if line.split()[-2] != 'A' and not re.match(r'_|\.', name):
            found[name] = version.strip('@')
    return found


def looked_up(path):
    """Functions of the library that it does not call directly: each start of a program looks their names up. Bodies
    must be looked up: see src/preemptible.list."""
    listing = subprocess.run(['nm', '-D', '--defined-only', path], check=True, capture_output=True, text=True).stdout
    own = {line.split()[-1].partition('@')[0] for line in listing.splitlines() if line.split()[-2] in 'Tt'}
    listing = subprocess.run(['readelf', '-rW', path], check=True, capture_output=True, text=True).stdout
    own = {name for name in own if not name.endswith('__body')}
    return own & {name.partition('@')[0] for line in listing.splitlines() for name in line.split()[4:5]}


def library_findings(library, path):
    wanted, found = declared(library), exported(path)
    for name in sorted(wanted - set(found)):
        yield '%s: declared with EDDY_API, and the library does not define it: define it or take it out' % name
    for name in sorted(set(found) - wanted):
        yield '%s: exported, and no public header declares it: take EDDY_API off, or declare it' % name
    for name in sorted(name for name in found if name in wanted and not found[name]):
        yield '%s: exported without a version: link the library with -Wl,--version-script' % name
    for name in sorted(looked_up(path) if library == 'eddy' else ()):
        yield '%s: the library looks up its own function at each start: link it with -Wl,-Bsymbolic-functions' % name


def main():
    library = sys.argv[1]
    findings = list(map_findings(library))
    if len(sys.argv) > 2 and not findings:
        findings += library_findings(library, sys.argv[2])
    for finding in findings:
        print(finding)
    print('%s: %d names declared and mapped' % (library, len(declared(library) & mapped(library))))
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
