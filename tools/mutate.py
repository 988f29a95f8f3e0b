#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mutate.py [--count N] [--seed S] [--only PART] [--suite SUITE] [--workers N]: changes src/ in small ways, one at a
time, and looks whether a test of `make test` notices.

A mutant is one line with another operator, another constant, a turned condition or without its statement. For each one
the tests that execute the line run, the quickest first, until one fails: then the mutant is killed. A mutant that all of
them let pass is a survivor: write the test that kills it, or, if no test can tell it from the original, its line with
the reason into tests/mutants.txt.  One that the compiler makes the same code of is no mutant.

Never mutated: a line with a hint to the processor or the compiler (prefetch, attribute), assertions, and a line that
says `/* hint */`. The work is done in copies of the committed tree below build-mutate/, which also keeps what each test
executes, by commit. Not part of `make check`: a mutant takes a few seconds if it is killed, a minute if not.
"""
import argparse
import collections
import concurrent.futures
import glob
import hashlib
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(TOP, 'build-mutate')
KNOWN = os.path.join(TOP, 'tests', 'mutants.txt')
SUITES = {'eddy:unit', 'eddy:language', 'eddy:conformance', 'eddy:docs', 'eddy:examples', 'eddy:cli', 'eddy:faults'}
# Other machines' and other builds' halves are not compiled here.
ELSEWHERE = ('aarch64', 'generic', 'tls/none.c')
OPTIONS = ['-Dtests=enabled', '-Dcurl=disabled', '-Dwerror=false']
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
# Seconds that a test may take: a mutant that loops must not hold everything up, and a busy machine kills no mutant.
PATIENCE, TIMES = 10, 10  # so many, and this many times what the test took without a change

Mutant = collections.namedtuple('Mutant', 'path line before after')
Test = collections.namedtuple('Test', 'name words env workdir seconds')


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
    listed = subprocess.run(['git', 'ls-files', 'src/*.c'], cwd=TOP, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split() if part in path and not any(word in path for word in ELSEWHERE)]


def known_mutants():
    """(path, before, after) -> reason: those that no test can tell from the original."""
    found = {}
    with open(KNOWN, encoding='utf-8') as file:
        for block in file.read().split('\n\n'):
            lines = [line for line in block.split('\n') if line and not line.startswith('#')]
            if len(lines) >= 4:
                found[(lines[0], lines[1].strip()[2:], lines[2].strip()[2:])] = ' '.join(lines[3:])
    return found


# --- copies of the tree -----------------------------------------------------------------------------------------------

def run(words, cwd, seconds=None, **options):
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, check=False, **options)


def need(done, what):
    if done.returncode:
        sys.exit('mutate.py: %s:\n%s' % (what, done.stdout.decode(errors='replace')[-3000:]))


def copy_tree(name, options):
    """A folder with the committed tree and a build of what the tests need."""
    tree = os.path.join(WORK, name)
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    need(run('git archive HEAD | tar -x -C ' + tree, TOP, shell=True), 'cannot copy the tree')
    if options is COUNTED:  # nothing shares the command's memory when it becomes the program
        need(run(['sed', '-i', 's/^    execv(/    __gcov_dump(); execv(/', 'src/cli/run.c'], tree), 'sed')
    need(run(['git', 'init', '-q'], tree), 'git init')
    need(run(['meson', 'setup', 'build'] + OPTIONS + options, tree), 'cannot configure')
    targets = {target for test in tests_of(tree) for target in targets_of(os.path.join(tree, 'build'), test['cmd'])}
    need(run(['ninja', '-C', 'build'] + sorted(targets), tree), 'cannot build')
    return tree


def tests_of(tree):
    listing = run(['meson', 'introspect', '--tests', 'build'], tree)
    need(listing, 'cannot list the tests')
    for test in json.loads(listing.stdout):
        if SUITES & set(test['suite']):
            yield test


def targets_of(build, words):
    """What ninja has to build before a test: its program, or what scripts use."""
    paths = [os.path.relpath(os.path.join(build, word), build) for word in words]  # meson gives some from there
    inside = [path for path in paths if re.fullmatch(r'(?:tests|examples)/[\w/]+', path)]
    scripts = any(word.endswith(('.py', '.sh')) for word in words)
    inside += ['tests/stress/' + word for word in words if word.startswith('faults_')]
    return inside + (['eddy', 'libeddy.so.0.1.0', 'libeddy.a', 'tests/without_uring'] if scripts else [])


# --- what executes what -----------------------------------------------------------------------------------------------

def execute(words, env, workdir, seconds):
    """(did it pass, seconds)."""
    began = time.monotonic()
    with subprocess.Popen(words, cwd=workdir, env=dict(os.environ, **env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        if status is None:
            os.killpg(process.pid, 9)
    return status in (0, 77), time.monotonic() - began


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
    return test['name'], seconds, lines


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
    """{'commit': of what, 'tests': {digest: [name, seconds, lines]}}; empty: there was no pass before."""
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
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        measured = {name: (name, seconds, sorted(lines))
                    for name, seconds, lines in pool.map(lambda job: cover(tree, *job), new)}
    return {digest: measured.get(test['name']) or known[digest] for digest, test in tests.items()}


def coverage(workers):
    """{(path, line): [names of tests, the quickest first]}, {name: seconds}; kept, by test."""
    path = os.path.join(WORK, 'coverage-%s.json' % '-'.join(sorted(suite[5:] for suite in SUITES)))
    commit = run(['git', 'rev-parse', 'HEAD:src', 'HEAD:tests'], TOP).stdout
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
        self.tests, self.code = {}, {}
        for test in tests_of(self.tree):
            limit = PATIENCE + TIMES * times.get(test['name'], 1)
            self.tests[test['name']] = Test(test['name'], test['cmd'], test['env'], test['workdir'] or self.build, limit)

    def ninja(self, targets):
        return run(['ninja', '-C', 'build', '-j', '2'] + sorted(targets), self.tree).returncode == 0

    def compiled(self, path):
        """What the compiler makes of a file, without what is for debuggers; None: it does not compile."""
        objects = glob.glob('*.p/' + path.replace('/', '_') + '.o', root_dir=self.build)
        if not objects or not self.ninja(objects[:1]):
            return None
        stripped = os.path.join(self.build, 'stripped.o')
        need(run(['objcopy', '--strip-debug', objects[0], stripped], self.build), 'objcopy')
        with open(stripped, 'rb') as object_file:
            return object_file.read()

    def killer(self, names):
        """The first test that fails, 'the compiler', or None."""
        names = [name for name in names if name in self.tests]
        first = 0
        for size in (1, 4, 16, len(names)):  # few programs are linked for a mutant that dies early
            part = [self.tests[name] for name in names[first:first + size]]
            first += size
            if part and not self.ninja({target for test in part for target in targets_of(self.build, test.words)}):
                return 'the compiler'
            for test in part:
                if not execute(test.words, test.env, test.workdir, test.seconds)[0]:
                    return test.name
        return None

    def judge(self, mutant, names):
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
                return 'the compiler'
            return self.killer(names)
        finally:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(original)


def tell(mutant, killer, covered):
    if killer:
        verdict = 'killed by ' + killer
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
    """(killed, survivors); what does not compile, or to the same code, is no mutant."""
    benches, results = queue.Queue(), []
    for number in range(workers):
        benches.put(Bench('worker-%d' % number, times))

    def one(mutant):
        names = covering(by_line, mutant) or tests_of_dying(mutant.path, times)
        bench = benches.get()
        try:
            killer = bench.judge(mutant, names)
        finally:
            benches.put(bench)
        if killer != 'the compiler':
            tell(mutant, killer, len(names))
        return mutant, killer

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(one, chosen))
    killed = sum(1 for _, killer in results if killer and killer != 'the compiler')
    return killed, [mutant for mutant, killer in results if not killer]


def choose(count, seed, part):
    """Mutants in which no line is there twice, by chance; those that are known to be equivalent are left out."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--count', type=int, default=40, help='how many mutants')
    parser.add_argument('--seed', type=int, default=1, help='which ones')
    parser.add_argument('--only', default='', help='files of src/ whose path contains this')
    parser.add_argument('--suite', help='judge by the tests of this suite only')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='copies of the tree to work in')
    parser.add_argument('--list', action='store_true', help='print the mutants and judge none')
    options = parser.parse_args()
    if options.suite:
        SUITES.intersection_update({'eddy:' + options.suite})
    chosen = choose(options.count, options.seed, options.only)
    if options.list:
        for mutant in chosen:
            tell(mutant, 'nobody yet', 0)
        return 0
    os.makedirs(WORK, exist_ok=True)
    by_line, times = coverage(options.workers)
    killed, survivors = judge_all(chosen, by_line, times, options.workers)
    print('\n%d mutants: %d killed, %d survived' % (killed + len(survivors), killed, len(survivors)))
    return 1 if survivors else 0


sys.exit(main())
