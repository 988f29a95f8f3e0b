#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""traffic.py FOLDER [--rounds N] [--seconds S] [--minutes M] [--only QUESTION...] [--json FILE]: what servers cost.

FOLDER is a build with -Dbench=true. All servers are asked by one client (io/load.c); server and client have a processor
each, where there are two. Each round starts every server anew for every question, one server after the other, so that a
slow spell of the machine falls on all of them. What is compared is the processor time that the server's process used
for a request; the ratio within a round counts, its median and the 95 % bounds of that. A bar holds if the median is within
it and the upper bound within BOUND.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from micro import Progress, bounds, number, print_row, spread, summary, write_json

HERE = os.path.dirname(os.path.abspath(__file__))
BAR, BOUND = 1.05, 1.10  # of Eddy's cost to that of C by hand on the same driver
IDLE_BAR = 5 * 1024      # bytes of a connection that only waits, with its task
IDLE_ROUNDS = 3          # of the question that hardly varies
CONNECTIONS = 64

# What is asked: arguments of io/load.c; SECONDS stands for how long, WARM for before that.
QUESTIONS = {
    'echo-64': ('64 bytes there and back, %d connections' % CONNECTIONS, ['echo', str(CONNECTIONS), '64', '1']),
    'echo-64x16': ('the same, 16 under way on each', ['echo', str(CONNECTIONS), '64', '16']),
    'echo-4k': ('4 KiB there and back, %d connections' % CONNECTIONS, ['echo', str(CONNECTIONS), '4096', '1']),
    'echo-4kx16': ('the same, 16 under way on each', ['echo', str(CONNECTIONS), '4096', '16']),
    'tls-64': ('64 bytes there and back under TLS 1.3', ['tls', str(CONNECTIONS), '64', '1']),
    'tls-4k': ('4 KiB there and back under TLS 1.3', ['tls', str(CONNECTIONS), '4096', '1']),
    'cores-1': ('64 bytes there and back, %d connections, a server of one core' % CONNECTIONS,
                ['echo', str(CONNECTIONS), '64', '1']),
    'cores-2': ('the same on %d connections, a server of two cores' % (2 * CONNECTIONS), ['echo', str(2 * CONNECTIONS), '64', '1']),
    'lone': ('64 bytes there and back, one connection', ['echo', '1', '64', '1']),
    'accept': ('connect, a byte there and back, close', ['accept']),
    'idle': ('10 000 connections that wait', ['idle', '10000']),
    'copy': ('a file copied, 256 KiB at a time', ['copy']),
    'sendfile': ('a file sent over TCP', ['send']),
}
# What io/files.c is asked, and C by hand with system calls that block; nobody else.
FILE_QUESTIONS = ('copy', 'sendfile')
FILE_SERVERS = {
    'eddy-uring': 'files', 'eddy-epoll': 'files', 'raw-epoll': os.path.join('peers', 'raw-files'),
}
# Who runs on several cores (cores.py compares them); BENCH_CORES tells it how many. Server and client then share all processors.
CORE_QUESTIONS, CORE_SERVERS = {'cores-1': '1', 'cores-2': '2'}, ('eddy-uring', 'eddy-epoll', 'tokio', 'go')
# Who speaks TLS; C by hand does by a program of its own, on epoll.
TLS_QUESTIONS, TLS_SERVERS = ('tls-64', 'tls-4k'), ('eddy-uring', 'eddy-epoll', 'raw-epoll', 'go', 'uvloop', 'python')

# Server: its name in the table, the C by hand it is measured against, the Debian package that brings it.
SERVERS = {
    'eddy-uring': ('**Eddy, io_uring**', 'raw-uring', ''),
    'eddy-epoll': ('**Eddy, epoll**', 'raw-epoll', ''),
    'raw-uring': ('C, io_uring', 'raw-epoll', 'liburing-dev'),
    'raw-epoll': ('C, epoll', 'raw-epoll', ''),
    'libev': ('libev', 'raw-epoll', 'libev-dev'),
    'libuv': ('libuv', 'raw-epoll', 'libuv1-dev'),
    'libevent': ('libevent', 'raw-epoll', 'libevent-dev'),
    'tokio': ('tokio', 'raw-epoll', 'librust-tokio-dev and cargo'),
    'asio': ('Boost.Asio', 'raw-epoll', 'libboost-context1.81-dev'),
    'go': ('Go', 'raw-epoll', 'golang-go'),
    'uvloop': ('uvloop', 'raw-epoll', 'python3-uvloop'),
    'python': ('CPython asyncio', 'raw-epoll', ''),
}


