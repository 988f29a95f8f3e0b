# SPDX-License-Identifier: MIT
"""What Eddy's loop promises beyond CPython's own tests; run.py runs this file on uring and on epoll."""
import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import unittest
import weakref

import eddyloop

DRIVER = os.environ.get('EDDY_DRIVER')
CONNECTIONS = int(os.environ.get('EDDY_PYTHON_CONNECTIONS', '2000'))


def program(text):
    return [sys.executable, '-c', textwrap.dedent(text)]


def output_of(text, **options):
    """What a program prints, on both its outputs; a program that hangs is ended after a minute."""
    return subprocess.run(program(text), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                          **options).stdout


class Names(unittest.TestCase):
    def test_ways_to_a_loop(self):
        async def driver():
            return asyncio.get_running_loop()

        loop = eddyloop.run(driver())
        self.assertIsInstance(loop, eddyloop.Loop)
        self.assertIsInstance(loop, asyncio.SelectorEventLoop)
        with asyncio.Runner(loop_factory=eddyloop.new_event_loop) as runner:
            self.assertIsInstance(runner.run(driver()), eddyloop.Loop)
            self.assertEqual(runner.get_loop().eddy_driver, DRIVER)
        policy = asyncio.get_event_loop_policy()
        eddyloop.install()
        try:
            self.assertIsInstance(asyncio.run(driver()), eddyloop.Loop)
        finally:
            asyncio.set_event_loop_policy(policy)

    def test_driver_by_argument(self):
        with asyncio.Runner(loop_factory=lambda: eddyloop.Loop(driver='epoll')) as runner:
            runner.run(asyncio.sleep(0))
            self.assertEqual(runner.get_loop().eddy_driver, 'epoll')

    def test_unknown_driver_is_an_error_with_its_name(self):
        with self.assertRaisesRegex((OSError, ValueError), 'steam'):
            loop = eddyloop.Loop(driver='steam')
            try:
                loop.run_until_complete(asyncio.sleep(0))
            finally:
                loop.close()

    def test_doctor_names_each_driver(self):
        said = eddyloop.doctor()
        for driver in ('uring', 'epoll', 'sim'):
            self.assertRegex(said, r'(?m)^%s: ' % driver)

    def test_main_runs_a_program_and_a_module(self):
        text = 'import asyncio, sys\nasync def main(): print(type(asyncio.get_running_loop()).__module__, sys.argv[1:])\n' \
               'asyncio.run(main())\n'
        with open('told.py', 'w') as file:
            file.write(text)
        for words in (['told.py', 'a'], ['-m', 'told', 'a']):
            said = subprocess.run([sys.executable, '-m', 'eddyloop'] + words, capture_output=True, text=True, timeout=60)
            self.assertEqual(said.stdout, "eddyloop.loop ['a']\n", said.stderr)

    def test_version_that_was_not_tried_is_refused(self):
        said = output_of('''
            import sys
            class Version(tuple):
                major, minor = 3, 99
            sys.version_info = Version((3, 99, 0, 'final', 0))
            try:
                import eddyloop
            except ImportError as error:
                print(error)
            ''')
        self.assertIn('was tried on CPython', said)
        self.assertIn('this is 3.99', said)


