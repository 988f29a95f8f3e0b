# SPDX-License-Identifier: MIT
"""Streams: what their methods in C do is what asyncio's do; run.py runs this file on uring and on epoll."""
import asyncio
import contextlib
import gc
import random
import socket
import struct
import sys
import unittest
import warnings

import eddyloop
from eddyloop import streams


@contextlib.asynccontextmanager
async def pair(limit=1 << 16):
    """(reader, writer) of a client, and of the server."""
    made = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda *ends: made.set_result(ends), '127.0.0.1', 0, limit=limit)
    ours = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=limit)
    theirs = await made
    try:
        yield ours, theirs
    finally:
        for _, writer in (ours, theirs):
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        server.close()


async def outcome(awaitable):
    try:
        return await awaitable
    except (asyncio.IncompleteReadError, ValueError, asyncio.LimitOverrunError) as error:
        return repr(error)


def on_pair(test, **options):
    async def main():
        async with pair(**options) as (ours, theirs):
            return await test(ours, theirs)

    return eddyloop.run(main())


class Classes(unittest.TestCase):
    def test_readers_and_writers_are_those_in_c(self):
        async def test(ours, theirs):
            self.assertIs(type(ours[0]), streams.StreamReader)
            self.assertIs(type(theirs[0]), streams.StreamReader)
            if sys.version_info < (3, 13):  # from there on a protocol does not keep the writer that it makes
                self.assertIs(type(theirs[1]), streams.StreamWriter)
            self.assertIsInstance(theirs[0], asyncio.StreamReader)
            self.assertIsInstance(theirs[1], asyncio.StreamWriter)
            self.assertIs(streams.StreamReader.read.__wrapped__, asyncio.StreamReader.read)

        on_pair(test)

    def test_reader_of_another_class_keeps_its_own(self):
        class Reader(asyncio.StreamReader):
            def feed_data(self, data):
                super().feed_data(data.upper())

        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = socket.socketpair()
            with theirs:
                reader = Reader(loop=loop)
                transport, _ = await loop.create_connection(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), sock=ours)
                theirs.send(b'small')
                got = await reader.readexactly(5)
                transport.close()
                return got, type(reader) is Reader

        self.assertEqual(eddyloop.run(main()), (b'SMALL', True))


