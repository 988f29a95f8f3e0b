#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""redis_commands.py BUILD [--rounds N] [--seconds S]: short commands of Redis by eddy-redis and hiredis.

Starts a server of its own (tests/redis/with_redis.py), lets the clients take turns, and prints the medians with the
least and the most: commands a second, and microseconds of the client's CPU time for each. BUILD is a folder of
`tools/bench.sh redis`.
"""
import os
import sys

import modules

TASKS = 64


def main():
    arguments = modules.parser(__doc__).parse_args()
    program = os.path.join(arguments.build, 'bench', 'redis_commands')
    seconds = str(arguments.seconds)
    if 'REDIS_URL' not in os.environ:  # once more, beside a server
        with_redis = os.path.join(modules.TOP, 'tests', 'redis', 'with_redis.py')
        os.environ['EDDY_REDIS_PATIENCE'] = '3600'
        os.execv(with_redis, [with_redis, *sys.argv])
    clients = {
        'eddy-redis, %d tasks' % TASKS: [program, 'eddy', seconds, str(TASKS)],
        'hiredis, pipelines of %d' % TASKS: [program, 'pipeline', seconds, str(TASKS)],
        'hiredis, asynchronous, %d in flight' % TASKS: [program, 'async', seconds, str(TASKS)],
        'eddy-redis, 1 task': [program, 'eddy', seconds, '1'],
        'hiredis, blocking': [program, 'blocking', seconds],
    }
    found = modules.measure(clients, arguments.rounds, dict(os.environ))
    modules.show(found, 'commands')
    many, pipeline, asynchronous, one, blocking = found.values()
    modules.compare('eddy-redis / hiredis asynchronous', many, asynchronous)
    modules.compare('eddy-redis / hiredis in pipelines', many, pipeline)
    modules.compare('eddy-redis / hiredis, one at a time', one, blocking)


if __name__ == '__main__':
    main()
