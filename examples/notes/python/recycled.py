"""Coroutines chain into small pieces. The function can be used again, the coroutine object
cannot."""
import asyncio


async def double(n):
    await asyncio.sleep(0.1)
    return 2 * n


async def double_and_add(n, m):
    return await double(n) + m


async def main():
    print(await double_and_add(await double_and_add(1, 2), 3))
    once = double(5)
    print(await once)
    try:
        await once
    except RuntimeError:
        print("a coroutine object is awaited once")


asyncio.run(main())