def command_of(folder, server):
    """The command and environment that start a server, or None if it is not there."""
    peers, environment = os.path.join(folder, 'bench', 'peers'), dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
    if server.startswith('eddy-'):
        environment['EDDY_DRIVER'] = server[5:]
        command = [os.path.join(folder, 'bench', 'echo')]
    elif server in ('python', 'uvloop'):
        command = ['/usr/bin/python3', os.path.join(HERE, 'peers', 'python', 'echo.py')]
        if server == 'uvloop' and subprocess.run(command[:1] + ['-c', 'import uvloop'], check=False,
                                                 stderr=subprocess.DEVNULL).returncode:
            return None
    else:
        command = [os.path.join(peers, server if server.startswith('raw-') else server + '-echo')]
    return (command, environment) if os.path.exists(command[0]) else None


class Server:
    """One that runs; `with` gives its port and its process."""

    def __init__(self, started, buffer, processors):
        command, environment = started
        command = command + [str(buffer)] + (['uvloop'] if environment.get('EDDY_PEER') == 'uvloop' else [])
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, processors)
        words = self.process.stdout.readline().split()
        if words[:1] != ['listening']:
            sys.exit('%s does not listen' % command[0])
        self.port = int(words[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Lab:
    """Where it is measured: folder, processors, how long."""

    def __init__(self, folder, seconds):
        self.processors = sorted(os.sched_getaffinity(0))
        self.folder, self.seconds, self.certificate = folder, seconds, None
        self.servers = {}
        for server in SERVERS:
            started = command_of(folder, server)
            if started:
                if server == 'uvloop':
                    started[1]['EDDY_PEER'] = 'uvloop'
                self.servers[server] = started

    def command(self, name, question):
        command, environment = self.servers[name]
        if question in CORE_QUESTIONS:
            return command, dict(environment, BENCH_CORES=CORE_QUESTIONS[question])
        if question not in TLS_QUESTIONS:
            return command, environment
        if name == 'raw-epoll':
            command = [os.path.join(self.folder, 'bench', 'peers', 'raw-tls')]
        return command, dict(environment, BENCH_CERTIFICATE=self.certificate)

    def who_answers(self, question):
        if question in TLS_QUESTIONS:
            return [name for name in self.servers if name in TLS_SERVERS]
        if question in CORE_QUESTIONS:
            return [name for name in self.servers if name in CORE_SERVERS]
        return list(self.servers)

    def places(self, question):
        """The processors of the server, and those of the client."""
        shared = question in CORE_QUESTIONS
        return (self.processors, self.processors) if shared else (self.processors[:1], self.processors[-1:])

    def client(self, server, question):
        what, *rest = QUESTIONS[question][1]
        command = [os.path.join(self.folder, 'bench', 'load'), what, str(server.port), str(server.process.pid), *rest]
        times = ['%g' % (self.seconds / 4), '%g' % self.seconds]
        command += {'echo': times, 'tls': times, 'accept': times[1:], 'idle': []}[what]
        return ['taskset', '-c', ','.join(map(str, self.places(question)[1]))] + command

    def ask(self, name, question, wrap=None):
        """{measure: value}. wrap: what else runs meanwhile, given the server's process."""
        buffer = 4096 if question == 'idle' else 16384
        with Server(self.command(name, question), buffer, self.places(question)[0]) as server:
            meter = wrap(server.process.pid) if wrap else None
            run = subprocess.run(self.client(server, question), stdout=subprocess.PIPE, text=True, check=False)
            calls = meter.stop() if meter else None
        if run.returncode:
            sys.exit('%s, %s: the client ended with status %d' % (name, question, run.returncode))
        values = {word: float(value) for word, value in (line.split() for line in run.stdout.splitlines())}
        if calls is not None:
            values['calls'] = calls
        return values


def make_certificate(path):
    """Of nobody in particular, with its key."""
    with tempfile.NamedTemporaryFile() as key:
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', key.name, '-out', path, '-days', '2', '-subj', '/CN=localhost'],
                       check=True, stderr=subprocess.DEVNULL)
        with open(path, 'ab') as file:
            file.write(key.read())
    return path


def ask_files(lab, name, question, path):
    """{measure: value} of one run of the program that answers."""
    environment = dict(os.environ)
    if name.startswith('eddy-'):
        environment['EDDY_DRIVER'] = name[5:]
    command = [os.path.join(lab.folder, 'bench', FILE_SERVERS[name]), QUESTIONS[question][1][0], path]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if run.returncode:
        sys.exit('%s ended with status %d' % (' '.join(command), run.returncode))
    return {word: float(value) for word, value in (line.split() for line in run.stdout.splitlines())}


def measure_files(lab, questions, rounds, mebibytes):
    """As measure. What a run has left to be written to the disk falls on the next one: the order turns."""
    values = {}
    names = [name for name in FILE_SERVERS if name in lab.servers]
    with tempfile.TemporaryDirectory(prefix='eddy-bench-') as folder:
        path = os.path.join(folder, 'file')
        with open(path, 'wb') as file:
            for _ in range(mebibytes):
                file.write(os.urandom(1 << 20))
        for turn in range(rounds):
            for question in questions:
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    for measure_name, value in ask_files(lab, name, question, path).items():
                        values.setdefault((question, name, measure_name), []).append(value)
    return values


class Calls:
    """Counts the system calls of a process: perf where it may, else strace (which slows what it watches)."""

    def __init__(self, pid):
        self.perf = Calls.by_perf()
        command = (['perf', 'stat', '-x,', '-e', 'raw_syscalls:sys_enter', '-p', str(pid)] if self.perf
                   else ['strace', '-fcqq', '-p', str(pid)])
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)

    @staticmethod
    def by_perf():
        return shutil.which('perf') is not None and subprocess.run(
            ['perf', 'stat', '-e', 'raw_syscalls:sys_enter', 'true'], capture_output=True, check=False).returncode == 0

    def stop(self):
        self.process.send_signal(2)
        said = self.process.communicate()[1]
        if self.perf:
            return float(said.split(',')[0])
        return sum(float(line.split()[3]) for line in said.splitlines()
                   if line.endswith(' total') or line.split()[-1:] == ['total'])


