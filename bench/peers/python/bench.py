# SPDX-License-Identifier: MIT
"""What CPython's answers share: `python3 QUESTION.py [uvloop]`."""
import asyncio
import sys
import time

if sys.argv[1:] == ['uvloop']:
    import uvloop
    uvloop.install()

now = time.process_time_ns  # as bench_now of bench.h


def say(measure, value):
    print('%s %.6g' % (measure, value), flush=True)


def require(holds, what):
    if not holds:
        sys.exit('bench: not so: ' + what)


async def each(measure, count, ask):
    """Measures what ask does `count` times, after a tenth of that to warm up."""
    await ask(count // 10)
    start = now()
    await ask(count)
    say(measure, (now() - start) / count)


def status(field):
    """A field of /proc/self/status in bytes."""
    with open('/proc/self/status', encoding='ascii') as file:
        for line in file:
            if line.startswith(field + ':'):
                return int(line.split()[1]) * 1024
    return 0


def delays(count):
    """Seconds: those of bench_delay in bench.h."""
    state, mask, values = 88172645463325252, (1 << 64) - 1, []
    for _ in range(count):
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        values.append((100000 + state % 100000) / 1000)
    return values


def run(*measures):
    """measures: (name, count, coroutine function of the count)."""
    async def main():
        for measure, count, ask in measures:
            await each(measure, count, ask)
    asyncio.run(main())
