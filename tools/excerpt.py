# SPDX-License-Identifier: MIT
"""Excerpts of tested files in the pages of docs/, kept equal to them.

A comment names the file, and the block below it is the tool's to write:

    <!-- example: tests/docs/lock.c [hold] -->     the lines between two lines `// [hold]`, less their common indent
    <!-- example: examples/retry.c -->             the whole file, less its licence
    <!-- source: examples/notes/rand.c -->         the whole file, less the comment at its head
    <!-- output: tests/docs/lock.out -->           what the program prints, `...` where there is a pattern
"""
import os
import re
import textwrap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = re.compile(r'^<!-- (example|source|output): (\S+)(?: \[([\w-]+)\])? -->$')
LANGUAGES = {'.c': 'c', '.h': 'c', '.cpp': 'cpp', '.py': 'python', '.sh': 'sh', '.build': 'meson', '.out': 'text',
             '.service': 'ini', '.socket': 'ini', '.txt': 'cmake'}  # the last: CMakeLists.txt
HEAD = re.compile(r'\A(?:/\*.*?\*/\n/\*.*?\*/\n|""".*?"""\n)', re.S)  # of C, of Python
LABEL = re.compile(r'^\s*(?://|#) \[([\w-]+)\]\s*$')


class Missing(Exception):
    """Raised if the file or the excerpt does not exist; the text says which."""


def lines_of(path):
    full = os.path.join(TOP, path)
    if not os.path.isfile(full):
        raise Missing('%s is not there' % path)
    with open(full, encoding='utf-8') as file:
        return file.read().rstrip('\n').split('\n')


def part(path, name):
    """The lines between the two marks of this name, without the marks of others."""
    taken, open_, marks = [], False, 0
    for line in lines_of(path):
        label = LABEL.match(line)
        if label and label.group(1) == name:
            open_, marks = not open_, marks + 1
        elif open_ and not label:
            taken.append(line)
    if marks == 0 or marks % 2:
        raise Missing('%s has %s line `// [%s]`: the excerpt stands between two' % (path, 'no' if not marks else 'an odd', name))
    return textwrap.dedent('\n'.join(taken)).rstrip()


def whole(path):
    lines = [line for line in lines_of(path) if not LABEL.match(line)]
    if 'SPDX-License-Identifier' in lines[0]:
        lines = lines[1:]
    text = '\n'.join(lines).strip('\n')
    return printed(path, text) if path.endswith('.out') else text


def source(path):
    return HEAD.sub('', '\n'.join(lines_of(path))).strip('\n')


def printed(path, text):
    """What a program prints: its standard output, then its standard error (NAME.err beside NAME.out)."""
    errors = path[:-len('.out')] + '.err'
    if os.path.exists(os.path.join(TOP, errors)):
        text = '\n'.join([text] * bool(text) + lines_of(errors))
    text = re.sub(r'\033\[\d+m', '', text)  # colours
    return re.sub(r'\{\{(.*?)\}\}', '...', text.replace('{{.*/}}', ''))  # the second: a folder, not worth showing


def filled(text):
    """(the page's text with its excerpts written anew, what could not be: (line, why))."""
    lines, out, troubles = text.split('\n'), [], []
    at = 0
    while at < len(lines):
        line = lines[at]
        out.append(line)
        at += 1
        match = MARK.match(line)
        if not match:
            continue
        end = at
        if at < len(lines) and lines[at].startswith('```'):
            end = next((i for i in range(at + 1, len(lines)) if lines[i] == '```'), at) + 1
        try:
            language = LANGUAGES.get(os.path.splitext(match.group(2))[1], 'text')
            kind, path, name = match.groups()
            text = part(path, name) if name else source(path) if kind == 'source' else whole(path)
            out += ['```' + language, text, '```']
        except Missing as missing:
            troubles.append((at, str(missing)))
            out += lines[at:end]
        at = end
    return '\n'.join(out), troubles


def loose_blocks(text):
    """Lines of ```c blocks that no comment ties to a tested file."""
    lines = text.split('\n')
    return [number for number, line in enumerate(lines, 1)
            if line.strip() in ('```c', '```cpp', '```python') and not (number > 1 and MARK.match(lines[number - 2]))]
