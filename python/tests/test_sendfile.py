# SPDX-License-Identifier: MIT
"""loop.sock_sendfile and loop.sendfile, whose system calls the extension makes; run.py runs this file on uring and on epoll."""
import asyncio
import errno
import io
import os
import socket
import tempfile
import unittest
from unittest import mock

import eddyloop

MUCH = bytes(range(256)) * 20_000  # bytes: more than one pass sends, and than a socket takes


def run(coroutine):
    return eddyloop.run(asyncio.wait_for(coroutine, 60))


def pair():
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends


async def take(sock, size):
    loop, got = asyncio.get_running_loop(), bytearray()
    while len(got) < size and (data := await loop.sock_recv(sock, 100_000)):
        got += data
    return got


class Keeps(asyncio.Protocol):
    def __init__(self):
        self.got, self.lost = bytearray(), asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.got += data

    def connection_lost(self, exc):
        self.lost.set_result(exc)


async def connect():
    """Returns a server, a transport to it, and the protocols of the two ends."""
    loop, kept = asyncio.get_running_loop(), []
    server = await loop.create_server(lambda: kept.append(Keeps()) or kept[-1], '127.0.0.1', 0)
    transport, near = await loop.create_connection(Keeps, *server.sockets[0].getsockname())
    while not kept:
        await asyncio.sleep(0.001)
    return server, transport, near, kept[0]


