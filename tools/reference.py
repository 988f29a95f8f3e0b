#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reference.py: the reference of docs/reference and the examples of docs/: see docs/reference/making.md.

  check           pages, headers and exported names are equal; pages have their form; examples are those of tested files
  sync            write anew what is made: examples, standard sentences, the index
  new NAME...     begin a page for a public name (more names: on the same page), filled with what the header says
  names           every public name, what it is, its header and its page
  man FOLDER      the man pages, flat, one for each name
  man-names       their file names; man-sources: what they are made of
  site FOLDER     what MkDocs makes the site of (tools/docs.sh)
"""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'tools'))
import excerpt       # noqa: E402
import manual        # noqa: E402
import site_pages    # noqa: E402
import public_names  # noqa: E402

FOLDER = os.path.join(TOP, 'docs', 'reference')
GUIDE = os.path.join(TOP, 'docs', 'guide')
AREAS = ('Running', 'Coroutines', 'Tasks', 'Waiting', 'Scopes and clean-up', 'Errors', 'Futures', 'Generators',
         'Asynchronous generators', 'Lists', 'Locks and events', 'Queues', 'Threads', 'The loop', 'Streams', 'Servers',
         'Sockets', 'Names and addresses', 'TLS', 'Files', 'Processes', 'Signals', 'Own awaitables', 'Tools', 'Modules',
         'Building', 'Macro support')
SECTIONS = ('Synopsis', 'What', 'Parameters', 'Result', 'Errors', 'Suspends', 'Thread class', 'Ownership',
            'Python counterpart', 'Example')
KEYS = ('title', 'names', 'header', 'area', 'since')
THREADS = ("Loop's thread", 'Any thread', 'Any')
SUSPENDS = ('Never', 'Yes', 'May')
SUPPORT = 'Macro support'  # what macros expand to: no example


class Page:
    """One file of docs/reference: front matter, and the text of each section."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len('.md')]
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.read_head()
        self.read_sections()

    @property
    def where(self):
        return os.path.relpath(self.path, TOP)

    def read_head(self):
        match = re.match(r'---\n(.*?)\n---\n', self.text, re.S)
        self.head, self.body_at = {}, 0
        if match:
            joined = re.sub(r'\n\s+', ' ', match.group(1))
            self.head = dict(line.split(': ', 1) for line in joined.split('\n') if ': ' in line)
            self.body_at = match.end()
        self.names = self.head.get('names', '').split()
        self.title = self.head.get('title', '')
        self.header = self.head.get('header', '')
        self.area = self.head.get('area', '')
        self.section = self.head.get('section', '3')

    def read_sections(self):
        self.sections, title, fence = {}, None, False
        for line in self.text[self.body_at:].split('\n'):
            fence ^= line.startswith('```')
            if not fence and line.startswith('## '):
                title = line[3:].strip()
                self.sections[title] = ''
            elif title:
                self.sections[title] += line + '\n'


def pages():
    found = [Page(path) for path in sorted(glob.glob(os.path.join(FOLDER, '*.md')))
             if os.path.basename(path) not in ('making.md', 'index.md', 'sentences.md')]
    return found


def sentences():
    """Code -> its standard sentences, the first of which `sync` writes after a code that stands alone."""
    table = {}
    with open(os.path.join(FOLDER, 'sentences.md'), encoding='utf-8') as file:
        for code, sentence in re.findall(r'^\| `(\S+)` \| (.*?) *\|', file.read(), re.M):
            table.setdefault(code, []).append(sentence)
    return table


# --- writing ----------------------------------------------------------------------------------------------------------

def with_sentences(page_text, table):
    """A bullet that is a bare code gets the standard sentence."""
    def whole(match):
        code = match.group(1)
        return '- **%s**: %s' % (code.split('/')[0], table[code][0]) if code in table else match.group(0)
    return re.sub(r'^- (E[A-Z_0-9]+(?:/\w+)?)$', whole, page_text, flags=re.M)


