"""An async generator, a default argument, two async comprehensions, and a run that returns two
lists."""
import asyncio
import time


async def mygen(u=10):
    """Yield the first u powers of two."""
    i = 0
    while i < u:
        yield 2 ** i
        i += 1
        await asyncio.sleep(0.1)


async def main():
    g = [i async for i in mygen()]
    f = [j async for j in mygen() if not (j // 3 % 5)]
    return g, f


start = time.perf_counter()
g, f = asyncio.run(main())
print(g)
print(f)
print(f"{time.perf_counter() - start:.1f} seconds: one after the other")
