# SPDX-License-Identifier: MIT
"""Writes what MkDocs makes the site of: a copy of the tree's Markdown, in which a link to any other file leads to a page that
shows this file, and a name in a code span to its page of the reference; a page for each example; and the navigation.
"""
import glob
import json
import os
import re
import shutil

import manual

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = ('ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md')
FENCED = re.compile(r'(^```.*?^```$)', re.M | re.S)
LINK = re.compile(r'(!?)\[((?:[^\[\]`]|`[^`]*`)*)\]\(([^)\s]+)\)')
NAME = re.compile(r'(?<!`)`((\w+)(?:\([^`]*\))?)`(?!`)')
LANGUAGES = {'.c': 'c', '.h': 'c', '.py': 'python', '.sh': 'sh'}


def tree(pattern):
    return sorted(os.path.relpath(path, TOP) for path in glob.glob(os.path.join(TOP, pattern), recursive=True))


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as file:
        return file.read()


def links(text):
    """The relative links of a page: (target file, heading)."""
    for _, _, target in LINK.findall(FENCED.sub('', text)):
        if not re.match(r'\w+:', target):
            file, _, heading = target.partition('#')
            yield target, file, heading


def headings(text):
    """The names of a page's headings in links, as GitHub makes them."""
    lines = re.findall(r'^#+ (.*)$', FENCED.sub('', text), re.M)
    return {re.sub(r'[^\w -]', '', LINK.sub(r'\2', line).lower()).replace(' ', '-') for line in lines}


def broken_links(path, text):
    for target, file, heading in links(text):
        full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(full):
            yield target, 'there is no such file'
        elif heading and full.endswith('.md') and heading not in headings(read(full)):
            yield target, 'there is no such heading'


class Site:
    def __init__(self, pages, folder):
        self.pages, self.folder, self.shown = pages, folder, set()
        self.owner = {name: page.name for page in pages for name in page.names}

    def write(self, path, text):
        full = os.path.join(self.folder, 'source', path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text)

    def link(self, path, match):
        image, label, target = match.groups()
        file, _, heading = target.partition('#')
        full = os.path.normpath(os.path.join(os.path.dirname(path), file))
        if image or re.match(r'\w+:', target) or not file or file.endswith('.md'):
            return match.group(0)
        if os.path.isdir(os.path.join(TOP, full)):
            index = next((name for name in ('README.md', 'index.md') if os.path.exists(os.path.join(TOP, full, name))), None)
            return '[%s](%s)' % (label, os.path.join(file, index)) if index else label
        self.shown.add(full)
        return '[%s](%s.md)' % (label, file)

    def name(self, path, match):
        page = self.owner.get(match.group(2))
        target = 'docs/reference/%s.md' % page
        return match.group(0) if not page or target == path else '[%s](%s)' % (
            match.group(0), os.path.relpath(target, os.path.dirname(path) or '.'))

    def prose(self, path, text):
        """Text between blocks of code: comments are dropped and links and names are resolved; headings and links keep their words."""
        out, at = '', 0
        for match in re.finditer(LINK.pattern + r'|^#.*$|^    .*$', text, re.M):
            out += NAME.sub(lambda name: self.name(path, name), text[at:match.start()])
            out += self.link(path, match) if match.group(3) else match.group(0)
            at = match.end()
        return out + NAME.sub(lambda name: self.name(path, name), text[at:])

    def page(self, path, text):
        text = re.sub(r'<!--.*?-->\n?', '', text, flags=re.S)
        parts = FENCED.split(text)
        parts[::2] = [self.prose(path, part) for part in parts[::2]]
        # A block stands by itself: Python-Markdown wants an empty line before it.
        self.write(path, '\n\n'.join(part.strip('\n') for part in parts) + '\n')

    def reference(self, page):
        text = '# %s\n\n*%s*\n' % (page.name, page.title.replace('*', r'\*'))
        for title, body in page.sections.items():
            text += '\n## %s\n%s' % (title, manual.with_include(page, body) if title == 'Synopsis' else body)
        self.page('docs/reference/%s.md' % page.name, text)

    def show(self, path):
        """A page of a file that is not Markdown."""
        self.write(path + '.md', '# %s\n\n````%s\n%s\n````\n' % (
            path, LANGUAGES.get(os.path.splitext(path)[1], 'text'), read(path).rstrip('\n')))


def titled(path):
    return re.search(r'^# (.*)', read(path), re.M).group(1).replace('`', '')


def navigation(site, areas, chapters):
    here = lambda folder: [path for path in tree('docs/%s/*.md' % folder) if not path.endswith('index.md')]
    reference = [{area: [{page.name: 'docs/reference/%s.md' % page.name} for page in site.pages if page.area == area]}
                 for area in areas if any(page.area == area for page in site.pages)]
    more = [path for path in tree('docs/*.md') if path != 'docs/README.md']
    return [{'Home': 'README.md'},
            {'Guide': [{'Chapters': 'docs/guide/index.md'}] + [{title: 'docs/guide/' + name} for name, title in chapters]},
            {'Reference': [{'All names': 'docs/reference/index.md'}] + reference},
            {'Examples': [{os.path.relpath(path, 'examples'): path + '.md'} for path in sorted(site.examples)]},
            {'More': [{titled(path): path} for path in more + list(PROJECT)]},
            {'Inside': [{'Parts': [{titled(path): path} for path in here('internals')]},
                        {'Decisions': [{titled(path): path} for path in here('decisions')]},
                        {'The reference': 'docs/reference/making.md'}]}]


def write_all(pages, areas, chapters, folder):
    """build/docs/source and build/docs/mkdocs.yml."""
    shutil.rmtree(os.path.join(folder, 'source'), ignore_errors=True)
    site = Site(pages, folder)
    site.examples = [path for path in tree('examples/**/*') if path.endswith(('.c', '.h', '.service', '.socket'))]
    own = {'docs/reference/%s.md' % page.name for page in pages}
    for path in ['README.md'] + list(PROJECT) + [path for path in tree('docs/**/*.md') if path not in own]:
        site.page(path, read(path))
    for page in pages:
        site.reference(page)
    for path in sorted(site.shown | set(site.examples)):
        site.show(path)
    for path in tree('docs/**/*.svg'):
        site.write(path, read(path))
    with open(os.path.join(folder, 'mkdocs.yml'), 'w', encoding='utf-8') as file:
        file.write(read('docs/mkdocs.yml') + 'nav: ' + json.dumps(navigation(site, areas, chapters)) + '\n')
    return 0
