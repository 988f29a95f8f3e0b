#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes src/ in small ways, one at a time, and looks whether a test of `make test` notices.

A mutant is one line with another operator, another constant, a turned condition or without its statement. For each one
the tests that execute the line run, the quickest first, until one fails or takes ten times as long as it should: then
the mutant is killed. A mutant that all of them let pass is a survivor: write the test that kills it, or, if no test can
tell it from the original, its line with the reason into tests/mutants.txt. One that does not compile, or that the
compiler makes the same code of, is no mutant.

Never mutated: a line with a hint to the processor or the compiler (prefetch, attribute), assertions, and a line that
says `/* hint */`. The work is done in copies of the committed tree below build-mutate/. There the tests are linked with
one shared library of everything, so that a mutant is one file compiled and one library linked, and each basic block of
the library marks in a file that it was reached, so that all tests run once to find out which test executes what. That is
kept: later runs repeat it only for tests that have changed; a source that has changed is judged by every test that
executed something of it. After that a mutant takes some seconds if it is killed, minutes if not, unless `--quick S`
leaves tests out that take more than S seconds. `--by TEST` needs no coverage: the tests of that name are built and judge
alone, in the order in which they are named, which is the quickest way while a test is written. ccache is used if there
is one. Not part of `make check`. The last line of the output is a count; the exit status is 0 if every mutant was killed,
1 if some survived, 2 if they could not be judged.
"""
import argparse
import collections
import concurrent.futures.process
import ctypes
import fcntl
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
ELSEWHERE = ('aarch64', 'generic', 'tls/none.c', 'tls/loaded.c', 'tls/host.c')
OPTIONS = ['-Dcurl=disabled', '-Dhttp=disabled', '-Dpg=disabled', '-Djobs=disabled', '-Dnats=disabled',
           '-Dredis=disabled', '-Dsqlite=disabled', '-Dwerror=false', '-Dtests=enabled', '-Ddebug=false', '-Doptimization=1']
# What is different in the build of a copy: one shared library, in which everything is visible and marks what is executed.
TRACED = "['-g1', '-fsanitize-coverage=trace-pc'"
CHANGES = [('meson.build', "gnu_symbol_visibility: 'hidden'", "gnu_symbol_visibility: 'default'"),
           ('meson.build', 'library_args = hardened_args + ', 'library_args = hardened_args + %s] + ' % TRACED),
           ('meson.build', "c_args: hardened_args + ['-D", "c_args: hardened_args + %s, '-D" % TRACED),
           ('meson.build', "shared_library('eddy', loaded_sources,\n    objects: objects,",
            "shared_library('eddy', linked_sources,\n    objects: objects + engine.extract_all_objects(recursive: false),"),
           ('meson.build', "[threads, liburing, cc.find_library('dl', required: false)]", 'library_needs'),
           ('meson.build', " + ['-DEDDY_TLS_APART', '-DTLS_FOLDER=\"@0@\"'.format(engine_folder)]", ''),
           ('meson.build', "'-Wl,--version-script=' + meson.current_source_dir() / 'src/eddy.map'", "'-Wl,-Bsymbolic-functions'"),
           ('meson.build', 'declare_dependency(link_with: libeddy_inside, ', 'declare_dependency(link_with: libeddy, '),
           ('meson.build', "'-Wl,--dynamic-list=' + meson.current_source_dir() / 'src/preemptible.list'",
            "'-Wl,-Bsymbolic-functions'"),  # with a list, data of the library would not be that of a test
           ('tests/cli/meson.build', "'test_' + name + '.c',", "'test_' + name + '.c', '../../src/traced.c',"),
           ('src/core/switch_x86_64.c', '".hidden ', '".globl '), ('src/core/generator_x86_64.c', '".hidden ', '".globl '),
           ('meson.build', "executable('eddy', cli_sources, dependencies: eddy_inside,",
            "executable('eddy', cli_sources, link_with: libeddy_inside, include_directories: [public, private], "
            "dependencies: library_needs,"),
           ('src/meson.build', "switch_sources = files(\n", "switch_sources = files('traced.c',\n"),
           ('src/meson.build', "cli_sources = files(\n", "cli_sources = files('traced.c',\n")]
RUNTIME = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define HIDDEN __attribute__((visibility("hidden"), no_sanitize_coverage))
static char *reached; /* a byte for each byte of code, in a file that is shared with all who execute the same */
HIDDEN extern const char __ehdr_start[];
HIDDEN void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    if (reached)
        reached[(const char *)__builtin_return_address(0) - __ehdr_start] = 1;
}
__attribute__((constructor(101), no_sanitize_coverage)) static void begin(void)
{
    const char *folder = getenv("EDDY_REACHED");
    char path[4096];
    Dl_info self;
    if (folder == NULL || dladdr(__ehdr_start, &self) == 0)
        return;
    const char *name = strrchr(self.dli_fname, '/');
    snprintf(path, sizeof path, "%s/%s", folder, name ? name + 1 : self.dli_fname);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    void *memory = ftruncate(fd, 8 << 20) ? MAP_FAILED : mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    reached = memory == MAP_FAILED ? NULL : memory;
}
"""
# The seconds that a test may take: short enough for a mutant that loops, long enough for a busy machine.
PATIENCE, TIMES = 10, 10  # so many, and this many times what the test took without a change
AGAIN = 2  # times that, while no other worker runs a test: only then it is the mutant that takes too long

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


