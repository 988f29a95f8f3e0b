"""Chains of two parts: the parts of one chain follow each other, the chains run side by side."""
import argparse
import asyncio
import random
import time


async def part1(n):
    i = random.randint(0, 10)
    print(f"part1({n}) sleeping for {i} seconds.")
    await asyncio.sleep(i)
    result = f"result{n}-1"
    print(f"Returning part1({n}) == {result}.")
    return result


async def part2(n, arg):
    i = random.randint(0, 10)
    print(f"part2({n}, '{arg}') sleeping for {i} seconds.")
    await asyncio.sleep(i)
    result = f"result{n}-2 derived from {arg}"
    print(f"Returning part2({n}, '{arg}') == {result}.")
    return result


async def chain(n):
    start = time.perf_counter()
    p2 = await part2(n, await part1(n))
    print(f"-->Chained result{n} => {p2} (took {time.perf_counter() - start:0.2f} seconds).")


async def main(numbers):
    await asyncio.gather(*map(chain, numbers))


options = argparse.ArgumentParser()
options.add_argument("-s", "--seed", type=int, default=444)
options.add_argument("numbers", type=int, nargs="*", default=[1, 2, 3])
chosen = options.parse_args()
random.seed(chosen.seed)
start = time.perf_counter()
asyncio.run(main(chosen.numbers))
print(f"Program finished in {time.perf_counter() - start:0.2f} seconds.")
