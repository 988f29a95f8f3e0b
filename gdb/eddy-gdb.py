# SPDX-License-Identifier: MIT
"""eddy-gdb.py - Eddy for gdb: its tasks, the backtrace of one that waits, and its types in words.

    info eddy-tasks [WORD]         the tasks that have not ended (whose names have WORD in them)
    eddy bt TASK|all [OPTION...]   what a task's stack holds; OPTIONs are those of gdb's own bt
    eddy task [TASK]               looks at a task (up, frame, info locals, print); without TASK: back to the thread
    eddy core FILE                 a core file of the running program with all stacks in it, which gcore leaves out;
                                   of a core file: a copy in which sleeping stacks (hibernation) hold their frames

TASK is a number of the list (LOOP.NUMBER where several loops run), a name, or an expression whose value is a handle.

gdb loads this file by itself where it knows the folder that `make install` put it in; else `source` it. It reads memory
and registers, writes nothing and calls nothing: a core file will do. It begins at the variable eddy_loops of
src/core/loops.c and finds everything else by the names of struct members, in the library's DWARF.
"""
import collections
import contextlib
import errno
import itertools
import os
import re
import shutil
import socket
import struct as packed
import time
import types

import gdb
import gdb.printing
import gdb.unwinder

# The block in which the library's types are looked up: a program may have a `struct task`, too.
HOMES = {'generator_stack': 'eddy_generator_resume', 'several': 'eddy_gather_child', 'stack_call': 'stack_call',
         'stack_slab': 'hibernate_find', 'slabs': 'hibernate_find', 'count': 'hibernate_find'}
HOME = 'task_entry'
TICK_BITS = 20

# What eddy_switch leaves on the stack, from the saved stack pointer on: see src/core/switch_<arch>.c.
LAYOUTS = {
    'i386:x86-64': {
        'size': 56, 'pc': ('rip', 48), 'sp': 'rsp', 'fp': 'rbp', 'argument': 'r12', 'entry': 'r13',
        'saved': {'r15': 0, 'r14': 8, 'r13': 16, 'r12': 24, 'rbx': 32, 'rbp': 40}},
    'aarch64': {
        'size': 176, 'pc': ('pc', 8), 'sp': 'sp', 'argument': 'x19', 'entry': 'x20',
        'saved': {'x%d' % n: 16 + 8 * (n - 19) for n in range(19, 29)} | {'x29': 0, 'x30': 8}},
}

ENTRIES = ('eddy_switch_entry', 'eddy_generator_entry') # the first functions on a stack
KINDS = ('awaitable', 'coroutine', 'generator', 'async_generator', 'future', 'blocking function')
STATES = ('created', 'running', 'suspended', 'finished')
FLAG_TASK, FLAG_FUTURE = 1, 2
TASK_NEW, TASK_STARTED, TASK_DONE = range(3)
OPERATIONS = ('poll', 'accept', 'connect', 'receive', 'receive', 'send', 'receive', 'send', 'read', 'write', 'read', 'write',
              'open', 'fsync', 'stat', 'rename', 'unlink', 'mkdir', 'truncate', 'list')


class Trouble(gdb.GdbError):
    """What the user is told."""


# --- values -----------------------------------------------------------------------------------------------------------

def library_block(name):
    symbol = gdb.lookup_global_symbol(HOMES.get(name, HOME)) or gdb.lookup_static_symbol(HOMES.get(name, HOME))
    return symbol.symtab.static_block() if symbol else None


def struct(name):
    """The library's own struct of that name. (For a struct, gdb.lookup_type ignores the block.)"""
    block = library_block(name)
    symbol = gdb.lookup_symbol(name, block, gdb.SYMBOL_STRUCT_DOMAIN)[0] if block else None
    if symbol is None:
        raise Trouble('The debug information of Eddy lacks struct %s.' % name)
    return symbol.type


def at(address, name):
    """The struct of the library at an address."""
    return gdb.Value(int(address)).cast(struct(name).pointer()).dereference()


def own_variable(name):
    """A static variable of the library, or None if there is none of that name."""
    block = library_block(name)
    symbol = gdb.lookup_symbol(name, block)[0] if block else None
    return symbol.value() if symbol else None


def offset_of(kind, *members):
    offset = 0
    for member in members:
        field = next(field for field in kind.fields() if field.name == member)
        offset += field.bitpos // 8
        kind = field.type.strip_typedefs()
    return offset


def text(value, otherwise=''):
    """A string of the program; NULL gives `otherwise`."""
    return value.string('utf-8', 'replace') if int(value) else otherwise


