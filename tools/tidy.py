#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tidy.py [--fix] [TOP]: checks the rules of CONTRIBUTING.md that a machine can check.

Each finding is one line, `file:line: what, and the remedy`. --fix adds files that no build list names, and
brings the symbol maps up to date; the rest is for a person.
"""
import graphlib
import os
import re
import statistics
import sys

import exports

MODULES = (
    'curl',
    'http',
    'pg',
    'jobs',
    'nats',
    'redis',
    'sqlite',
)
OF_MODULES = ['eddy/%s.h' % module for module in MODULES]
OF_HOSTS = ['event2/event.h', 'glib.h', 'uv.h']  # another library's loop runs Eddy's
FOLDERS = ('include', 'src', 'modules', 'python', 'tests', 'examples', 'bench', 'tools', 'docs', 'gdb', '.ci')
TEXT = ('.c', '.h', '.py', '.sh', '.md', '.build', '.txt', '.cpp')
MAX_LINE, MAX_FILE, MAX_FUNCTION = 120, 800, 70

# The modules of src/ that each module may include beside itself; public headers are open to all.
BELOW = {
    'base': (),
    'os': ('base',),
    'core': ('base', 'os'),
    'sync': ('base', 'os', 'core'),
    'io': ('base', 'os', 'core'),
    'cores': ('base', 'os', 'core'),
    'tls': ('base', 'os', 'core', 'io'),
    'cli': ('base', 'os', 'core', 'sync', 'io', 'cores', 'tls'),
}

# It knows nothing of Eddy, so modules compile it, too.
OPEN_TO_MODULES = 'src/cli/sha256.h'

# Words of unfinished work, taken apart so that this file may stand in the tree too.
UNFINISHED = re.compile(r'\b(%s)\b' % '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X')))


class Tree:
    """The files under check: path -> list of lines."""

    def __init__(self, top):
        self.top = top
        self.findings = []
        self.lines = {}
        self.codes = {}
        for folder in FOLDERS:
            for here, folders, names in os.walk(os.path.join(top, folder)):
                folders[:] = sorted(name for name in folders if name != '__pycache__')
                for name in sorted(names):
                    self.read(os.path.relpath(os.path.join(here, name), top))
        with open(os.path.join(top, '.gitignore'), encoding='utf-8') as file:
            ignored = {line.strip().lstrip('/') for line in file}  # what `make run` writes, say
        for name in sorted(os.listdir(top)):
            if os.path.isfile(os.path.join(top, name)) and name not in ignored:
                self.read(name)

    def read(self, path):
        if not path.endswith(TEXT) and os.path.basename(path) not in ('Makefile', 'run'):
            return
        with open(os.path.join(self.top, path), encoding='utf-8') as file:
            self.lines[path] = file.read().split('\n')

    def code(self, path):
        """The text of a C file without its comments; kept, since more than one check asks for it."""
        if path not in self.codes:
            text = '\n'.join(self.lines[path])
            self.codes[path] = COMMENT.sub(lambda match: '' if match.group('words') else match.group(), text)
        return self.codes[path]

    def c_files(self, *folders):
        return [path for path in self.lines
                if path.endswith(('.c', '.h')) and (not folders or path.split('/')[0] in folders)]

    def find(self, path, line, what):
        self.findings.append((path, line, what))


# --- text -------------------------------------------------------------------------------------------------------------

def check_text(tree):
    for path, lines in tree.lines.items():
        is_c = path.endswith(('.c', '.h'))
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                tree.find(path, number, 'blanks at the end of the line: sed -i "s/ *$//" strips them')
            if '\t' in line and os.path.basename(path) != 'Makefile':
                tree.find(path, number, 'a tab: use four spaces')
            if UNFINISHED.search(line):
                tree.find(path, number, 'unfinished work is noted here: finish it, or say what is and why it may stay')
            if is_c and len(line) > MAX_LINE:
                tree.find(path, number, '%d columns: at most %d, break the line' % (len(line), MAX_LINE))
        if path.endswith('.c') and len(lines) - 1 > MAX_FILE:
            tree.find(path, MAX_FILE + 1, '%d lines: at most %d, one noun a file: split it' % (len(lines) - 1, MAX_FILE))


def check_heads(tree):
    for path in tree.c_files('src', 'include', 'modules', 'python'):
        lines = tree.lines[path]
        if 'SPDX-License-Identifier: MIT' not in lines[0]:
            tree.find(path, 1, 'no licence: begin with /* SPDX-License-Identifier: MIT */')
        elif not any(line.startswith('/*') for line in lines[1:4]):
            tree.find(path, 2, 'no head comment: say what the file is for and what always holds')


# --- functions --------------------------------------------------------------------------------------------------------

def functions_of(lines):
    """(first line, number of lines) of each function: from its signature to the brace in the first column.

    Inside macros nothing counts: their lines end in a backslash.
    """
    start = None
    for index, line in enumerate(lines):
        if start is None:
            opens = line == '{' or (line.endswith(') {') and line[0] not in ' \t#}')
            if opens and not line.endswith('\\'):
                start = signature_of(lines, index)
        elif line.startswith('}'):
            yield start + 1, index - start + 1
            start = None


def signature_of(lines, brace):
    """Index of the first line of the signature whose brace stands at `brace`."""
    first = brace
    while first > 0:
        above = lines[first - 1]
        if not above.strip() or above.startswith(('#', '}')) or above.rstrip().endswith((';', '*/', '\\')):
            break
        first -= 1
    return first


def check_functions(tree):
    lengths = []
    for path in tree.c_files('src', 'include', 'modules', 'python', 'tests', 'examples'):
        lines = tree.lines[path]
        for first, length in functions_of(lines):
            if path.startswith('src/'):
                lengths.append(length)
            excused = first > 1 and re.search(r'/\* long: .+ \*/', lines[first - 2])
            if length > MAX_FUNCTION and not excused:
                tree.find(path, first, 'a function of %d lines: at most %d; split it, or put /* long: REASON */ above it'
                          % (length, MAX_FUNCTION))
    return lengths


# --- includes ---------------------------------------------------------------------------------------------------------

def includes_of(lines):
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1), match.group(2)


def resolve(tree, path, name):
    """The file of the tree that an include of `name` in `path` means, or None: a system header."""
    for base in (os.path.dirname(path), 'include', 'src', *('modules/%s/include' % module for module in MODULES)):
        candidate = os.path.normpath(os.path.join(base, name))
        if candidate in tree.lines:
            return candidate
    return None


def module_of(path):
    parts = path.split('/')
    return parts[1] if parts[0] == 'src' and len(parts) > 2 else None


def check_includes(tree):
    graph = {}
    for path in tree.c_files('src', 'include', 'modules'):
        graph[path] = []
        for number, _, name in includes_of(tree.lines[path]):
            target = resolve(tree, path, name)
            if target is None:
                continue
            if target.endswith('.h'):
                graph[path].append(target)
            check_direction(tree, path, number, target)
    check_circles(tree, graph)


def check_direction(tree, path, number, target):
    if target.endswith('.c'):
        tree.find(path, number, 'includes a source file: put what both need into a header')
        return
    into = module_of(target)
    if into is None:
        return
    if not path.startswith('src/'):
        if target != OPEN_TO_MODULES:
            tree.find(path, number, '%s is private: what lies outside src/ includes <eddy.h> and <eddy/...> only' % target)
        return
    module = module_of(path)
    if into == 'core' and module != 'core' and os.path.basename(target) != 'impl.h':
        tree.find(path, number, 'of the core include core/impl.h only: what it does not have is the core\'s own business')
    if module not in BELOW:
        tree.find(path, number, 'module src/%s has no layer: give it one in tools/tidy.py' % module)
    elif into != module and into not in BELOW[module]:
        tree.find(path, number, 'src/%s may not include src/%s (base <- os <- core <- {sync, io} <- tls <- cli): '
                  'move what is needed down, or pass it in' % (module, into))


def check_python_includes(tree):
    """The extension of Python is one more program that uses Eddy: it knows the public header, and its own."""
    for path in tree.c_files('python'):
        for number, mark, name in includes_of(tree.lines[path]):
            own = os.path.join(os.path.dirname(path), name) in tree.lines
            if mark == '"' and not own or mark == '<' and name.startswith('eddy') and name != 'eddy.h':
                tree.find(path, number, 'includes %s: of Eddy the extension may include <eddy.h> only' % name)


def check_circles(tree, graph):
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = error.args[1]
        tree.find(circle[0], 1, 'a circle of includes: %s; take out the common part' % ' <- '.join(circle))


# --- build lists ------------------------------------------------------------------------------------------------------

def needs_loop(lines):
    return any(re.search(r'\b(eddy_run|eddy_run_with|RUN|RUN_CLEAN|loop_new|EDDY_DRIVER)\b', line) for line in lines)


def is_main(lines):
    return any(re.search(r'\bmain\(', line) for line in lines)


# (build file, list, files of which folder below it, which of them belong; names or paths)
def lists(tree):
    rows = [('src/meson.build', module + '_sources', module, lambda lines: True, 'path') for module in BELOW]
    rows.append(('python/meson.build', 'core_sources', 'src', lambda lines: True, 'path'))
    for module in MODULES:
        rows.append(('modules/%s/meson.build' % module, module + '_sources', '.', lambda lines: not is_main(lines), 'path'))
    for build, name, belongs in (
            ('tests/unit', 'unit_tests', lambda lines: is_main(lines) and not needs_loop(lines)),
            ('tests/unit', 'unit_loop_tests', lambda lines: is_main(lines) and needs_loop(lines)),
            ('tests/language', 'language_tests', is_main),
            ('examples', 'examples', lambda lines: is_main(lines) and not includes(lines, OF_MODULES + OF_HOSTS)),
            ('examples', 'host_examples', lambda lines: includes(lines, OF_HOSTS)),
            *[('examples', module + '_examples', lambda lines, header=header: is_main(lines) and includes(lines, [header]))
              for module, header in zip(MODULES, OF_MODULES)],
            ('examples/notes', 'note_examples', is_main),
            ('tests/stress', 'stress_tests', is_main),
            ('tests/docs', 'docs_programs', is_main)):
        rows.append((build + '/meson.build', name, '.', belongs, 'name'))
    for suite in ('conformance', 'interop', 'stress', 'cli', 'install'):
        rows.append(('tests/%s/meson.build' % suite, suite + '_scripts', '.', lambda lines: True, 'script'))
    return [row for row in rows if row[0] in tree.lines]


def includes(lines, headers):
    return any(name in headers for _, _, name in includes_of(lines))


def entries_in(tree, folder, form):
    """The sources of a folder, or its scripts: what is executable; the other .py files are their modules."""
    if form == 'script':
        wanted = lambda path: path.endswith(('.py', '.sh')) and os.access(os.path.join(tree.top, path), os.X_OK)
    else:
        wanted = lambda path: path.endswith('.c')
    return [path for path in tree.lines if os.path.dirname(path) == folder and wanted(path)]


def check_lists(tree, fix):
    """Every source and script of a listed folder stands in the folder's build file; Meson sees that what stands there exists."""
    for build, name, below, belongs, form in lists(tree):
        folder = os.path.normpath(os.path.join(os.path.dirname(build), below))
        text = '\n'.join(re.sub('#.*', '', line) for line in tree.lines[build])
        words = set(re.findall(r"'([^']*)'", text))
        for path in entries_in(tree, folder, form):
            entry = os.path.relpath(path, os.path.dirname(build))
            if form == 'name':
                entry = entry[:-2]
            if entry in words or entry + '.c' in words or not belongs(tree.lines[path]):
                continue
            if fix:
                add_to_list(tree, build, name, entry)
            else:
                tree.find(path, 1, "not in the build: add '%s' to %s in %s (tools/tidy.py --fix does)"
                          % (entry, name, build))


