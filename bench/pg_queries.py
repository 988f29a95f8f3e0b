#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pg_queries.py BUILD [--rounds N] [--seconds S]: short queries of PostgreSQL by eddy-pg, libpq and asyncpg.

Starts a server of its own (tests/pg/with_pg.py), lets the clients take turns, and prints the medians with the
least and the most: queries a second, and microseconds of the client's CPU time for each. asyncpg has as many tasks as
eddy-pg; the faster of 4 and 16 connections counts in each round. BUILD is a folder of `tools/bench.sh pg`.
"""
import asyncio
import importlib.util
import os
import resource
import shutil
import sys
import tempfile
import time

import modules

TASKS = 64


def with_pg():
    spec = importlib.util.spec_from_file_location('with_pg', modules.TOP + '/tests/pg/with_pg.py')
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


def compare(build, rounds, seconds, environment):
    program, tasks = os.path.join(build, 'bench', 'pg_queries'), str(TASKS)
    peer = ['/usr/bin/python3', __file__, build, '--seconds', str(seconds), '--asyncpg']
    clients = {
        'eddy-pg, %d tasks, 4 connections' % TASKS: [program, 'eddy', str(seconds), tasks, '4'],
        'eddy-pg, %d tasks, 1 connection' % TASKS: [program, 'eddy', str(seconds), tasks, '1'],
        'libpq, blocking': [program, 'blocking', str(seconds)],
        'asyncpg, %d tasks, 4 connections' % TASKS: peer + ['4'],
        'asyncpg, %d tasks, 16 connections' % TASKS: peer + ['16'],
    }
    found = modules.measure(clients, rounds, environment)
    modules.show(found, 'queries')
    ours, _, libpq, *theirs = found.values()
    modules.compare('eddy-pg / asyncpg', ours, [max(pair) for pair in zip(*theirs)])
    modules.compare('eddy-pg / libpq', ours, libpq)


def main():
    parser = modules.parser(__doc__)
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