def is_core_file():
    return gdb.selected_inferior().connection.type == 'core'


def error_name(code):
    names = dict(errno.errorcode)
    if code >= 4096:
        names = {field.enumval: field.name for field in gdb.lookup_type('enum eddy_error_code').fields()}
    return names.get(code, 'E%d' % code)


# --- loops and tasks --------------------------------------------------------------------------------------------------

def all_loops():
    """The loops of the process, in the order in which they began."""
    symbol = gdb.lookup_global_symbol('eddy_loops') or gdb.lookup_static_symbol('eddy_loops')
    if symbol is None:
        try: # what a stripped shared library still has
            gdb.parse_and_eval('(long)&eddy_run_main')
        except gdb.error:
            raise Trouble('There is no Eddy in this program (or all of its symbols were stripped off).') from None
        raise Trouble('The Eddy library of this program has no debug information: install it (libeddy0.1-dbgsym on '
                      'Debian),\nor build the library with -g (Meson: -Dbuildtype=debugoptimized, the default).')
    if library_block('task') is None:
        raise Trouble('The Eddy library of this program has debug information in parts only: build all of it with -g.')
    try:
        address = int(symbol.value())
        loops = []
        while address and address not in [int(loop.address) for loop in loops]:
            loops.append(at(address, 'eddy_loop'))
            address = int(loops[-1]['next_loop'])
    except gdb.MemoryError:
        raise Trouble('The program does not run, or its memory is not in this core file.') from None
    return list(reversed(loops))


class Task:
    """One struct task."""

    def __init__(self, value, loop=None):
        self.value = value
        self.loop = loop
        self.id = int(value['id'])

    @property
    def core(self):
        return at(int(self.value.address) + struct('task').sizeof, 'eddy_core')

    @property
    def name(self):
        own = text(self.value['name'])
        return own or '%.48s-%d' % (text(self.core['type']['name']), self.id)

    def is_running(self):
        return self.loop is not None and int(self.value.address) in (int(self.loop['current'][n]) for n in ('task', 'caller'))

    def state(self):
        if int(self.value['state']) == TASK_DONE:
            return 'ended'
        if self.is_running():
            return 'running'
        if int(self.value['state']) == TASK_NEW:
            return 'new'
        return 'ready' if self.value['ready']['queued'] else 'waiting'

    def saved_sp(self):
        """The stack pointer of the stack that it left; None if it has no other stack, or runs on it."""
        if int(self.value['state']) != TASK_STARTED or self.is_running() or not int(self.value['stack']):
            return None
        return int(self.value['point']['sp'])

    def site(self):
        return place_of(self.value['site'])


def place_of(site):
    if not int(site) or not int(site['file']):
        return 'the library'
    return '%s:%d' % (text(site['file']), int(site['line']))


def tasks_of(loop):
    """Oldest first."""
    tasks, address = [], int(loop['tasks'])
    while address and len(tasks) <= int(loop['task_count']):
        tasks.append(Task(at(address, 'task'), loop))
        address = int(tasks[-1].value['next'])
    return sorted(tasks, key=lambda task: task.id)


def task_named(word):
    """The task that a user means."""
    loops = all_loops()
    match = re.fullmatch(r'(?:(\d+)\.)?(\d+)', word)
    if match and match.group(1) and not 0 < int(match.group(1)) <= len(loops):
        raise Trouble('There is no loop %s: there are %d.' % (match.group(1), len(loops)))
    if match and match.group(1):
        loops = [loops[int(match.group(1)) - 1]]
    found = [task for loop in loops for task in tasks_of(loop)
             if (task.id == int(match.group(2)) if match else task.name == word)]
    if not found and not match:
        found = tasks_of_handle(word, loops)
    if len(found) > 1:
        raise Trouble('Several tasks are meant by %s: say LOOP.NUMBER.' % word)
    if not found:
        raise Trouble('There is no task %s; `info eddy-tasks` lists those that there are.' % word)
    return found[0]


def tasks_of_handle(expression, loops):
    try:
        address = int(gdb.parse_and_eval(expression)) - struct('task').sizeof
    except (gdb.error, OverflowError):
        return []
    return [task for loop in loops for task in tasks_of(loop) if int(task.value.address) == address]


def loop_time(loop):
    """Now, in nanoseconds of the loop's clock; None if it is not known (in a core file, or in the simulation)."""
    if loop['driver']['virtual_time'] or is_core_file():
        return None
    return frame_kept.now


