"""Three coroutines draw until their number is high enough; while one sleeps, the others go on."""
import asyncio
import random
import sys

END, *COLOURS = "\033[0m", "\033[36m", "\033[91m", "\033[35m"


async def makerandom(idx, threshold):
    print(f"{COLOURS[idx]}Initiated makerandom({idx}).")
    i = random.randint(0, 10)
    while i <= threshold:
        print(f"{COLOURS[idx]}makerandom({idx}) == {i} too low; retrying.")
        await asyncio.sleep(idx + 1)
        i = random.randint(0, 10)
    print(f"{COLOURS[idx]}---> Finished: makerandom({idx}) == {i}{END}")
    return i


async def main():
    return await asyncio.gather(*(makerandom(i, 9 - i) for i in range(3)))


random.seed(int(sys.argv[-1]) if len(sys.argv) > 1 else 444)
r1, r2, r3 = asyncio.run(main())
print()
print(f"r1: {r1}, r2: {r2}, r3: {r3}")