def list_bounds(lines, name):
    for index, line in enumerate(lines):
        if re.match(r'%s = (files\(|\[)$' % name, line):
            end = next(later for later in range(index, len(lines)) if lines[later] in (')', ']'))
            return index + 1, end
    return None


def add_to_list(tree, build, name, entry):
    lines = tree.lines[build]
    bounds = list_bounds(lines, name)
    if bounds is None:
        tree.find(build, 1, "there is no list '%s' for %s: add the list" % (name, entry))
        return
    first, end = bounds
    lines[first:end] = sorted(lines[first:end] + ["    '%s'," % entry])
    with open(os.path.join(tree.top, build), 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines))
    print("%s: added '%s' to %s" % (build, entry, name))


# --- comments ---------------------------------------------------------------------------------------------------------

COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|(?P<words>/\*.*?\*/|//[^\n]*)', re.S) # not what looks like one in a string
# What another language or library calls it: `Python: Task.get_name.`
FOREIGN = re.compile(r'\b(?:Python|Trio|Go)(?:\'s)?:?\s.*', re.S)
# Names of the C library, of tools and of programs that occur in comments, but in no code here.
ELSEWHERE = ('c_rehash', 'sd_listen_fds', 'mine_type', 'fetch__body')


def check_comment_names(tree):
    """A name with an underscore in a comment must exist in the code: otherwise the comment has outlived its subject."""
    known, used = set(ELSEWHERE), []
    for path in tree.lines:
        text = '\n'.join(tree.lines[path])
        if path.endswith(('.c', '.h')):
            for match in COMMENT.finditer(text) if path.startswith(('src/', 'include/', 'modules/')) else ():
                words = FOREIGN.sub('', match.group('words') or '')
                used += [(path, text.count('\n', 0, match.start() + name.start()) + 1, name.group())
                         for name in re.finditer(r'\b[a-z]+_[a-z_0-9]*[a-z0-9]\b', words)]
            text = tree.code(path)
        if not path.endswith('.md'):
            known.update(re.findall(r'\w+', text))
    for path, line, name in used:
        if name not in known:
            tree.find(path, line, 'the comment names %s, which does not exist' % name)


# --- names ------------------------------------------------------------------------------------------------------------

def check_struct_names(tree):
    """Each struct of src/ has a name of its own, so that a reader and a debugger never take one for another."""
    first = {}
    for path in tree.c_files('src'):
        for number, line in enumerate(tree.lines[path], 1):
            match = re.match(r'struct (\w+) \{$', line)
            if match and first.setdefault(match.group(1), path) != path:
                tree.find(path, number, 'struct %s is another thing in %s: give one of them another name'
                          % (match.group(1), first[match.group(1)]))


# --- dead code --------------------------------------------------------------------------------------------------------

# Read by the debugger's script, or set by tests.
FOR_TOOLS = ('task_entry',)


def check_declared_functions(tree):
    """A function in a header of src/ is called from another file, or from an inline function of the header."""
    words = {path: re.findall(r'\w+', tree.code(path)) for path in tree.lines if path.endswith(('.c', '.h', '.cpp'))}
    users = {}
    for path in words:
        for word in set(words[path]):
            users.setdefault(word, set()).add(path)
    for path in (path for path in tree.c_files('src', 'modules') if path.endswith('.h')):
        own, text = {path, path[:-2] + '.c'}, '\n'.join(tree.lines[path])
        for match in re.finditer(r'^(?!typedef|static|#)[a-z][\w \*]*?\b(\w+)\(', text, re.M):
            name = match.group(1)
            if not users[name] - own and words[path].count(name) < 2 and name not in FOR_TOOLS:
                line = text.count('\n', 0, match.start()) + 1
                tree.find(path, line, 'no other file uses %s: make it static, or delete it' % name)


# --- symbol maps ------------------------------------------------------------------------------------------------------

def check_maps(tree, fix):
    """The maps list what the public headers declare."""
    for library, (path, _) in exports.LIBRARIES.items():
        if not os.path.exists(os.path.join(tree.top, path)):
            continue
        if fix:
            exports.fix_map(library, tree.top)
        for finding in exports.map_findings(library, tree.top):
            tree.find(path, 1, finding)


def main():
    fix = '--fix' in sys.argv[1:]
    tops = [word for word in sys.argv[1:] if word != '--fix']
    tree = Tree(tops[0] if tops else os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
    check_text(tree)
    check_heads(tree)
    lengths = check_functions(tree)
    check_includes(tree)
    check_python_includes(tree)
    check_lists(tree, fix)
    check_comment_names(tree)
    check_declared_functions(tree)
    check_struct_names(tree)
    check_maps(tree, fix)
    for path, line, what in sorted(tree.findings):
        print('%s:%d: %s' % (path, line, what))
    if lengths:
        print('src: %d functions, median %g lines, longest %d' % (len(lengths), statistics.median(lengths), max(lengths)))
    print('tidy: %s' % ('%d findings' % len(tree.findings) if tree.findings else 'nothing to complain of'))
    return 1 if tree.findings else 0


sys.exit(main())
