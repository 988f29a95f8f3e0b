#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY [FILE.so]: what the headers declare, what the symbol map lists and what the library exports agree.

exports.py --fix: writes the names that the headers declare into the maps (tools/tidy.py --fix does it, too).

LIBRARY is `eddy` or `eddy-curl`. $CC preprocesses the headers, nm lists the library. A name that is declared and not
defined breaks a user's link; one that is exported and not declared is an internal that leaked out. The map gives each
name the version that brought it: a program notes the versions it needs, and the dynamic linker refuses an older
library by name instead of failing at the first call.
"""
import glob
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXPORT = '__attribute__((visibility("default")))'

# Library: its map, the folder of its headers, the library whose headers it includes.
LIBRARIES = {
    'eddy': ('src/eddy.map', 'include', None),
    'eddy-curl': ('modules/curl/eddy-curl.map', 'modules/curl/include', 'eddy'),
}


# --- what the headers declare -----------------------------------------------------------------------------------------

def without_attributes(text):
    return re.sub(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)', ' ', text)


def names_of(declaration):
    """The names that a declaration gives: of a function, or of one or several objects."""
    text = without_attributes(declaration)
    call = re.search(r'\b(\w+)\s*\(|\(\s*(\w+)\s*\)\s*\(', text)
    if call:
        return [call.group(1) or call.group(2)]
    return [re.search(r'(\w+)\s*(?:\[.*\])?\s*$', part).group(1) for part in text.split(',')]


def headers_of(library, top):
    folder = os.path.join(top, LIBRARIES[library][1])
    return sorted(glob.glob(folder + '/*.h') + glob.glob(folder + '/*/*.h'))


def preprocessed(headers, top):
    """The text of all headers, each seen once; keywords.h adds nothing that is exported."""
    command = shlex.split(os.environ.get('CC', 'cc')) + ['-std=gnu11', '-E', '-P', '-x', 'c']
    command += ['-I' + os.path.join(top, row[1]) for row in LIBRARIES.values()]
    source = ''.join('#include "%s"\n' % header for header in headers if not header.endswith('/keywords.h'))
    return subprocess.run(command + ['-'], input=source, check=True, capture_output=True, text=True).stdout


def declared(library, top=TOP):
    names = set()
    headers = headers_of(library, top)
    for piece in preprocessed(headers, top).split(EXPORT)[1:]:
        names.update(names_of(re.match(r'[^;{=]*', piece).group(0)))
    # Coroutines that the library defines: what a program calls of them is the body.
    for header in headers:
        with open(header, encoding='utf-8') as source:
            names.update(name + '__body'
                         for name in re.findall(r'^eddy_async_declare\([^,]*, (\w+)', source.read(), re.M))
    below = LIBRARIES[library][2]
    return names - declared(below, top) if below else names


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


def library_findings(library, path):
    wanted, found = declared(library), exported(path)
    for name in sorted(wanted - set(found)):
        yield '%s: declared with EDDY_API, and the library does not define it: define it or take it out' % name
    for name in sorted(set(found) - wanted):
        yield '%s: exported, and no public header declares it: take EDDY_API off, or declare it' % name
    for name in sorted(name for name in found if name in wanted and not found[name]):
        yield '%s: exported without a version: link the library with -Wl,--version-script' % name


def main():
    if sys.argv[1:] == ['--fix']:
        for library in LIBRARIES:
            fix_map(library)
        return 0
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
