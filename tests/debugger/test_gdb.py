#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_gdb.py PROGRAM ASLEEP: gdb/eddy-gdb.py on PROGRAM (parked.c) and ASLEEP (asleep.c), which live, and on core files.

A rule stands in the name of each check; what gdb printed is shown if it does not hold.
"""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

SCRIPT = os.path.join(os.environ['EDDY_SOURCE'], 'gdb/eddy-gdb.py')
PROGRAM, ASLEEP = sys.argv[1:3]
ENTRIES = ('eddy_switch_entry', 'eddy_generator_entry') # the first functions on a stack
passed = failed = 0


def gdb(program, *commands, before=(), environment=None):
    """What gdb prints."""
    words = ['gdb', '-q', '-nx', '-batch', '-iex', 'set debuginfod enabled off', '-iex', 'set auto-load python-scripts off',
             '-ex', 'set width 0', '-ex', 'source ' + SCRIPT, program, *before]
    for command in commands:
        words += ['-ex', command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', check=False,
                          timeout=60, env=dict(os.environ, EDDY_DRIVER='epoll', LC_ALL='C', **(environment or {})))
    return done.stdout


def live(*commands, environment=None):
    return gdb(PROGRAM, 'break all_parked', 'run', *commands, environment=environment)


def on_core(core, *commands):
    return gdb(PROGRAM, *commands, before=[core])


def check(rule, holds, output):
    global passed, failed
    print('%s  %s' % ('ok  ' if holds else 'FAIL', rule))
    if holds:
        passed += 1
    else:
        failed += 1
        print('      ' + output.replace('\n', '\n      '))


def part(output, first, last=r'\Z'):
    """From the line that matches `first` up to the next that matches `last`."""
    match = re.search(r'(?ms)^%s.*?(?=^%s|\Z)' % (first, last), output)
    return match.group(0) if match else ''


def frames(output):
    """(number, function) of each frame."""
    return re.findall(r'(?m)^#(\d+) +(?:0x[0-9a-f]+ in )?([\w]+)', output)


def timeless(output):
    """The text without what differs between two runs of one program: addresses and durations."""
    return re.sub(r' *\d+(\.\d+)? s\b', '', re.sub(r'0x[0-9a-f]+|LWP \d+| +', ' ', output))


# name, state, what it waits for, where (with optimisation a function may be inlined into its caller, the line remains)
ROWS = [
    (r'main_task-1', 'waiting', r'future 0x[0-9a-f]+', r'parked\.c:\d+ in awaiter'),
    (r'deep', 'waiting', r'sleep, \d+ s left', r'parked\.c:\d+ in napper'),
    (r'reader-\d+', 'waiting', r'queue get 0x[0-9a-f]+', r'parked\.c:\d+ in reader'),
    (r'locker-\d+', 'waiting', r'event wait 0x[0-9a-f]+', r'parked\.c:\d+ in locker'),
    (r'locker-\d+', 'waiting', r'lock acquire 0x[0-9a-f]+', r'parked\.c:\d+ in locker'),
    (r'awaiter-\d+', 'waiting', r'future 0x[0-9a-f]+', r'parked\.c:\d+ in awaiter'),
    (r'consumer-\d+', 'waiting', r'sleep, \d+ s left', r'parked\.c:\d+ in ticks'),
    (r'group_of-\d+', 'waiting', r'the tasks of its group', r'parked\.c:\d+ in group_of'),
    (r'in_a_thread-\d+', 'waiting', r'thread: in_a_thread', r'spawned at .*parked\.c:\d+'),
    (r'receiver-\d+', 'waiting', r'receive on descriptor \d+', r'parked\.c:\d+ in receiver'),
    (r'shielded-\d+', 'waiting', r'task "reader-\d+"', r'parked\.c:\d+ in shielded'),
    (r'gatherer-\d+', 'waiting', r'gather of 2 tasks, 2 pending', r'parked\.c:\d+ in gatherer'),
    (r'sleep-\d+', 'waiting', r'sleep, \d+ s left', r'spawned at .*parked\.c:\d+'),
    (r'stopper-\d+', 'running', r'', r'spawned at .*parked\.c:\d+'),
    (r'napper-\d+', 'waiting', r'sleep, \d+ s left', r'parked\.c:\d+ in napper'),
    (r'of the other loop', 'waiting', r'sleep, \d+ s left', r'parked\.c:\d+ in napper'),
]


def check_list(where, output):
    for name, state, waits, place in ROWS:
        since = r'\d+\.\d{3} s' if state == 'waiting' else ''
        row = r'(?m)^\d+ +%s +%s +%s +%s +%s$' % (name, state, waits, since, place)
        check('%s: the list says of %s: %s %s' % (where, name, state, waits), re.search(row, output), output)
    heads = re.findall(r'(?m)^Loop (\d) on thread \d \(LWP \d+\), driver epoll, (\d+) tasks$', output)
    check('%s: both loops have a heading' % where, {('1', '15'), ('2', '2')} == set(heads) or
          {('2', '15'), ('1', '2')} == set(heads), output)


def check_stack(where, output, body='napper__body'):
    names = [name for name, _ in itertools.groupby(name for _, name in frames(output))] # -O3 inlines parts of a body
    numbers = [int(number) for number, _ in frames(output)]
    check('%s: the stack of a task shows each await' % where, names.count(body) == 4, output)
    check('%s: it ends at the beginning of the task' % where, names[-2:] == ['task_entry', 'eddy_switch_entry'], output)
    check('%s: the thread is not part of it' % where, 'all_parked' not in names, output)
    check('%s: its frames are numbered from 0 on' % where, numbers == list(range(len(numbers))), output)


def check_all(where, output):
    headings = re.findall(r'(?m)^Task \d+ "', output)
    check('%s: bt all has all tasks' % where, len(headings) == 17, output)
    check('%s: no stack is cut off' % where, not re.search(r'corrupt|Backtrace stopped|\?\? \(\)|Cannot access|Python', output),
          output)
    generator = part(output, r'Task \d+ "consumer-', 'Task')
    names = [name for _, name in frames(generator)]
    check('%s: after a generator comes its consumer' % where,
          'ticks__body' in names and 'consumer__body' in names[names.index('ticks__body'):] and
          names[-2:] == ['task_entry', 'eddy_switch_entry'], generator)


def test_live():
    output = live('info eddy-tasks', 'echo ==\\n', 'eddy bt deep', 'echo ==\\n', 'eddy bt all', 'echo ==\\n',
                  'eddy bt deep full', 'echo ==\\n', 'eddy bt deep 2', 'echo ==\\n', 'bt')
    parts = output.split('==\n')
    check_list('live', parts[0])
    check_stack('live', parts[1])
    check_all('live', parts[2])
    check('live: options of bt: full', 'ed_enclosing' in parts[3], parts[3])
    check('live: options of bt: a number', len(frames(parts[4])) <= 2, parts[4])
    check('live: the thread is looked at as before', frames(parts[5])[0] == ('0', 'all_parked') and
          'stopper__body' in [name for _, name in frames(parts[5])], parts[5])


def test_looking():
    output = live('eddy task deep', 'print *ed_enclosing', 'up', 'info frame', 'echo ==\\n', 'eddy task', 'echo ==\\n',
                  'eddy task deep', 'stepi', 'echo ==\\n', 'bt')
    looked, back, _, after = output.split('==\n')
    check('task: its innermost own frame is selected, with its arguments', 'args = {depth = 0}' in looked, output)
    check('task: without one, back to the thread', 'all_parked' in back, output)
    check('task: when the program goes on, bt is the thread\'s', 'napper' not in after and 'stopper__body' in after, output)


def test_asking():
    for command, answer in (('eddy bt', 'which task'), ('eddy bt nobody', 'no task nobody'), ('eddy bt 2', 'LOOP.NUMBER'),
                            ('eddy bt 9.1', 'no loop 9'), ('eddy task stopper-14', 'is running'),
                            ('eddy bt stopper-14', 'stopper__body'), ('info eddy-tasks nobody', 'Loop 1')):
        output = live(command)
        check('"%s" is answered by "%s"' % (command, answer), answer in output, output)
    output = live('eddy bt queue.queue.getters.first')
    check('an expression that is no handle is no task', 'There is no task' in output, output)


def test_words():
    output = live('print lock', 'print event', 'print queue', 'print *future', 'print address', 'print error',
                  'print of_the_program', 'print eddy_sleep_type.name', 'print *deep_task',
                  'print *reader_task')
    for words in ('held, locker-5 waits', 'not set, locker-4 waits', 'first in first out, 0 of 10 items; to get: reader-3 waits',
                  'future "future" (running)', '127.0.0.1:8080', 'EDDY_QUEUE_SHUT_DOWN: get', 'task 2 "deep" (waiting)',
                  'task 3 "reader-3" (waiting)', '{next = 0x0}'):
        check('printed in words: %s' % words, words in output, output)


def test_running():
    """Of a task that runs: from where its thread is; through a generator to its consumer; the thread stays selected."""
    output = gdb(PROGRAM, 'break in_a_step', 'run', 'thread 2', 'eddy bt main_task-1', 'bt 1', 'thread 1', 'bt')
    stack = part(output, 'Task 1 "main_task-1" \\(running\\)', r'#0 .*\n\(More|\[Switching')
    names = [name for _, name in frames(stack)]
    check('a running task: from its innermost frame through its generator to its beginning',
          names[:1] == ['in_a_step'] and names.index('steps__body') < names.index('main_task__body') and
          'task_entry' in names[names.index('main_task__body'):], output)
    check('gdb\'s own bt ends where the generator\'s stack begins', frames(output)[-1][1] in ENTRIES and
          'main_task__body' not in [name for _, name in frames(output[output.rindex('Switching'):])], output)


def test_core(work, how, name, environment):
    """A core file says what the program said."""
    core = os.path.join(work, 'core')
    output = live('info eddy-tasks', 'echo ==\\n', how % core, environment=environment)
    check('%s: a core file is written' % name, os.path.exists(core), output)
    again = on_core(core, 'info eddy-tasks', 'echo ==\\n', 'eddy bt deep', 'echo ==\\n', 'eddy bt all', 'echo ==\\n',
                    'print lock')
    parts = again.split('==\n')
    check_list(name, parts[0])
    check_stack(name, parts[1])
    check_all(name, parts[2])
    check('%s: types in words' % name, 'held, locker-5 waits' in parts[3], again)
    check('%s: the list is that of the live program' % name,
          timeless(part(parts[0], 'Loop 1')) == timeless(part(output.split('==\n')[0], 'Loop 1')), again + output)
    os.remove(core)


def test_asleep(work):
    """A sleeping stack is reported as such, and is complete in core files that the script writes."""
    core, copy = os.path.join(work, 'core'), os.path.join(work, 'copy')
    as_the_kernel = 'python write_nap = lambda *unused: None' # whose core files have a hole there
    output = gdb(ASLEEP, 'handle SIGSEGV nostop noprint pass', 'break all_asleep', 'run', 'info eddy-tasks', 'eddy bt deep',
                 'eddy core %s' % copy, as_the_kernel, 'eddy core %s' % core, 'continue')
    if 'exited with code 02' in output:
        print('      no stack can sleep on this kernel')
        return
    check('asleep: the list says so', re.search(r'deep +waiting +an operation .*\(asleep\), spawned at .*asleep\.c:\d+', output), output)
    check('asleep: bt says so, and the remedy', 'The stack sleeps' in output and '`eddy core FILE`' in output, output)
    check('asleep: the program goes on as if nothing had been', 'exited normally' in output, output)
    check_stack('a core file of a program with a sleeping stack',
                gdb(ASLEEP, 'echo ==\\n', 'eddy bt deep', before=[copy]).split('==\n')[1], 'sleeper__body')
    os.remove(copy)
    output = gdb(ASLEEP, 'eddy bt deep', 'eddy core %s' % copy, before=[core])
    check('asleep: of a core file, too, bt says so', 'The stack sleeps' in output, output)
    check_stack('the copy of a core file',
                gdb(ASLEEP, 'echo ==\\n', 'eddy bt deep', before=[copy]).split('==\n')[1], 'sleeper__body')


def test_missing(work):
    stripped = os.path.join(work, 'stripped')
    if 'shared' in PROGRAM:
        return
    subprocess.run(['objcopy', '--strip-debug', PROGRAM, stripped], check=True)
    output = gdb(stripped, 'info eddy-tasks')
    check('without debug information it says what to install', 'has no debug information' in output and '-dbgsym' in output,
          output)
    output = gdb('/bin/true', 'info eddy-tasks')
    check('without Eddy it says so', 'There is no Eddy in this program' in output, output)
    output = gdb(PROGRAM, 'info eddy-tasks')
    check('before the program runs it says so', 'does not run' in output, output)


def main():
    if not shutil.which('gdb'):
        print('gdb is not installed\n0 passed, 0 failed, 1 skipped')
        return 77
    with tempfile.TemporaryDirectory() as work:
        test_live()
        test_looking()
        test_asking()
        test_words()
        test_running()
        test_core(work, 'eddy core %s', 'eddy core', {})
        test_core(work, 'generate-core-file %s', 'gcore', {'EDDY_STACK_GUARD': 'mprotect'})
        test_asleep(work)
        test_missing(work)
    print('%d passed, %d failed, 0 skipped' % (passed, failed))
    return 1 if failed else 0


sys.exit(main())
