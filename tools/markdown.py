# SPDX-License-Identifier: MIT
"""The Markdown that docs/ is written in, as a tree: what tools/manpage.py and tools/site.py render.

Blocks are tuples: ('heading', level, text), ('paragraph', text), ('code', language, text), ('list', ordered, items) with
a list of blocks for each item, ('table', rows of cells), ('comment', text). Text inside is split by spans().
"""
import re

FENCE = re.compile(r'^(\s*)```(\S*)\s*$')
ITEM = re.compile(r'^(\s*)([-*]|\d+\.)\s+(.*)$')


def parse(text):
    return blocks(text.split('\n'))


def blocks(lines):
    found, at = [], 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif FENCE.match(line):
            at = fenced(lines, at, found)
        elif line.startswith('    '):
            at = indented(lines, at, found)
        elif line.startswith('<!--'):
            at = comment(lines, at, found)
        elif re.match(r'#{1,6} ', line):
            marks, words = line.split(' ', 1)
            found.append(('heading', len(marks), words.strip()))
            at += 1
        elif line.startswith('|'):
            at = table(lines, at, found)
        elif ITEM.match(line):
            at = items(lines, at, found)
        else:
            at = paragraph(lines, at, found)
    return found


def fenced(lines, at, found):
    indent, language = FENCE.match(lines[at]).groups()
    end = at + 1
    while end < len(lines) and lines[end].strip() != '```':
        end += 1
    found.append(('code', language, '\n'.join(line[len(indent):] for line in lines[at + 1:end])))
    return end + 1


def indented(lines, at, found):
    end = at
    while end < len(lines) and (lines[end].startswith('    ') or not lines[end].strip()):
        end += 1
    found.append(('code', '', '\n'.join(line[4:] for line in lines[at:end]).rstrip()))
    return end


def comment(lines, at, found):
    end = at
    while '-->' not in lines[end]:
        end += 1
    found.append(('comment', '\n'.join(lines[at:end + 1])[4:].split('-->')[0].strip()))
    return end + 1


def cells(line):
    """The cells of a table's row; a bar in a code span stands for itself when it is written \\|."""
    return [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', line.strip().strip('|'))]


def table(lines, at, found):
    rows = []
    while at < len(lines) and lines[at].startswith('|'):
        row = cells(lines[at])
        if not all(re.fullmatch(r':?-+:?', cell) for cell in row):
            rows.append(row)
        at += 1
    found.append(('table', rows))
    return at


def items(lines, at, found):
    """A list: an item goes on in the lines that are indented below it."""
    ordered, parts = lines[at].lstrip()[0].isdigit(), []
    while at < len(lines):
        match = ITEM.match(lines[at])
        if not match or match.group(1):
            break
        width = len(lines[at]) - len(match.group(3))
        inner = [match.group(3)]
        at += 1
        while at < len(lines) and not goes_out(lines, at):
            inner.append(lines[at][width:] if lines[at].startswith(' ' * width) else lines[at].lstrip())
            at += 1
        parts.append(blocks(inner))
        while at < len(lines) and not lines[at].strip() and at + 1 < len(lines) and ITEM.match(lines[at + 1]):
            at += 1
    found.append(('list', ordered, parts))
    return at


def goes_out(lines, at):
    """The line does not belong to the item above it."""
    if lines[at].strip():
        return not lines[at].startswith(' ')
    rest = next((line for line in lines[at:] if line.strip()), '')
    return not rest.startswith('  ')


def paragraph(lines, at, found):
    end = at
    while end < len(lines) and lines[end].strip() and not re.match(r'```|<!--|#{1,6} |\|', lines[end]) and (
            end == at or not ITEM.match(lines[end])):
        end += 1
    found.append(('paragraph', ' '.join(line.strip() for line in lines[at:end])))
    return end


SPAN = re.compile(r'(?P<code>`+)(?P<text>.+?)(?P=code)(?!`)'
                  r'|\[(?P<label>(?:[^\[\]`]|`[^`]*`)*)\]\((?P<target>[^)\s]+)\)'
                  r'|\*\*(?P<bold>.+?)\*\*|\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*'
                  r'|\\(?P<escaped>[\\`*_\[\]|<>])|(?P<address><https?://[^>]+>)')


def spans(text):
    """('text', words), ('code', words), ('bold', spans), ('emphasis', spans), ('link', spans, target)."""
    at = 0
    for match in SPAN.finditer(text):
        if match.start() > at:
            yield 'text', text[at:match.start()]
        at = match.end()
        if match.group('code'):
            yield 'code', match.group('text')
        elif match.group('target'):
            yield 'link', list(spans(match.group('label'))), match.group('target')
        elif match.group('bold'):
            yield 'bold', list(spans(match.group('bold')))
        elif match.group('emphasis'):
            yield 'emphasis', list(spans(match.group('emphasis')))
        elif match.group('address'):
            address = match.group('address')[1:-1]
            yield 'link', [('text', address)], address
        else:
            yield 'text', match.group('escaped')
    if at < len(text):
        yield 'text', text[at:]


def plain(text):
    """The words alone."""
    return ''.join(span[1] if isinstance(span[1], str) else plain_of(span[1]) for span in spans(text))


def plain_of(parts):
    return ''.join(span[1] if isinstance(span[1], str) else plain_of(span[1]) for span in parts)


def anchor(text):
    """What a heading is called in links: as GitHub does."""
    return re.sub(r'[^\w -]', '', plain(text).lower()).replace(' ', '-')
