#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""instructions.py FOLDER [--record]: how many instructions each primitive takes, held to what was recorded.

FOLDER is a build with -Dbench=true. Each measure runs twice under callgrind, once as often again; the difference of the
two counts is what the primitive itself takes, free of the start and the end of the program. No clock is read: the
figure is the same on a busy machine. It depends on the compiler and on the C library, so bench/instructions.txt has a
set of figures for each key, and a key that is not there is not compared: the last line then says so, and --record
writes the set. More than TOLERANCE above the record is a failure; as much below is one too, which says to record it,
or the gain could be lost again unseen.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

import profile  # bench/profile.py

HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = os.path.join(HERE, 'instructions.txt')
TOLERANCE = 0.05
LOOSE = {'accept': 0.10}  # of its own: whether the end of a connection is there at the first look is a matter of time
SLACK = 2  # instructions: of a call that takes six, one more is no finding

# measure: its program, and how many times it runs.
MEASURES = {
    'call': ('await', 20000), 'await': ('await', 20000), 'generator': ('generator', 20000),
    'delegation-1': ('delegation', 10000), 'delegation-10': ('delegation', 10000),
    'delegation-1000': ('delegation', 10000), 'spawn': ('spawn', 5000), 'spawn-batch': ('spawn', 5000),
    'yield': ('yield', 10000), 'queue': ('queue', 10000), 'lock': ('lock', 10000), 'timer-pair': ('timer', 10000),
    'cancel': ('cancel', 5000), 'failure': ('failure', 5000),
}
ACCEPTS = 300  # connections, one after the other
ECHOES = 1000  # requests of one client, so that each is a batch of its own on every machine


def instructions(program, measure, count):
    """All instructions of `program MEASURE COUNT`."""
    with tempfile.NamedTemporaryFile() as out:
        run = subprocess.run(
            ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out.name, program, measure, str(count)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env=dict(os.environ, EDDY_DRIVER='epoll'))
    found = re.search(r'Collected : (\d+)', run.stdout)
    if run.returncode or not found:
        sys.exit('%s %s %d under callgrind: status %d\n%s' % (program, measure, count, run.returncode, run.stdout))
    return int(found.group(1))


def counted(folder):
    """{measure: instructions of one}."""
    figures = {}
    for measure, (name, count) in MEASURES.items():
        program = os.path.join(folder, 'bench', name)
        # Runs with twice and three times the count, so that memory that is allocated once and kept is there by then.
        figures[measure] = (instructions(program, measure, 3 * count) - instructions(program, measure, 2 * count)) / count
    # The median of three: whether the next request is there when the server looks is a matter of time.
    figures['echo'] = statistics.median(
        (echoes(folder, 2 * ECHOES) - echoes(folder, ECHOES)) / ECHOES for _ in range(3))
    figures['accept'] = (accepts(folder, 2 * ACCEPTS) - accepts(folder, ACCEPTS)) / ACCEPTS
    return figures


def accepts(folder, count):
    """All instructions of a server that accepts `count` connections, finds the end of each, and closes it."""
    return sum(profile.run_accept(os.path.join(folder, 'bench', 'echo'), '', count).values())


def echoes(folder, count):
    """All instructions of a server that answers `count` requests of 64 bytes, one after the other."""
    return sum(profile.run_echo(os.path.join(folder, 'bench', 'echo'), '', count, connections=1).values())


def key(folder):
    """Compiler, C library, machine: what the figures depend on beside the source."""
    with open(os.path.join(folder, 'compile_commands.json'), encoding='utf-8') as file:
        compiler = json.load(file)[0]['command'].split()
    compiler = next(word for word in compiler if 'ccache' not in word)
    version = subprocess.run([compiler, '-dumpfullversion', '-dumpversion'], stdout=subprocess.PIPE, text=True, check=True)
    return '%s-%s glibc-%s %s' % (
        os.path.basename(compiler), version.stdout.strip(), platform.libc_ver()[1], platform.machine())


def read_record():
    """{key: {measure: instructions}}."""
    sets, figures = {}, None
    with open(RECORD, encoding='utf-8') as file:
        for line in file:
            line = line.split('#')[0].strip()
            if line.startswith('[') and line.endswith(']'):
                figures = sets.setdefault(line[1:-1], {})
            elif line:
                name, value = line.split()
                figures[name] = float(value)
    return sets


def write_record(sets):
    with open(RECORD, encoding='utf-8') as file:
        head = [line for line in file if line.startswith('#')]
    with open(RECORD, 'w', encoding='utf-8') as file:
        file.writelines(head)
        for name in sorted(sets):
            file.write('\n[%s]\n' % name)
            file.writelines('%-16s %.1f\n' % figure for figure in sets[name].items())


def compare(figures, recorded):
    """Prints each figure that differs from the record; returns their number."""
    wrong = 0
    for name, value in figures.items():
        before = recorded.get(name)
        tolerance = LOOSE.get(name, TOLERANCE)
        said = 'ok'
        if before is None:
            said = 'NOT RECORDED: bench/instructions.py FOLDER --record'
        elif value > before * (1 + tolerance) and value > before + SLACK:
            said = 'MORE than the recorded %.1f' % before
        elif value < before * (1 - tolerance) and value < before - SLACK:
            said = 'LESS than the recorded %.1f: record it, or the gain may be lost again unseen' % before
        wrong += said != 'ok'
        print('%-16s %9.1f  %s' % (name, value, said))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--record', action='store_true')
    options = parser.parse_args()
    name, sets, figures = key(options.folder), read_record(), counted(options.folder)
    if options.record:
        sets[name] = figures
        write_record(sets)
    print('[%s]' % name)
    if name not in sets:
        for measure, value in figures.items():
            print('%-16s %9.1f' % (measure, value))
        print('No figures are recorded for this key, so nothing was compared.')
        print('1 passed, 0 failed, 0 skipped')
        return 0
    wrong = compare(figures, sets[name])
    print('%d passed, %d failed, 0 skipped' % (len(figures) - wrong, wrong))
    return wrong > 0


sys.exit(main())
