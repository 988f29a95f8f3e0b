#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run_notes.py [FOLDER]: every program of the notes prints what its Python original prints, byte for byte.

FOLDER holds the built programs (build/examples/notes without it). Both sides run here and now in virtual time: the
C program on the simulated driver, the original on virtual_loop.py. Programs that draw random numbers run with twenty
seeds. NAME.out beside the source must be that output too, and docs/notes.md must show the program. It prints one line for each program, and at the end the tally.
Nothing is normalised: the programs leave out what differs from run to run (addresses).
"""
import concurrent.futures
import difflib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOTES = os.path.join(TOP, 'examples', 'notes')
SEEDS = [0, 444, 2 ** 32 + 1] + list(range(1, 18))
LINES_SHOWN = 24

# How a program that draws random numbers is given its seed.
SEEDED = {
    'rand': lambda seed: [str(seed)],
    'queued': lambda seed: [str(seed)],
    'async_chained': lambda seed: ['-s', str(seed), '9', '6', '3', '1'],
    'asyncq': lambda seed: ['-s', str(seed), '-p', str(seed % 6 + 1), '-c', str(seed % 7 + 1)],
}


def index():
    """(name, arguments) of each program, in reading order."""
    with open(os.path.join(NOTES, 'INDEX'), encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                source, _, arguments = line.rstrip('\n').split('|')
                yield source[:-len('.c')], arguments.split()


def output_of(command):
    """What the command prints; a failure is part of it, so that it shows in the comparison."""
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                             env={**os.environ, 'EDDY_DRIVER': 'sim'})
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b'').decode(errors='replace') + '[still running after 60 seconds]\n'
    except OSError as error:
        return '[does not start: %s]\n' % error
    printed = run.stdout.decode(errors='replace')
    if run.returncode != 0:
        printed += '[exit status %d]\n%s' % (run.returncode, run.stderr.decode(errors='replace'))
    return printed


def difference(wanted, printed, wanted_name, printed_name):
    lines = difflib.unified_diff(wanted.splitlines(), printed.splitlines(), wanted_name, printed_name, lineterm='')
    return list(lines)[:LINES_SHOWN] or ['only the ends of lines differ']


def compare(folder, name, arguments):
    """None if both sides print the same, else the lines that differ."""
    original = os.path.join(NOTES, 'python', name + '.py')
    wanted = output_of([sys.executable, os.path.join(HERE, 'virtual_loop.py'), original] + arguments)
    printed = output_of([os.path.join(folder, name)] + arguments)
    if wanted == printed:
        return None
    command = ' '.join(['EDDY_DRIVER=sim', os.path.join(folder, name)] + arguments)
    return [command] + difference(wanted, printed, 'python/%s.py' % name, name)


def compare_page(name):
    mark = '<!-- source: examples/notes/%s.c -->' % name
    with open(os.path.join(TOP, 'docs', 'notes.md'), encoding='utf-8') as file:
        return None if mark in file.read() else ['docs/notes.md does not show it: write %s there' % mark]


def compare_file(folder, name, arguments):
    path = os.path.join(NOTES, name + '.out')
    try:
        with open(path, encoding='utf-8', newline='') as file:
            wanted = file.read()
    except OSError as error:
        return [str(error)]
    printed = output_of([os.path.join(folder, name)] + arguments)
    return None if wanted == printed else difference(wanted, printed, name + '.out', name)


def check(folder, name, arguments):
    """(what was done, lines of the first failure or None)"""
    runs = [arguments] + [SEEDED[name](seed) for seed in SEEDS if name in SEEDED]
    what = '%d seeds' % len(SEEDS) if name in SEEDED else ' '.join(arguments)
    for arguments_of_run in runs:
        failure = compare(folder, name, arguments_of_run)
        if failure:
            return what, failure
    return what, compare_file(folder, name, arguments) or compare_page(name)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.environ.get('EDDY_BUILD', os.path.join(TOP, 'build')), 'examples', 'notes')
    programs = list(index())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = [pool.submit(check, folder, name, arguments) for name, arguments in programs]
        for (name, _), done in zip(programs, checks):
            what, failure = done.result()
            print('%s %s%s' % ('FAILED' if failure else 'ok    ', name, ' (%s)' % what if what else ''), flush=True)
            if failure:
                failed += 1
                print('\n'.join('    ' + line for line in failure))
    print('%d passed, %d failed, 0 skipped' % (len(programs) - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