def count_calls(lab, questions):
    """{(question, server): system calls of a request}, warming up included in both."""
    if not Calls.by_perf() and not shutil.which('strace'):
        return {}
    counted = {}
    for question in questions:
        if question == 'idle' or question in FILE_QUESTIONS:
            continue
        for server in lab.who_answers(question):
            said = lab.ask(server, question, Calls)
            share = 1 if question == 'accept' else 1.25
            counted[question, server] = said['calls'] / (said['requests'] * share)
    return counted


def measure(lab, questions, rounds, minutes):
    """{(question, server, measure): the values of the rounds}."""
    values, progress = {}, Progress(rounds, minutes)
    for turn in range(rounds):
        if turn and progress.time_is_up():
            break
        for question in questions:
            if question == 'idle' and turn >= IDLE_ROUNDS:
                continue
            order = lab.who_answers(question)
            for server in order[turn % len(order):] + order[:turn % len(order)]:
                progress.show(turn, question + ',', SERVERS[server][0].strip('*'))
                for name, value in lab.ask(server, question).items():
                    values.setdefault((question, server, name), []).append(value)
    progress.clear()
    return values


def by_hand(question, server):
    """The server in C that a server is measured against."""
    return 'raw-epoll' if question in TLS_QUESTIONS or question in FILE_QUESTIONS else SERVERS[server][1]


def as_json(values, calls):
    """{question: {server: {measure: summary, "ratio": that of its processor time to that of C by hand}}}."""
    found = {}
    for (question, server, name), own in values.items():
        entry = found.setdefault(question, {}).setdefault(server, {})
        entry[name] = summary(own)
        hand = values.get((question, by_hand(question, server), 'cpu'))
        if name == 'cpu' and hand:
            entry['ratio'] = summary([mine / other for mine, other in zip(own, hand)])
        if (question, server) in calls:
            entry['calls'] = round(calls[question, server], 2)
    return found


def median(values, *key):
    return number(statistics.median(values[key])) if key in values else ''


def verdict(ratios):
    held = statistics.median(ratios) <= BAR and bounds(ratios)[1] <= BOUND
    return 'met' if held else 'MISSED'