def execute(words, env, workdir, seconds, alone=False):
    """(exit status, or None for one that took too long; seconds). Nothing that it began lives on."""
    with open(os.path.join(WORK, 'alone'), 'a', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        return execute_now(words, env, workdir, seconds)


def execute_now(words, env, workdir, seconds):
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

def change_build(tree):
    with open(os.path.join(tree, 'src', 'traced.c'), 'w', encoding='utf-8') as file:
        file.write(RUNTIME)
    for name, before, after in CHANGES:
        path = os.path.join(tree, name)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        if before not in text:
            fail('%s has no "%s" any more: mend CHANGES' % (name, before))
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace(before, after))


def copy_tree(name):
    """A folder with the committed tree and a build of what the tests need; one that is there is brought up to date."""
    tree = os.path.join(WORK, name)
    os.makedirs(tree, exist_ok=True)
    need(run(['git', 'init', '-q'], tree), 'cannot make a repository')
    need(run(['git', 'fetch', '-q', '--depth', '1', 'file://' + TOP, 'HEAD'], tree), 'cannot copy the tree')
    need(run(['git', 'checkout', '-q', '--force', '--detach', 'FETCH_HEAD'], tree), 'cannot copy the tree')
    change_build(tree)
    if not os.path.exists(os.path.join(tree, 'build', 'build.ninja')):
        need(run(['meson', 'setup', 'build'] + OPTIONS, tree), 'cannot configure')
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
    used = ['eddy', 'libeddy.so.0.1.0', 'libeddy.a', 'tests/without_uring', 'tests/conformance/observations_files',
            'tests/conformance/observations_sockets', 'examples/daemon/daemon']
    return inside + (used if scripts else [])


# --- what executes what -----------------------------------------------------------------------------------------------

def marks_of(build, name):
    """{place in the code: [(source, line)]} of the blocks that mark what is executed."""
    listing = run(['objdump', '-d', '--no-show-raw-insn', name], build).stdout.decode(errors='replace')
    places = re.findall(r'call +[0-9a-f]+ <__sanitizer_cov_trace_pc.*\n +([0-9a-f]+):', listing)
    asked = subprocess.run(['addr2line', '-a', '-i', '-e', name], cwd=build, capture_output=True, check=True,
                           input='\n'.join('%x' % (int(place, 16) - 1) for place in places).encode())
    marks, lines = {}, []
    for text in asked.stdout.decode(errors='replace').split('\n'):
        if text.startswith('0x'):
            lines = marks.setdefault(int(text, 16) + 1, [])
        path, _, line = text.split(' ')[0].rpartition(':')
        path = path[path.rfind('/src/') + 1:] if '/src/' in path else ''
        if path and line.isdigit():
            lines.append((path, int(line)))
    return marks


