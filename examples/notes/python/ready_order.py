"""One pass of the loop runs what was ready when it began; what becomes ready meanwhile waits for
the next."""
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, 1)
    loop.call_soon(lambda: (print(2), loop.call_soon(print, 5)))
    loop.call_soon(print, 3)
    loop.call_soon(print, 4)
    await asyncio.sleep(0)
    print("m")
    await asyncio.sleep(0)
    print("m2")


asyncio.run(main())
