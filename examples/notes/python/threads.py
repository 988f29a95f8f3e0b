"""A plain function that takes its time goes to a thread: the loop is free meanwhile."""
import asyncio


def sum_of_squares(n):
    return sum(i * i for i in range(1, n + 1))


async def main():
    first = asyncio.create_task(asyncio.to_thread(sum_of_squares, 10))
    second = asyncio.create_task(asyncio.to_thread(sum_of_squares, 1000))
    print("the loop goes on")
    print(await first)
    print(await second)


asyncio.run(main())
