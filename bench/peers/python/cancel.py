# SPDX-License-Identifier: MIT
"""A task that waits, is cancelled, and is joined; a thousand at a time."""
import asyncio

from bench import require, run

waiting = 0


async def wait_long():
    global waiting
    waiting += 1
    await asyncio.sleep(1000)


async def ask(count):
    global waiting
    waiting = cancelled = 0
    for _ in range(0, count, 1000):
        tasks = [asyncio.create_task(wait_long()) for _ in range(1000)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        for task in tasks:
            try:
                await task
            except asyncio.CancelledError:
                cancelled += 1
    require(waiting == count and cancelled == count, 'each waited, and was cancelled')


run(('cancel', 10000, ask))
