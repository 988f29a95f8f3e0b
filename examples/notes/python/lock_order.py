"""A lock goes to who has waited longest; whoever releases it cannot take it back past the
waiters."""
import asyncio


async def waiter(lock, name):
    async with lock:
        print(name)


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    waiters = [asyncio.create_task(waiter(lock, name)) for name in ("0", "1", "2")]
    await asyncio.sleep(0)
    lock.release()
    late = asyncio.create_task(waiter(lock, "barger"))
    async with lock:
        print("main")
    await asyncio.gather(*waiters, late)


asyncio.run(main())
