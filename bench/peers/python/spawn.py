# SPDX-License-Identifier: MIT
"""create_task and await: one after the other, and a thousand at a time."""
import asyncio

from bench import require, run


async def nothing():
    return 1


async def one_by_one(count):
    total = 0
    for _ in range(count):
        total += await asyncio.create_task(nothing())
    require(total == count, 'each task ran')


async def batches(count):
    total = 0
    for _ in range(0, count, 1000):
        tasks = [asyncio.create_task(nothing()) for _ in range(1000)]
        for task in tasks:
            total += await task
    require(total == count, 'each task ran')


run(('spawn', 10000, one_by_one), ('spawn-batch', 20000, batches))
