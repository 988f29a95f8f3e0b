#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""profile.py FOLDER: where the instructions of a spawn, a queue round trip and an echo go: the tables of
docs/internals/performance.md, written anew.

FOLDER is a build with -Dbench=true. Each question runs twice under callgrind, the second time with more repetitions. The
difference of the two counts, function by function, divided by the difference of the repetitions, is the cost of one; the start
and the end of the program cancel out. The server runs on epoll; it echoes to CONNECTIONS clients at a time, and accepts one by one.
"""
import collections
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(TOP, 'docs', 'internals', 'performance.md')
CONNECTIONS, SHOWN = 16, 0.02  # of the instructions: smaller functions are added up


def callgrind(out):
    return ['valgrind', '--tool=callgrind', '--compress-strings=no', '--compress-pos=no', '--callgrind-out-file=' + out]


def costs(path):
    """{(function, file): instructions of its own}."""
    found, function, file, called = collections.Counter(), '', '', False
    with open(path, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if line.startswith('fl='):
                file = line[3:].strip()
            elif line.startswith('fn='):
                function = re.sub(r"'\d+$", '', line[3:].strip())
            elif line.startswith('calls='):
                called = True
            elif re.match(r'[+-]?\d+ \d+$', line):
                if not called:
                    found[function, file] += int(line.split()[1])
                called = False
    return found


def run_measure(program, measure, count):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(callgrind(out.name) + [program, measure, str(count)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=dict(os.environ, EDDY_DRIVER='epoll'))
        return costs(out.name)


def run_server(program, load):
    """load: called with the port. Returns what must stay open until the server has ended."""
    with tempfile.NamedTemporaryFile() as out:
        server = subprocess.Popen(callgrind(out.name) + [program, '16384'], stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL, env=dict(os.environ, EDDY_DRIVER='epoll'))
        clients = load(int(server.stdout.readline().split()[1]))
        server.send_signal(signal.SIGINT)
        server.wait()
        for client in clients:
            client.close()
        return costs(out.name)


def run_echo(program, _, count, connections=CONNECTIONS):
    def load(port):
        clients = [socket.create_connection(('127.0.0.1', port)) for _ in range(connections)]
        for _ in range(count // connections):
            for client in clients:
                client.sendall(b'x' * 64)
            for client in clients:
                client.recv(64, socket.MSG_WAITALL)
        return clients
    return run_server(program, load)


def run_accept(program, _, count):
    """Connections one after the other; each is ended by the client, and then by the server."""
    def load(port):
        for _ in range(count):
            with socket.create_connection(('127.0.0.1', port)) as client:
                client.shutdown(socket.SHUT_WR)
                client.recv(1)
        return []
    return run_server(program, load)


QUESTIONS = {
    'spawn': (run_measure, 'spawn', 'spawn', 2000),
    'spawn-batch': (run_measure, 'spawn', 'spawn-batch', 4000),
    'queue': (run_measure, 'queue', 'queue', 2000),
    'echo': (run_echo, 'echo', '', 3200),
    'accept': (run_accept, 'echo', '', 400),
}


def difference(folder, question):
    ask, name, measure, count = QUESTIONS[question]
    program = os.path.join(folder, 'bench', name)
    few, many = (ask(program, measure, times * count) for times in (1, 2))
    return {key: (many[key] - few.get(key, 0)) / count for key in many}


def table(cost):
    """Lines of a table, the greatest first.  A function in assembly, or of another library, has no file."""
    whole = sum(cost.values())
    lines = ['| function | file | instructions |', '|---|---|---:|']
    rest = whole
    for (function, file), own in sorted(cost.items(), key=lambda item: -item[1]):
        if own < SHOWN * whole:
            break
        found = re.search(r'(?:src|bench/[a-z]|include/eddy)\S*$', os.path.normpath(file))
        lines.append('| `%s` | %s | %.0f |' % (function, found.group() if found else '', own))
        rest -= own
    return lines + ['| all others | | %.0f |' % rest, '| **together** | | **%.0f** |' % whole]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    for question in QUESTIONS:
        block = '<!-- bench/profile.py: %s -->\n%s\n<!-- end -->' % (question, '\n'.join(table(difference(sys.argv[1], question))))
        text, found = re.subn(r'<!-- bench/profile\.py: %s -->\n.*?<!-- end -->' % question, lambda _: block, text, flags=re.S)
        if found != 1:
            sys.exit('%s has %d marks named %s instead of one' % (PAGE, found, question))
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main()