class Reads(unittest.TestCase):
    def outcomes(self, new_loop, seed):
        """What a random row of calls gives for random bytes that come in random pieces."""
        choose = random.Random(seed)
        sent = bytes(choose.choice(b'ab\n') for _ in range(20000))
        pieces = [choose.randrange(1, 700) for _ in range(200)]
        calls = [choose.choice((lambda reader: reader.readline(), lambda reader: reader.readuntil(b'a\n'),
                                lambda reader, n=choose.randrange(0, 90): reader.readexactly(n),
                                lambda reader: reader.__anext__())) for _ in range(6000)]

        async def send(writer):
            rest = sent
            for size in pieces:
                writer.write(rest[:size])
                rest = rest[size:]
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(rest)
            writer.write_eof()

        async def main():
            async with pair() as (ours, theirs):
                task = asyncio.create_task(send(theirs[1]))
                said = []
                while not ours[0].at_eof():
                    said.append(await outcome(calls[len(said)](ours[0])))
                said += [await outcome(ours[0].read()), await outcome(ours[0].readline()), await outcome(ours[0].read(1))]
                await task
                return said

        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(main())

    def test_outcomes_are_those_of_asyncio(self):
        for seed in range(5):
            self.assertEqual(self.outcomes(eddyloop.new_event_loop, seed), self.outcomes(asyncio.SelectorEventLoop, seed))

    def test_read_gives_what_is_there(self):
        async def test(ours, theirs):
            theirs[1].write(b'abcdef')
            self.assertEqual(await ours[0].readexactly(2), b'ab')
            self.assertEqual(await ours[0].read(3), b'cde')
            self.assertEqual(await ours[0].read(3), b'f')
            theirs[1].close()
            self.assertEqual(await ours[0].read(3), b'')
            self.assertEqual(await ours[0].read(), b'')

        on_pair(test)

    def test_line_beyond_the_limit(self):
        async def test(ours, theirs):
            theirs[1].write(b'x' * 200)
            with self.assertRaises(ValueError):
                await ours[0].readline()
            theirs[1].write(b'x' * 30 + b'\n')
            self.assertEqual((await ours[0].readline())[-10:], b'x' * 9 + b'\n')

        on_pair(test, limit=64)

    def test_a_second_reader_is_refused(self):
        async def test(ours, theirs):
            first = asyncio.create_task(ours[0].read(1))
            await asyncio.sleep(0)
            for call in (ours[0].read(1), ours[0].readexactly(1), ours[0].readline()):
                with self.assertRaisesRegex(RuntimeError, 'another coroutine is already waiting'):
                    await call
            theirs[1].write(b'!')
            self.assertEqual(await first, b'!')

        on_pair(test)

    def test_cancelled_read_leaves_the_bytes(self):
        async def test(ours, theirs):
            for call in (ours[0].read, ours[0].readexactly):
                task = asyncio.create_task(call(3))
                await asyncio.sleep(0)
                self.assertIn('StreamReader.read', repr(task))
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(call(3), 0)
                self.assertIsNone(ours[0]._waiter)
            theirs[1].write(b'abc')
            self.assertEqual(await ours[0].readexactly(3), b'abc')

        on_pair(test)

    def test_read_is_awaited_once(self):
        async def test(ours, theirs):
            theirs[1].write(b'12')
            read = ours[0].readexactly(1)
            self.assertEqual(await read, b'1')
            with self.assertRaisesRegex(RuntimeError, 'cannot reuse'):
                await read
            self.assertEqual(await ours[0].readexactly(1), b'2')

        on_pair(test)

    def test_read_that_is_given_up_leaves_no_waiter(self):
        async def test(ours, theirs):
            for end in (lambda read: read.close(), lambda read: None):
                read = ours[0].read(3)
                read.send(None)
                self.assertIsNotNone(ours[0]._waiter)
                end(read)
                del read
                self.assertIsNone(ours[0]._waiter)
            with self.assertRaises(ZeroDivisionError):
                ours[0].read(3).throw(ZeroDivisionError)

        on_pair(test)

    def test_end_by_an_error(self):
        async def test(ours, theirs):
            task = asyncio.create_task(ours[0].readexactly(3))
            await asyncio.sleep(0)
            sock = theirs[1].get_extra_info('socket')
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            theirs[1].transport.abort()
            with self.assertRaises(ConnectionResetError):
                await task
            for call in (ours[0].read(1), ours[0].readline(), ours[1].drain()):
                with self.assertRaises(ConnectionResetError):
                    await call

        on_pair(test)

    def test_error_of_the_reader_is_that_of_drain(self):
        async def test(ours, theirs):
            theirs[0].set_exception(ZeroDivisionError())
            for call in (theirs[1].drain(), theirs[0].read(1), theirs[0].readline()):
                with self.assertRaises(ZeroDivisionError):
                    await call

        on_pair(test)


class Flow(unittest.TestCase):
    def test_reader_that_does_not_read_stops_the_sender(self):
        async def test(ours, theirs):
            sock, sent, idle = theirs[1].get_extra_info('socket'), 0, 0
            sock = sock._sock if hasattr(sock, '_sock') else sock
            while idle < 20:
                await asyncio.sleep(0)
                try:
                    sent += sock.send(bytes(100000), socket.MSG_DONTWAIT)
                    idle = 0
                except BlockingIOError:
                    idle += 1
                self.assertLess(sent, 100000000)
            self.assertTrue(ours[0]._paused)
            self.assertLess(len(ours[0]._buffer), 1000000)
            self.assertEqual(len(await ours[0].readexactly(sent)), sent)
            self.assertFalse(ours[0]._paused)

        on_pair(test, limit=1000)

    def test_drain_waits_for_room(self):
        async def test(ours, theirs):
            theirs[1].transport.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            theirs[1].write(bytes(8000000))
            task = asyncio.create_task(theirs[1].drain())
            for _ in range(10):
                await asyncio.sleep(0)
            self.assertFalse(task.done())
            await ours[0].readexactly(8000000)
            await task

        on_pair(test)


class End(unittest.TestCase):
    def test_nothing_is_left(self):
        async def main():
            async with pair() as (ours, theirs):
                theirs[1].write(b'line\n')
                self.assertEqual(await ours[0].readline(), b'line\n')
                task = asyncio.create_task(ours[0].read(1))
                await asyncio.sleep(0)
                task.cancel()

        with warnings.catch_warnings():
            warnings.simplefilter('error')
            eddyloop.run(main())
        gc.collect()
        kinds = (asyncio.StreamReader, asyncio.StreamWriter, asyncio.StreamReaderProtocol)
        self.assertEqual([thing for thing in gc.get_objects() if isinstance(thing, kinds)], [])


if __name__ == '__main__':
    unittest.main()
