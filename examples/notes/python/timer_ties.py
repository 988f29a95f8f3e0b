"""Timers for the same instant fire in the order in which they were set."""
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    when = loop.time() + 1
    for i in range(12):
        loop.call_at(when, print, i)
    await asyncio.sleep(2)


asyncio.run(main())
