"""Loops and blocks have two protocols each: one that may wait and one that may not."""
import asyncio
from contextlib import asynccontextmanager, contextmanager


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1


class SlowCountdown(Countdown):
    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        await asyncio.sleep(1)
        return Countdown.__next__(self)


@contextmanager
def line(text):
    print(f"<{text}>")
    yield text
    print(f"</{text}>")


@asynccontextmanager
async def slow_line(text):
    await asyncio.sleep(1)
    print(f"<{text}>")
    yield text
    await asyncio.sleep(1)
    print(f"</{text}>")


async def main():
    now = asyncio.get_running_loop().time
    start = now()
    with line("for"):
        for x in Countdown(3):
            print(x)
    print(f"{now() - start:.0f} seconds")
    async with slow_line("async for"):
        async for x in SlowCountdown(3):
            print(x)
    print(f"{now() - start:.0f} seconds")


asyncio.run(main())
