#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""amalgamate.py FOLDER: the library as three files, eddy.c, eddy.h and eddy-keywords.h (`make amalgamation`).

eddy.c holds each source of the library and each header once. What a source names for itself (static, struct, enum, macro)
would meet the same name of another there: if another file uses the name, it gets the source's name in front; macros end with
their source.
"""
import functools
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\.?\d[\w.]*|->|\s+|.', re.S)
INCLUDE = re.compile(r'[ \t]*#[ \t]*include (?:"|<(?=eddy))([^">]+)[">][^\n]*\n')
MACROS = 'include/eddy/macros.h'
TAGS = ('struct', 'union', 'enum')


@functools.cache
def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as file:
        return file.read()


def is_code(token):
    return not token.isspace() and not token.startswith(('/*', '//'))


def sources():
    """The library's files, as src/meson.build lists them; the command is not part of it."""
    lists = dict(re.findall(r"^(\w+)_sources = files\(\n(.*?)\)", read('src/meson.build'), re.M | re.S))
    for part in ('cli', 'loaded', 'host'):
        del lists[part]
    switch = lists.pop('switch')
    return ['src/' + name for part in list(lists.values()) + [switch] for name in re.findall(r"'([^']+)'", part)]


# --- names that belong to one file ------------------------------------------------------------------------------------

def own_names(text):
    """(ordinary names, tags) that a .c file declares for itself: what begins a line, as clang-format leaves it."""
    text = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', '', re.sub(r'/\*.*?\*/', ' ', text, flags=re.S), flags=re.M)
    text = re.sub(r'(__attribute__|_Alignas|EDDY_PRINTF)\((\(.*?\)|[^()]*)\) ', '', text)
    names = set(re.findall(r'^eddy_(?:async|blocking|generator|async_generator)\([^,]*, (\w+)', text, re.M))
    for head in re.findall(r'^static ([^{;]*)', text, re.M):
        head = re.sub(r'=[^,]*|\[[^]]*\]', '', head)
        called = re.search(r'\(\*(?:volatile |const )*(\w+)|(\w+)\(', head)
        names.update([called.group(1) or called.group(2)] if called else re.findall(r'(\w+) *(?=,|$)', head))
    names.update(re.findall(r'^\} (\w+)', text, re.M))
    for body in re.findall(r'^(?:static )?enum \w* ?\{(.*?)\}', text, re.M | re.S):
        names.update(re.findall(r'(?:^|,)\s*(\w+)', body))
    return names - set(TAGS), set(re.findall(r'^(?:static |const |typedef )*(?:struct|union|enum) (\w+)\s*\{', text, re.M))


def rename(text, names, tags):
    """Names as the maps say. Members keep theirs: after a dot or an arrow, in a struct's body, after `struct x,` (offsetof)."""
    out, last, bodies, depth = [], ['', '', ''], [], 0
    for token in TOKEN.findall(text):
        if is_code(token):
            if token == '{':
                depth += 1
                if last[-1] in TAGS[:2] or last[-2] in TAGS[:2]:
                    bodies.append(depth)
            elif token == '}':
                if bodies and bodies[-1] == depth:
                    bodies.pop()
                depth -= 1
            new = token
            if last[-1] in TAGS:
                new = tags.get(token, token)
            elif last[-1] == '->' or (last[-1] == '.' and last[-2] != '.'):
                pass
            elif last[-1] == ',' and last[-3] in TAGS:
                pass
            elif not bodies or bodies[-1] != depth or last[-1] in ('[', ':'):
                new = names.get(token, token)
            last = last[1:] + [token]
            token = new
        out.append(token)
    return ''.join(out)


# --- the files --------------------------------------------------------------------------------------------------------

