#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cores.py FOLDER [--rounds N] [--seconds S] [--json FILE]: what a second core gives, and what crossing to it costs.

FOLDER is a build with -Dbench=true. An echo server of one core, then of two, answers messages of 64 bytes on 64
connections a core; Eddy, tokio and Go take turns. Server and client (io/load.c) share all processors, so that with two of
them the requests a second are those of a machine that is full. Then the instructions and system calls of Eddy's server are
counted, and items cross from core to core.
"""
import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time

import traffic
from micro import number, print_row, spread, summary, write_json

SERVERS = {'eddy-uring': 'Eddy, io_uring', 'eddy-epoll': 'Eddy, epoll', 'tokio': 'tokio', 'go': 'Go'}
MESSAGES = {
    'round-trip': 'a round trip through two channels',
    'item': 'an item of a stream, through a channel of 1024',
    'call': 'a call by `eddy_on`, one after the other',
    'call-of-64': 'a call by `eddy_on`, of 64 tasks',
}
PEERS = ('tokio', 'go')
CONNECTIONS, SIZE = 64, 64        # of a core; bytes of a message
FEW, MANY = 20, 120               # messages on each connection; their difference is counted
BAR = 1.05                        # of what a request takes on two cores to that on one
PATIENCE = 120


# --- a server of one core and of two ----------------------------------------------------------------------------------

def ask_servers(lab, rounds):
    """{(server, cores, measure): the values of the rounds}, of which 'calls' are those of a request."""
    values, names = {}, [name for name in SERVERS if name in lab.servers]
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            for question, cores in traffic.CORE_QUESTIONS.items():
                said = lab.ask(name, question)
                counted = lab.ask(name, question, traffic.Calls)
                said['calls'] = counted['calls'] / (counted['requests'] * 1.25)  # warming up is a quarter
                for measure, value in said.items():
                    values.setdefault((name, int(cores), measure), []).append(value)
    return values


class Crowd:
    """Connections whose messages come all at once: the server is stopped while they are sent. So a pass of a loop has the
    same work on one core and on two, and what it does is counted exactly."""

    def __init__(self, pid, port, count):
        self.pid = pid
        self.connections = [socket.create_connection(('127.0.0.1', port), PATIENCE) for _ in range(count)]

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        threads = '/proc/%d/task/' % self.pid
        while not all(state_of(threads + thread) == 'T' for thread in os.listdir(threads)):
            time.sleep(0.0002)

    def exchange(self, times):
        message = b'x' * SIZE
        for _ in range(times):
            self.stop()
            for connection in self.connections:
                connection.sendall(message)
            os.kill(self.pid, signal.SIGCONT)
            for connection in self.connections:
                got = 0
                while got < SIZE:
                    got += len(connection.recv(SIZE - got)) or sys.exit('the server has closed a connection')

    def close(self):
        for connection in self.connections:
            connection.close()


def state_of(thread):
    with open(thread + '/stat', encoding='ascii') as file:
        return file.read().rpartition(')')[2].split()[0]


def serve_crowd(lab, name, cores, times, wrapper=()):
    """A server that echoes so many messages on each connection: its standard error, and its system calls."""
    command, environment = lab.servers[name]
    process = subprocess.Popen([*wrapper, *command], env=dict(environment, BENCH_CORES=str(cores)), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    crowd = Crowd(process.pid, int(process.stdout.readline().split()[1]), CONNECTIONS * cores)
    crowd.exchange(1)
    meter = None if wrapper else traffic.Calls(process.pid)
    crowd.exchange(times)
    calls = meter.stop() if meter else 0
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE)[1]
    crowd.close()
    return said, calls


def instructions(lab, name, cores):
    """Of a request, between FEW and MANY of them, so that the start and the end of the program do not count."""
    wrapper = ('valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null')
    few, many = (int(re.search(r'Collected : (\d+)', serve_crowd(lab, name, cores, times, wrapper)[0])[1]) for times in (FEW, MANY))
    return (many - few) / (CONNECTIONS * cores * (MANY - FEW))


def count(lab, with_calls=True):
    """{(server, cores, what): of a request}. Valgrind does not see what a ring of io_uring writes."""
    found = {}
    for name in ('eddy-uring', 'eddy-epoll'):
        for cores in (1, 2):
            if name == 'eddy-epoll':
                found[name, cores, 'instructions'] = instructions(lab, name, cores)
            if with_calls:
                found[name, cores, 'calls'] = serve_crowd(lab, name, cores, MANY)[1] / (CONNECTIONS * cores * MANY)
    return found


# --- messages ---------------------------------------------------------------------------------------------------------

def run(command, environment=None):
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def ask_messages(folder, rounds):
    """{(who, message): ns of the rounds}; who: a driver of Eddy, "DRIVER within" one loop, a peer."""
    values = {}
    programs = {peer: os.path.join(folder, 'bench', 'peers', peer + '-cores') for peer in PEERS}
    for _ in range(rounds):
        for driver in ('uring', 'epoll'):
            for line in run([os.path.join(folder, 'bench', 'cores')], dict(os.environ, EDDY_DRIVER=driver)):
                message, across, within = line.split()
                values.setdefault(('eddy-' + driver, message), []).append(float(across))
                values.setdefault(('eddy-%s within' % driver, message), []).append(float(within))
        for peer, program in programs.items():
            for line in run([program]) if os.path.exists(program) else []:
                message, value = line.split()
                values.setdefault((peer, message), []).append(float(value))
    return values


# --- what is said -----------------------------------------------------------------------------------------------------

def ratios(values, name, measure):
    return [two / one for one, two in zip(values[name, 1, measure], values[name, 2, measure])]


def print_servers(values):
    print_row('server', 'requests/s, 1 core', '2 cores, times that', 'ns of CPU a request, 1 core', '2 cores, times that',
              'system calls, 1 core', '2 cores, times that')
    print('|---|---:|---:|---:|---:|---:|---:|')
    for name, title in SERVERS.items():
        if (name, 1, 'cpu') in values:
            print_row(title, *(part for measure in ('rate', 'cpu', 'calls')
                               for part in (spread(values[name, 1, measure]), spread(ratios(values, name, measure)))))


def print_counted(counted):
    """Returns how many bars are missed."""
    missed = 0
    print('\nCounted, where %d messages come at once on each core:\n' % CONNECTIONS)
    print_row('of a request', '1 core', '2 cores', 'times that', 'at most %.2f' % BAR)
    print('|---|---:|---:|---:|---|')
    for name, what in sorted({(name, what) for name, _, what in counted}):
        one, two = (counted[name, cores, what] for cores in (1, 2))
        missed += two / one > BAR
        print_row('%s, %s' % (SERVERS[name], what), number(one), number(two), '%.3f' % (two / one),
                  'MISSED' if two / one > BAR else 'met')
    return missed


def print_messages(values):
    print()
    who = sorted({name for name, _ in values})
    print_row('ns of one', *who)
    print('|---|' + '---:|' * len(who))
    for message, title in MESSAGES.items():
        print_row(title, *(spread(values[name, message]) if (name, message) in values else '' for name in who))


def as_json(servers, counted, messages):
    found = {'servers': {}, 'counted': {}, 'messages': {}}
    for (name, cores, measure), own in servers.items():
        entry = found['servers'].setdefault(name, {})
        entry['%s-%d' % (measure, cores)] = summary(own)
        entry[measure + '-ratio'] = summary(ratios(servers, name, measure))
    for (name, cores, what), value in counted.items():
        found['counted'].setdefault('%s %s' % (name, what), {})[str(cores)] = float('%.4g' % value)
    for (name, message), own in messages.items():
        found['messages'].setdefault(message, {})[name] = summary(own)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--seconds', type=float, default=0.6)
    parser.add_argument('--minutes', type=float, help='taken, as the other measurements have it; these take three')
    parser.add_argument('--instructions', action='store_true', help='count only those, and fail if the bar is missed')
    parser.add_argument('--json', metavar='FILE', help='write the figures there, too (bench/report.py)')
    options = parser.parse_args()
    lab = traffic.Lab(options.folder, options.seconds)
    if options.instructions:
        return print_counted(count(lab, False)) > 0
    servers = ask_servers(lab, options.rounds)
    print_servers(servers)
    counted = count(lab)
    print_counted(counted)
    messages = ask_messages(options.folder, options.rounds)
    print_messages(messages)
    print('\n%d rounds; in brackets: 95 %% bounds of the median. A load of %.1f, with this one.'
          % (options.rounds, os.getloadavg()[0]))
    if options.json:
        write_json(options.json, as_json(servers, counted, messages), rounds=options.rounds, seconds=options.seconds)
    return 0


if __name__ == '__main__':
    sys.exit(main())
