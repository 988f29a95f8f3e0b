#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py [COMPILER...]: every misuse in this folder is refused, in words that name the rule.

The first line of a file is `// error: REGEX` or `// warning: REGEX`.  A file of the first kind must fail to compile,
and REGEX must match the *first* error: that is the one people read.  One of the second kind must compile, with a
warning that matches.  A line `// flags: ...` replaces the default -fsyntax-only; `// only: gcc` names a compiler that
can tell where the others cannot.  Warnings are looked for twice: with the headers as a program's own, and as installed
ones, about which compilers like to be silent.

Messages are short.  With the flags that docs/guide/debugging.md recommends: LINES_WITH_FLAGS at most, the first in the
misuse itself.  Without them: LINES_PLAIN, and the rule in the first three.  `// plain: N` allows more, where a compiler tells
of two places.

common.h is compiled once for each compiler, standard and way to include, since to read the headers takes four fifths of a
compilation.  A misuse that has its own flags, or that begins with other headers, reads them
itself.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = os.path.join(HERE, 'common.h')
INCLUDE = os.path.join(HERE, '..', '..', 'include')
JOBS = '-I' + os.path.join(HERE, '..', '..', 'modules', 'jobs', 'include')
# `make test` takes the oldest; `make check` takes the others, too, where messages need not be short again.
STANDARDS = os.environ.get('EDDY_STANDARDS', 'gnu11').split()


def read_head(path):
    """The directives at the top of a misuse: {'error': REGEX, 'flags': ..., 'only': ...}."""
    head = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            found = re.match(r'// (error|warning|flags|only|plain): (.+)$', line)
            if found is None:
                return head
            head[found.group(1)] = found.group(2)
    return head


LINES_WITH_FLAGS, LINES_PLAIN, LINES_TO_THE_RULE = 10, 40, 3


def recommended_flags():
    """{'gcc': [...], 'clang': [...]}, as the guide spells them."""
    with open(os.path.join(HERE, '..', '..', 'docs', 'guide', 'debugging.md'), encoding='utf-8') as file:
        return {name: flags.split() for name, flags in
                re.findall(r'^    (gcc|clang) (-Wfatal-errors .*?) program\.c ', file.read(), re.M)}


SHORT = recommended_flags()


def too_long(way, flags, path):
    """None if the recommended flags make the message short and begin it in the misuse itself, else what is wrong."""
    extra = SHORT['clang' if 'clang' in os.path.basename(way.compiler) else 'gcc']
    _, text = compile_one(way, extra + flags, path)
    lines = text.rstrip('\n').split('\n')
    first = next((line for line in lines if re.search(r'\b(error|warning): ', line)), lines[0])
    refused = '"Eddy needs' in first or '> is for C;' in first or '#error' in first
    here = refused or re.search(r'compile_fail/\w+\.[ch]:', first)
    if not here:
        return 'begins elsewhere: ' + first
    return '%d lines with the short flags: %s' % (len(lines), lines[0]) if len(lines) > LINES_WITH_FLAGS else None


def too_long_plainly(text, path):
    """The same without flags, of what the compiler has said."""
    lines = text.rstrip('\n').split('\n')
    most = int(read_head(path).get('plain', LINES_PLAIN))
    if len(lines) > most:
        return '%d lines: %s' % (len(lines), lines[0])
    early = any(re.search(r'\berror: ', line) for line in lines[:LINES_TO_THE_RULE])
    if not early and 'plain' not in read_head(path) and '#error' not in text:
        return 'the rule is not in the first lines: ' + lines[0]
    return None


def kind_of(head):
    return 'error' if 'error' in head else 'warning'


def flags_of(head):
    if 'flags' in head:
        return head['flags'].split() + ['-o', os.devnull]
    return ['-fsyntax-only'] if 'error' in head else ['-c', '-o', os.devnull]


def pragmas():
    """What keywords.h makes an error: gcc's precompiled headers forget it."""
    with open(os.path.join(INCLUDE, 'eddy', 'keywords.h'), encoding='utf-8') as file:
        return ['-Werror=' + name for name in re.findall(r'#pragma GCC diagnostic error "-W(.*)"', file.read())]


