#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""micro.py FOLDER [--rounds N] [--minutes M] [--only QUESTION...] [--json FILE]: what the primitives cost, here and elsewhere.

FOLDER is a build with -Dbench=true. Each round asks every program once, a question's programs one after the other, so
that a slow spell of the machine falls on all of them; everything runs on one processor. What is compared is the ratio
within a round: the table gives its median and the 95 % bounds of that (order statistics, which suppose nothing about
how the figures are spread). A bar is met if the upper bound is below it, missed if the lower one is above it; between
the two the median decides, and the verdict says `about`.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SLEEP_ROUNDS = 6  # of the question `sleep`, whose answers hardly vary and take a minute; six is the least with bounds

# Which peers answer which question: Eddy's program is FOLDER/bench/QUESTION, a peer's FOLDER/bench/peers/PEER-QUESTION.
QUESTIONS = {
    'await': ['cpp20', 'asio', 'tokio', 'python'],
    'generator': ['switch', 'boost-context', 'cpp20', 'go', 'python'],
    'delegation': ['python'],
    'spawn': ['state-threads', 'asio', 'go', 'tokio', 'python', 'uvloop'],
    'yield': ['state-threads', 'asio', 'go', 'tokio', 'python', 'uvloop'],
    'queue': ['state-threads', 'asio', 'go', 'tokio', 'python', 'uvloop'],
    'lock': ['state-threads', 'tokio', 'python', 'uvloop'],
    'timer': ['libev', 'libuv', 'asio', 'go', 'tokio', 'python', 'uvloop'],
    'cancel': ['asio', 'go', 'tokio', 'python', 'uvloop'],
    'failure': ['asio', 'tokio', 'python'],
    'sleep': ['state-threads', 'asio', 'go', 'tokio', 'python', 'uvloop'],
}

# What is measured, in the order of the table; the texts say what one is.
MEASURES = {
    'await': 'await of a coroutine that does not suspend',
    'generator': 'an item of a generator',
    'delegation-1': 'an item through yield_from',
    'delegation-10': 'the same through ten levels',
    'delegation-1000': 'the same through a thousand levels',
    'spawn': 'spawn, run, join: one by one',
    'spawn-batch': 'the same in batches of 1000',
    'yield': 'yield to the scheduler',
    'queue': 'a round trip through two queues',
    'lock': 'a lock handed over',
    'timer-start': 'a timer started, a million live',
    'timer-cancel': 'a timer cancelled, a million live',
    'timer-pair': 'a timer started and cancelled, none live',
    'cancel': 'a waiting task: spawn, cancel, join',
    'failure': 'a failure through ten frames',
    'sleep-seconds': 'a million tasks asleep: seconds to get there',
    'sleep-resident': 'a million tasks asleep: bytes each, resident',
    'sleep-tables': 'a million tasks asleep: bytes of page tables each',
}

# (measure, peer): the greatest ratio to the peer that is good enough.
RATIO_BARS = {
    ('generator', 'switch'): 1.4, ('generator', 'boost-context'): 0.7,
    ('spawn', 'tokio'): 0.15, ('spawn', 'go'): 0.07, ('spawn-batch', 'tokio'): 0.2,
    ('yield', 'state-threads'): 0.4, ('yield', 'go'): 0.22,
    ('queue', 'state-threads'): 1.0, ('queue', 'go'): 0.13,
    ('timer-start', 'libev'): 1.0, ('timer-cancel', 'libev'): 1.0,
}
# measure: the greatest value that is good enough. (await's is that of a C call in the same program, and 1 ns.)
VALUE_BARS = {
    'spawn': 55, 'spawn-batch': 55, 'yield': 27, 'queue': 75, 'timer-pair': 30, 'sleep-seconds': 5,
    'sleep-resident': 4300,
}
NAMES = {
    'eddy': 'Eddy', 'switch': 'bare pair of switches', 'boost-context': 'Boost.Context', 'cpp20': 'C++20 coroutine',
    'state-threads': 'State Threads', 'asio': 'Boost.Asio', 'go': 'Go', 'tokio': 'tokio', 'python': 'CPython asyncio',
    'uvloop': 'uvloop', 'libev': 'libev', 'libuv': 'libuv',
}
# Where the table looks for what is missing: the Debian package that brings it.
PACKAGES = {
    'boost-context': 'libboost-context1.81-dev', 'asio': 'libboost-context1.81-dev', 'state-threads': 'libst-dev',
    'go': 'golang-go', 'tokio': 'librust-tokio-dev and cargo', 'libev': 'libev-dev', 'libuv': 'libuv1-dev',
    'uvloop': 'python3-uvloop', 'cpp20': 'g++',
}


def command_of(folder, question, peer):
    """The command that asks a peer, or None if it is not there."""
    programs = os.path.join(folder, 'bench')
    if peer == 'eddy':
        command = [os.path.join(programs, question)]
    elif peer in ('go', 'tokio'):
        command = [os.path.join(programs, 'peers', peer + '-peer'), question]
    elif peer in ('python', 'uvloop'):
        script = os.path.join(HERE, 'peers', 'python', question + '.py')
        if not os.path.exists(script):
            script = script[:-3] + '_.py'  # where the library has a module of that name
        command = ['/usr/bin/python3', script] + (['uvloop'] if peer == 'uvloop' else [])
        if peer == 'uvloop' and subprocess.run(command[:1] + ['-c', 'import uvloop'], stderr=subprocess.DEVNULL).returncode:
            return None
    else:
        command = [os.path.join(programs, 'peers', peer + '-' + ('switch' if peer == 'switch' else question))]
    return command if os.path.exists(command[0]) else None


def ask(command):
    """{measure: value} of one run."""
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if run.returncode:
        sys.exit('%s ended with status %d' % (' '.join(command), run.returncode))
    return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}


