# SPDX-License-Identifier: MIT
"""call_later and cancel. Cancelled ones are taken out of the heap in the next pass, which is part of it."""
import asyncio

from bench import delays, each, now, require, say

COUNT = 300000  # a million takes Python so long that the other rounds would wait for it
fired = 0


def fire():
    global fired
    fired += 1


async def many(seconds):
    loop = asyncio.get_running_loop()
    begin = now()
    handles = [loop.call_later(each_one, fire) for each_one in seconds]
    live = now()
    for handle in handles:
        handle.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    end = now()
    require(len(handles) == COUNT and fired == 0, 'each was started, and none fired')
    say('timer-start', (live - begin) / COUNT)
    say('timer-cancel', (end - live) / COUNT)


async def main():
    seconds = delays(COUNT)
    await many(seconds)

    async def pairs(count):
        loop = asyncio.get_running_loop()
        for one in seconds[:count]:
            loop.call_later(one, fire).cancel()
        await asyncio.sleep(0)
    await each('timer-pair', 30000, pairs)


asyncio.run(main())