class Writer:
    def __init__(self):
        self.parts, self.seen = [], set()

    def find(self, name, path):
        for folder in (os.path.dirname(path), 'include', 'src'):
            found = os.path.normpath(os.path.join(folder, name))
            if os.path.exists(os.path.join(TOP, found)):
                return found
        raise SystemExit('%s includes "%s", which is nowhere' % (path, name))

    def add(self, path, change=lambda text: text):
        """The file, with what it includes for the first time in the place of its #include."""
        if path in self.seen:
            return
        self.seen.add(path)
        text, end = read(path), 0
        for include in INCLUDE.finditer(text):
            self.parts.append(change(text[end:include.start()]))
            self.add(self.find(include.group(1), path))
            end = include.end()
        self.parts.append(change(text[end:]))

    def text(self):
        """One licence line at the head is enough, and what a file asks of libc and of our macros stands there, too."""
        text = ''.join(self.parts).replace('/* SPDX-License-Identifier: MIT */\n', '')
        return re.sub(r'^#(define (_GNU_SOURCE|EDDY_LIBRARY)\b|pragma GCC system_header| \d+ ")[^\n]*\n', '', text, flags=re.M)


def macros_of(text):
    """The macros that end with their file; not those that replace a name that the system's headers lack."""
    guarded = set(re.findall(r'^#\s*ifndef (\w+)', text, re.M))
    return sorted(set(re.findall(r'^#\s*define (\w+)', text, re.M)) - guarded - {'_GNU_SOURCE', 'EDDY_LIBRARY'})


@functools.cache
def words_of(path):
    return set(re.findall(r'[A-Za-z_]\w*', re.sub(r'/\*.*?\*/', '', read(path), flags=re.S)))


@functools.cache
def tags_of(path):
    return set(re.findall(r'\b(?:struct|union|enum) (\w+)', re.sub(r'/\*.*?\*/', '', read(path), flags=re.S)))


@functools.cache
def headers(path):
    """All that a file includes, directly or indirectly."""
    writer = Writer()
    writer.add(path)
    return writer.seen - {path}


def whole_library():
    # The macros of eddy.h bear the names of functions: what declares and defines those comes before them.
    writer, files = Writer(), sorted(sources(), key=lambda path: MACROS in headers(path))
    for name in INCLUDE.findall(read('include/eddy.h')):
        if 'include/' + name != MACROS:
            writer.add('include/' + name)
    everywhere = files + [header for path in files for header in headers(path)]
    words = {path: words_of(path) for path in everywhere}
    for path in files:
        others = set().union(*(found for other, found in words.items() if other != path))
        prefix = re.sub(r'\W', '_', path[len('src/'):-len('.c')]) + '__'
        names, tags = own_names(read(path))
        names = {name: prefix + name for name in names if name in others}
        seen = set().union(*(tags_of(header) for header in headers(path)))  # a tag that those speak of is everybody's
        tags = {tag: prefix + tag for tag in tags if tag in others - seen}
        for new in list(names.values()) + list(tags.values()):
            if any(new in found for found in words.values()):
                raise SystemExit('%s: %s is taken: give one of them another name' % (path, new))
        writer.parts.append('\n/* --- %s --- */\n' % path)
        writer.add(path, lambda text, names=names, tags=tags: rename(text, names, tags))
        writer.parts += ['#undef %s\n' % name for name in macros_of(read(path))]
    return writer.text()


HEAD = '''/* SPDX-License-Identifier: MIT */
/*
 * %s
 *
 * Made by `make amalgamation` of Eddy %s: change the files of its tree, not this one.
 */
'''
SYSTEM = '#pragma GCC system_header\n'  # as include/eddy/macros.h says
USE = '''eddy.c - Eddy in one file: cc program.c eddy.c -lpthread
 *
 * It runs on epoll. io_uring: -DEDDY_WITH_URING, -luring; TLS: -DEDDY_WITH_TLS, -lssl -lcrypto.'''


def main():
    folder = sys.argv[1]
    version = re.search(r"version: '([^']+)'", read('meson.build')).group(1)
    header = Writer()
    header.add('include/eddy.h')
    words = Writer()
    words.seen.add('include/eddy.h')
    words.parts.append('#include "eddy.h"\n')
    words.add('include/eddy/keywords.h')
    os.makedirs(folder, exist_ok=True)
    for name, use, text in (
            ('eddy.c', USE, '#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n#define EDDY_LIBRARY\n' + whole_library()),
            ('eddy.h', 'eddy.h - Eddy\'s public headers in one.', SYSTEM + header.text()),
            ('eddy-keywords.h', 'eddy-keywords.h - the bare words; it includes eddy.h.', SYSTEM + words.text())):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(HEAD % (use, version) + text)


if __name__ == '__main__':
    main()