class Way:
    """One compiler with one standard and one way to include the headers; its precompiled common.h is made at once."""

    def __init__(self, folder, compiler, standard, include):
        self.compiler, self.standard, self.include = compiler, standard, include
        self.command = [compiler, '-std=' + standard, '-Wall', '-Wextra', '-Wshadow', include, INCLUDE, JOBS]
        place = tempfile.mkdtemp(dir=folder)
        header = os.path.join(place, 'common.h')
        with open(header, 'w', encoding='utf-8') as file:  # gcc reads it where it cannot use the compiled one
            file.write('#include "%s"\n' % COMMON)
        if 'clang' in os.path.basename(compiler):
            self.headers_read = ['-include-pch', header + '.pch']
        else:
            self.headers_read = ['-include', header] + pragmas()
        compiled = header + ('.pch' if 'clang' in os.path.basename(compiler) else '.gch')
        subprocess.run(self.command + ['-x', 'c-header', COMMON, '-o', compiled], check=True)

    def flags_for(self, path):
        """The precompiled header, if the misuse begins with the headers that are in it."""
        with open(path, encoding='utf-8') as file:
            code = re.sub(r'/\*.*?\*/|//.*?$', '', file.read(), flags=re.S | re.M)
        begins = re.match(r'(\s*#include (<eddy/keywords\.h>|"common\.h"))+', code)
        known = begins and 'common.h' in begins.group() and 'flags' not in read_head(path)
        return self.headers_read if known else []


def compile_one(way, flags, path):
    done = subprocess.run(way.command + way.flags_for(path) + flags + [path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=dict(os.environ, LC_ALL='C'))
    return done.returncode, done.stdout


def judge(kind, regex, status, text):
    """None if the compiler said what it should, else what is wrong with it."""
    found = [line for line in text.split('\n') if re.search(r'\b(fatal )?error: ', line)]
    if kind == 'warning':
        if status != 0:
            return 'an error: ' + (found or ['(no text)'])[0]
        found = [line for line in text.split('\n') if re.search(r'\bwarning: ', line)]
        if not found:
            return 'no warning'
    elif status == 0:
        return 'it compiles'
    elif not found:
        return 'no error in its words: ' + text[:200]
    return None if re.search(regex, found[0]) else found[0]


def check(way, path):
    head = read_head(path)
    kind = kind_of(head)
    regex = head[kind]
    status, text = compile_one(way, flags_of(head), path)
    wrong = judge(kind, regex, status, text)
    if wrong is None and kind == 'error' and way.standard == 'gnu11':
        wrong = too_long_plainly(text, path) or too_long(way, flags_of(head), path)
    if wrong is None:
        return None
    return '%s, %s -std=%s %s: wanted %s /%s/, got: %s' % (
        os.path.basename(path), way.compiler, way.standard, way.include, kind, regex, wrong)


def jobs(ways, misuses):
    for path in misuses:
        head = read_head(path)
        for way in ways:
            if head.get('only', os.path.basename(way.compiler)) not in os.path.basename(way.compiler):
                continue
            if way.include == '-I' or 'warning' in head:
                yield way, path


def main():
    compilers = sys.argv[1:] or [name for name in ('gcc', 'clang') if shutil.which(name)]
    files = sorted(glob.glob(os.path.join(HERE, '*.c')))
    misuses = [path for path in files if {'error', 'warning'} & set(read_head(path))]
    bare = [path for path in files if path not in misuses]
    for path in bare:
        print('%s: the first line must be `// error: REGEX` or `// warning: REGEX`' % os.path.basename(path))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        kinds = [(compiler, standard, include)
                 for compiler in compilers for standard in STANDARDS for include in ('-I', '-isystem')]
        ways = list(pool.map(lambda kind: Way(folder, *kind), kinds))
        results = list(pool.map(lambda job: check(*job), jobs(ways, misuses)))
    failures = [result for result in results if result]
    for failure in failures:
        print(failure)
    failed = len(failures) + len(bare)
    print('%d passed, %d failed, 0 skipped' % (len(results) - len(failures), failed))
    return 1 if failed or not misuses else 0


if __name__ == '__main__':
    sys.exit(main())