def executed_lines(folder, marks):
    """{source: lines that begin a block} that one test has reached."""
    lines = collections.defaultdict(set)
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as file:
            content = file.read()
        name = 'libeddy.so.0.1.0' if name.startswith('libeddy.so') else name  # loaded by its soname
        for match in re.finditer(rb'\x01', content) if name in marks else ():
            for path, line in marks[name].get(match.start(), ()):
                lines[path].add(line)
    return {path: sorted(found) for path, found in lines.items()}


def cover(tree, number, test):
    """Runs one test: (seconds, whether it passed)."""
    folder = os.path.join(WORK, 'reached', str(number))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    status, seconds = execute(test['cmd'], dict(test['env'], EDDY_REACHED=folder),
                              test['workdir'] or os.path.join(tree, 'build'), 300)
    return seconds, status == 0


def digest_of(tree, test):
    """Of what a test is, without the library that it is linked with."""
    build, found = os.path.join(tree, 'build'), hashlib.sha256(repr(sorted(test['env'].items())).encode())
    for word in test['cmd']:
        found.update(word.encode())
        path = os.path.normpath(os.path.join(build, word))
        if path.startswith(tree) and os.path.isfile(path):
            with open(path, 'rb') as file:
                found.update(file.read())
    return found.hexdigest()


