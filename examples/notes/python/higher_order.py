"""Functions over async functions: a table of them, and a wrapper that takes any of them."""
import asyncio


async def add(n):
    await asyncio.sleep(1)
    return n + 1


async def square(n):
    await asyncio.sleep(2)
    return n * n


async def twice(function, n):
    return await function(await function(n))


async def main():
    for name, function in {"add": add, "square": square}.items():
        print(f"{name}: {await function(5)}, twice {await twice(function, 5)}")


asyncio.run(main())
