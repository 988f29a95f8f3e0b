# SPDX-License-Identifier: MIT
"""Man pages of docs/reference, rendered by lowdown: a page for each file, and a line `.so man3/PAGE.3` for each other name.

Keywords (await, yield) get the suffix 3eddy, so that they do not collide with another package's page of that name.
"""
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TITLES = {'Result': 'RETURN VALUE', 'What': 'DESCRIPTION', 'Example': 'EXAMPLES'}
LOWDOWN = ['lowdown', '-s', '-tman', '--nroff-nolinks', '--parse-no-super', '--parse-no-autolink', '--out-no-smarty']


def version():
    with open(os.path.join(TOP, 'meson.build'), encoding='utf-8') as file:
        return re.search(r"version: '([^']+)'", file.read()).group(1)


def file_name(name, section):
    return '%s.%s%s' % (name, section, '' if name.lower().startswith('eddy') else 'eddy')


def included(page):
    """The header that a program includes for a page: the umbrella, the keywords' header, or a module's own."""
    if page.header == 'eddy/keywords.h' or not all(name.lower().startswith('eddy') for name in page.names):
        return 'eddy/keywords.h'
    return 'eddy.h' if os.path.exists(os.path.join(TOP, 'include', page.header)) else page.header


def with_include(page, text):
    """The synopsis with its #include line."""
    return text.replace('```c\n', '```c\n#include <%s>\n\n' % included(page), 1) if page.header else text


def source(page):
    """A page as Markdown with the sections of a man page."""
    names = [page.name] * (page.name in page.names) + [name for name in page.names if name != page.name]
    out = ['# NAME', '%s - %s' % (', '.join(names or [page.name]).replace('_', r'\_'), page.title)]
    for title, text in page.sections.items():
        text = with_include(page, text) if title == 'Synopsis' else text
        out += ['# ' + TITLES.get(title, title.upper()), re.sub(r'^##(#+ )', r'#\1', plain(text), flags=re.M)]
    return '\n\n'.join(out)


def plain(text):
    """Underscores in words outside of code stand for themselves; lowdown would take them for emphasis."""
    return re.sub(r'(^```.*?^```$|`[^`]*`)|(?<=\w)_(?=\w)', lambda match: match.group(1) or r'\_', text, flags=re.M | re.S)


def rendered(page):
    head = ['-Mtitle=' + page.name, '-Msection=' + page.section, '-Mdate=', '-Msource=Eddy ' + version()]
    text = subprocess.run(LOWDOWN + head, input=source(page), capture_output=True, text=True, check=True).stdout
    text = re.sub(r'^\.SH\n', '.SH ', re.sub(r'\A\.\\".*\n', '', text), flags=re.M)
    text = text.replace('.SH NAME\n.LP\n', '.SH NAME\n').replace(r'\fC', r'\fB')
    return "'\\\" t\n" * ('\n.TS\n' in text) + text


def files(pages):
    """(file name, the page itself or the text of a link to it) for every name."""
    for page in pages:
        own = file_name(page.name, page.section)
        yield own, page
        for name in page.names:
            if name != page.name:
                yield file_name(name, page.section), '.so man%s/%s\n' % (page.section, own)


def write_all(pages, folder):
    os.makedirs(folder, exist_ok=True)
    for name, what in files(pages):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(what if isinstance(what, str) else rendered(what))
    return 0
