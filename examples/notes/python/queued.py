"""Users are fetched side by side; consumers work on them as they arrive and stop at a sentinel."""
import asyncio
import random
import sys
import time

USERS = [1, 2, 3]


async def fetch_user(queue, user_id):
    delay = random.uniform(0.5, 2.0)
    print(f"Producer: fetching user by {user_id=}...")
    await asyncio.sleep(delay)
    print(f"Producer: fetched user with {user_id=} (done in {delay:.1f}s)")
    await queue.put({"id": user_id, "name": f"User{user_id}"})


async def producer(queue):
    await asyncio.gather(*(fetch_user(queue, user_id) for user_id in USERS))
    for _ in USERS:
        await queue.put(None)  # one sentinel for each consumer


async def consumer(queue):
    while (user := await queue.get()) is not None:
        delay = random.uniform(0.5, 2.0)
        print(f"Consumer: retrieving posts for {user['name']}...")
        await asyncio.sleep(delay)
        print(f"Consumer: got 2 posts by {user['name']} (done in {delay:.1f}s):")
        for i in 1, 2:
            print(f"  - Post {i} by {user['name']}")


async def main():
    queue = asyncio.Queue()
    start = time.perf_counter()
    await asyncio.gather(producer(queue), *(consumer(queue) for _ in USERS))
    print(f"\n==> Total time: {time.perf_counter() - start:.2f} seconds")


random.seed(int(sys.argv[-1]) if len(sys.argv) > 1 else 444)
asyncio.run(main())