def waiting_since(task):
    """How long it has waited, in nanoseconds; in a core file: until the loop last read the clock. See clock_tick of clock.h."""
    now = loop_time(task.loop)
    now = int(task.loop['looked_at']) if now is None else now >> TICK_BITS
    return (now - int(task.value['ready']['parked_at'])) % (1 << 32) << TICK_BITS


def span(nanoseconds):
    return '%.*f s' % (3 if nanoseconds < 1e11 else 0, nanoseconds / 1e9)


# --- what a task waits for --------------------------------------------------------------------------------------------

def sleep_left(task):
    index = int(task.value['wait']['timer']['index'])
    if not index:
        return 'sleep'
    when = int(task.loop['timers']['heap'][index - 1]['when'])
    now = loop_time(task.loop)
    if now is None: # to a tick
        now = when - ((when >> TICK_BITS) - int(task.loop['looked_at']) << TICK_BITS)
    return 'sleep, %s left' % span(max(0, when - now))


def operation_of(task):
    op = task.value['wait']['op']
    kind = int(op['kind'])
    what = OPERATIONS[kind] if kind < len(OPERATIONS) else 'operation %d' % kind
    return '%s on descriptor %d' % (what, int(op['fd'])) if int(op['fd']) >= 0 else what


def with_type(value, name):
    return value.address.cast(gdb.lookup_type('struct ' + name).pointer())


def with_object(awaitable, name, member):
    """The object of the program that an operation works on."""
    operation = with_type(awaitable, name)
    return '%s %s' % (name[len('eddy_'):].replace('_', ' '), hex(int(operation[member])))


def several_of(task, name):
    several = at(int(task.value['wait']['several']), 'several')
    return '%s of %d tasks, %d pending' % (name, int(several['count']), int(several['pending']))


WAITS = {
    'sleep': lambda task, a: sleep_left(task),
    'gather': lambda task, a: several_of(task, 'gather'),
    'wait': lambda task, a: several_of(task, 'wait'),
    'operation': lambda task, a: operation_of(task),
    'accept': lambda task, a: operation_of(task),
    'eddy_lock_acquire': lambda task, a: with_object(a, 'eddy_lock_acquire', 'lock'),
    'eddy_event_wait': lambda task, a: with_object(a, 'eddy_event_wait', 'event'),
    'eddy_semaphore_acquire': lambda task, a: with_object(a, 'eddy_semaphore_acquire', 'semaphore'),
    'eddy_barrier_wait': lambda task, a: with_object(a, 'eddy_barrier_wait', 'barrier'),
    'eddy_queue_get': lambda task, a: 'queue get ' + hex(int(with_type(a, 'eddy_queue_op')['queue'])),
    'eddy_queue_put': lambda task, a: 'queue put ' + hex(int(with_type(a, 'eddy_queue_op')['queue'])),
    'eddy_queue_join': lambda task, a: with_object(a, 'eddy_queue_join', 'queue'),
}


def watched_by(task):
    """The task whose end it waits for, if its own header does not say: the one whose list contains its watch."""
    own = int(task.value['wait']['watch'].address)
    for other in tasks_of(task.loop):
        watch = int(other.value['watches']['first'])
        while watch:
            if watch == own:
                return 'task "%s"' % other.name
            watch = int(at(watch, 'watch')['next'])
    return None


def waits_for(task, names):
    """What a task waits for, in words. names: the functions at the top of its stack, which tell what its header does not."""
    if task.state() != 'waiting':
        return ''
    if int(task.value['joins']):
        return 'task "%s"' % Task(at(task.value['joins'], 'task')).name
    address = int(task.value['waits_for'])
    if address:
        awaitable = at(address, 'eddy_core')
        try:
            if not int(awaitable['type']): # on a stack that is not in the core file
                return 'an operation'
        except gdb.MemoryError: # on a stack that sleeps
            return 'an operation'
        name = text(awaitable['type']['name'], '?')
        if int(awaitable['flags']) & FLAG_FUTURE:
            return 'future ' + hex(address)
        if int(awaitable['type']['kind']) == KINDS.index('blocking function'):
            return 'thread: ' + name
        return WAITS[name](task, awaitable) if name in WAITS else name
    if 'wait_for_members' in names:
        return 'the tasks of its group'
    if 'frame_end_below' in names or 'end_children' in names:
        return 'the tasks that it spawned'
    return watched_by(task) or 'somebody who wakes it'


# --- stacks that do not run -------------------------------------------------------------------------------------------

class Point(collections.namedtuple('Point', 'sp pc fp')):
    """Where a stack was left by a step of a generator, on x86-64: see src/core/generator_switch.h."""


