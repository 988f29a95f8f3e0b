"""Three kinds of awaitables: coroutines, tasks, futures."""
import asyncio


async def answer(n):
    await asyncio.sleep(1)
    return n


async def reader(name, future):
    print(f"{name} reads {await future}")


async def main():
    print(f"coroutine {await answer(1)}")

    task = asyncio.create_task(answer(2))
    print(f"task {await task}")

    future = asyncio.get_running_loop().create_future()
    first = asyncio.create_task(reader("first", future))
    second = asyncio.create_task(reader("second", future))
    await asyncio.sleep(1)
    future.set_result(3)
    await asyncio.gather(first, second)
    print(f"future {await future}")


asyncio.run(main())
