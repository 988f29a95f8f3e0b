#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_messages.py [EDDY]: which of the compiler's messages `eddy run` shows, tried with a compiler that prints what the test wants."""
import sys

from command import SEVEN, check, ends, main

# What the compiler says, and what of it is shown.
CASES = {
    'an error': ('bad.c:1:5: error: no\n    1 | int\n      |     ^\n', None),
    'an end without a new line': ('bad.c:1:5: error: no', None),
    'nothing': ('', None),
    'the function that it is in': ('bad.c: In function ‘ed_start’:\nbad.c:1:5: error: no\n', 'bad.c:1:5: error: no\n'),
    'the top level': ('bad.c: At top level:\nbad.c:1:5: warning: no\n', 'bad.c:1:5: warning: no\n'),
    'steps through our macros': (
        'bad.c:1:5: error: no\n  1 | a\n/x/eddy/macros.h:7:3: note: expanded from macro \'A\'\n  7 | #define A\n'
        '/x/eddy/keywords.h:7:3: note: expanded from macro \'B\'\n  7 | #define B\n'
        '/x/eddy/must_use.h:7:3: note: expanded from macro \'C\'\n  7 | #define C\n'
        'bad.c:2:3: note: expanded from macro \'MINE\'\n  2 | #define MINE\n1 error generated.\n',
        'bad.c:1:5: error: no\n  1 | a\nbad.c:2:3: note: expanded from macro \'MINE\'\n  2 | #define MINE\n'
        '1 error generated.\n'),
    'steps left out by the compiler': ('bad.c:1:5: error: no\nnote: (skipping 3 expansions in backtrace)\n',
                                       'bad.c:1:5: error: no\n'),
    'a note in our header': ('bad.c:1:5: error: no\n/x/eddy/macros.h:7:3: note: declared here\n', None),
    'a macro in the line that was shown': (
        'bad.c:12:5: error: no\nbad.c:12:7: note: in expansion of macro ‘await’\nbad.c:1:1: note: in expansion of macro ‘M’\n',
        'bad.c:12:5: error: no\nbad.c:1:1: note: in expansion of macro ‘M’\n'),
    'a macro, first of all': ('bad.c:12:7: note: in expansion of macro ‘await’\n', None),
    'a macro without a place': ('bad: error: no\nbad: note: in expansion of macro ‘await’\n', None),
    'a macro after a hidden message': (
        'bad.c:3:5: error: no\n/x/eddy/macros.h:7:3: note: expanded from macro \'A\'\n'
        'bad.c:3:7: note: in expansion of macro ‘await’\n', 'bad.c:3:5: error: no\n'),
    'an inclusion by our header': ('In file included from /x/include/eddy.h:3:\n/x/other.h:1:2: error: no\n',
                                   '/x/other.h:1:2: error: no\n'),
    'an inclusion by others': ('In file included from bad.c:3:\nown.h:1:2: error: no\n', None),
    'a chain to the file of the message': (
        'In file included from /x/eddy/base.h:1,\n                 from /x/eddy.h:2,\n                 from bad.c:1:\n'
        'bad.c:4:2: error: no\n', 'bad.c:4:2: error: no\n'),
    'a chain to another file': (
        'In file included from own.h:1,\n                 from other.h:2,\n                 from bad.c:1:\n'
        'bad.cc:4:2: error: no\n', None),
    'a short chain': ('In file included from bad.c:1:\nbad.c:4:2: error: no\n', 'bad.c:4:2: error: no\n'),
    'a chain, and lines that go on': (
        'In file included from bad.c:1:\n  and more\nbad.c:4:2: error: no\n', None),
}


def says(place, name, text, status=1):
    """A compiler that prints the text and ends with a status."""
    place.write(name + '.words', text)
    return place.script(name, 'cat "%s"' % place.path(name + '.words'), 'exit %d' % status)


