"""Before `async def` a coroutine was a generator that yielded what it waited for."""
import asyncio
import types


async def stuff(n):
    await asyncio.sleep(n)
    return 10 * n


@types.coroutine
def py34_coro(n):
    print("generator-based: wait")
    result = yield from stuff(n)
    return result + 1


async def py35_coro(n):
    print("native: wait")
    result = await stuff(n)
    return result + 1


async def main():
    print(await py34_coro(1))
    print(await py35_coro(2))


asyncio.run(main())
