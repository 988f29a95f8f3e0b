# SPDX-License-Identifier: MIT
"""The HTML site of docs/: every Markdown page of the tree, and the sources that they link to, as plain files.

No script, one style sheet, relative links only: it works from a folder (file://) as from a server.
"""
import glob
import html
import os
import re

import manpage
import markdown

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP_PAGES = ('README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md')

STYLE = '''
:root { --ink: #1c2330; --soft: #5b6575; --paper: #fff; --panel: #f4f6f8; --line: #dfe4ea; --link: #0b5cad; --say: #5f7a3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #d7dde6; --soft: #93a0b2; --paper: #14181e; --panel: #1c222b;
    --line: #303945; --link: #7fb6f0; --say: #9dbb74; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.55 system-ui, "DejaVu Sans", sans-serif; }
header { border-bottom: 1px solid var(--line); background: var(--panel); }
header nav, main, footer { max-width: 54rem; margin: 0 auto; padding: .7rem 1.2rem; }
header nav a { margin-right: 1.2rem; } header nav a.home { font-weight: 700; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1.4rem 0 .6rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; } p, ul, ol, table, pre { margin: .7rem 0; }
.lead { color: var(--soft); font-size: 1.1rem; margin-top: 0; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .86em; }
code { background: var(--panel); padding: .1em .25em; border-radius: 3px; } a code { color: inherit; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 5px; padding: .7rem .9rem; overflow-x: auto;
    line-height: 1.42; } pre code { background: none; padding: 0; font-size: 1em; }
pre .c { color: var(--say); } pre .k { color: var(--link); }
.from { font-size: .8rem; color: var(--soft); margin: .9rem 0 -.55rem; }
table { border-collapse: collapse; width: 100%; font-size: .94em; } th, td { text-align: left; vertical-align: top;
    padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); } th { color: var(--soft); font-weight: 600; }
.names { columns: 15rem; list-style: none; padding: 0; font-size: .92em; } li { margin: .2rem 0; }
hr { border: 0; border-top: 1px solid var(--line); margin: 2.5rem 0 .8rem; }
footer { color: var(--soft); font-size: .85rem; border-top: 1px solid var(--line); margin-top: 2rem; }
'''

WORDS = re.compile(r'(?P<c>/\*.*?\*/|//[^\n]*)|(?P<s>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')'
                   r'|\b(?P<k>async\w*|await\w*|spawn\w*|yield\w*|throw|rethrow|defer|generator\w*|blocking|for_each|collect|'
                   r'if|else|for|while|do|return|break|continue|goto|switch|case|default|struct|enum|union|typedef|static|'
                   r'const|void|int|long|char|bool|double|float|size_t|unsigned|sizeof|extern)\b', re.S)


def front_matter_off(text):
    return re.sub(r'^---\n.*?\n---\n', '', text, count=1, flags=re.S)


def sources():
    """Every Markdown page of the site, as a path in the tree."""
    found = glob.glob(os.path.join(TOP, 'docs', '**', '*.md'), recursive=True)
    return sorted(os.path.relpath(path, TOP) for path in found) + list(TOP_PAGES)


def target_of(path):
    """Where a file of the tree lies in the site."""
    if path == 'docs/README.md':
        return 'index.html'
    if path.endswith('.md'):
        inner = path[len('docs/'):] if path.startswith('docs/') else path.lower()
        return inner[:-len('.md')] + '.html'
    return 'source/' + path + '.html'


# --- links ------------------------------------------------------------------------------------------------------------

def links_in(blocks):
    for block in blocks:
        texts = []
        if block[0] in ('paragraph', 'heading'):
            texts = [block[-1]]
        elif block[0] == 'list':
            for item in block[2]:
                yield from links_in(item)
        elif block[0] == 'table':
            texts = [cell for row in block[1] for cell in row]
        for text in texts:
            yield from links_of(markdown.spans(text))


def links_of(parts):
    for part in parts:
        if part[0] == 'link':
            yield part[2]
        elif not isinstance(part[1], str):
            yield from links_of(part[1])


