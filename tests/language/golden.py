#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""golden.py [--write]: what the keywords expand to is what golden/*.expanded says.

Each golden/NAME.c is preprocessed; what its lines between `// expanded:` and `// end` became is laid out by the small
formatter here, so that compilers and their spacing do not matter, and compared with golden/NAME.expanded.  Unique names
(ed_aw_17) are numbered anew.  The blocks of docs/internals/keywords.md after `<!-- golden: NAME -->` are compared too.
--write writes both anew: look at the difference before you commit it.
"""
import difflib
import glob
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, '..', '..')
PAGE = os.path.join(TOP, 'docs', 'internals', 'keywords.md')
WIDTH = 100

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*'
                   r'|\.\.\.|<<=|>>=|->|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|<<|>>|\S')
WORD = re.compile(r'[A-Za-z_0-9]')
SPACED = {'if', 'for', 'while', 'switch', 'return', 'else', 'do'}
STATEMENTS = {'if', 'for', 'while', 'switch', 'return', 'static'}
BEFORE_UNARY = {'(', '[', '{', ',', ';', '=', '?', ':', '&&', '||', '!', '==', '!=', '+', '-', '*', '&', 'return'}


def read(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


# --- what the preprocessor says ---------------------------------------------------------------------------------------

def expand(name, compiler):
    """The text that the marked lines of golden/NAME.c became."""
    source = read(os.path.join(HERE, 'golden', name + '.c')).split('\n')
    first, last = source.index('// expanded:') + 2, source.index('// end')
    command = shlex.split(compiler) + ['-E', '-std=gnu11', '-I' + os.path.join(TOP, 'include'), name + '.c']
    done = subprocess.run(command, cwd=os.path.join(HERE, 'golden'), stdout=subprocess.PIPE, check=True, text=True)
    here, number, kept = '', 0, []
    for line in done.stdout.split('\n'):
        marker = re.match(r'# (\d+) "([^"]*)"', line)
        if marker:
            number, here = int(marker.group(1)), marker.group(2)
            continue
        if here == name + '.c' and first <= number <= last and not line.startswith('#'):
            kept.append(line)
        number += 1
    return '\n'.join(kept)


def renumber(tokens):
    """ed_aw_17 becomes ed_aw_1, the next other ed_aw_ ed_aw_2."""
    seen = {}
    for token in tokens:
        match = re.fullmatch(r'(ed_[a-z_]+_)(\d+)([a-z_]*)', token)
        if not match:
            yield token
            continue
        stem, number, rest = match.groups()
        numbers = seen.setdefault(stem, [])
        if number not in numbers:
            numbers.append(number)
        yield '%s%d%s' % (stem, numbers.index(number) + 1, rest)


# --- layout -----------------------------------------------------------------------------------------------------------

def is_block(tokens, brace):
    """A brace opens a block if a statement stands directly in it; else it is an initialiser or an enum."""
    depth = 0
    for token in tokens[brace + 1:]:
        if depth == 0 and token in STATEMENTS:
            return True
        if token in ('{', '(', '['):
            depth += 1
        elif token in ('}', ')', ']'):
            if depth == 0:
                return False
            depth -= 1
        elif token == ';' and depth == 0:
            return True
    return False


def unary_at(tokens, i):
    """Is the * or & at i a prefix, or part of a declarator, so that no space follows?"""
    if tokens[i] == '*' and i and (WORD.match(tokens[i - 1]) or tokens[i - 1] in (')', '*')):
        return not tokens[i + 1][0].isdigit()
    return i == 0 or tokens[i - 1] in BEFORE_UNARY


def space_between(tokens, i):
    """A blank between tokens i - 1 and i?"""
    before, after = tokens[i - 1], tokens[i]
    if after in (')', ']', ',', ';', '.', '->', '++', '--') and before != ',':
        return False
    if before in ('(', '[', '.', '->', '!', '~', '++', '--') or (before in ('*', '&', '-') and unary_at(tokens, i - 1)):
        return False
    if before == ')' and tokens[i - 2] == '*' and (WORD.match(after) or after == '&'):
        return False  # a cast
    if after in ('(', '['):
        return before in SPACED or not (WORD.match(before) or before in (')', ']'))
    return not (before == ')' and after == '{' and not is_block(tokens, i)) and before != '{' and after != '}'


class Layout:
    """Lays tokens out as lines of code: one statement a line, blocks indented."""

    def __init__(self, tokens):
        self.tokens, self.lines, self.line, self.indent = tokens, [], '', 0
        self.parentheses, self.blocks = [0], []
        for i in range(len(tokens)):
            self.add(i)
        self.end_line()

    def end_line(self):
        text = self.line.strip()
        self.line = ''
        indent = '    ' * self.indent
        while text:
            room = WIDTH - len(indent)
            cut = len(text) if len(text) <= room else self.place_to_break(text, room)
            self.lines.append(indent + text[:cut].rstrip())
            text = text[cut:].strip()
            indent = '    ' * (self.indent + 2)

    @staticmethod
    def place_to_break(text, room):
        """Breaks a line after a comma or at a blank, outside strings."""
        places = [i for i in range(1, room) if text[i] == ' ' and text.count('"', 0, i) % 2 == 0]
        commas = [i for i in places if text[i - 1] == ',' and i > room // 2]
        return (commas or places or [len(text)])[-1]

    def add(self, i):
        token = self.tokens[i]
        if token == '{' and is_block(self.tokens, i):
            self.line += (' ' if self.line and not self.line.endswith('(') else '') + '{'
            self.end_line()
            self.indent += 1
            self.parentheses.append(0)
            self.blocks.append(True)
        elif token == '}' and self.blocks and self.blocks[-1]:
            self.end_line()
            self.indent -= 1
            self.parentheses.pop()
            self.blocks.pop()
            self.line = '}'
            if i + 1 < len(self.tokens) and self.tokens[i + 1] not in (')', ';', ',', 'else', 'while') and not WORD.match(
                    self.tokens[i + 1]) or self.ends_block(i):
                self.end_line()
        else:
            self.put(i, token)

    def ends_block(self, i):
        """The block that ends at i is a statement's or a function's, not a struct's."""
        return i + 1 == len(self.tokens) or (WORD.match(self.tokens[i + 1]) and self.parentheses[-1] == 0
                                             and self.tokens[i + 1] not in ('args', 'else', 'while'))

    def put(self, i, token):
        if token == 'for' and i and self.parentheses[-1] == 0:
            self.end_line()
        if i and self.line and space_between(self.tokens, i):
            self.line += ' '
        self.line += token
        if token == '{':
            self.blocks.append(False)
        elif token == '}':
            self.blocks.pop()
        elif token == '(':
            self.parentheses[-1] += 1
        elif token == ')':
            self.parentheses[-1] -= 1
        elif token == ';' and self.parentheses[-1] == 0:
            self.end_line()


