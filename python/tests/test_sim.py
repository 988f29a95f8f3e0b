# SPDX-License-Identifier: MIT
"""Virtual time, and an order of ready calls that a seed repeats."""
import asyncio
import os
import subprocess
import sys
import textwrap
import time
import unittest

import eddyloop


def sim():
    return eddyloop.Loop(driver='sim')


def run(coro):
    with asyncio.Runner(loop_factory=sim) as runner:
        return runner.run(coro)


class VirtualTime(unittest.TestCase):
    def test_an_hour_takes_no_time(self):
        async def main():
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.gather(*[asyncio.sleep(3600 * hours) for hours in range(1, 25)])
            return loop.time() - began

        real = time.monotonic()
        self.assertAlmostEqual(run(main()), 24 * 3600, delta=1)
        self.assertLess(time.monotonic() - real, 60)

    def test_timeouts_come_in_their_order(self):
        async def late(delay, said):
            try:
                async with asyncio.timeout(delay):
                    await asyncio.Event().wait()
            except TimeoutError:
                said.append(delay)

        async def main():
            said = []
            await asyncio.gather(*[late(delay, said) for delay in (3000, 10, 200, 1)])
            return said

        self.assertEqual(run(main()), [1, 10, 200, 3000])

    def test_clock_stands_while_a_thread_works(self):
        async def main():
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(None, time.sleep, 0.05)
            return await asyncio.wait_for(work, 0.5) or loop.time()

        run(main())

    def test_clock_goes_while_a_thread_waits_for_a_coroutine(self):
        async def main():
            loop = asyncio.get_running_loop()

            def work():
                for _ in range(3):
                    asyncio.run_coroutine_threadsafe(asyncio.sleep(1000), loop).result(60)
                time.sleep(0.05)  # now it works: the clock stands again
                return 'done'
            began = loop.time()
            done = await asyncio.gather(asyncio.wait_for(loop.run_in_executor(None, work), 100_000), asyncio.to_thread(work))
            self.assertEqual(done, ['done'] * 2)
            return loop.time() - began
        self.assertGreaterEqual(run(main()), 3000)

    def test_queue_of_producers_and_consumers(self):
        async def main():
            queue, taken = asyncio.Queue(2), []

            async def produce(name):
                for number in range(3):
                    await asyncio.sleep(1)
                    await queue.put((name, number))

            async def consume():
                while True:
                    taken.append(await queue.get())
                    await asyncio.sleep(0.1)

            consumer = asyncio.create_task(consume())
            await asyncio.gather(*[produce(name) for name in 'ab'])
            await asyncio.sleep(10)
            consumer.cancel()
            return sorted(taken)

        self.assertEqual(run(main()), [(name, number) for name in 'ab' for number in range(3)])


ORDER = textwrap.dedent('''
    import asyncio, eddyloop
    async def one(name, order):
        for _ in range(3):
            order.append(name)
            await asyncio.sleep(0)
    async def main():
        order = []
        await asyncio.gather(*[one(name, order) for name in 'abcdefgh'])
        print(''.join(order))
    eddyloop.run(main())
    ''')


class Seeds(unittest.TestCase):
    def order(self, seed):
        environment = dict(os.environ, EDDY_DRIVER='sim')
        environment.pop('EDDY_SEED', None)
        if seed is not None:
            environment['EDDY_SEED'] = str(seed)
        return subprocess.run([sys.executable, '-c', ORDER], env=environment, capture_output=True, text=True, timeout=60,
                              check=True).stdout

    def test_same_seed_same_order(self):
        self.assertEqual(self.order(7), self.order(7))

    def test_other_seed_other_order(self):
        self.assertGreater(len({self.order(seed) for seed in range(1, 6)}), 3)

    def test_without_a_seed_the_order_is_that_of_asyncio(self):
        self.assertEqual(self.order(None), 'abcdefgh' * 3 + '\n')


if __name__ == '__main__':
    unittest.main()
