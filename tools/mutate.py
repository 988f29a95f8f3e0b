#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes src/ in small ways, one at a time, and looks whether a test of `make test` notices.

A mutant is one line with another operator, another constant, a turned condition or without its statement. For each one
the tests that execute the line run, the quickest first, until one fails or takes ten times as long as it should: then
the mutant is killed. A mutant that all of them let pass is a survivor: write the test that kills it, or, if no test can
tell it from the original, its line with the reason into tests/mutants.txt. One that does not compile, or that the
compiler makes the same code of, is no mutant.

Never mutated: a line with a hint to the processor or the compiler (prefetch, attribute), assertions, and a line that
says `/* hint */`. The work is done in copies of the committed tree below build-mutate/, which also keeps what each test
executes; the first run takes some ten minutes to find that out. After that a mutant takes a few seconds if it is
killed, a minute if not. `--by TEST` needs no such run: the tests of that name are built and judge alone, in the order
in which they are named, which is the quickest way while a test is written. Not part of `make check`. The last line of the output is a count; the exit status is 0 if every
mutant was killed, 1 if some survived, 2 if they could not be judged.
"""
import argparse
import collections
import concurrent.futures
import ctypes
import glob
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(TOP, 'build-mutate')
KNOWN = os.path.join(TOP, 'tests', 'mutants.txt')
SUITES = {'eddy:unit', 'eddy:language', 'eddy:conformance', 'eddy:docs', 'eddy:examples', 'eddy:cli', 'eddy:faults'}
BY = []  # parts of names: only these tests judge, all of them each mutant
# Other machines' and other builds' halves are not compiled here.
ELSEWHERE = ('aarch64', 'generic', 'tls/none.c')
OPTIONS = ['-Dtests=enabled', '-Dcurl=disabled', '-Dhttp=disabled', '-Dpg=disabled', '-Djobs=disabled', '-Dnats=disabled', '-Dredis=disabled', '-Dsqlite=disabled', '-Dwerror=false']
# gcov writes its counts before an exec, and then no more: a child that shares its parent's memory would end the parent's.
COUNTED = ['-Db_coverage=true', '-Doptimization=0',
           '-Dc_args=-fno-builtin-execv -fno-builtin-execve -fno-builtin-execvp -fno-builtin-execvpe']
# Processes that die by a signal leave no counts: a line of these files without a count is tried on the tests whose name
# has one of the words.
DYING = {'src/base/assert.c': ('failure', 'handle', 'misuse', 'task', 'fork'), 'src/core/loops.c': ('fork',),
         'src/core/run.c': ('overflow', 'signal', 'strangers', 'loop'), 'src/core/report.c': ('failure', 'golden'),
         'src/os/child.c': ('process',), 'src/os/driver.c': ('fork',), 'src/os/signals.c': ('signal',),
         'src/os/stack.c': ('overflow', 'stack', 'strangers'),
         'src/os/stack_overflow.c': ('overflow', 'stack', 'strangers')}
# The seconds that a test may take: short enough for a mutant that loops, long enough for a busy machine.
PATIENCE, TIMES = 10, 10  # so many, and this many times what the test took without a change

Mutant = collections.namedtuple('Mutant', 'path line before after')
Test = collections.namedtuple('Test', 'name words env workdir seconds')


# --- processes --------------------------------------------------------------------------------------------------------

def end_with_parent():
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)


def run(words, cwd):
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, preexec_fn=end_with_parent)


def fail(text):
    print('mutate.py: ' + text, file=sys.stderr)
    sys.exit(2)


def need(done, what):
    if done.returncode:
        fail('%s:\n%s' % (what, done.stdout.decode(errors='replace')[-3000:]))


def adopt_orphans():
    """What a test leaves behind becomes a child of this process, which ends when mutate.py does."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    end_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: (end_children(), os._exit(2)))


def children():
    for path in glob.glob('/proc/self/task/*/children'):
        with open(path, encoding='ascii') as file:
            yield from map(int, file.read().split())


