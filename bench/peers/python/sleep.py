# SPDX-License-Identifier: MIT
"""A million tasks asleep."""
import asyncio
import os

from bench import now, say, status

COUNT = 1000000
asleep = 0


async def sleeper():
    global asleep
    asleep += 1
    await asyncio.sleep(600)


async def main():
    resident, tables, start = status('VmRSS'), status('VmPTE'), now()
    tasks = [asyncio.create_task(sleeper()) for _ in range(COUNT)]
    while asleep < COUNT:
        await asyncio.sleep(0)
    say('sleep-seconds', (now() - start) / 1e9)
    say('sleep-resident', (status('VmRSS') - resident) / len(tasks))
    say('sleep-tables', (status('VmPTE') - tables) / len(tasks))
    os._exit(0)


asyncio.run(main())