def documents():
    """Every Markdown file whose examples are kept."""
    found = glob.glob(os.path.join(TOP, 'docs', '**', '*.md'), recursive=True)
    return sorted(found) + [os.path.join(TOP, 'README.md')]


def index_text():
    """docs/reference/index.md: the pages by area, then every name."""
    known = pages()
    out = ['<!-- Made by tools/reference.py sync. -->', '# Reference', '',
           'Every public name has a page; related names share one. [How the pages are made](making.md).', '']
    for area in AREAS:
        these = [page for page in known if page.area == area]
        if these:
            out += ['## ' + area, '', '| page | what | also there |', '|---|---|---|']
            for page in these:
                rest = ', '.join('`%s`' % name for name in page.names if name != page.name)
                out.append('| [%s](%s.md) | %s | %s |' % (page.name, page.name, page.title, rest))
            out.append('')
    out += ['## All names', '']
    for name, page in sorted((name, page.name) for page in known for name in page.names):
        out.append('- [%s](%s.md)' % (name, page))
    return '\n'.join(out) + '\n'


def chapters():
    """(file name, title) of the guide's chapters, in the order of its index."""
    with open(os.path.join(GUIDE, 'index.md'), encoding='utf-8') as file:
        return [(name, title) for title, name in re.findall(r'^\d+\. \[(.*?)\]\((.*?)\)', file.read(), re.M)]


def within(title):
    """A chapter's title in the middle of a line: "C++" and "CMake" keep their capitals."""
    word = title.split(' ')[0]
    return title if word[1:] and not word[1:].islower() else title[0].lower() + title[1:]


def with_navigation(path, text):
    """A chapter of the guide ends with links to its neighbours."""
    order = chapters()
    names = [name for name, _ in order]
    if os.path.dirname(path) != GUIDE or os.path.basename(path) not in names:
        return text
    at = names.index(os.path.basename(path))
    links = ['[All chapters](index.md)']
    if at > 0:
        links.insert(0, 'Before: [%s](%s)' % (within(order[at - 1][1]), order[at - 1][0]))
    if at + 1 < len(order):
        links.append('Next: [%s](%s)' % (within(order[at + 1][1]), order[at + 1][0]))
    return text.split('\n<!-- navigation -->')[0].rstrip('\n') + '\n\n<!-- navigation -->\n' + ' · '.join(links) + '\n'


def written_anew(path, text):
    """(the text that sync writes, what could not be filled in)"""
    text, troubles = excerpt.filled(text)
    return with_navigation(path, text), troubles


def write_if_new(path, text):
    with open(path, 'a+', encoding='utf-8') as file:
        file.seek(0)
        if file.read() == text:
            return
        file.seek(0)
        file.truncate()
        file.write(text)
    print('wrote %s' % os.path.relpath(path, TOP))


def sync():
    table, status = sentences(), 0
    for path in documents():
        with open(path, encoding='utf-8') as file:
            old = file.read()
        text, troubles = written_anew(path, old)
        if os.path.dirname(path) == FOLDER:
            text = with_sentences(text, table)
        for line, why in troubles:
            print('%s:%d: %s' % (os.path.relpath(path, TOP), line, why))
            status = 1
        write_if_new(path, text)
    write_if_new(os.path.join(FOLDER, 'index.md'), index_text())
    return status


def skeleton(names, known):
    first = known[names[0]]
    comment = first.comment
    fails = sorted(set(re.findall(r'\b(E[A-Z][A-Z_0-9]+)\b', comment)) - {'EDDY_API'})
    since = re.search(r'Since (\d+\.\d+)', comment)
    python = re.search(r'Python: (.*?)\.(?: |$)', comment)
    synopsis = '\n'.join(public_names.readable(known[name].declaration) or name for name in names)
    errors = '\n'.join('- ' + code for code in fails) or '...'
    parts = {'Synopsis': '```c\n%s\n```' % synopsis, 'What': comment or '...', 'Errors': errors,
             'Python counterpart': '`%s`.' % python.group(1) if python else '...',
             'Example': '<!-- example: tests/docs/....c [%s] -->' % names[0]}
    head = '---\ntitle: ...\nnames: %s\nheader: %s\narea: ...\nsince: %s\n---\n' % (
        ' '.join(names), first.header, since.group(1) if since else '0.1')
    return head + ''.join('\n## %s\n\n%s\n' % (title, parts.get(title, '...')) for title in SECTIONS)


