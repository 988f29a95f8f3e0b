#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""notes.py [--check | --outputs]: writes docs/notes.md from the programs of the notes.

Each program of examples/notes/INDEX with its Python original, its C source and its output in virtual time, NAME.out, which
tests/conformance/run_notes.py holds equal to what both print. --check writes nothing and fails when docs/notes.md is not
what would be written. --outputs writes examples/notes/NAME.out instead, from the Python originals.
"""
import ast
import difflib
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOTES = os.path.join(TOP, 'examples', 'notes')
PAGE = os.path.join(TOP, 'docs', 'notes.md')
VIRTUAL = os.path.join(TOP, 'tests', 'conformance', 'virtual_loop.py')

HEAD = '''<!-- Made by tools/notes.py from examples/notes/: change the programs there, then run it again. -->
# The notes, program by program

Each snippet of the notes on Python's generators, coroutines and `asyncio`: the Python program, the same in C
with Eddy, and what both print. `tests/conformance/run_notes.py` runs the two side by side in virtual time and compares
them byte for byte, those that draw random numbers for twenty seeds. `eddy tour` shows them one after the other; one alone
runs with `eddy run examples/notes/NAME.c`, or in no time at all with `EDDY_DRIVER=sim` before it. Some share a header:
[int_list.h](../examples/notes/int_list.h) prints lists, [mt19937.h](../examples/notes/mt19937.h) draws CPython's
random numbers.

'''
TAIL = '''## The full program

The notes end with *A Full Program: Asynchronous Request*, which fetches pages concurrently and writes down the
links that it finds. It is [examples/areq.c](../examples/areq.c); `make run` runs it.
'''


def read(*path):
    with open(os.path.join(*path), encoding='utf-8', newline='') as file:
        return file.read()


def index():
    """(chapter, None, None) and (title, name, arguments), in reading order."""
    for line in read(NOTES, 'INDEX').splitlines():
        if line.startswith('## '):
            yield line[3:], None, None
        elif line.strip() and not line.startswith('#'):
            source, title, arguments = line.split('|')
            yield title, source[:-len('.c')], shlex.split(arguments)


def c_parts(name):
    """(what the head comment says, the source below it)"""
    source = read(NOTES, name + '.c')
    head, body = re.match(r'/\* SPDX.*?\*/\n/\* %s\.c - (.*?)\s*\*/\n(.*)' % name, source, re.S).groups()
    text = re.sub(r'^ \*( |$)', '', head, flags=re.M)
    return text[0].upper() + text[1:], body


def python_part(name):
    """The source below its docstring."""
    source = read(NOTES, 'python', name + '.py')
    docstring = ast.parse(source).body[0]
    return ''.join(source.splitlines(True)[docstring.end_lineno:])


def section(title, name, arguments):
    text, source = c_parts(name)
    printed = read(NOTES, name + '.out')
    coloured = '\033' in printed
    printed = re.sub(r'\033\[\d+m', '', printed)
    command = shlex.join([name] + arguments)
    return '\n'.join([
        '### ' + title, '', text, '',
        'Python ([%s.py](../examples/notes/python/%s.py)):' % (name, name), '',
        '```python', python_part(name).strip('\n'), '```', '',
        'C ([%s.c](../examples/notes/%s.c)):' % (name, name), '',
        '```c', source.strip('\n'), '```', '',
        'Output of `%s`%s:' % (command, ', here without its colours' if coloured else ''), '',
        '```text', printed.rstrip('\n'), '```', '', ''])


def page():
    parts, contents = [], []
    for title, name, arguments in index():
        if name is None:
            parts.append('## %s\n\n' % title)
            contents.append('- %s: ' % title)
        else:
            parts.append(section(title, name, arguments))
            anchor = re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')
            contents[-1] += '%s[%s](#%s)' % ('' if contents[-1].endswith(': ') else ' · ', title, anchor)
    return HEAD + '\n'.join(contents) + '\n\n' + ''.join(parts) + TAIL


def write_outputs():
    for _, name, arguments in index():
        if name:
            original = os.path.join(NOTES, 'python', name + '.py')
            with open(os.path.join(NOTES, name + '.out'), 'wb') as file:
                subprocess.run([sys.executable, VIRTUAL, original] + arguments, stdin=subprocess.DEVNULL, stdout=file,
                               timeout=60, check=True)


def check(text):
    old = read(PAGE) if os.path.exists(PAGE) else ''
    if old == text:
        return 0
    lines = difflib.unified_diff(old.splitlines(), text.splitlines(), 'docs/notes.md', 'as it should be', lineterm='')
    print('\n'.join(list(lines)[:30]))
    print('docs/notes.md is stale: run tools/notes.py')
    return 1


def main():
    if sys.argv[1:] == ['--outputs']:
        write_outputs()
        return 0
    text = page()
    if sys.argv[1:] == ['--check']:
        return check(text)
    with open(PAGE, 'w', encoding='utf-8', newline='') as file:
        file.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