def layout(text):
    return '\n'.join(Layout(list(renumber(TOKEN.findall(text)))).lines) + '\n'


# --- comparison -------------------------------------------------------------------------------------------------------

def golden_of(name, compiler):
    """The file to compare with: some keywords have a form of their own for clang."""
    own = os.path.join(HERE, 'golden', name + '.clang.expanded')
    return own if 'clang' in compiler and os.path.exists(own) else own.replace('.clang', '')


def compare(what, wanted, got):
    if wanted == got:
        return True
    print('%s differs (golden.py --write accepts it):' % what)
    print('\n'.join(difflib.unified_diff(wanted.split('\n'), got.split('\n'), 'golden', 'now', lineterm='', n=2)))
    return False


def quote(page):
    """The page with its golden blocks as they should be."""
    def block(match):
        folder = os.path.join(HERE, 'golden')
        source = read(os.path.join(folder, match.group(1) + '.c'))
        source = source.split('// expanded:\n')[1].split('// end\n')[0]
        expanded = read(os.path.join(folder, match.group(1) + '.expanded'))
        return '<!-- golden: %s -->\n```c\n%s```\nbecomes\n```c\n%s```\n' % (match.group(1), source, expanded)
    return re.sub(r'<!-- golden: (\w+) -->\n(?:```c\n.*?```\nbecomes\n```c\n.*?```\n)?', block, page, flags=re.S)


def main():
    compiler = os.environ.get('CC', 'cc')
    passed, failed = 0, 0
    for path in sorted(glob.glob(os.path.join(HERE, 'golden', '*.c'))):
        name = os.path.basename(path)[:-2]
        got = layout(expand(name, compiler))
        golden = golden_of(name, compiler)
        if '--write' in sys.argv:
            write(golden, got)
        good = compare(os.path.relpath(golden, HERE), read(golden), got)
        passed, failed = passed + good, failed + (not good)
    page = read(PAGE)
    if '--write' in sys.argv:
        write(PAGE, quote(page))
    good = compare('docs/internals/keywords.md', read(PAGE), quote(read(PAGE)))
    passed, failed = passed + good, failed + (not good)
    print('%d passed, %d failed, 0 skipped' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