class Signals(unittest.TestCase):
    def interrupt(self, body):
        """The output of a program that gets SIGINT when it has said that it is ready."""
        text = textwrap.dedent('''
            import asyncio, eddyloop
            async def main():
                loop = asyncio.get_running_loop()
                loop.call_soon(print, 'ready')
                %s
            try:
                eddyloop.run(main())
            except KeyboardInterrupt:
                print('interrupted')
            ''') % body
        with subprocess.Popen([sys.executable, '-u', '-c', text], stdout=subprocess.PIPE, text=True) as child:
            self.assertEqual(child.stdout.readline(), 'ready\n')
            child.send_signal(signal.SIGINT)
            try:
                return child.communicate(timeout=60)[0]
            finally:
                child.kill()

    def test_interrupt_ends_a_wait(self):
        self.assertEqual(self.interrupt('await asyncio.sleep(3600)'), 'interrupted\n')

    def test_interrupt_ends_a_wait_for_ever(self):
        self.assertEqual(self.interrupt('await loop.create_future()'), 'interrupted\n')

    def test_interrupt_ends_turns_without_a_wait(self):
        self.assertEqual(self.interrupt('while True: await asyncio.sleep(0)'), 'interrupted\n')

    def test_no_interrupt_is_lost(self):
        """Each comes at another point of a pass."""
        async def main():
            for _ in range(200):
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(3600)

        for _ in range(50):
            with self.assertRaises(KeyboardInterrupt):
                eddyloop.run(main())

    def test_handler_wakes_the_loop(self):
        async def main():
            loop, came = asyncio.get_running_loop(), asyncio.Event()
            loop.add_signal_handler(signal.SIGUSR1, came.set)
            threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            await came.wait()
            return loop.remove_signal_handler(signal.SIGUSR1)

        self.assertTrue(eddyloop.run(main()))

    def test_wakeup_descriptor_of_another_is_left_alone(self):
        reader, writer = socket.socketpair()
        with reader, writer:
            writer.setblocking(False)
            before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
            try:
                eddyloop.run(asyncio.sleep(0))
                self.assertEqual(signal.set_wakeup_fd(before), writer.fileno())
            finally:
                signal.set_wakeup_fd(before)


class Threads(unittest.TestCase):
    def test_made_here_runs_there(self):
        async def name():
            await asyncio.sleep(0.001)
            return threading.current_thread().name

        loop, names = eddyloop.new_event_loop(), []
        for number in range(3):
            thread = threading.Thread(target=lambda: names.append(loop.run_until_complete(name())), name='t%d' % number)
            thread.start()
            thread.join()
        loop.close()
        self.assertEqual(names, ['t0', 't1', 't2'])

    def test_call_from_another_thread_wakes_the_loop(self):
        async def name():
            return threading.current_thread().name

        loop = eddyloop.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name='runs')
        thread.start()
        for _ in range(1000):
            self.assertEqual(asyncio.run_coroutine_threadsafe(name(), loop).result(60), 'runs')
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def test_other_threads_run_while_it_waits(self):
        async def main():
            return await asyncio.get_running_loop().run_in_executor(None, sum, range(1000))

        self.assertEqual(eddyloop.run(main()), 499500)

    def test_a_loop_in_each_of_many_threads(self):
        results = []

        async def main(number):
            await asyncio.sleep(0.001)
            return number

        threads = [threading.Thread(target=lambda n=n: results.append(eddyloop.run(main(n)))) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), list(range(16)))


class Fork(unittest.TestCase):
    def test_child_is_refused_the_loop_and_has_its_own(self):
        said = output_of('''
            import asyncio, eddyloop, os
            loop = eddyloop.new_event_loop()
            loop.run_until_complete(asyncio.sleep(0.001))
            child = os.fork()
            if child == 0:
                try:
                    loop.run_until_complete(asyncio.sleep(0))
                except RuntimeError as error:
                    print(error, flush=True)
                async def own(): return 'own'
                print(eddyloop.run(own()), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            async def parent(): return 'parent'
            print(loop.run_until_complete(parent()))
            loop.close()
            ''')
        lines = [line for line in said.split('\n') if 'Warning' not in line and 'coroutine' not in line.split(' ')]
        self.assertIn('parent', said)
        self.assertIn('own\n', said)
        self.assertTrue(any('process' in line for line in lines), said)

    def test_multiprocessing_in_a_running_loop(self):
        said = output_of('''
            import asyncio, eddyloop, multiprocessing
            context = multiprocessing.get_context('fork')
            async def answer(): return 42
            def child(queue): queue.put(eddyloop.run(answer()))
            async def main():
                queue = context.Queue()
                process = context.Process(target=child, args=(queue,))
                process.start()
                print(await asyncio.get_running_loop().run_in_executor(None, queue.get))
                process.join()
            eddyloop.run(main())
            ''')
        self.assertEqual(said, '42\n')


