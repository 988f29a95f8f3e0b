#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py [--rounds N] [--seconds S] [--only WORD...]: eddyloop on uring and epoll beside asyncio and uvloop.

The rounds of the loops are interleaved; a row shows the medians, and how many times less Eddy's loop costs than each of the
others. What is compared is CPU time: of the process for calls, of the server's process for each request. `make bench-python`
calls it; --only calls, or words of other rows; EDDY_BENCH_ROUNDS is the number of rounds (15), EDDY_BENCH_SECONDS the length of a measurement (1).
"""
import argparse
import contextlib
import importlib.util
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LOOPS = [('asyncio', None), ('uvloop', None), ('eddyloop', 'uring'), ('eddyloop', 'epoll')]
SERVERS = [('proto', 1, '64'), ('proto', 50, '64'), ('streams', 1, '64'), ('streams', 50, '64'), ('proto', 1, '100000'),
           ('proto', 1, '1048576'), ('uvicorn', 50, 'http'), ('fastapi', 50, 'http'), ('aiohttp', 50, 'http')]
IDLE = 1000


def label(loop):
    return loop[0] if loop[1] is None else loop[0] + ' ' + loop[1]


def environment(loop):
    given = {name: value for name, value in os.environ.items() if name != 'EDDY_DRIVER'}
    return dict(given, EDDY_DRIVER=loop[1]) if loop[1] else given


def calls(loop):
    """{row: nanoseconds of CPU}"""
    said = subprocess.run([sys.executable, os.path.join(HERE, 'calls.py'), loop[0]], env=environment(loop), check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return {name: float(cost) for name, cost in (line.split() for line in said.splitlines())}


@contextlib.contextmanager
def server(loop, kind):
    """A running server: (its port, a question to it)."""
    with subprocess.Popen([sys.executable, os.path.join(HERE, 'server.py'), loop[0], kind], env=environment(loop), text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        def ask(word):
            child.stdin.write(word + '\n')
            child.stdin.flush()
            return float(child.stdout.readline())
        try:
            yield int(child.stdout.readline()), ask
        finally:
            child.kill()


def requests(loop, client, kind, connections, what, seconds):
    """Nanoseconds of the server's CPU for each request."""
    with server(loop, kind) as (port, ask):
        load = [client, str(port), str(connections)]
        subprocess.run(load + [str(seconds / 4), what], check=True, stdout=subprocess.DEVNULL)
        before = ask('CPU')
        said = subprocess.run(load + [str(seconds), what], check=True, stdout=subprocess.PIPE, text=True).stdout
        return (ask('CPU') - before) / max(1, int(said.split()[0])) * 1e9


def idle(loop):
    """Bytes of the server's memory for each connection that does nothing."""
    with server(loop, 'proto') as (port, ask), contextlib.ExitStack() as stack:
        before = ask('RSS')
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(('127.0.0.1', port))).send(b'x')
        time.sleep(0.5)
        return (ask('RSS') - before) * 1024 / IDLE


def rows_of(loop, client, options):
    """One round of one loop: {row: cost}"""
    def wanted(name):
        return not options.only or any(word in name for word in options.only)

    rows = calls(loop) if wanted('calls') else {}
    for kind, connections, what in SERVERS:
        name = '%s, %d connection%s, %s' % (kind, connections, 's'[:connections > 1], what if what == 'http' else what + ' B')
        if wanted(name):
            rows[name] = requests(loop, client, kind, connections, what, options.seconds)
    if wanted('idle connection, bytes'):
        rows['idle connection, bytes'] = idle(loop)
    return rows


def table(results, loops):
    """Lines of Markdown: nanoseconds of each loop, and the others' by Eddy's."""
    eddy = [loop for loop in loops if loop[0] == 'eddyloop']
    others = [loop for loop in loops if loop[0] != 'eddyloop']
    ratios = ['%s / %s' % (label(other), one[1]) for other in others for one in eddy]
    yield '| ns of CPU | ' + ' | '.join([label(loop) for loop in loops] + ratios) + ' |'
    yield '|---|' + '---:|' * (len(loops) + len(ratios))
    for name in results[loops[0]][0]:
        cost = {loop: statistics.median(one[name] for one in results[loop]) for loop in loops}
        cells = ['%.0f' % cost[loop] for loop in loops]
        cells += ['%.2f' % (cost[other] / cost[one]) if cost[one] > 0 else '-' for other in others for one in eddy]
        yield '| %s | %s |' % (name, ' | '.join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=int(os.environ.get('EDDY_BENCH_ROUNDS', '15')))
    parser.add_argument('--seconds', type=float, default=float(os.environ.get('EDDY_BENCH_SECONDS', '1')))
    parser.add_argument('--only', nargs='*', default=[])
    options = parser.parse_args()
    loops = [loop for loop in LOOPS if importlib.util.find_spec(loop[0])]
    results = {loop: [] for loop in loops}
    with tempfile.TemporaryDirectory() as folder:
        client = os.path.join(folder, 'client')
        subprocess.run(['cc', '-O2', '-o', client, os.path.join(HERE, 'client.c')], check=True)
        for number in range(options.rounds):
            for loop in loops:
                results[loop].append(rows_of(loop, client, options))
            print('round %d of %d' % (number + 1, options.rounds), file=sys.stderr, flush=True)
    import uvloop
    print('CPython %s, Linux %s, uvloop %s; %d rounds, medians' % (platform.python_version(), platform.release(),
                                                                  uvloop.__version__, options.rounds))
    print('\n'.join(table(results, loops)))


if __name__ == '__main__':
    main()
