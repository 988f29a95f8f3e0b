#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""picture.py [--write]: the terminal of README.md, docs/pictures/seeds.svg, shows what the commands in it print.

examples/race.c must look right by itself, fail with one of a thousand seeds, and fail in the same way with that seed again.
Mended, it does not fail.
"""
import html
import os
import re
import shlex
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EDDY = os.path.join(os.environ.get('EDDY_BUILD', os.path.join(TOP, 'build')), 'eddy')
PICTURE = os.path.join(TOP, 'docs', 'pictures', 'seeds.svg')
LINE, WIDTH = 19, 8.1


def run(command, cache, status):
    words = shlex.split(command)
    settings = dict(word.split('=', 1) for word in words if re.match(r'[A-Z_]+=', word))
    words = [EDDY if word == 'eddy' else word for word in words if '=' not in word]
    done = subprocess.run(words, cwd=os.path.join(TOP, 'examples'), env={**os.environ, 'XDG_CACHE_HOME': cache, **settings},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    if done.returncode != status:
        sys.exit('%s: exit status %d instead of %d\n%s' % (command, done.returncode, status, done.stdout))
    return ['$ ' + command] + re.sub(r'(127\.0\.0\.1):\d+', r'\1:40000', done.stdout).rstrip('\n').split('\n')


def terminal():
    with tempfile.TemporaryDirectory() as cache:
        right = run('eddy run race.c', cache, 0)
        found = run('eddy run --seeds 1000 race.c', cache, 1)
        again = run(found[-1].strip(), cache, 1)
        run('eddy run --seeds 300 ../tests/docs/mended.c', cache, 0)
    if again[1:] != found[1:len(again)]:
        sys.exit('the seed repeats something else:\n%s\n\n%s' % ('\n'.join(found), '\n'.join(again)))
    return right + [''] + found + [''] + again


def drawn(lines):
    width, height = int(max(map(len, lines)) * WIDTH) + 32, len(lines) * LINE + 32
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img">' % (width, height),
           '<title>A seed that loses a byte, found and repeated</title>',
           '<rect width="100%" height="100%" rx="8" fill="#14181e"/>',
           '<g font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="13" fill="#d7dde6" xml:space="preserve">']
    for number, line in enumerate(lines, 1):
        colour = ' fill="#9dbb74"' if line.startswith('$') else ' fill="#f0a07f"' if line.startswith('EDDY_') else ''
        out.append('<text x="16" y="%d"%s>%s</text>' % (number * LINE + 12, colour, html.escape(line, quote=False)))
    return '\n'.join(out + ['</g>', '</svg>']) + '\n'


def shown(picture):
    """The lines of a picture; which seed it is depends on the machine's order of things."""
    return [re.sub(r'(seed |SEED=)\d+', r'\1N', html.unescape(line)) for line in re.findall(r'<text[^>]*>(.*)</text>', picture)]


def main():
    picture = drawn(terminal())
    if sys.argv[1:] == ['--write']:
        with open(PICTURE, 'w', encoding='utf-8') as file:
            file.write(picture)
        return 0
    with open(PICTURE, encoding='utf-8') as file:
        if shown(file.read()) != shown(picture):
            print('docs/pictures/seeds.svg is stale: run tests/docs/picture.py --write. It would show:')
            print('\n'.join(shown(picture)))
            return 1
    return 0


sys.exit(main())