def anchors_of(text):
    return {markdown.anchor(block[2]) for block in markdown.parse(front_matter_off(text)) if block[0] == 'heading'}


def broken_links(path, text):
    """(target, why) of the relative links of a page that lead nowhere."""
    for target in links_in(markdown.parse(front_matter_off(text))):
        if re.match(r'\w+:', target):
            continue
        file, _, anchor = target.partition('#')
        full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(full):
            yield target, 'no such file'
        elif anchor and full.endswith('.md'):
            with open(full, encoding='utf-8') as other:
                if anchor not in anchors_of(other.read()):
                    yield target, 'no such heading'


# --- rendering --------------------------------------------------------------------------------------------------------

class Renderer:
    """One page: knows where it lies, so that its links are relative; notes the sources it names."""

    def __init__(self, path, names):
        self.path, self.names, self.wanted = path, names, set()
        self.here = target_of(path)

    def relative(self, target):
        return os.path.relpath(target, os.path.dirname(self.here) or '.')

    def link(self, target):
        if re.match(r'\w+:', target) or target.startswith('#'):
            return target
        file, _, anchor = target.partition('#')
        path = os.path.normpath(os.path.join(os.path.dirname(self.path), file))
        if os.path.isdir(os.path.join(TOP, path)):
            return self.folder(path)
        if not path.endswith('.md'):
            self.wanted.add(path)
        return self.relative(target_of(path)) + ('#' + anchor if anchor else '')

    def folder(self, path):
        """A link to a folder leads to its index, or to the contents."""
        index = path + '/index.md'
        return self.relative(target_of(index) if os.path.exists(os.path.join(TOP, index)) else 'index.html')

    def inline(self, parts):
        out = ''
        for part in parts:
            if part[0] == 'text':
                out += html.escape(part[1], quote=False)
            elif part[0] == 'code':
                out += self.code_span(part[1])
            elif part[0] == 'link':
                out += '<a href="%s">%s</a>' % (html.escape(self.link(part[2])), self.unlinked(part[1]))
            else:
                tag = {'bold': 'strong', 'emphasis': 'em'}[part[0]]
                out += '<%s>%s</%s>' % (tag, self.inline(part[1]), tag)
        return out

    def unlinked(self, parts):
        """Inside of a link there is none."""
        names, self.names = self.names, {}
        out = self.inline(parts)
        self.names = names
        return out

    def code_span(self, text):
        code = '<code>%s</code>' % html.escape(text, quote=False)
        match = re.match(r'(\w+)(?:\(.*\))?$', text)
        page = self.names.get(match.group(1)) if match else None
        if page and target_of('docs/reference/%s.md' % page) != self.here:
            return '<a href="%s">%s</a>' % (self.relative(target_of('docs/reference/%s.md' % page)), code)
        return code

    def text(self, text):
        return self.inline(markdown.spans(text))

    def blocks(self, blocks):
        return '\n'.join(part for block in blocks for part in [self.block(block)] if part)

    def block(self, block):
        kind = block[0]
        if kind == 'paragraph':
            return '<p>%s</p>' % self.text(block[1])
        if kind == 'heading':
            return '<h%d id="%s">%s</h%d>' % (block[1], markdown.anchor(block[2]), self.text(block[2]), block[1])
        if kind == 'code':
            return '<pre><code>%s</code></pre>' % coloured(block[2], block[1])
        if kind == 'list':
            items = ''.join('<li>%s</li>\n' % self.item(item) for item in block[2])
            return '<%s>\n%s</%s>' % (('ol', items, 'ol') if block[1] else ('ul', items, 'ul'))
        if kind == 'table':
            return self.table(block[1])
        return self.example(block[1]) if kind == 'comment' else ''

    def item(self, item):
        if item and item[0][0] == 'paragraph':
            return self.text(item[0][1]) + self.blocks(item[1:])
        return self.blocks(item)

    def table(self, rows):
        lines = []
        for number, row in enumerate(rows):
            tag = 'td' if number else 'th'
            lines.append('<tr>%s</tr>' % ''.join('<%s>%s</%s>' % (tag, self.text(cell), tag) for cell in row))
        return '<table>\n%s\n</table>' % '\n'.join(lines)

    def example(self, words):
        match = re.match(r'example: (\S+)', words)
        if not match:
            return '<hr>' if words == 'navigation' else ''
        self.wanted.add(match.group(1))
        return '<p class="from"><a href="%s">%s</a></p>' % (self.relative(target_of(match.group(1))), match.group(1))