def end_children():
    """Also ends grandchildren: each becomes a child of this process when its parent has ended."""
    try:
        while True:
            for child in children():
                os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def execute(words, env, workdir, seconds):
    """(exit status, or None for one that took too long; seconds). Nothing that it began lives on."""
    began = time.monotonic()
    process = subprocess.Popen(words, cwd=workdir, env=dict(os.environ, **env), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        end_children()
        process.poll()
    return status, time.monotonic() - began


# --- mutants ----------------------------------------------------------------------------------------------------------

SWAPS = [(r'==', '!='), (r'!=', '=='), (r'<=', '<'), (r'>=', '>'), (r'(?<= )<(?= )', '<='), (r'(?<= )>(?= )', '>='),
         (r'&&', '||'), (r'\|\|', '&&'), (r'\+\+', '--'), (r'--', '++'), (r'(?<= )\+(?= )', '-'), (r'(?<= )-(?= )', '+'),
         (r'\+=', '-='), (r'-=', '+='), (r'\btrue\b', 'false'), (r'\bfalse\b', 'true'), (r'(?<=[(= ])!(?=[a-z(])', ''),
         (r'(?<=[=<>] )0(?=\b[^.x])', '1')]
STATEMENT = re.compile(r'^\s+(?!return\b|goto\b|break\b|continue\b|static\b|const\b|struct\b|enum\b|else\b|if\b|for\b|while\b'
                       r'|case\b|default\b|do\b)[\w*(][^;{}]*(\(.*\)|[^=!<>]=[^=].*|\+\+|--);$')
DECLARATION = re.compile(r'^\s+(?:unsigned|signed|long|int|bool|char|size_t|u?int\d+_t|void|double|[a-z_]+ \*?[a-z_]+ ?[=;])')
CONDITION = re.compile(r'^(\s+(?:\} else )?if \()(.*)(\) ?\{?)$')
LEFT_ALONE = re.compile(r'EDDY_ASSERT|EDDY_\w*INVARIANT|_Static_assert|prefetch|__attribute__|__builtin_expect|/\* hint \*/|^\s*#|^\s*/?\*|\b(?:const )?char \w+\[\]')


def quoted_or_comment(text, index):
    """Does the place lie in a string or in a comment of its line?"""
    before = re.sub(r'\\.', '', text[:index])
    return before.count('"') % 2 == 1 or '/*' in before or '//' in before


def mutants_of_line(path, number, text, inside):
    if not inside or LEFT_ALONE.search(text):
        return
    for pattern, other in SWAPS:
        for match in re.finditer(pattern, text):
            if not quoted_or_comment(text, match.start()):
                yield Mutant(path, number, text, text[:match.start()] + other + text[match.end():])
    condition = CONDITION.match(text)
    if condition and text.count('(') == text.count(')'):
        yield Mutant(path, number, text, '%s!(%s)%s' % condition.groups())
    if STATEMENT.match(text) and not DECLARATION.match(text) and text.count('(') == text.count(')'):
        yield Mutant(path, number, text, re.match(r'\s*', text).group() + ';')


def mutants_of_file(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as file:
        lines = file.read().split('\n')
    inside, comment = False, False
    for number, text in enumerate(lines, 1):
        if text == '{' or (text.endswith(') {') and text[:1] not in (' ', '#', '}')):
            inside = True
        elif text.startswith('}'):
            inside = False
        comment = (comment or '/*' in text) and '*/' not in text[text.rfind('/*'):] if comment or '/*' in text else False
        whole = number < 2 or lines[number - 2].rstrip().endswith((';', '{', '}', ')', '*/', ':', 'else', ''))
        if not comment and whole:
            yield from mutants_of_line(path, number, text, inside)


def sources(part):
    listed = run(['git', 'ls-files', 'src/*.c'], TOP)
    need(listed, 'cannot list the sources')
    return [path for path in listed.stdout.decode().split()
            if part in path and not any(word in path for word in ELSEWHERE)]


def known_mutants():
    """(path, before, after) -> reason, of the mutants that no test can tell from the original."""
    found = {}
    with open(KNOWN, encoding='utf-8') as file:
        for block in file.read().split('\n\n'):
            lines = [line for line in block.split('\n') if line and not line.startswith('#')]
            if len(lines) >= 4:
                found[(lines[0], lines[1].strip()[2:], lines[2].strip()[2:])] = ' '.join(lines[3:])
    return found


# --- copies of the tree -----------------------------------------------------------------------------------------------

def copy_tree(name, options):
    """A folder with the committed tree and a build of what the tests need; one that is there is brought up to date."""
    tree = os.path.join(WORK, name)
    os.makedirs(tree, exist_ok=True)
    need(run(['git', 'init', '-q'], tree), 'cannot make a repository')
    need(run(['git', 'fetch', '-q', '--depth', '1', 'file://' + TOP, 'HEAD'], tree), 'cannot copy the tree')
    need(run(['git', 'checkout', '-q', '--force', '--detach', 'FETCH_HEAD'], tree), 'cannot copy the tree')
    if options is COUNTED:  # nothing shares the command's memory when it becomes the program
        need(run(['sed', '-i', 's/^    execv(/    __gcov_dump(); execv(/', 'src/cli/run.c'], tree), 'sed')
    if not os.path.exists(os.path.join(tree, 'build', 'build.ninja')):
        need(run(['meson', 'setup', 'build'] + OPTIONS + options, tree), 'cannot configure')
    need(run(['ninja', '-C', 'build', 'build.ninja'], tree), 'cannot configure')
    targets = {target for test in tests_of(tree) for target in targets_of(os.path.join(tree, 'build'), test['cmd'])}
    need(run(['ninja', '-C', 'build', '-j', '2'] + sorted(targets), tree), 'cannot build')
    return tree


def tests_of(tree):
    listing = run(['meson', 'introspect', '--tests', 'build'], tree)
    need(listing, 'cannot list the tests')
    for test in json.loads(listing.stdout):
        if SUITES & set(test['suite']) and (not BY or any(part in test['name'] for part in BY)):
            yield test


def targets_of(build, words):
    """What ninja has to build before a test: its program, or what scripts use."""
    paths = [os.path.relpath(os.path.join(build, word), build) for word in words]  # meson gives some from there
    inside = [path for path in paths if re.fullmatch(r'(?:tests|examples)/[\w/]+', path)]
    scripts = any(word.endswith(('.py', '.sh')) for word in words)
    inside += ['tests/stress/' + word for word in words if word.startswith('faults_')]
    return inside + (['eddy', 'libeddy.so.0.1.0', 'libeddy.a', 'tests/without_uring'] if scripts else [])


# --- what executes what -----------------------------------------------------------------------------------------------

def executed_lines(folder):
    """Names of sources with the lines that one test has executed."""
    data = [os.path.join(here, name) for here, _, names in os.walk(folder) for name in names if name.endswith('.gcda')]
    done = subprocess.run(['gcov', '-j', '-t'] + data, cwd=folder, capture_output=True, check=False) if data else None
    lines = set()
    for document in (done.stdout.decode(errors='replace').split('\n') if done else []):
        if not document.startswith('{'):
            continue
        for file in json.loads(document)['files']:
            path = os.path.normpath(file['file']).removeprefix('../')
            if path.startswith('src/'):
                lines.update((path, line['line_number']) for line in file['lines'] if line['count'])
    return lines


def cover(tree, number, test):
    """Runs one test in the instrumented build: (name, seconds, lines)."""
    build = os.path.join(tree, 'build')
    folder = os.path.join(WORK, 'covered', str(number))
    for here, _, names in os.walk(build):
        for name in names:
            if name.endswith('.gcno') and ('libeddy' in here or 'eddy.p' in here or 'switch' in here):
                os.makedirs(folder + here, exist_ok=True)
                os.symlink(os.path.join(here, name), os.path.join(folder + here, name))
    _, seconds = execute(test['cmd'], dict(test['env'], GCOV_PREFIX=folder), test['workdir'] or build, 300)
    lines = executed_lines(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return test['name'], seconds, sorted(lines)


def digest_of(tree, test):
    """Of what a test runs: equal ones execute the same lines."""
    build, found = os.path.join(tree, 'build'), hashlib.sha256(repr(sorted(test['env'].items())).encode())
    scripts = any(word.endswith(('.py', '.sh')) for word in test['cmd'])
    library = [os.path.join(build, name) for name in ('eddy', 'libeddy.so.0.1.0')] if scripts else []
    for word in test['cmd'] + library:
        found.update(word.encode())
        path = os.path.normpath(os.path.join(build, word))
        if path.startswith(tree) and os.path.isfile(path):
            with open(path, 'rb') as file:
                found.update(file.read())
    return found.hexdigest()


def kept_coverage(path):
    """{'commit': the commit, 'tests': {digest: [name, seconds, lines]}}; empty if there was no earlier pass."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def measure_coverage(workers, known):
    """Runs the tests that are not among the known ones: {digest: [name, seconds, lines]} of all."""
    print('finding out which test executes which line', flush=True)
    tree = copy_tree('coverage', COUNTED)
    tests = {digest_of(tree, test): test for test in tests_of(tree)}
    new = [(number, test) for number, (digest, test) in enumerate(tests.items()) if digest not in known]
    with concurrent.futures.ProcessPoolExecutor(workers, initializer=adopt_orphans) as pool:
        rows = pool.map(cover, [tree] * len(new), *zip(*new)) if new else ()
        measured = {row[0]: row for row in rows}
    return {digest: measured.get(test['name']) or known[digest] for digest, test in tests.items()}


def coverage(workers):
    """{(path, line): [names of tests, the quickest first]}, {name: seconds}; kept, by test."""
    path = os.path.join(WORK, 'coverage-%s.json' % '-'.join(sorted(suite[5:] for suite in SUITES)))
    commit = run(['git', 'rev-parse', 'HEAD^{tree}'], TOP).stdout
    kept = kept_coverage(path)
    if kept.get('commit') != commit.decode():
        kept = {'commit': commit.decode(), 'tests': measure_coverage(workers, kept.get('tests', {}))}
        with open(path, 'w', encoding='utf-8') as file:
            file.write(json.dumps(kept))
    rows = sorted(kept['tests'].values(), key=lambda row: row[1])
    by_line = collections.defaultdict(list)
    for name, _, lines in rows:
        for source, line in lines:
            by_line[(source, line)].append(name)
    return by_line, {name: seconds for name, seconds, _ in rows}


# --- judging ----------------------------------------------------------------------------------------------------------

class Bench:
    """One copy of the tree in which mutants are tried, one after the other."""

    def __init__(self, name, times):
        self.tree = copy_tree(name, [])
        self.build = os.path.join(self.tree, 'build')
        self.tests, self.code, self.sound = {}, {}, set()
        for test in tests_of(self.tree):
            limit = PATIENCE + TIMES * times.get(test['name'], 1)
            self.tests[test['name']] = Test(test['name'], test['cmd'], test['env'], test['workdir'] or self.build, limit)

    def names_in_order(self):
        """As BY names them."""
        return sorted(self.tests, key=lambda name: min(number for number, part in enumerate(BY) if part in name))

    def ninja(self, targets):
        return run(['ninja', '-C', 'build', '-j', '2'] + sorted(targets), self.tree).returncode == 0

    def compiled(self, path):
        """The compiler's output for a file without debug information, or None if it does not compile."""
        objects = glob.glob('*.p/' + path.replace('/', '_') + '.o', root_dir=self.build)
        if not objects or not self.ninja(objects[:1]):
            return None
        stripped = os.path.join(self.build, 'stripped.o')
        need(run(['objcopy', '--strip-debug', objects[0], stripped], self.build), 'objcopy')
        with open(stripped, 'rb') as object_file:
            return object_file.read()

    def killer(self, names):
        """(the first test that fails or None, whether it took too long); ('the compiler', False)."""
        names = [name for name in names if name in self.tests]
        first = 0
        for size in (1, 4, 16, len(names)):  # few programs are linked for a mutant that dies early
            part = [self.tests[name] for name in names[first:first + size]]
            first += size
            if part and not self.ninja({target for test in part for target in targets_of(self.build, test.words)}):
                return 'the compiler', False
            for test in part:
                status, _ = execute(test.words, test.env, test.workdir, test.seconds)
                if status != 0:
                    return test.name, status is None
        return None, False

    def is_sound(self, name):
        """Does the test pass without a change? If not, it judges nothing from now on."""
        if name not in self.sound:
            if self.killer([name])[0]:
                del self.tests[name]
                return False
            self.sound.add(name)
        return True

    def try_once(self, mutant, names):
        path = os.path.join(self.tree, mutant.path)
        with open(path, encoding='utf-8') as file:
            original = file.read()
        if mutant.path not in self.code:
            self.code[mutant.path] = self.compiled(mutant.path)
        lines = original.split('\n')
        lines[mutant.line - 1] = mutant.after
        try:
            with open(path, 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines))
            if self.compiled(mutant.path) in (None, self.code[mutant.path]):
                return 'the compiler', False
            return self.killer(names)
        finally:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(original)

    def judge(self, mutant, names):
        killer, late = self.try_once(mutant, names)
        while killer and killer != 'the compiler' and not self.is_sound(killer):
            killer, late = self.try_once(mutant, names)
        return killer, late


bench = None  # of a worker process


def open_bench(numbers, times):
    global bench
    adopt_orphans()
    with numbers.get_lock():
        numbers.value += 1
        name = 'worker-%d' % numbers.value
    bench = Bench(name, times)


def judge(mutant, names):
    """names None: all tests that there are. Returns the killer, whether it took too long, and the number of tests."""
    names = bench.names_in_order() if names is None else names
    return (*bench.judge(mutant, names), len(names))


def tell(mutant, killer, late, covered):
    if killer:
        verdict = 'killed by %s%s' % (killer, ', which took too long' if late else '')
    else:
        verdict = 'SURVIVED %d tests' % covered if covered else 'SURVIVED: no test executes the line'
    print('%s:%d: %s\n    - %s\n    + %s' % (mutant.path, mutant.line, verdict, mutant.before.strip(), mutant.after.strip()),
          flush=True)


def covering(by_line, mutant):
    """Tests that execute the statement that the line is a part of: gcov counts one line of each."""
    with open(os.path.join(TOP, mutant.path), encoding='utf-8') as file:
        lines = file.read().split('\n')
    first = last = mutant.line
    while not lines[first - 2].rstrip().endswith((';', '{', '}', ':', '*/')) and lines[first - 2].strip():
        first -= 1
    while not lines[last - 1].rstrip().endswith((';', '{', '}')) and last < len(lines):
        last += 1
    names = list(by_line.get((mutant.path, mutant.line), ()))
    for line in range(first, last + 1):
        names += [name for name in by_line.get((mutant.path, line), ()) if name not in names]
    return names


def tests_of_dying(path, times):
    """Tests for a line that no test is seen to execute, the quickest first."""
    return [name for name in sorted(times, key=times.get) if any(word in name for word in DYING.get(path, ()))]


def judge_all(chosen, by_line, times, workers):
    """(killed, survived)."""
    names = [None if BY else covering(by_line, mutant) or tests_of_dying(mutant.path, times) for mutant in chosen]
    killed = survived = 0
    with concurrent.futures.ProcessPoolExecutor(workers, initializer=open_bench,
                                                initargs=(multiprocessing.Value('i', 0), times)) as pool:
        for mutant, (killer, late, tests) in zip(chosen, pool.map(judge, chosen, names)):
            if killer == 'the compiler':
                continue
            tell(mutant, killer, late, tests)
            killed, survived = killed + bool(killer), survived + (not killer)
    return killed, survived


def choose(count, seed, part):
    """Random mutants, each of another line; mutants known to be equivalent are left out."""
    known = known_mutants()
    every = [mutant for path in sources(part) for mutant in mutants_of_file(path)
             if (mutant.path, mutant.before.strip(), mutant.after.strip()) not in known]
    random.Random(seed).shuffle(every)
    lines, chosen = set(), []
    for mutant in every:
        if (mutant.path, mutant.line) not in lines:
            lines.add((mutant.path, mutant.line))
            chosen.append(mutant)
    return chosen[:count]


def mutants_at(place):
    """All of one line."""
    path, _, line = place.rpartition(':')
    if not line.isdigit():
        fail('--at "%s": a line is spelled PATH:NUMBER, for example src/core/run.c:257' % place)
    known = known_mutants()
    return [mutant for source in sources(path) for mutant in mutants_of_file(source) if mutant.line == int(line)
            and (mutant.path, mutant.before.strip(), mutant.after.strip()) not in known]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=40, help='how many mutants (%(default)s)')
    parser.add_argument('--seed', type=int, default=1, help='which ones (%(default)s)')
    parser.add_argument('--only', default='', metavar='PART', help='only in files of src/ whose path contains PART')
    parser.add_argument('--at', action='append', metavar='PATH:LINE',
                        help='all mutants of this line instead of a sample; may be repeated')
    parser.add_argument('--suite', help='judge by the tests of this suite only')
    parser.add_argument('--by', action='append', metavar='TEST',
                        help='judge by the tests whose name contains TEST only; may be repeated')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='how many at once (%(default)s)')
    parser.add_argument('--list', action='store_true', help='print the mutants and judge none')
    return parser.parse_args()


def main():
    options = arguments()
    BY.extend(options.by or ())
    if options.suite:
        SUITES.intersection_update({'eddy:' + options.suite})
    chosen = ([mutant for place in options.at for mutant in mutants_at(place)] if options.at
              else choose(options.count, options.seed, options.only))
    if options.list:
        for mutant in chosen:
            tell(mutant, 'nobody yet', False, 0)
        return 0
    os.makedirs(WORK, exist_ok=True)
    try:
        by_line, times = ({}, {}) if BY else coverage(options.workers)
        killed, survived = judge_all(chosen, by_line, times, options.workers)
    except concurrent.futures.process.BrokenProcessPool:
        fail('a worker ended before its work was done; what it said stands above')
    print('\n%d mutants: %d killed, %d survived, %d %%; %d more were the same code or none'
          % (killed + survived, killed, survived, 100 * killed // max(killed + survived, 1),
             len(chosen) - killed - survived))
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
