# SPDX-License-Identifier: MIT
"""await of a coroutine that does not suspend."""
from bench import require, run


async def successor(n):
    return n + 1


async def ask(count):
    total = 0
    for i in range(count):
        total += await successor(i)
    require(total == count * (count + 1) // 2, 'each await gave its value')


run(('await', 300000, ask))
