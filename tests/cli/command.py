# SPDX-License-Identifier: MIT
"""What the tests of the `eddy` command share: a place to call it in, what is asked of its answers, and the list of checks.

The executable is argv[1] of the test, else $EDDY_BUILD/eddy, else build/eddy of this tree. A test prints one line per
check, and the last line counts them; its exit status is 0 when all passed. Every check runs in a folder of its own with
an empty cache.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('EDDY_BUILD') or os.path.join(HERE, '..', '..', 'build')
EDDY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(BUILD, 'eddy'))
COMPILER = os.environ.get('CC') or 'cc'
# Without a compiler cache, which need not notice a new header.
THE_COMPILER = [word for word in COMPILER.split() if not word.startswith('-')][-1]
LIMIT = 60

# Started programs inherit ignored signals, and some checks send these.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

CHECKS = []
SEVEN = 'int main(void) { return 7; }\n'
ASYNC = '''#include <eddy/keywords.h>
#include <stdio.h>
async(int, twice, (int, n)) {
    await(eddy_sleep(3600));
    return 2 * n;
}
async(int, main_task) {
    printf("%d\\n", await(twice(21)));
    return 5;
}
int main(void) { return eddy_run(main_task()); }
'''


class Skip(Exception):
    """Raised if this machine lacks what a check needs."""


def check(function):
    CHECKS.append(function)
    return function


class Place:
    """A folder to work in, and an environment with nothing of the caller's in the way."""

    def __init__(self, folder):
        self.folder = folder
        self.home = os.path.join(folder, 'home')
        os.mkdir(self.home)
        self.environment = {
            'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': self.home, 'CC': COMPILER, 'LC_ALL': 'C',
            'EDDY_CACHE': os.path.join(folder, 'cache'),
        }
        if 'GCOV_PREFIX' in os.environ:  # tools/mutate.py asks which lines this executes
            self.environment['GCOV_PREFIX'] = os.environ['GCOV_PREFIX']

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def start(self, *words, **options):
        environment = dict(self.environment, **options.pop('env', {}))
        environment = {name: value for name, value in environment.items() if value is not None}
        options.setdefault('cwd', self.folder)
        return subprocess.run(words, env=environment, timeout=LIMIT, text=True, capture_output=True, check=False,
                              **options)

    def eddy(self, *words, **options):
        return self.start(EDDY, *words, **options)

    def script(self, name, *lines):
        """An executable shell script; its path."""
        self.write(name, '\n'.join(('#!/bin/sh',) + lines) + '\n')
        os.chmod(self.path(name), 0o755)
        return self.path(name)

    def install(self, prefix='prefix', libraries='lib', notes=()):
        """A copy of the command with its library and headers, and files for `eddy tour`; the path of the command."""
        rows = doctor_rows(self.eddy('doctor'))
        for folder in ('bin', libraries):
            os.makedirs(self.path(os.path.join(prefix, folder)))
        shutil.copy(EDDY, self.path(prefix + '/bin'))
        shutil.copy(rows['library'].split(' (')[0], self.path(os.path.join(prefix, libraries)))
        shutil.copytree(rows['headers'], self.path(prefix + '/include'))
        for name, text in dict(notes).items():
            self.write(prefix + '/share/eddy/notes/' + name, text)
        return self.path(prefix + '/bin/eddy')

    def counting_compiler(self, compiler=COMPILER):
        """A compiler that writes a line to the file `calls` each time it is called."""
        self.environment['CC'] = self.script('counting-cc', 'echo call >> "%s"' % self.path('calls'),
                                             'exec %s "$@"' % compiler)

    def calls(self):
        if not os.path.exists(self.path('calls')):
            return 0
        with open(self.path('calls'), encoding='utf-8') as file:
            return len(file.readlines())


def same(got, wanted, what='value'):
    if got != wanted:
        raise AssertionError('%s is %r, should be %r' % (what, got, wanted))


def contains(text, part):
    if part not in text:
        raise AssertionError('%r does not contain %r' % (text, part))


def ends(result, status, stdout=None, stderr=None):
    same(result.returncode, status, 'status (it said %r)' % (result.stdout + result.stderr)[-2000:])
    if stdout is not None:
        same(result.stdout, stdout, 'standard output')
    if stderr is not None:
        same(result.stderr, stderr, 'standard error')


def complains(result, status, *parts):
    """One line, on standard error, that begins with the name of the command."""
    same(result.returncode, status, 'status (standard error: %r)' % result.stderr)
    same(result.stderr.count('\n'), 1, 'lines in %r' % result.stderr)
    if not result.stderr.startswith('eddy: '):
        raise AssertionError('%r does not begin with "eddy: "' % result.stderr)
    for part in parts:
        contains(result.stderr, part)


def cached(place, beginning):
    """The one name in the cache that begins so."""
    names = [name for name in os.listdir(place.path('cache')) if name.startswith(beginning)]
    same(len(names), 1, 'names that begin with %s in %r' % (beginning, names))
    return place.path('cache/' + names[0])


def doctor_rows(result):
    return {line[:16].strip(): line[17:] for line in result.stdout.splitlines()}


def run_check(function):
    """Prints the check's line; 'passed', 'failed' or 'skipped'."""
    folder = tempfile.mkdtemp(prefix='eddy-cli-')
    name = function.__name__.replace('_', ' ')
    try:
        function(Place(folder))
        print('ok      ' + name, flush=True)
        return 'passed'
    except Skip as reason:
        print('skipped %s: %s' % (name, reason), flush=True)
        return 'skipped'
    except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
        print('FAILED  %s: %s' % (name, error), flush=True)
        return 'failed'
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    """Runs every check of the test; its exit status."""
    if not os.access(EDDY, os.X_OK):
        sys.exit('no executable "%s"; run make first' % EDDY)
    results = [run_check(function) for function in CHECKS]
    print('%d passed, %d failed, %d skipped' % tuple(results.count(word) for word in ('passed', 'failed', 'skipped')))
    return 1 if 'failed' in results else 0