def coloured(text, language):
    if language != 'c':
        return html.escape(text, quote=False)
    out, at = '', 0
    for match in WORDS.finditer(text):
        out += html.escape(text[at:match.start()], quote=False)
        words, kind = html.escape(match.group(0), quote=False), match.lastgroup
        out += '<span class="%s">%s</span>' % (kind, words) if kind in 'ck' else words
        at = match.end()
    return out + html.escape(text[at:], quote=False)


def frame(here, title, body):
    def to(target):
        return os.path.relpath(target, os.path.dirname(here) or '.')
    return '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="stylesheet" href="%s">
</head>
<body>
<header><nav><a class="home" href="%s">Eddy</a> <a href="%s">Guide</a> <a href="%s">Reference</a> <a href="%s">All names</a>
<a href="%s">Architecture</a></nav></header>
<main>
%s
</main>
<footer>Eddy %s</footer>
</body>
</html>
''' % (html.escape(title), to('style.css'), to('index.html'), to('guide/index.html'), to('reference/index.html'),
       to('reference/index.html') + '#all-names', to('architecture.html'), body, manpage.version())


# --- pages ------------------------------------------------------------------------------------------------------------

def title_of(text, path):
    heading = next((block for block in markdown.parse(text) if block[0] == 'heading'), None)
    return markdown.plain(heading[2]) if heading else os.path.basename(path)


def reference_page(page, renderer):
    names = [name for name in page.names if name != page.name]
    out = ['<h1>%s</h1>' % html.escape(page.name), '<p class="lead">%s</p>' % renderer.text(page.title)]
    if names:
        out.append('<p>%s</p>' % ' '.join('<code>%s</code>' % html.escape(name) for name in names))
    for title, text in page.sections.items():
        out.append('<h2 id="%s">%s</h2>' % (markdown.anchor(title), html.escape(title)))
        if title == 'Synopsis' and page.header:
            text = text.replace('```c\n', '```c\n#include <%s>\n\n' % manpage.included(page), 1)
        out.append(renderer.blocks(markdown.parse(text)))
    return '\n'.join(out)


def all_names_as_columns(body):
    """The index's long list stands in columns."""
    head, mark, rest = body.partition('<h2 id="all-names">')
    return head + mark + rest.replace('<ul>', '<ul class="names">', 1)


def write(folder, target, text):
    path = os.path.join(folder, target)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def write_all(pages, folder):
    names = {name: page.name for page in pages for name in page.names}
    by_path = {os.path.join('docs', 'reference', page.name + '.md'): page for page in pages}
    wanted = set()
    for path in sources():
        renderer = Renderer(path, names)
        with open(os.path.join(TOP, path), encoding='utf-8') as file:
            text = file.read()
        if path in by_path:
            title, body = by_path[path].name, reference_page(by_path[path], renderer)
        else:
            title, body = title_of(text, path), renderer.blocks(markdown.parse(text))
            if path == 'docs/reference/index.md':
                body = all_names_as_columns(body)
        write(folder, renderer.here, frame(renderer.here, title + ' - Eddy', body))
        wanted |= renderer.wanted
    for path in sorted(wanted):
        source_page(folder, path)
    write(folder, 'style.css', STYLE.lstrip())
    print('%s: %d pages, %d sources' % (os.path.join(folder, 'index.html'), len(sources()), len(wanted)))
    return 0


def source_page(folder, path):
    with open(os.path.join(TOP, path), encoding='utf-8') as file:
        text = file.read()
    language = 'c' if path.endswith(('.c', '.h')) else ''
    here = target_of(path)
    write(folder, here, frame(here, path, '<h1>%s</h1>\n<pre><code>%s</code></pre>'
                              % (html.escape(path), coloured(text, language))))