def new(names):
    known = public_names.all_names(TOP)
    for name in names:
        if name not in known:
            sys.exit('%s is no public name: no header in include/ declares it' % name)
    path = os.path.join(FOLDER, names[0] + '.md')
    if os.path.exists(path):
        sys.exit('%s is there already: edit it' % os.path.relpath(path, TOP))
    with open(path, 'w', encoding='utf-8') as file:
        file.write(skeleton(names, known))
    print('%s: write what stands as "...", then run tools/reference.py sync and check' % os.path.relpath(path, TOP))


# --- checking ---------------------------------------------------------------------------------------------------------

class Check:
    def __init__(self):
        self.findings = []
        self.known = public_names.all_names(TOP)
        self.pages = pages()
        self.sentences = sentences()

    def find(self, where, what):
        self.findings.append('%s: %s' % (where, what))

    def all(self):
        self.names()
        for page in self.pages:
            self.form(page)
        self.examples()
        self.links()
        with open(os.path.join(FOLDER, 'index.md'), encoding='utf-8') as file:
            if file.read() != index_text():
                self.find('docs/reference/index.md', 'stale: run tools/reference.py sync')

    def names(self):
        """Headers and pages are equal."""
        owner = {}
        for page in self.pages:
            for name in page.names:
                if name in owner:
                    self.find(page.where, '%s has a page already, %s.md: name it in one' % (name, owner[name]))
                elif name not in self.known:
                    self.find(page.where, 'names %s, which no public header declares: take it out' % name)
                owner[name] = page.name
        for name in sorted(set(self.known) - set(owner)):
            found = self.known[name]
            self.find('include/' + found.header, 'the %s %s has no page: begin docs/reference/%s.md with '
                      '`tools/reference.py new %s`, or add the name to the page of a related one'
                      % (' and '.join(sorted(found.kinds)), name, name, name))

    def form(self, page):
        for key in KEYS:
            if not page.head.get(key) or page.head[key] == '...':
                self.find(page.where, 'the front matter lacks `%s: ...`' % key)
        if page.area not in AREAS:
            self.find(page.where, 'area "%s": take one of %s, or add it to AREAS in tools/reference.py'
                      % (page.area, ', '.join(AREAS)))
        titles = [title for title in page.sections if title != 'See also']
        if titles != list(SECTIONS):
            self.find(page.where, 'its sections are %s; they must be %s, and See also at the end if there is any'
                      % (', '.join(titles), ', '.join(SECTIONS)))
            return
        for title, text in page.sections.items():
            if not text.strip() or re.search(r'^(- )?\.\.\.$', text, re.M):
                self.find(page.where, 'section %s is not written' % title)
        self.synopsis(page)
        self.errors(page)
        self.starts(page, 'Suspends', SUSPENDS)
        self.starts(page, 'Thread class', THREADS)
        if page.area != SUPPORT and not re.search(r'^<!-- example: ', page.sections['Example'], re.M):
            self.find(page.where, 'no example: name a tested file, <!-- example: tests/docs/NAME.c [part] -->')

    def synopsis(self, page):
        text = page.sections['Synopsis']
        flat = public_names.one_line(text)
        for name in page.names:
            found = self.known.get(name)
            if not re.search(r'(?<!\w)%s(?!\w)' % re.escape(name), text):
                self.find(page.where, 'the synopsis does not show %s' % name)
            elif found and found.has_prototype and public_names.one_line(found.declaration) not in flat:
                self.find(page.where, 'the synopsis of %s is not the header\'s: %s'
                          % (name, public_names.readable(found.declaration)))

    def errors(self, page):
        """Codes that have standard sentences must use them; bare codes get theirs."""
        for line in page.sections['Errors'].split('\n'):
            match = re.match(r'- (?:\*\*)?(E[A-Z_0-9]+)(?:\*\*: )?(.*)', line)
            if not match:
                continue
            code, words = match.groups()
            wanted = [row for key, rows in self.sentences.items() if key.split('/')[0] == code for row in rows]
            if not words:
                self.find(page.where, '%s has no sentence: run tools/reference.py sync%s' % (
                    code, '' if wanted else ', or write one: it is not in sentences.md'))
            elif wanted and not any(words.startswith(sentence.rstrip('.')) for sentence in wanted):
                self.find(page.where, 'the sentence of %s is none of sentences.md: begin with "%s", or add yours there'
                          % (code, wanted[0]))

    def starts(self, page, title, words):
        """A paragraph that begins with one of the words, or a list whose items (`name`, `name`: ...) do."""
        block = page.sections[title].strip().split('\n\n')[0]
        texts = re.split(r'^- ', block, flags=re.M)[1:] if block.startswith('- ') else [block]
        for text in (re.sub(r'^(?:`[^`]*`(?:,\s+| and )?)+:\s+', '', text) for text in texts):
            if not re.match('(%s)\\b' % '|'.join(words), text):
                self.find(page.where, '%s: "%s..." must begin with one of %s (or be a list of `name`: WORD ...)'
                          % (title, text[:30], ', '.join(words)))

    def examples(self):
        for path in documents():
            where = os.path.relpath(path, TOP)
            with open(path, encoding='utf-8') as file:
                old = file.read()
            text, troubles = written_anew(path, old)
            for line, why in troubles:
                self.find('%s:%d' % (where, line), why)
            if text != old and not troubles:
                self.find(where, 'an example differs from its file, or the links at the end are old: run tools/reference.py sync')
            if where.startswith(('docs/guide', 'docs/reference')) and not where.endswith(('making.md', 'sentences.md')):
                self.loose(where, old)

    def loose(self, where, text):
        synopsis = re.search(r'^## Synopsis$.*?^## ', text, re.M | re.S)
        if synopsis:
            text = text.replace(synopsis.group(0), re.sub(r'[^\n]', '', synopsis.group(0)))
        for line in excerpt.loose_blocks(text):
            self.find('%s:%d' % (where, line), 'a block of code that comes from no tested file: put '
                      '<!-- example: tests/docs/NAME.c [part] --> above it')

    def links(self):
        for path in documents():
            with open(path, encoding='utf-8') as file:
                for target, why in site_pages.broken_links(path, file.read()):
                    self.find(os.path.relpath(path, TOP), 'the link to %s leads nowhere: %s' % (target, why))