def digest_of_source(path):
    with open(os.path.join(TOP, path), 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def kept_coverage(path):
    """{digest of a test: [name, seconds, {source: [its digest, lines]}]}; empty if there was no earlier pass."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def keep_coverage(path, kept):
    with open(path + '.new', 'w', encoding='utf-8') as file:
        file.write(json.dumps(kept))
    os.rename(path + '.new', path)


def measure_coverage(workers, path):
    """Runs the tests that are not known from an earlier pass, which may have been interrupted; those that fail are left
    out."""
    known = kept_coverage(path)
    print('finding out which test executes which line', flush=True)
    tree = copy_tree('worker-1')
    tests = {digest_of(tree, test): test for test in tests_of(tree)}
    new = [digest for digest in tests if digest not in known]
    marks = {name: marks_of(os.path.join(tree, 'build'), name) for name in ('libeddy.so.0.1.0', 'eddy')} if new else {}
    kept = {digest: row for digest, row in known.items() if digest in tests}
    sources_now = {path: digest_of_source(path) for path in sources('')} if new else {}
    with concurrent.futures.ProcessPoolExecutor(workers, initializer=adopt_orphans) as pool:
        rows = pool.map(cover, [tree] * len(new), range(len(new)), [tests[digest] for digest in new])
        for number, (digest, (seconds, passed)) in enumerate(zip(new, rows)):
            lines = executed_lines(os.path.join(WORK, 'reached', str(number)), marks)
            shutil.rmtree(os.path.join(WORK, 'reached', str(number)), ignore_errors=True)
            if not passed:
                print('fails without a change, and judges nothing: ' + tests[digest]['name'], flush=True)
                continue
            kept[digest] = [tests[digest]['name'], seconds, {source: [sources_now[source], found]
                                                             for source, found in lines.items() if source in sources_now}]
            if number % 20 == 19:
                keep_coverage(path, kept)
    keep_coverage(path, kept)
    return kept


def coverage(workers):
    """{source: [(test, its digest of the source, lines)], the quickest first}, {name: seconds}."""
    path = os.path.join(WORK, 'reached-%s.json' % '-'.join(sorted(suite[5:] for suite in SUITES)))
    kept = measure_coverage(workers, path)
    by_source = collections.defaultdict(list)
    for name, _, reached in sorted(kept.values(), key=lambda row: row[1]):
        for source, (digest, lines) in reached.items():
            by_source[source].append((name, digest, lines))
    return by_source, {name: seconds for name, seconds, _ in kept.values()}


# --- judging ----------------------------------------------------------------------------------------------------------

class Bench:
    """One copy of the tree in which mutants are tried, one after the other."""

    def __init__(self, name, times):
        self.tree = copy_tree(name)
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

    def changed_targets(self, path, tests):
        """What a change of the source can change of the tests, which are built already."""
        targets = {'libeddy.so.0.1.0'}
        for test in tests:
            needed = targets_of(self.build, test.words)
            targets.update(needed if 'eddy' in needed or '/cli/' in path else ())
        return targets

    def killer(self, path, names):
        """(the first test that fails or None, whether it took too long); ('the compiler', False)."""
        names = [name for name in names if name in self.tests]
        first = 0
        for size in (1, 4, 16, len(names)):  # few programs are linked for a mutant that dies early
            part = [self.tests[name] for name in names[first:first + size]]
            first += size
            if part and not self.ninja(self.changed_targets(path, part)):
                return 'the compiler', False
            for test in part:
                status, _ = execute(test.words, test.env, test.workdir, test.seconds)
                if status is None:  # the machine may have been busy
                    status, _ = execute(test.words, test.env, test.workdir, AGAIN * test.seconds, alone=True)
                if status != 0:
                    return test.name, status is None
        return None, False

    def is_sound(self, path, name):
        """Does the test pass without a change? If not, it judges nothing from now on."""
        if name not in self.sound:
            if self.killer(path, [name])[0]:
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
            return self.killer(mutant.path, names)
        finally:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(original)

    def judge(self, mutant, names):
        killer, late = self.try_once(mutant, names)
        while killer and killer != 'the compiler' and not self.is_sound(mutant.path, killer):
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


def first_line_of_block(marked, line):
    """The nearest line at or above it at which a block begins."""
    return max((other for other in marked if other <= line), default=0)


def covering(by_source, mutant, times, quick):
    """Tests that execute the block that the line is in: those named after its file, then the quickest first. Of a source
    that no test is seen to execute (assembly): those named after it."""
    digest, rows = digest_of_source(mutant.path), by_source.get(mutant.path, ())
    marked = {line for _, its, lines in rows if its == digest for line in lines}
    block = first_line_of_block(marked, mutant.line)
    names = [name for name, its, lines in rows if its != digest or block in lines]
    noun = os.path.basename(mutant.path).split('_')[0].removesuffix('.c')
    if not rows:
        names = [name for name in sorted(times, key=times.get) if noun in name]
    names = [name for name in names if name in times and (not quick or times[name] <= quick)]
    return sorted(names, key=lambda name: noun not in name)


def judge_all(chosen, by_source, times, workers, quick):
    """(killed by a failure, killed by a time-out, survived)."""
    names = [None if BY else covering(by_source, mutant, times, quick) for mutant in chosen]
    killed = ended = survived = 0
    with concurrent.futures.ProcessPoolExecutor(workers, initializer=open_bench,
                                                initargs=(multiprocessing.Value('i', 0), times)) as pool:
        for mutant, (killer, late, tests) in zip(chosen, pool.map(judge, chosen, names)):
            if killer == 'the compiler':
                continue
            tell(mutant, killer, late, tests)
            killed, ended, survived = killed + bool(killer and not late), ended + bool(late), survived + (not killer)
    return killed, ended, survived


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
    parser.add_argument('--quick', type=float, metavar='SECONDS', help='leave out tests that take longer')
    parser.add_argument('--skip', type=int, default=0, help='leave out so many mutants of the sample')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='how many at once (%(default)s)')
    parser.add_argument('--list', action='store_true', help='print the mutants and judge none')
    return parser.parse_args()


def main():
    options = arguments()
    BY.extend(options.by or ())
    if options.suite:
        SUITES.intersection_update({'eddy:' + options.suite})
    chosen = ([mutant for place in options.at for mutant in mutants_at(place)] if options.at
              else choose(options.skip + options.count, options.seed, options.only)[options.skip:])
    if options.list:
        for mutant in chosen:
            tell(mutant, 'nobody yet', False, 0)
        return 0
    os.makedirs(WORK, exist_ok=True)
    try:
        by_source, times = ({}, {}) if BY else coverage(options.workers)
        killed, ended, survived = judge_all(chosen, by_source, times, options.workers, options.quick)
    except concurrent.futures.process.BrokenProcessPool:
        fail('a worker ended before its work was done; what it said stands above')
    judged = killed + ended + survived
    print('\n%d mutants: %d killed by a test, %d by its time-out, %d survived, %d %% killed; %d more were the same code or none'
          % (judged, killed, ended, survived, 100 * (judged - survived) // max(judged, 1), len(chosen) - judged))
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