@mock.patch('os.sendfile', side_effect=AssertionError("asyncio's own code was run"))
class Tests(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.TemporaryFile()
        self.file.write(MUCH)
        self.file.flush()
        self.file.seek(0)
        self.addCleanup(self.file.close)

    def test_parts_of_a_file(self, _):
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            for offset, count, wanted in ((0, None, MUCH), (100, None, MUCH[100:]), (7, 3_000_000, MUCH[7:3_000_007]),
                                          (5, 1, MUCH[5:6]), (len(MUCH) - 3, 100, MUCH[-3:])):
                sends = asyncio.create_task(loop.sock_sendfile(ours, self.file, offset, count))
                self.assertEqual(await take(theirs, len(wanted)), wanted)
                self.assertEqual(await sends, len(wanted))
                self.assertEqual(self.file.tell(), offset + len(wanted))
            self.assertEqual(await loop.sock_sendfile(ours, self.file, len(MUCH)), 0)
            ours.close()
            theirs.close()
        run(test())

    def test_an_empty_file(self, _):
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            with tempfile.TemporaryFile() as empty:
                self.assertEqual(await loop.sock_sendfile(ours, empty), 0)
            ours.close()
            theirs.close()
        run(test())

    def test_others_have_their_turn(self, _):
        """Also if the socket takes all of it at once."""
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            takes, before = asyncio.create_task(take(theirs, 140_000)), loop._eddy_passes
            self.assertEqual(await loop.sock_sendfile(ours, self.file, 0, 140_000), 140_000)
            self.assertGreater(loop._eddy_passes, before)
            await takes
            ours.close()
            theirs.close()
        run(test())

    def test_cancelled_in_the_middle(self, _):
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            sends = asyncio.create_task(loop.sock_sendfile(ours, self.file))
            await asyncio.sleep(0.01)
            self.assertFalse(sends.done())
            sends.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await sends
            ours.close()
            got = await take(theirs, len(MUCH))
            self.assertEqual((self.file.tell(), bytes(got)), (len(got), MUCH[:len(got)]))
            self.assertTrue(0 < len(got) < len(MUCH))
            theirs.close()
        run(test())

    def test_the_peer_ends(self, _):
        """After a part an error is the error; before, asyncio reads and writes, and finds it out."""
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            sends = asyncio.create_task(loop.sock_sendfile(ours, self.file, fallback=False))
            await asyncio.sleep(0.01)
            theirs.close()
            with self.assertRaises(BrokenPipeError):
                await sends
            self.assertGreater(self.file.tell(), 0)
            self.file.seek(0)
            with self.assertRaises(asyncio.SendfileNotAvailableError):
                await loop.sock_sendfile(ours, self.file, fallback=False)
            with self.assertRaises(BrokenPipeError):
                await loop.sock_sendfile(ours, self.file)
            ours.close()
        run(test())

    def test_what_is_no_file_is_read_and_written(self, _):
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            with self.assertRaises(asyncio.SendfileNotAvailableError):
                await loop.sock_sendfile(ours, io.BytesIO(b'bytes'), fallback=False)
            self.assertEqual(await loop.sock_sendfile(ours, io.BytesIO(b'bytes')), 5)
            self.assertEqual(await take(theirs, 5), b'bytes')
            ours.close()
            theirs.close()
        run(test())

    def test_a_transport(self, _):
        async def test():
            loop = asyncio.get_running_loop()
            server, transport, near, far = await connect()
            transport.write(MUCH)  # comes first
            self.assertEqual(await loop.sendfile(transport, self.file, 10, 2_000_000), 2_000_000)
            self.assertEqual(self.file.tell(), 2_000_010)
            transport.write(b'end')
            far.transport.write(b'hello')  # it receives again
            while not near.got:
                await asyncio.sleep(0.001)
            transport.close()
            await far.lost
            self.assertEqual((bytes(far.got), bytes(near.got)), (MUCH + MUCH[10:2_000_010] + b'end', b'hello'))
            server.close()
        run(test())

    def test_a_transport_is_cancelled_before_the_file(self, _):
        """It waits for an earlier write then; afterwards the transport is as before."""
        async def test():
            loop = asyncio.get_running_loop()
            server, transport, near, far = await connect()
            far.transport.pause_reading()
            transport.write(MUCH * 4)
            sends = asyncio.create_task(loop.sendfile(transport, self.file))
            await asyncio.sleep(0.01)
            self.assertGreater(transport.get_write_buffer_size(), 0)
            sends.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await sends
            self.assertTrue(transport.is_reading())
            transport.write(b'then')
            far.transport.resume_reading()
            far.transport.write(b'hello')
            while not near.got:
                await asyncio.sleep(0.001)
            self.assertEqual(await loop.sendfile(transport, self.file, 0, 5), 5)
            transport.close()
            await far.lost
            self.assertEqual((bytes(far.got), bytes(near.got)), (MUCH * 4 + b'then' + MUCH[:5], b'hello'))
            server.close()
        run(test())

    def test_a_closed_file_gives_nothing_of_its_successor(self, _):
        async def test():
            loop, (ours, theirs) = asyncio.get_running_loop(), pair()
            sends = asyncio.create_task(loop.sock_sendfile(ours, self.file))
            await asyncio.sleep(0.01)
            self.assertFalse(sends.done())
            number = self.file.fileno()
            self.file.close()
            with tempfile.TemporaryFile() as other:
                self.assertEqual(other.fileno(), number)
                other.write(b'?' * len(MUCH))
                other.seek(3)
                takes = asyncio.create_task(take(theirs, len(MUCH)))
                with self.assertRaises(OSError) as raised:
                    await sends
                ours.close()
                self.assertEqual((raised.exception.errno, other.tell()), (errno.EBADF, 3))
                self.assertNotIn(b'?' * 256, await takes)
            theirs.close()
        run(test())

    def test_a_transport_that_is_aborted(self, _):
        async def test():
            loop = asyncio.get_running_loop()
            server, transport, near, far = await connect()
            far.transport.pause_reading()
            os.ftruncate(self.file.fileno(), 100_000_000)
            sends = asyncio.create_task(loop.sendfile(transport, self.file))
            await asyncio.sleep(0.05)
            transport.abort()
            far.transport.abort()
            with self.assertRaises(ConnectionError):
                await sends
            await near.lost
            server.close()
            await asyncio.sleep(0.01)
        run(test())


if __name__ == '__main__':
    unittest.main()
