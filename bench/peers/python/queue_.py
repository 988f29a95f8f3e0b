# SPDX-License-Identifier: MIT
"""A round trip through two queues. (A module of the library is called queue.)"""
import asyncio

from bench import require, run


async def echo(there, back, count):
    for _ in range(count):
        await back.put(await there.get() + 1)


async def ask(count):
    there, back = asyncio.Queue(), asyncio.Queue()
    other = asyncio.create_task(echo(there, back, count))
    value = 0
    for _ in range(count):
        await there.put(value)
        value = await back.get()
    await other
    require(value == count, 'the item went round so often')


run(('queue', 10000, ask))
