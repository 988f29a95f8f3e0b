# SPDX-License-Identifier: MIT
"""Shared by the measurements of the modules: clients take turns, and medians are printed."""
import argparse
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parser(text):
    made = argparse.ArgumentParser(description=text.split('\n')[0])
    made.add_argument('build')
    made.add_argument('--rounds', type=int, default=5)
    made.add_argument('--seconds', type=float, default=2)
    return made


def run(command, environment):
    """(requests a second, microseconds of CPU time of each), of a client that prints what client.h says."""
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    requests, seconds, cpu = (float(word) for word in output.split())
    return requests / seconds, cpu / requests * 1e6


def measure(clients, rounds, environment):
    """{client: [(requests a second, microseconds of CPU time), of each round]}. The order turns."""
    found, names = {name: [] for name in clients}, list(clients)
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            found[name].append(run(clients[name], environment))
    return found


def spread(values, form):
    return '%s [%s, %s]' % tuple(form % value for value in (statistics.median(values), min(values), max(values)))


def show(found, what):
    """A line a client: medians, in brackets the least and the most."""
    rounds = len(next(iter(found.values())))
    print('%d rounds on %d processors; a load of %.1f, with this one' % (rounds, os.cpu_count(), os.getloadavg()[0]))
    for name, values in found.items():
        rates, cpus = zip(*values)
        print('%-36s %-28s %s/s   %-22s us of CPU each' % (name, spread(rates, '%.0f'), what, spread(cpus, '%.2f')))


def compare(name, ours, theirs):
    """Ratios within a round."""
    rates = [own[0] / other[0] for own, other in zip(ours, theirs)]
    cpus = [other[1] / own[1] for own, other in zip(ours, theirs)]
    print('%s: %s times as many a second, %s times as many a CPU second'
          % (name, spread(rates, '%.2f'), spread(cpus, '%.2f')))
