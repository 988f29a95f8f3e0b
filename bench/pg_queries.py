#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pg_queries.py BUILD [--rounds N] [--seconds S]: short queries of PostgreSQL by eddy-pg, libpq and asyncpg.

Starts a server of its own (tests/pg/with_pg.py), lets the clients take turns, and prints the medians: queries a second,
and microseconds of the client's CPU time for each. asyncpg has as many tasks as eddy-pg; the better of 4 and 16
connections counts. BUILD is a folder that `meson setup -Dbench=true` has set up.
"""
import argparse
import asyncio
import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TASKS = 64


def with_pg():
    spec = importlib.util.spec_from_file_location('with_pg', TOP + '/tests/pg/with_pg.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def ask(pool, until, count):
    number = 0
    while time.monotonic() < until:
        if await pool.fetchval('select $1::int + 1', number) != number + 1:
            raise ValueError('a wrong answer')
        number += 1
    count.append(number)


async def run_asyncpg(seconds, connections):
    import asyncpg
    pool = await asyncpg.create_pool(os.environ['PG_URL'], min_size=connections, max_size=connections)
    await asyncio.gather(*(ask(pool, time.monotonic() + 0.3, []) for _ in range(TASKS)))
    count, began, before = [], time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.gather(*(ask(pool, began + seconds, count) for _ in range(TASKS)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(sum(count), time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    await pool.close()


def measure(command, environment):
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    queries, seconds, cpu = (float(word) for word in output.split())
    return queries / seconds, cpu / queries * 1e6


def compare(build, rounds, seconds, environment):
    program = os.path.join(build, 'bench', 'pg_queries')
    clients = {
        'eddy-pg, %d tasks, 4 connections' % TASKS: [program, 'eddy', str(seconds), str(TASKS), '4'],
        'eddy-pg, %d tasks, 1 connection' % TASKS: [program, 'eddy', str(seconds), str(TASKS), '1'],
        'libpq, blocking': [program, 'blocking', str(seconds)],
        'asyncpg, %d tasks, 4 connections' % TASKS: ['/usr/bin/python3', __file__, '--asyncpg', '4', '--seconds', str(seconds), build],
        'asyncpg, %d tasks, 16 connections' % TASKS: ['/usr/bin/python3', __file__, '--asyncpg', '16', '--seconds', str(seconds), build],
    }
    found = {name: [] for name in clients}
    for _ in range(rounds):
        for name, command in clients.items():
            found[name].append(measure(command, environment))
    medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in found.items()}
    for name, (rate, cpu) in medians.items():
        print('%-34s %8.0f queries/s   %6.2f us of CPU each' % (name, rate, cpu))
    (ours, our_cpu), _, (libpq, libpq_cpu), *theirs = medians.values()
    print('eddy-pg / asyncpg: %.1f times the queries a second' % (ours / max(rate for rate, _ in theirs)))
    print('eddy-pg / libpq: %.2f times the queries a second, %.2f times the queries a CPU second'
          % (ours / libpq, libpq_cpu / our_cpu))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=2)
    parser.add_argument('--asyncpg', type=int, help='one run of asyncpg with this many connections')
    arguments = parser.parse_args()
    if arguments.asyncpg:
        asyncio.run(run_asyncpg(arguments.seconds, arguments.asyncpg))
        return
    folder = tempfile.mkdtemp(prefix='eddy-pg-')
    server = with_pg().Server(folder)
    try:
        server.make()
        server.start()
        try:
            if not server.wait():
                sys.exit('PostgreSQL did not begin')
            compare(arguments.build, arguments.rounds, arguments.seconds, server.environment())
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