def print_traffic(values, calls, question, servers):
    """A line a server; how many bars were missed."""
    missed = 0
    print('\n**%s**\n' % QUESTIONS[question][0])
    print_row('server', 'its processor, ns a request', 'so many times C by hand', '', 'system calls a request',
              'p50 µs', 'p99 µs', 'p99.9 µs', 'requests a second')
    print('|---|---:|---:|---|---:|---:|---:|---:|---:|')
    for server in servers:
        own, hand = (values.get((question, name, 'cpu')) for name in (server, by_hand(question, server)))
        ratios = [mine / other for mine, other in zip(own, hand)] if hand else []
        said = verdict(ratios) if server.startswith('eddy-') and ratios else ''
        missed += said == 'MISSED'
        print_row(SERVERS[server][0], number(statistics.median(own)), spread(ratios) if ratios else '', said,
                  '%.2f' % calls[question, server] if (question, server) in calls else '',
                  *(median(values, question, server, name) for name in ('p50', 'p99', 'p99.9', 'rate')))
    return missed


def print_idle(values, servers):
    missed = 0
    print('\n**%s**\n' % QUESTIONS['idle'][0])
    print_row('server', 'bytes each, resident', 'bar', '', 'and of page tables')
    print('|---|---:|---:|---|---:|')
    for server in servers:
        held = statistics.median(values['idle', server, 'resident']) <= IDLE_BAR
        is_own = server.startswith('eddy-')
        missed += is_own and not held
        print_row(SERVERS[server][0], median(values, 'idle', server, 'resident'), str(IDLE_BAR) if is_own else '',
                  ('met' if held else 'MISSED') if is_own else '', median(values, 'idle', server, 'tables'))
    return missed


def print_files(values, question):
    """Beside system calls that block, which no loop can reach on one file at a time: no bar."""
    print('\n**%s**\n' % QUESTIONS[question][0])
    print_row('program', 'its processor, µs a MiB', 'so many times C by hand', 'µs a MiB on the wall')
    print('|---|---:|---:|---:|')
    for name in FILE_SERVERS:
        if (question, name, 'cpu') not in values:
            continue
        own, hand = (values.get((question, program, 'cpu')) for program in (name, by_hand(question, name)))
        ratios = [mine / other for mine, other in zip(own, hand)] if hand else []
        print_row('C, calls that block' if name == 'raw-epoll' else SERVERS[name][0],
                  number(statistics.median(own) / 1e3), spread(ratios) if ratios else '',
                  number(statistics.median(values[question, name, 'wall']) / 1e3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--seconds', type=float, default=0.6)
    parser.add_argument('--only', nargs='+', choices=list(QUESTIONS),
                        default=[question for question in QUESTIONS if question not in CORE_QUESTIONS])
    parser.add_argument('--servers', nargs='+', choices=list(SERVERS), default=list(SERVERS))
    parser.add_argument('--mebibytes', type=int, default=1024, help='of the file')
    parser.add_argument('--no-calls', action='store_true', help='do not count system calls')
    parser.add_argument('--minutes', type=float, default=60, help='no further round begins after so many')
    parser.add_argument('--json', metavar='FILE', help='write the figures there, too (bench/report.py)')
    options = parser.parse_args()
    lab = Lab(options.folder, options.seconds)
    lab.servers = {name: started for name, started in lab.servers.items() if name in options.servers}
    certificate = tempfile.NamedTemporaryFile(prefix='eddy-bench-', suffix='.pem')
    lab.certificate = make_certificate(certificate.name)
    files = [question for question in options.only if question in FILE_QUESTIONS]
    values = measure(lab, [question for question in options.only if question not in files], options.rounds,
                     options.minutes)
    calls = {} if options.no_calls else count_calls(lab, options.only)
    if files:
        values.update(measure_files(lab, files, options.rounds, options.mebibytes))
    rounds = max(map(len, values.values()))
    if options.json:
        write_json(options.json, as_json(values, calls), rounds=rounds, seconds=options.seconds)
    missed = 0
    for question in options.only:
        if question in files:
            print_files(values, question)
            continue
        missed += (print_idle(values, lab.servers) if question == 'idle'
                   else print_traffic(values, calls, question, lab.who_answers(question)))
    print('\n%d rounds of %g seconds (idle: %d). In brackets: 95 %% bounds of the median. Eddy is measured against C '
          'on the same driver, the others against C on epoll.' % (rounds, options.seconds,
                                                              min(IDLE_ROUNDS, rounds)))
    for server in options.servers:
        if server not in lab.servers:
            print('Left out: %s, for the package %s is not installed.' % (SERVERS[server][0], SERVERS[server][2]))
    print('%d bars missed.' % missed)


if __name__ == '__main__':
    main()
