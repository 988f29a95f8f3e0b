"""Three callers, two phases each: the second phase works on the result of the first."""
import asyncio
import time


async def phase1(caller):
    print(f"phase 1 called from {caller}")
    await asyncio.sleep(2)
    return "result1"


async def phase2(caller, arg):
    print(f"phase 2 called from {caller}")
    await asyncio.sleep(2)
    return f"result2 derived from {arg}"


async def outer(caller):
    print(f"outer called from {caller}")
    r1 = await phase1(caller)
    r2 = await phase2(caller, r1)
    return r1, r2


async def main():
    return await asyncio.gather(*(outer(caller) for caller in "ABC"))


start = time.perf_counter()
for r1, r2 in asyncio.run(main()):
    print(f"({r1}, {r2})")
print(f"{time.perf_counter() - start:.1f} seconds")
