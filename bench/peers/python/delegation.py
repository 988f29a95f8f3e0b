# SPDX-License-Identifier: MIT
"""An item through so many levels of yield from."""
import sys

from bench import require, run

sys.setrecursionlimit(5000)


def nested(depth, count):
    if depth > 0:
        yield from nested(depth - 1, count)
    else:
        yield from range(count)


def through(depth):
    async def ask(count):
        total = 0
        for x in nested(depth, count):
            total += x
        require(total == count * (count - 1) // 2, 'each item came')
    return ask


run(('delegation-1', 300000, through(1)), ('delegation-10', 100000, through(10)),
    ('delegation-1000', 2000, through(1000)))
