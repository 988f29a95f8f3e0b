# SPDX-License-Identifier: MIT
"""sleep(0) of two tasks."""
import asyncio

from bench import require, run

last = 0


async def turns(me, count):
    global last
    for _ in range(count):
        require(last != me, 'the other one ran in between')
        last = me
        await asyncio.sleep(0)


async def ask(count):
    await asyncio.gather(turns(1, count // 2), turns(2, count // 2))


run(('yield', 40000, ask))