def point_of(value):
    """The place that a struct generator_point stands for; where it is a struct switch_point, its stack pointer."""
    sp = int(value['sp'])
    if not any(field.name == 'pc' for field in value.type.fields()):
        return sp
    pc = int(value['pc'])
    for name in 'generator_back_keeping', 'generator_back_transferred':
        if pc == int(gdb.parse_and_eval('(unsigned long)&' + name)):
            pc = int(value['then'])
    return Point(sp, pc, int(value['bp']))


def sp_of(place):
    return place.sp if isinstance(place, Point) else place


class Elsewhere(gdb.unwinder.Unwinder):
    """While gdb is aimed at a saved stack, the frames saved there appear as callers of the thread's innermost frame."""
    def __init__(self):
        super().__init__('eddy')
        self.target = self.here = None

    def aim(self, saved_sp):
        """None if it is aimed at nothing, as at the beginning."""
        self.target = None
        gdb.invalidate_cached_frames()
        if saved_sp is None:
            return
        frame = gdb.newest_frame()
        layout = layout_of(frame)
        self.here = int(frame.read_register(layout['sp']))
        self.target = saved_sp
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if self.target is None:
            return None
        layout = LAYOUTS.get(pending.architecture().name())
        if not layout or int(pending.read_register(layout['sp'])) != self.here:
            return None
        name, offset = layout['pc']
        at_sp = self.target.sp if isinstance(self.target, Point) else self.target
        info = pending.create_unwind_info(types.SimpleNamespace(sp=gdb.Value(at_sp), pc=pending.read_register(name)))
        if isinstance(self.target, Point):
            for register, value in ((name, self.target.pc), (layout['sp'], self.target.sp), (layout['fp'], self.target.fp)):
                info.add_saved_register(register, gdb.Value(value).cast(gdb.lookup_type('unsigned long')))
            return info
        info.add_saved_register(name, word(self.target + offset))
        info.add_saved_register(layout['sp'], gdb.Value(self.target + layout['size']).cast(gdb.lookup_type('unsigned long')))
        for register, place in layout['saved'].items():
            info.add_saved_register(register, word(self.target + place))
        return info


def word(address):
    return gdb.Value(address).cast(gdb.lookup_type('unsigned long').pointer()).dereference()


def layout_of(frame):
    name = frame.architecture().name()
    if name not in LAYOUTS:
        raise Trouble('Stacks that do not run are not known on %s.' % name)
    if gdb.lookup_global_symbol('eddy_switch_entry') is None:
        try:
            gdb.parse_and_eval('(long)&eddy_switch_entry')
        except gdb.error:
            raise Trouble('The library was built with the generic switch, whose saved registers are not known.') from None
    return LAYOUTS[name]


def stack_frames():
    frame = gdb.newest_frame()
    while frame is not None:
        yield frame
        frame = frame.older()


elsewhere = Elsewhere()
gdb.unwinder.register_unwinder(None, elsewhere, replace=True)


class Asleep(Trouble):
    """The stack that is asked for sleeps."""


def sleeping_slabs():
    """The tasks whose stack sleeps: see src/os/hibernate.h."""
    slabs = own_variable('slabs')
    if slabs is None: # a library of one file, whose static variables have other names
        return
    for number in range(int(own_variable('count'))):
        slab = slabs[number].dereference()
        if int(slab['asleep']):
            yield slab


def nap_of(slab, index):
    """(address, what lies there while it is awake) of a stack; None: it is awake."""
    nap = slab['beds'][index]['nap']
    if not int(nap) or not nap['asleep']:
        return None
    size = int(nap['size'])
    end = int(slab['stacks']) + (index + 1) * int(slab['stride']) - index % 8 * 128 # stack_at of stack_pool.h
    return end - size, bytes(gdb.selected_inferior().read_memory(int(nap['bytes'].address), size))


def sleeps(address):
    for slab in sleeping_slabs():
        index = (address - int(slab['stacks'])) // int(slab['stride'])
        if 0 <= index < int(slab['count']):
            return nap_of(slab, index) is not None
    return False


