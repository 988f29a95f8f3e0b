# SPDX-License-Identifier: MIT
"""Man pages of docs/reference: one for each page, and for every other name on it a line `.so man3/PAGE.3`.

Bare words (await, yield) get the suffix 3eddy, so that they do not meet another package's page of that name.
"""
import os
import re

import markdown

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TITLES = {'Result': 'RETURN VALUE', 'What': 'DESCRIPTION', 'Example': 'EXAMPLES'}


def version():
    with open(os.path.join(TOP, 'meson.build'), encoding='utf-8') as file:
        return re.search(r"version: '([^']+)'", file.read()).group(1)


def file_name(name, section):
    bare = not name.lower().startswith('eddy')
    return '%s.%s%s' % (name, section, 'eddy' if bare else '')


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq').replace('^', '\\(ha').replace('~', '\\(ti')
    return text.replace('`', '\\(ga')


def guarded(line):
    """A line that begins with a control character is text."""
    return '\\&' + line if line[:1] in ('.', "'") or line.startswith('\\(aq') else line


def inline(parts):
    out = ''
    for part in parts:
        if part[0] == 'text':
            out += escape(part[1])
        elif part[0] == 'code':
            out += '\\fB%s\\fP' % escape(part[1])
        elif part[0] == 'link':
            out += inline(part[1])
        else:
            out += '\\fI%s\\fP' % inline(part[1])
    return out


def line_of(text):
    return guarded(inline(markdown.spans(text)))


def render(blocks):
    out = []
    for block in blocks:
        kind = block[0]
        if kind == 'paragraph':
            out += ['.PP', line_of(block[1])]
        elif kind == 'heading':
            out += ['.SS ' + inline(markdown.spans(block[2]))]
        elif kind == 'code':
            out += ['.PP', '.in +4n', '.nf'] + [guarded(escape(line)) for line in block[2].split('\n')] + ['.fi', '.in']
        elif kind == 'list':
            for number, item in enumerate(block[2], 1):
                out += item_of(item, '%d.' % number if block[1] else '\\(bu')
        elif kind == 'table':
            out += table(block[1])
    return out


def item_of(item, mark):
    first = item[0]
    out = ['.IP %s 3' % mark, line_of(first[1]) if first[0] == 'paragraph' else '']
    rest = render(item[1:])
    return out + (['.RS 3'] + rest + ['.RE'] if rest else [])


def table(rows):
    """Rows as tagged paragraphs: the first cell is the tag; man has no tables without tbl."""
    out = []
    for row in rows[1:]:
        out += ['.TP', line_of(row[0]), line_of('; '.join(cell for cell in row[1:] if cell)) or '\\&']
    return out


def page(source):
    """The text of a page's own file."""
    names = [source.name] + [name for name in source.names if name != source.name]
    if source.name not in source.names and source.names:
        names = [source.name] + source.names
    out = ['.\\" Made by tools/reference.py from docs/reference/%s.md; SPDX-License-Identifier: MIT' % source.name,
           '.TH %s %s "" "Eddy %s" "Eddy"' % (source.name, source.section, version()), '.SH NAME',
           '%s \\- %s' % (', '.join(names), inline(markdown.spans(source.title)))]
    for title, text in source.sections.items():
        out.append('.SH %s' % TITLES.get(title, title.upper()))
        if title == 'Synopsis' and source.header:
            out += ['.nf', '.B #include <%s>' % included(source), '.fi']
        out += render(markdown.parse(text))
    return '\n'.join(out) + '\n'


def included(source):
    """What a program includes: the umbrella, the bare words' header, or a module's own."""
    if source.header == 'eddy/keywords.h' or not all(name.lower().startswith('eddy') for name in source.names):
        return 'eddy/keywords.h'
    return source.header if not os.path.exists(os.path.join(TOP, 'include', source.header)) else 'eddy.h'


def files(pages):
    """(file name, page) of every page; (file name, text) of every link."""
    for source in pages:
        own = file_name(source.name, source.section)
        yield own, source
        for name in source.names:
            if name != source.name:
                yield file_name(name, source.section), '.so man%s/%s\n' % (source.section, own)


def write_all(pages, folder):
    os.makedirs(folder, exist_ok=True)
    for name, what in files(pages):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(what if isinstance(what, str) else page(what))
    return 0
