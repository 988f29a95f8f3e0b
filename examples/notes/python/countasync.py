"""Three counts at once: they all say One before any of them says Two."""
import asyncio
import time
from pathlib import Path


async def count():
    print("One")
    await asyncio.sleep(1)
    print("Two")


async def main():
    await asyncio.gather(count(), count(), count())


start = time.perf_counter()
asyncio.run(main())
elapsed = time.perf_counter() - start
print(f"{Path(__file__).stem} executed in {elapsed:0.2f} seconds.")