class Aimed:
    """with Aimed(sp) as frames: looks at a saved stack; frames(): its frames, innermost first."""

    def __init__(self, saved_sp):
        self.saved_sp = saved_sp

    def __enter__(self):
        self.before = elsewhere.target
        elsewhere.aim(self.saved_sp)
        return self.frames

    def __exit__(self, *unused):
        elsewhere.aim(self.before)

    def thread_frames(self):
        """The number of frames before those of the saved stack: one, and those inlined into it."""
        if elsewhere.target is None:
            return 0
        sp = layout_of(gdb.newest_frame())['sp']
        return sum(1 for _ in itertools.takewhile(lambda f: int(f.read_register(sp)) == elsewhere.here, stack_frames()))

    def is_there(self):
        try:
            if isinstance(self.saved_sp, Point):
                return int(word(self.saved_sp.sp)) is not None
            return int(word(self.saved_sp + layout_of(gdb.newest_frame())['pc'][1])) != 0
        except gdb.MemoryError:
            return False

    def check(self):
        """gcore writes zeros where memory cannot be read in one piece, which a guard page prevents."""
        if self.saved_sp is None or self.is_there():
            return
        if sleeps(sp_of(self.saved_sp)):
            raise Asleep('The stack sleeps (hibernation): look at it in the core file that `eddy core FILE` writes.')
        raise Trouble('The stack is not in this core file. gcore leaves out what a guard page lies in: use the '
                      'kernel\'s core files,\n`eddy core FILE`, or run the program with EDDY_STACK_GUARD=mprotect.')

    def frames(self):
        return itertools.islice(stack_frames(), self.thread_frames(), None)

    def backtrace(self, options, first):
        """What bt prints, numbered from `first` on; the number of frames; where the generator's consumer was left."""
        self.check()
        printed = gdb.execute('bt ' + options, to_string=True)
        groups, hidden = [], self.thread_frames()
        for number, rest in re.findall(r'(?ms)^#(\d+) *(.*?)(?=^#\d|\Z)', printed):
            if int(number) >= hidden:
                groups.append('#%-2d %s' % (first + int(number) - hidden, rest))
        return ''.join(groups), sum(1 for _ in self.frames()), self.consumer()

    def consumer(self):
        """A generator's stack begins where its consumer stepped into it, on another stack; so does that of a call."""
        *_, last = itertools.chain([None], self.frames())
        if last is None or last.name() not in ENTRIES:
            return None
        layout = LAYOUTS[last.architecture().name()]
        if last.name() == 'eddy_generator_entry':
            return point_of(at(int(last.read_register(layout['argument'])), 'generator_stack')['outside'])
        entry = gdb.block_for_pc(int(last.read_register(layout['entry'])))
        if entry is None or not entry.function or not entry.function.symtab:
            return None
        file = os.path.basename(entry.function.symtab.filename)
        caller = {'generator.c': 'generator_stack', 'stack_call.c': 'stack_call'}.get(file)
        return int(at(int(last.read_register(layout['argument'])), caller)['outside']['sp']) if caller else None


def library_folder():
    """src/ of the library, with which the names of its files begin."""
    symbol = gdb.lookup_global_symbol(HOME) or gdb.lookup_static_symbol(HOME)
    return os.path.dirname(os.path.dirname(os.path.normpath(symbol.symtab.fullname())))


def is_library(frame, folder):
    where = frame.find_sal().symtab
    if where is None:
        return True
    name = os.path.normpath(where.fullname())
    return name.startswith(folder + os.sep) or re.search(r'/eddy/\w+\.h$', name) is not None


def where_is(saved_sp):
    """(file:line in function) of the innermost frame that is not the library's; the names of those before it."""
    names, folder = [], library_folder()
    while saved_sp is not None:
        aimed = Aimed(saved_sp)
        with aimed as frames:
            aimed.check()
            for frame in frames():
                if not is_library(frame, folder):
                    sal = frame.find_sal()
                    name = re.sub(r'__body$', '', frame.name() or '?')
                    return '%s:%d in %s' % (os.path.basename(sal.symtab.filename), sal.line, name), names
                names.append(frame.name() or '?')
            saved_sp = aimed.consumer()
    return None, names


# --- commands ---------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def frame_kept():
    """The selected frame is the same afterwards."""
    all_loops()
    if gdb.selected_thread() is None:
        raise Trouble('The program does not run: start it, attach to it, or load a core file.')
    frame_kept.now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) # the same for the whole command
    level = gdb.selected_frame().level()
    yield
    next(itertools.islice(stack_frames(), level, None)).select()


