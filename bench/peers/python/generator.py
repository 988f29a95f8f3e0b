# SPDX-License-Identifier: MIT
"""An item of a generator."""
from bench import require, run


def numbers(count):
    for i in range(count):
        yield i


async def ask(count):
    total = 0
    for x in numbers(count):
        total += x
    require(total == count * (count - 1) // 2, 'each item came')


run(('generator', 1000000, ask))
