#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY.so HEADER...: what the headers declare with EDDY_API is what the library exports, name by name.

$CC preprocesses the headers (with include/ on the path), nm lists the library. A name that is declared and not
defined breaks a user's link; one that is exported and not declared is an internal that leaked out.
"""
import glob
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXPORT = '__attribute__((visibility("default")))'


def without_attributes(text):
    return re.sub(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)', ' ', text)


def names_of(declaration):
    """The names that a declaration gives: of a function, or of one or several objects."""
    text = without_attributes(declaration)
    call = re.search(r'\b(\w+)\s*\(|\(\s*(\w+)\s*\)\s*\(', text)
    if call:
        return [call.group(1) or call.group(2)]
    return [re.search(r'(\w+)\s*(?:\[.*\])?\s*$', part).group(1) for part in text.split(',')]


def declared(headers):
    command = shlex.split(os.environ.get('CC', 'cc')) + ['-std=gnu11', '-E', '-P', '-I' + os.path.join(TOP, 'include')]
    names = set()
    for header in headers:
        text = subprocess.run(command + [header], check=True, capture_output=True, text=True).stdout
        for piece in text.split(EXPORT)[1:]:
            names.update(names_of(re.match(r'[^;{=]*', piece).group(0)))
    # Coroutines that the library defines: what a program calls of them is the body.
    for header in glob.glob(os.path.join(TOP, 'include', 'eddy', '*.h')):
        with open(header, encoding='utf-8') as source:
            names.update(name + '__body'
                         for name in re.findall(r'^eddy_async_declare\([^,]*, (\w+)', source.read(), re.M))
    return names


def exported(library):
    listing = subprocess.run(['nm', '-D', '--defined-only', library], check=True, capture_output=True, text=True)
    # Sanitizers and the linker add names of their own; a version follows an @.
    names = {line.split()[-1].split('@')[0] for line in listing.stdout.splitlines()}
    return {name for name in names if not re.match(r'_|\.', name)}


def main():
    wanted, found = declared(sys.argv[2:]), exported(sys.argv[1])
    for name in sorted(wanted - found):
        print('%s: declared with EDDY_API, and the library does not define it: define it or take it out' % name)
    for name in sorted(found - wanted):
        print('%s: exported, and no public header declares it: take EDDY_API off, or declare it' % name)
    print('%d names declared and exported' % len(wanted & found))
    return 1 if wanted ^ found else 0


sys.exit(main())
