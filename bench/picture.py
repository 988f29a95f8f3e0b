# SPDX-License-Identifier: MIT
"""Bars as SVG: a panel for each table, a bar for each row, the spread as a thin line over its end.

The picture has a ground of its own and follows the reader's dark or light mode. A bar that would be much longer than Eddy's
is cut, and a gap near its end says so.
"""
import html

WIDTH, LABEL, VALUE, LINE = 720, 190, 150, 22
CUT = 4.0  # times Eddy's: longer bars are cut

STYLE = '''<style>
svg { --ground: #ffffff; --text: #1f2328; --faint: #59636e; --eddy: #0969da; --peer: #8c959f; --ahead: #bc6a0a; }
@media (prefers-color-scheme: dark) {
svg { --ground: #0d1117; --text: #e6edf3; --faint: #9198a1; --eddy: #4493f8; --peer: #6e7681; --ahead: #db8a2b; }
}
.ground { fill: var(--ground); } text { fill: var(--text); font: 13px system-ui, sans-serif; }
.title { font-weight: 600; } .faint { fill: var(--faint); font-size: 12px; } .eddy { fill: var(--eddy); }
.peer { fill: var(--peer); } .ahead { fill: var(--ahead); } .spread, .limit { stroke: var(--text); } .gap { stroke: var(--ground); stroke-width: 3; }
.limit { stroke-dasharray: 3 3; } .right { text-anchor: end; }
</style>'''


class Row:
    """A bar: kind is `eddy`, `peer` or `ahead`; value is (median, lower bound, upper bound); text stands at its right."""

    def __init__(self, label, kind, value, text):
        self.label, self.kind, self.value, self.text = label, kind, value, text


class Panel:
    """limit: where a dashed line stands, as a value; note: a line under the bars."""

    def __init__(self, title, rows, limit=None, note=''):
        self.title, self.rows, self.limit, self.note = title, rows, limit, note

    def longest(self):
        own = [row.value[0] for row in self.rows if row.kind == 'eddy']
        return min(max(row.value[2] for row in self.rows), CUT * max(own)) if own else max(row.value[2] for row in self.rows)


def text(x, y, said, kind=''):
    return '<text x="%d" y="%d"%s>%s</text>' % (x, y, ' class="%s"' % kind if kind else '', html.escape(said, quote=False))


def bar(row, y, scale, longest):
    median, low, high = (min(value, longest) * scale for value in row.value)
    out = [text(LABEL - 8, y + 14, row.label, 'right'),
           '<rect class="%s" x="%d" y="%d" width="%.1f" height="14" rx="2"/>' % (row.kind, LABEL, y + 3, max(median, 1))]
    if row.value[0] > longest:
        x = LABEL + median - 18
        out.append('<path class="gap" d="M%.1f %d l-6 18"/>' % (x, y + 1))
    elif high - low >= 1:
        out.append('<path class="spread" d="M%.1f %d h%.1f"/>' % (LABEL + low, y + 10, high - low))
    return out + [text(WIDTH - 12, y + 14, row.text, 'right')]


def panel(drawn, y):
    longest = drawn.longest()
    scale = (WIDTH - LABEL - VALUE) / longest
    out = [text(12, y + 16, drawn.title, 'title')]
    y += 26
    top = y
    for row in drawn.rows:
        out += bar(row, y, scale, longest)
        y += LINE
    if drawn.limit:
        out.append('<path class="limit" d="M%.1f %d V%d"/>' % (LABEL + drawn.limit * scale, top, y))
    if drawn.note:
        out.append(text(12, y + 14, drawn.note, 'faint'))
        y += LINE
    return out, y + 10


def picture(title, panels):
    out, y = [], 8
    for drawn in panels:
        lines, y = panel(drawn, y)
        out += lines
    head = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">' % (WIDTH, y, WIDTH, y),
            '<title>%s</title>' % html.escape(title), STYLE,
            '<rect class="ground" width="100%" height="100%" rx="6"/>']
    return '\n'.join(head + out + ['</svg>']) + '\n'
