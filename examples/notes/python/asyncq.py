"""Producers put items into a queue, consumers take them out; neither knows of the other."""
import argparse
import asyncio
import random
import time


def make_item():
    return f"{labels.getrandbits(40):010x}"  # has its own numbers: names must not change the delays


async def random_sleep(caller):
    i = random.randint(1, 5)
    print(f"{caller} sleeping for {i} seconds.")
    await asyncio.sleep(i)


async def produce(name, queue):
    for _ in range(random.randint(1, 5)):
        await random_sleep(f"Producer {name}")
        item = make_item()
        await queue.put((item, time.perf_counter()))
        print(f"Producer {name} added <{item}> to queue.")


async def consume(name, queue):
    while True:
        await random_sleep(f"Consumer {name}")
        item, made = await queue.get()
        now = time.perf_counter()
        print(f"Consumer {name} got element <{item}> in {now - made:0.5f} seconds.")
        queue.task_done()


async def main(nprod, ncon):
    queue = asyncio.Queue()
    producers = [asyncio.create_task(produce(n, queue)) for n in range(nprod)]
    consumers = [asyncio.create_task(consume(n, queue)) for n in range(ncon)]
    await asyncio.gather(*producers)
    await queue.join()
    for consumer in consumers:
        consumer.cancel()


options = argparse.ArgumentParser()
options.add_argument("-p", "--nprod", type=int, default=5)
options.add_argument("-c", "--ncon", type=int, default=10)
options.add_argument("-s", "--seed", type=int, default=444)
chosen = options.parse_args()
random.seed(chosen.seed)
labels = random.Random(chosen.seed)
start = time.perf_counter()
asyncio.run(main(chosen.nprod, chosen.ncon))
print(f"Program completed in {time.perf_counter() - start:0.5f} seconds.")
