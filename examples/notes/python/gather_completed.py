"""create_task, gather and as_completed: one task, all of them, whichever is next."""
import asyncio


async def coro(seq):
    await asyncio.sleep(max(seq))
    return list(reversed(seq))


async def main():
    now = asyncio.get_running_loop().time
    t = asyncio.create_task(coro([3, 2, 1]))
    await asyncio.gather(t)
    print(f"t: type {type(t).__name__}, done: {t.done()}")
    print(f"t: {await t}")

    start = now()
    t, t2 = asyncio.create_task(coro([3, 2, 1])), asyncio.create_task(coro([10, 5, 0]))
    a, b = await asyncio.gather(t, t2)
    print(f"gather: {a} and {b} after {now() - start:.0f} seconds")

    start = now()
    tasks = [asyncio.create_task(coro([10, 5, 0])), asyncio.create_task(coro([3, 2, 1]))]
    for next_done in asyncio.as_completed(tasks):
        print(f"completed: {await next_done} after {now() - start:.0f} seconds")


asyncio.run(main())
