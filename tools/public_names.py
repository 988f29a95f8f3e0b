# SPDX-License-Identifier: MIT
"""The public names of the headers, for tools/reference.py: functions, coroutines, types, constants, macros, keywords.

A small reader of Eddy's own headers, no C parser: it relies on how they are written (one declaration after EDDY_API,
`eddy_async_declare` for coroutines, `typedef struct eddy_x { ... } eddy_x;`, macros at the first column).
"""
import glob
import os
import re

ATTRIBUTE = re.compile(r'__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)|EDDY_PRINTF\([^)]*\)')
PUBLIC = r'(?:eddy|EDDY)_\w+'


class Name:
    """One public name: where it is declared, as what, and the text of its declaration, on one line."""

    def __init__(self, name, header):
        self.name, self.header = name, header
        self.kinds = set()      # of function, object, coroutine, type, constant, macro, keyword
        self.declaration = ''   # of functions, objects and coroutines
        self.comment = ''       # the comment above it

    @property
    def has_prototype(self):
        """The synopsis must show the declaration: there is no macro that changes how the call is spelled."""
        return bool(self.declaration) and 'macro' not in self.kinds


def headers(top):
    found = [os.path.join(top, 'include', 'eddy.h')]
    found += sorted(glob.glob(os.path.join(top, 'include', 'eddy', '*.h')))
    found += sorted(glob.glob(os.path.join(top, 'modules', '*', 'include', 'eddy', '*.h')))
    return found


def include_name(path):
    return path[path.rindex('include' + os.sep) + len('include/'):]


def one_line(text):
    """A declaration as pages and headers are compared: no attributes, single blanks."""
    text = ATTRIBUTE.sub(' ', text).replace('EDDY_API', ' ').replace('EDDY_MUST_USE', ' ')
    text = re.sub(r'\s+', ' ', text).strip()
    return re.sub(r' ?([(),;*]) ?', r'\1', text)


def readable(text):
    """The same for people."""
    text = ATTRIBUTE.sub(' ', text).replace('EDDY_API', ' ').replace('EDDY_MUST_USE', ' ')
    return re.sub(r'\s+([;)])', r'\1', re.sub(r'\s+', ' ', text)).strip()


class Reader:
    def __init__(self, path):
        self.header = include_name(path)
        self.names = {}
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.comments = []  # (where it ends, its text)
        plain = re.sub(r'/\*.*?\*/', self.keep_comment, self.text, flags=re.S)
        # Names of an earlier version have no page.
        plain = re.sub(r'^#if [^\n]*EDDY_NO_OLD_NAMES.*?^#endif', lambda match: re.sub(r'[^\n]', ' ', match.group(0)), plain,
                       flags=re.M | re.S)
        self.lines = re.sub(r'\\\n', ' ', plain)
        self.macros()
        self.code(re.sub(r'^[ \t]*#.*$', lambda match: ' ' * len(match.group(0)), plain.replace('\\\n', '  '),
                         flags=re.M))

    def keep_comment(self, match):
        words = re.sub(r'^\s*\* ?', '', match.group(0)[2:-2], flags=re.M)
        self.comments.append((match.end(), re.sub(r'\s+', ' ', words).strip()))
        return re.sub(r'[^\n]', ' ', match.group(0))

    def comment_above(self, position):
        """The comment that ends right before the position (only blanks between)."""
        for end, words in reversed(self.comments):
            if end <= position:
                return words if not self.text[end:position].strip() else ''
        return ''

    def add(self, name, kind, declaration='', position=None):
        if not re.fullmatch(PUBLIC, name) and kind != 'keyword':
            return
        found = self.names.setdefault(name, Name(name, self.header))
        found.kinds.add(kind)
        if declaration and not found.declaration:
            found.declaration = declaration
        if position is not None and not found.comment:
            found.comment = self.comment_above(position)

    def macros(self):
        for match in re.finditer(r'^[ \t]*#\s*define\s+(\w+)(\(?)(.*)$', self.lines, re.M):
            name = match.group(1)
            if self.header == 'eddy/keywords.h' and match.group(2) and not name.startswith('ED'):
                self.add(name, 'keyword')
            elif not (name.endswith('_H') and not match.group(3).strip()):
                self.add(name, 'macro')
        for match in re.finditer(r'\bX\((EDDY_\w+),', self.text):
            self.add(match.group(1), 'constant')

    def code(self, code):
        for match in re.finditer(r'\bEDDY_API\b([^;{]*);', code):
            self.declared(match)
        for match in re.finditer(r'^eddy_async_declare\((.*?)\);', code, re.M | re.S):
            name = re.match(r'[^,]*,\s*(\w+)', match.group(1)).group(1)
            self.add(name, 'coroutine', 'async_declare(%s);' % match.group(1), match.start())
        for match in re.finditer(r'^static inline[^;{}]*?\b(eddy_\w+)\([^{};]*\)\s*\{', code, re.M):
            self.add(match.group(1), 'function')
        for match in re.finditer(r'^ED_MUST_USE_VALUE\(\w+, (\w+)\)', code, re.M):
            self.add(match.group(1), 'function')
        for match in re.finditer(r'\b(?:struct|union|enum)\s+(\w+)\s*\{', code):
            self.add(match.group(1), 'type', position=match.start())
        for match in re.finditer(r'^(?:struct|union|enum)\s+(\w+);', code, re.M):
            self.add(match.group(1), 'type')
        for match in re.finditer(r'^typedef\b[^;{]*?\(\*(\w+)\)\([^;]*;', code, re.M):
            self.add(match.group(1), 'type', position=match.start())
        for match in re.finditer(r'^typedef (?:struct|enum|union) \w+ (\w+);|^\} (\w+);', code, re.M):
            self.add(match.group(1) or match.group(2), 'type')
        for match in re.finditer(r'\benum\s*(?:\w+\s*)?\{([^}]*)\}', code):
            for name in re.findall(r'(?:^|,)\s*(\w+)', match.group(1)):
                self.add(name, 'constant')

    def declared(self, match):
        text = match.group(1).strip()
        bare = ATTRIBUTE.sub(' ', text)
        position = match.start()
        call = re.search(r'\b(\w+)\s*\(', bare)
        if call:
            self.add(call.group(1), 'function', text + ';', position)
            return
        for part in bare.replace('extern', ' ').split(','):
            self.add(re.search(r'(\w+)\s*(?:\[.*\])?\s*$', part).group(1), 'object', text + ';', position)


def all_names(top):
    """name -> Name, over all public headers."""
    names = {}
    for path in headers(top):
        for name, found in Reader(path).names.items():
            if name in names:
                names[name].kinds |= found.kinds
                names[name].declaration = names[name].declaration or found.declaration
                names[name].comment = names[name].comment or found.comment
                if 'macro' not in found.kinds or names[name].header == 'eddy/macros.h':
                    names[name].header = found.header if 'function' in found.kinds else names[name].header
            else:
                names[name] = found
    return names