@check
def notes_about_our_macros_are_left_out(place):
    place.write('bad.c', SEVEN)
    for number, (what, (said, shown)) in enumerate(CASES.items()):
        compiler = says(place, 'cc-%d' % number, said)
        result = place.eddy('run', 'bad.c', env={'CC': compiler})
        if (result.returncode, result.stderr) != (1, said if shown is None else shown):
            raise AssertionError('%s: %r is shown as %r' % (what, said, result.stderr))
        ends(place.eddy('run', 'bad.c', env={'CC': compiler, 'EDDY_ALL_MESSAGES': '1'}), 1, '', said)


@check
def messages_of_a_success_are_shown_too(place):
    place.write('good.c', SEVEN)
    compiler = place.script('cc', 'echo "good.c:1:1: warning: so so" >&2', 'exec %s "$@"' % place.environment['CC'])
    words = 'good.c:1:1: warning: so so\n' * 2  # when it compiles and when it links
    for _ in range(2):
        ends(place.eddy('run', 'good.c', env={'CC': compiler}), 7, '', words)


ADVICE = ':%d: error: async, await and the other keywords are in <eddy/keywords.h>; <eddy.h> has only the names that begin ' \
         'with eddy_\n'
ERROR = 'x.c:3:1: error: no\n    3 | %s\n'

# The source, the line that the compiler shows, the line of the advice or None.
SOURCES = {
    'a call of a keyword': ('/* */\n#include <eddy.h>\n', 'async(int, f)', 2),
    'with a blank': ('#include <eddy.h>\n', 'x = await (f)', 1),
    'far to the right': ('#include <eddy.h>\n', '        await(f)', 1),
    'the last of the words': ('\n\n#include <eddy.h>\n', 'throw(1)', 3),
    'no call': ('#include <eddy.h>\n', 'int async;', None),
    'a longer name': ('#include <eddy.h>\n', 'my_async(1); do_await(2); xyield(3)', None),
    'a longer name, then the word': ('#include <eddy.h>\n', 'my_async(1), async(2)', 1),
    'the word begins a longer name': ('#include <eddy.h>\n', 'async_x(1)', None),
    'the keywords are included': ('#include <eddy.h>\n#include <eddy/keywords.h>\n', 'async(int, f)', None),
    'perhaps by a header': ('#include <eddy.h>\n#include "own.h"\n', 'async(int, f)', None),
    'no header of Eddy': ('int x;\n', 'async(int, f)', 1),
}


@check
def header_of_the_keywords_is_named(place):
    for number, (what, (source, line, advice)) in enumerate(SOURCES.items()):
        name = 'source%d.c' % number
        place.write(name, source)
        said = 'note: x\n' + ERROR % line
        result = place.eddy('run', name, env={'CC': says(place, 'cc-%d' % number, said)})
        if (result.returncode, result.stderr) != (1, name + ADVICE % advice if advice else said):
            raise AssertionError('%s: %r' % (what, result.stderr))


@check
def header_of_the_keywords_is_named_only_when_all_is_clear(place):
    place.write('a.c', '#include <eddy.h>\n')
    said = ERROR % 'async(int, f)'
    compiler = says(place, 'cc', said)
    ends(place.eddy('run', 'a.c', env={'CC': compiler}), 1, '', 'a.c' + ADVICE % 1)
    ends(place.eddy('run', 'a.c', env={'CC': compiler, 'EDDY_ALL_MESSAGES': '1'}), 1, '', said)
    place.write('b.c', '#include <eddy.h>\n')
    ends(place.eddy('run', 'a.c', 'b.c', env={'CC': compiler}), 1, '', said * 2)
    ends(place.eddy('run', '-', input='#include <eddy.h>\n', env={'CC': compiler}), 1, '', said)
    warning = 'x.c:3:1: warning: no\n    3 | yield(1)\n'
    ends(place.eddy('run', 'a.c', env={'CC': says(place, 'warning-cc', warning)}), 1, '', 'a.c' + ADVICE % 1)
    for words in ('', 'x.c:3:1: error: no', 'note: async(1)\n', 'x.c:3: error: no\nno\nasync(1)\n'):
        ends(place.eddy('run', 'a.c', env={'CC': says(place, 'other-cc', words)}), 1, '', words)


sys.exit(main())