class Writes(unittest.TestCase):
    def test_write_goes_out_before_a_blocking_call(self):
        async def main():
            server = await asyncio.start_server(lambda reader, writer: None, '127.0.0.1', 0)
            with socket.create_connection(server.sockets[0].getsockname()) as peer:
                peer.settimeout(60)
                transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=peer_of(server, peer))
                transport.write(b'question')
                received = other.recv(100)  # blocks the loop's thread
                transport.close()
            server.close()
            return received

        def peer_of(server, peer):
            nonlocal other
            ours, other = socket.socketpair()
            other.settimeout(60)
            return ours

        other = None
        self.assertEqual(eddyloop.run(main()), b'question')
        other.close()

    def test_large_writes_arrive_whole(self):
        async def echo(reader, writer):
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def main():
            server = await asyncio.start_server(echo, '127.0.0.1', 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for size in (1, 100_000, 1 << 20, 5_000_000):
                sent = os.urandom(size)
                writer.write(sent)
                self.assertEqual(await reader.readexactly(size), sent)
            writer.close()
            await writer.wait_closed()
            server.close()

        eddyloop.run(main())


class Memory(unittest.TestCase):
    def test_closed_loop_is_freed(self):
        loop = eddyloop.new_event_loop()
        loop.run_until_complete(asyncio.sleep(0.001))
        loop.close()
        name = weakref.ref(loop)
        del loop
        gc.collect()
        self.assertIsNone(name())

    def test_loop_in_a_circle_is_freed(self):
        loop = eddyloop.new_event_loop()
        loop.call_later(3600, lambda: loop)
        loop.call_soon(lambda: loop)
        name = weakref.ref(loop)
        loop.close()
        del loop
        gc.collect()
        self.assertIsNone(name())

    def test_connections_leave_nothing(self):
        async def handle(reader, writer):
            writer.write(await reader.read(100))
            await writer.drain()
            writer.close()

        async def main():
            server = await asyncio.start_server(handle, '127.0.0.1', 0)
            address = server.sockets[0].getsockname()

            async def one():
                reader, writer = await asyncio.open_connection(*address)
                writer.write(b'hi')
                self.assertEqual(await reader.read(), b'hi')
                writer.close()
                await writer.wait_closed()

            def objects():
                gc.collect()
                return len(gc.get_objects()), len(os.listdir('/proc/self/fd'))

            for _ in range(50):
                await one()
            before = objects()
            for _ in range(CONNECTIONS):
                await one()
            after = objects()
            server.close()
            return before, after

        before, after = eddyloop.run(main())
        self.assertLess(after[0] - before[0], 50)
        self.assertLessEqual(after[1], before[1] + 2)


class SubInterpreters(unittest.TestCase):
    def test_loop_in_a_sub_interpreter(self):
        if sys.version_info[:2] == (3, 12):
            return  # asyncio alone in two interpreters ends in a double free there (3.12.1)
        said = output_of('''
            import sys
            try:
                import _interpreters as interpreters
                name = interpreters.create('legacy')
            except ImportError:
                import _xxsubinterpreters as interpreters
                name = interpreters.create()
            import eddyloop, asyncio
            interpreters.run_string(name, """if True:
                import sys
                sys.path[:] = %r
                import asyncio, eddyloop
                async def main():
                    await asyncio.sleep(0.001)
                    return 'inside'
                print(eddyloop.run(main()), flush=True)
                """ % sys.path)
            interpreters.destroy(name)
            async def main(): return 'outside'
            print(eddyloop.run(main()))
            ''')
        self.assertEqual(said, 'inside\noutside\n')


if __name__ == '__main__':
    unittest.main()
