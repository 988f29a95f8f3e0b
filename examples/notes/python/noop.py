"""An await hands over only if what it waits for really suspends."""
import asyncio

others = 0


async def noop():
    pass


async def f():
    return 7


async def g():
    await f()
    return


async def other():
    global others
    others += 1


async def main():
    task = asyncio.create_task(other())
    for _ in range(1000):
        await noop()
        await g()
    print(f"after 2000 awaits that were ready the other task ran {others} times")
    await asyncio.sleep(0)
    print(f"after one that suspends it ran {others} time")
    await task
    print(f"await f() gives {await f()}")


asyncio.run(main())