def check():
    found = Check()
    found.all()
    for finding in found.findings:
        print(finding)
    print('reference: %d names on %d pages, %s' % (
        len(found.known), len(found.pages),
        '%d findings' % len(found.findings) if found.findings else 'nothing to complain of'))
    return 1 if found.findings else 0


# --- the command ------------------------------------------------------------------------------------------------------

def list_names():
    owner = {name: page.name for page in pages() for name in page.names}
    for name, found in sorted(public_names.all_names(TOP).items()):
        print('%-36s %-18s %-20s %s' % (name, '/'.join(sorted(found.kinds)), found.header, owner.get(name, '-')))


def main():
    command, *rest = sys.argv[1:] or ['']
    commands = {
        'check': check,
        'sync': sync,
        'new': lambda: new(rest),
        'names': list_names,
        'man': lambda: manual.write_all(pages(), rest[0]),
        'man-names': lambda: print('\n'.join(name for name, _ in manual.files(pages()))),
        'man-sources': lambda: print('\n'.join([page.path for page in pages()] + [manual.__file__])),
        'site': lambda: site_pages.write_all(pages(), AREAS, chapters(), rest[0]),
    }
    if command in commands and bool(rest) == (command in ('new', 'man', 'site')):
        return commands[command]()
    print(__doc__)
    return 2


if __name__ == '__main__':
    sys.exit(main())