class Progress:
    """A line on the terminal, written over: what is being asked. Nothing is printed where there is no terminal."""

    def __init__(self, rounds, minutes):
        self.rounds, self.seconds, self.begun = rounds, minutes * 60, time.monotonic()

    def time_is_up(self):
        return time.monotonic() - self.begun > self.seconds

    def show(self, turn, *words):
        if sys.stderr.isatty():
            text = 'round %d of %d, %d min: %s' % (
                turn + 1, self.rounds, (time.monotonic() - self.begun) / 60, ' '.join(words))
            print('\r%-78s' % text, end='', file=sys.stderr, flush=True)

    @staticmethod
    def clear():
        if sys.stderr.isatty():
            print('\r%78s\r' % '', end='', file=sys.stderr, flush=True)


def measure(folder, questions, rounds, minutes):
    """{(measure, peer): the values of the rounds}, and the peers that are not there."""
    values, missing, programs = {}, [], {}
    for question in questions:
        for peer in ['eddy'] + QUESTIONS[question]:
            command = command_of(folder, question, peer)
            if command:
                programs[question, peer] = command
            elif peer not in missing:
                missing.append(peer)
    progress = Progress(rounds, minutes)
    for turn in range(rounds):
        if turn and progress.time_is_up():
            break
        for (question, peer), command in programs.items():
            if question == 'sleep' and turn >= SLEEP_ROUNDS:
                continue
            progress.show(turn, question + ',', NAMES[peer])
            for name, value in ask(command).items():
                name = 'generator' if name == 'switch' else name
                values.setdefault((name, peer), []).append(value)
    progress.clear()
    return values, missing


def bounds(values):
    """Ranks that enclose the median with a probability of 95 % at least; with fewer than six values, the extremes."""
    ordered, count = sorted(values), len(values)
    rank, below = 0, 0.5 ** count
    while rank + 1 < count / 2 and below + math.comb(count, rank + 1) * 0.5 ** count <= 0.025:
        rank += 1
        below += math.comb(count, rank) * 0.5 ** count
    return ordered[rank], ordered[count - 1 - rank]


def verdict(values, bar):
    low, high = bounds(values)
    if high <= bar:
        return 'met'
    if low > bar:
        return 'MISSED'
    return 'about met' if statistics.median(values) <= bar else 'about MISSED'


def number(value):
    return '%.0f' % value if value >= 100 else '%.1f' % value if value >= 10 else '%.2f' % value


def spread(values):
    return '%s [%s, %s]' % tuple(number(value) for value in (statistics.median(values), *bounds(values)))


def summary(values):
    """What the JSON file has of the values of the rounds: median, lower and upper bound."""
    return [float('%.4g' % value) for value in (statistics.median(values), *bounds(values))]


def as_json(values):
    """{measure: {peer: {"value": summary, "ratio": that of Eddy's to it}}}."""
    found = {}
    for (name, peer), theirs in values.items():
        own = values.get((name, 'eddy'))
        entry = found.setdefault(name, {}).setdefault(peer, {'value': summary(theirs)})
        if own and peer != 'eddy':
            entry['ratio'] = summary([mine / other for mine, other in zip(own, theirs)])
    return found


def write_json(path, values, **said):
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(dict(said, figures=values), file, indent=1)


def print_row(*cells):
    print('| ' + ' | '.join(cells) + ' |', flush=True)


def print_table(values):
    """Eddy's own figure first, then a line for each peer."""
    missed = 0
    print_row('nanoseconds of one, where it does not say', 'median', 'Eddy is so many times that', 'bar', '')
    print('|---|---:|---:|---:|---|')
    for name, text in MEASURES.items():
        own = values.get((name, 'eddy'))
        if not own:
            continue
        bar, judged, shown = VALUE_BARS.get(name), own, ''
        if name == 'await':
            judged, bar = [a - c for a, c in zip(own, values['call', 'eddy'])], 1
            shown = 'a call + 1 ns'
        said = verdict(judged, bar) if bar else ''
        missed += 'MISSED' in said
        print_row('**%s**' % text, '**%s**' % spread(own), '', shown or (number(bar) if bar else ''), said)
        if name == 'await':
            print_row('call of the same C function', number(statistics.median(values['call', 'eddy'])), '', '', '')
        for peer in list(NAMES)[1:]:
            theirs = values.get((name, peer))
            if not theirs:
                continue
            ratios = [mine / other for mine, other in zip(own, theirs)]
            bar = RATIO_BARS.get((name, peer))
            said = verdict(ratios, bar) if bar else ''
            missed += 'MISSED' in said
            print_row(NAMES[peer], number(statistics.median(theirs)), spread(ratios), number(bar) if bar else '', said)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--minutes', type=float, default=60, help='no further round begins after so many')
    parser.add_argument('--only', nargs='+', choices=list(QUESTIONS), default=list(QUESTIONS))
    parser.add_argument('--json', metavar='FILE', help='write the figures there, too (bench/report.py)')
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error('at least one round')
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    values, missing = measure(options.folder, options.only, options.rounds, options.minutes)
    rounds = max(map(len, values.values()))
    if options.json:
        write_json(options.json, as_json(values), rounds=rounds)
    missed = print_table(values)
    print('\n%d rounds%s, processor time, one processor. In brackets: 95 %% bounds of the median.'
          % (rounds, ', of sleepers %d' % min(SLEEP_ROUNDS, rounds) if 'sleep' in options.only else ''))
    for peer in missing:
        print('Left out: %s, for the package %s is not installed.' % (NAMES[peer], PACKAGES.get(peer, '?')))
    print('%d bars missed.' % missed)


if __name__ == '__main__':
    main()
