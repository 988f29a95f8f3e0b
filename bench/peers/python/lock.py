# SPDX-License-Identifier: MIT
"""A lock is handed over to the task that waits for it."""
import asyncio

from bench import require, run

last = 0


async def take_turns(lock, me, count):
    global last
    for _ in range(count):
        await lock.acquire()
        require(last != me, 'the lock changed hands')
        last = me
        lock.release()


async def ask(count):
    global last
    last = 0
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = [asyncio.create_task(take_turns(lock, me, count // 2)) for me in (1, 2)]
    await asyncio.sleep(0)
    lock.release()
    await asyncio.gather(*tasks)


run(('lock', 20000, ask))