def describe_task(task):
    """(id, name, state, what it waits for, since when, where)."""
    saved_sp = task.saved_sp()
    try:
        where, names = where_is(saved_sp) if saved_sp is not None else (None, [])
    except Trouble as trouble:
        kept = 'asleep' if isinstance(trouble, Asleep) else 'not in this core file'
        where, names = '(%s), spawned at %s' % (kept, task.site()), []
    since = ''
    if task.state() == 'waiting':
        since = span(waiting_since(task))
    return str(task.id), task.name, task.state(), waits_for(task, names), since, where or 'spawned at ' + task.site()


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        gdb.write('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() + '\n')


def thread_of(loop):
    """The thread that runs the loop, or ran it last; the selected thread if that one has ended."""
    threads = (thread for thread in gdb.selected_inferior().threads() if thread.ptid[1] == int(loop['thread']))
    return next(threads, gdb.selected_thread())


@contextlib.contextmanager
def thread_selected(thread):
    before, target = gdb.selected_thread(), elsewhere.target
    elsewhere.aim(None)
    thread.switch()
    yield
    before.switch()
    elsewhere.aim(target)


class InfoTasks(gdb.Command):
    """The tasks of Eddy's loops that have not ended: state, what each waits for, since when, where.
info eddy-tasks [WORD]: those whose names have WORD in them.
Where is the innermost line that is not the library's. "Since" uses the time at which the loop last read the clock."""

    def __init__(self):
        super().__init__('info eddy-tasks', gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        with frame_kept():
            loops = all_loops()
            if not loops:
                gdb.write('No loop runs.\n')
            for number, loop in enumerate(loops, 1):
                tasks = tasks_of(loop)
                gdb.write('Loop %d on thread %d (LWP %d), driver %s, %d task%s\n' % (
                    number, thread_of(loop).num, int(loop['thread']), text(loop['driver']['type']['name']), len(tasks), 's'[len(tasks) == 1:]))
                rows = [describe_task(task) for task in tasks if argument in task.name]
                if rows:
                    print_table([('Id', 'Name', 'State', 'Waits for', 'Since', 'Where')] + rows)


class Eddy(gdb.Command):
    """Eddy's tasks: eddy bt, eddy task; info eddy-tasks lists them."""

    def __init__(self):
        super().__init__('eddy', gdb.COMMAND_STACK, prefix=True)


class Backtrace(gdb.Command):
    """The stack of a task: eddy bt TASK|all [OPTION...].
TASK: a number of `info eddy-tasks`, a name, or a handle. OPTIONs are those of bt (full, -3, ...).
The frames of a generator are followed by those of the code that stepped into it."""

    def __init__(self):
        super().__init__('eddy bt', gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        which, _, options = argument.strip().partition(' ')
        if not which:
            raise Trouble('eddy bt TASK|all: which task? `info eddy-tasks` lists them.')
        with frame_kept():
            tasks = [task for loop in all_loops() for task in tasks_of(loop)] if which == 'all' else [task_named(which)]
            for index, task in enumerate(tasks):
                gdb.write('\n' if index else '')
                self.show(task, options)

    def show(self, task, options):
        saved_sp = task.saved_sp()
        waits = waits_for(task, where_is(saved_sp)[1] if saved_sp is not None else [])
        gdb.write('Task %d "%s" (%s%s), spawned at %s\n' % (
            task.id, task.name, task.state(), ': ' + waits if waits else '', task.site()))
        if task.is_running():
            with thread_selected(thread_of(task.loop)):
                self.show_stack(None, options)
        elif saved_sp is None:
            gdb.write('It has no stack%s.\n' % (' yet' if int(task.value['state']) == TASK_NEW else ''))
        else:
            self.show_stack(saved_sp, options)

    def show_stack(self, saved_sp, options):
        """Prints the frames from a saved stack, or from where the thread is (None), down to the task's first frame."""
        first = 0
        while first == 0 or saved_sp is not None:
            aimed = Aimed(saved_sp)
            with aimed:
                printed, count, saved_sp = aimed.backtrace(options, first)
            gdb.write(printed)
            first += count


class Look(gdb.Command):
    """Looks at a task's stack: up, down, frame, info locals and print work there; frame 0 stays the thread's own.
eddy task TASK; without TASK, or when the program goes on: back to the thread."""

    def __init__(self):
        super().__init__('eddy task', gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if not argument.strip():
            elsewhere.aim(None)
            gdb.execute('frame 0')
            return
        task = task_named(argument.strip())
        if task.saved_sp() is None:
            raise Trouble('Task %d "%s" is %s: no stack of it lies waiting.' % (task.id, task.name, task.state()))
        with Aimed(task.saved_sp()):
            Aimed(task.saved_sp()).check()
        elsewhere.aim(task.saved_sp())
        frames = list(Aimed(task.saved_sp()).frames())
        own = [frame for frame in frames if not is_library(frame, library_folder())]
        gdb.execute('frame %d' % (own or frames)[0].level())


class Core(gdb.Command):
    """A core file of the running program, with the stacks of its tasks: eddy core FILE.
gdb's gcore leaves out a mapping from the first piece on that it cannot read as a whole, as where a guard page lies.
Of a core file: a copy, in which stacks that slept hold what they held."""

    def __init__(self):
        super().__init__('eddy core', gdb.COMMAND_SUPPORT, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        if not argument or gdb.selected_thread() is None:
            raise Trouble('eddy core FILE: writes a core file of a program that runs, or a copy of a core file.')
        if is_core_file():
            shutil.copyfile(core_file_name(), argument)
        else:
            gdb.execute('generate-core-file ' + argument, to_string=True)
        with open(argument, 'r+b') as file:
            segments = list(loaded_segments(file))
            if not is_core_file():
                fill_stacks(file, segments)
            for slab in sleeping_slabs():
                for nap in filter(None, (nap_of(slab, index) for index in range(int(slab['carved'])))):
                    write_nap(file, segments, *nap)
        gdb.write('Saved corefile %s, with the stacks of all tasks\n' % argument)


def core_file_name():
    return re.search(r"Local core dump file:\s+`(.*)', file type", gdb.execute('info files', to_string=True)).group(1)


def fill_stacks(file, segments):
    stacks = [int(task.value['stack']) for loop in all_loops() for task in tasks_of(loop)]
    for start, size, offset in segments:
        if any(start <= stack < start + size for stack in stacks):
            fill(file, start, size, offset)


def write_nap(file, segments, address, data):
    for start, size, offset in segments:
        if start <= address < start + size:
            file.seek(offset + address - start)
            file.write(data)


def loaded_segments(file):
    """(address, size, offset in the file) of what a core file of 64 bits holds."""
    header = packed.unpack('<16sHHIQQQIHHHHHH', file.read(64))
    file.seek(header[5])
    table = file.read(header[9] * header[10])
    for kind, _, offset, address, _, size, _, _ in packed.iter_unpack('<IIQQQQQQ', table):
        if kind == 1 and size:
            yield address, size, offset


def fill(file, address, size, offset):
    """Writes what can be read, in ever smaller pieces; pages of zeros stay holes."""
    try:
        data = bytes(gdb.selected_inferior().read_memory(address, size)) if size <= 1 << 20 else None
    except gdb.MemoryError:
        data = None
    if data is None and size > 4096:
        half = max(size // 2 & ~4095, 4096)
        fill(file, address, half, offset)
        fill(file, address + half, size - half, offset + half)
    elif data is not None and data.count(0) != size:
        file.seek(offset)
        file.write(data)


def forget(*unused):
    elsewhere.target = None


for registry in gdb.events.cont, gdb.events.exited:
    registry.connect(forget)
InfoTasks()
Eddy()
Backtrace()
Look()
Core()

# --- types in words ---------------------------------------------------------------------------------------------------

def core_in_words(core):
    """A coroutine, future or operation; of a task its handle."""
    if not int(core['type']):
        return 'no awaitable'
    if int(core['flags']) & FLAG_TASK and core.address is not None:
        return task_in_words(Task(at(int(core.address) - struct('task').sizeof, 'task')))
    kind, state = KINDS[int(core['type']['kind'])], STATES[int(core['state'])]
    if kind in ('coroutine', 'blocking function') and state == 'created': # also while it is awaited
        state = 'a value'
    if int(core['failure']):
        state = 'failed: ' + failure_in_words(at(core['failure'], 'eddy_failure'))
    return '%s "%s" (%s)' % (kind, text(core['type']['name']), state)


def task_in_words(task):
    address = int(task.value.address)
    for loop in all_loops():
        if address in [int(other.value.address) for other in tasks_of(loop)]:
            task.loop = loop
    state = task.state()
    if state == 'ended':
        state = 'cancelled' if task.value['cancelled'] else 'failed' if int(task.core['failure']) else 'finished'
    return 'task %d "%s" (%s)' % (task.id, task.name, state)


def waiters_in_words(waiters):
    """The names of those in a wait-list, first come first."""
    task, names, address = struct('task'), [], int(waiters['first'])
    back = offset_of(task, 'wait', 'waiter')
    while address and len(names) < 100:
        waiting = at(address - back, 'task')
        names.append(Task(waiting).name)
        address = int(waiting['wait']['waiter']['link']['next'])
    return 'nobody waits' if not names else '%s wait%s' % (', '.join(names), 's'[len(names) > 1:])


def error_in_words(error):
    code = int(error['code'])
    if not code:
        return 'no error'
    message = text(error['message'])
    return error_name(code) + (': ' + message if message else '')


def failure_in_words(failure):
    places = [failure['places'][index] for index in range(min(int(failure['place_count']), 20))]
    trace = ['%s in %s' % (place_of(place['site']), re.sub('__body$', '', text(place['site']['function'], '?')))
             for place in reversed(places)]
    return error_in_words(failure) + (' (%s)' % ' > '.join(trace) if trace else '')


def queue_in_words(queue):
    order = ('first in first out', 'last in first out', 'by priority')[int(queue['order'])]
    limit = ' of %d' % int(queue['max_size']) if int(queue['max_size']) else ''
    shut = ', shut down' if queue['shut_down'] else ''
    return '%s, %d%s items%s; to get: %s; to put: %s' % (
        order, int(queue['count']), limit, shut, waiters_in_words(queue['getters']), waiters_in_words(queue['putters']))


def barrier_in_words(barrier):
    broken = 'broken, ' if barrier['broken'] else ''
    return '%s%d of %d have come: %s' % (broken, int(barrier['waiting']), int(barrier['parties']),
                                         waiters_in_words(barrier['waiters']))


def address_in_words(address):
    size = int(address['size'])
    data = bytes(gdb.selected_inferior().read_memory(int(address['data'].address), size))
    family, port = int.from_bytes(data[:2], 'little'), int.from_bytes(data[2:4], 'big')
    if family == socket.AF_INET:
        return '%s:%d' % (socket.inet_ntop(family, data[4:8]), port)
    if family == socket.AF_INET6:
        return '[%s]:%d' % (socket.inet_ntop(family, data[8:24]), port)
    name = data[2:] or b'no address'
    return '@' + name[1:].decode(errors='replace') if name[:1] == b'\0' else name.rstrip(b'\0').decode(errors='replace')


def bytes_in_words(value):
    size = int(value['size'])
    if not size:
        return 'empty'
    shown = value['data'].lazy_string('latin-1', length=min(size, 200)).value().format_string()
    return '%d bytes %s' % (size, shown)


def stream_in_words(stream):
    if not int(stream['transport']):
        return 'closed stream'
    users = ['%s "%s"' % (what, Task(at(stream[member], 'task')).name)
             for member, what in (('reader', 'read by'), ('writer', 'written by')) if int(stream[member])]
    return ', '.join(['%s stream' % text(stream['transport']['type']['name'])] +
                     ['to ' + text(stream['peer'])] * bool(int(stream['peer'])) +
                     ['%d bytes not read' % (int(stream['end']) - int(stream['begin']))] +
                     ['at its end'] * bool(stream['at_end']) + users)


class Words:
    """A printer that describes a value in words; `print/r` shows the members."""

    def __init__(self, value, words):
        self.value, self.words = value, words

    def to_string(self):
        try:
            return self.words(self.value)
        except (gdb.error, gdb.GdbError) as trouble:
            return '(%s)' % trouble


PRINTERS = {
    'eddy_core': core_in_words,
    'eddy_awaitable': lambda value: core_in_words(value['awaitable']),
    'eddy_task': lambda value: core_in_words(value['awaitable']['awaitable']),
    'eddy_generator': lambda value: core_in_words(value['core']),
    'eddy_error': error_in_words,
    'eddy_failure': failure_in_words,
    'eddy_site': lambda value: place_of(value.address),
    'eddy_waiters': waiters_in_words,
    'eddy_lock': lambda value: '%s, %s' % ('held' if value['held'] else 'free', waiters_in_words(value['waiters'])),
    'eddy_event': lambda value: '%s, %s' % ('set' if value['set'] else 'not set', waiters_in_words(value['waiters'])),
    'eddy_condition': lambda value: waiters_in_words(value['waiters']),
    'eddy_semaphore': lambda value: '%d free, %s' % (int(value['value']), waiters_in_words(value['waiters'])),
    'eddy_barrier': barrier_in_words,
    'eddy_queue': queue_in_words,
    'eddy_address': address_in_words,
    'eddy_slice': bytes_in_words,
    'eddy_buffer': bytes_in_words,
    'eddy_stream': stream_in_words,
    'eddy_server': lambda value: 'server, %d connections' % int(value['connection_count']),
    'eddy_loop': lambda value: 'loop, driver %s, %d tasks' % (
        text(value['driver']['type']['name']), int(value['task_count'])),
}


def register_printers():
    printers = gdb.printing.RegexpCollectionPrettyPrinter('eddy')
    for name, words in PRINTERS.items():
        printers.add_printer(name, '^%s$' % name, lambda value, words=words: Words(value, words))
    gdb.printing.register_pretty_printer(None, printers, replace=True)


register_printers()
