# SPDX-License-Identifier: MIT
"""Objects of the extension that die in circles, unclosed; run.py runs this file on uring and on epoll.

The collector clears the objects of a circle in any order: one that calls Python's code then meets others that are cleared.
"""
import asyncio
import gc
import os
import socket
import sys
import unittest
import warnings

import eddyloop


class Silent(asyncio.Protocol):
    """A circle: the transport refers to the protocol, and it to the transport."""

    def connection_made(self, transport):
        self.transport = transport


class Refuses(socket.socket):
    def close(self):
        super().close()
        raise ZeroDivisionError


def open_descriptors():
    return len(os.listdir('/proc/self/fd'))


class Tests(unittest.TestCase):
    def setUp(self):
        self.unraisable, self.hook = [], sys.unraisablehook
        sys.unraisablehook = lambda said: self.unraisable.append((said.exc_type, repr(said.object)))
        gc.collect()
        self.before = open_descriptors()

    def tearDown(self):
        sys.unraisablehook = self.hook

    def collected(self, work, close):
        """The warnings of a loop that ran work(loop) and was dropped; no descriptor of it is left."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            loop = eddyloop.new_event_loop()
            loop.run_until_complete(work(loop))
            if close:
                loop.close()
            del loop
            gc.collect()
            texts = [str(warning.message) for warning in said]
            del said[:]
        gc.collect()
        self.assertEqual(open_descriptors(), self.before)
        return texts

    async def connect(self, loop, count, pause):
        server = await loop.create_server(Silent, '127.0.0.1', 0)
        for _ in range(count):
            transport, _ = await loop.create_connection(Silent, *server.sockets[0].getsockname())
            if pause:
                transport.pause_reading()
        await asyncio.sleep(0.01)
        return server

    def test_unclosed_connections(self):
        async def work(loop):
            (await self.connect(loop, 3, pause)).close()
        for close in (True, False):
            for pause in (True, False):
                texts = self.collected(work, close)
                self.assertEqual(sum('unclosed transport' in text for text in texts), 6)
        self.assertEqual(self.unraisable, [])

    def test_a_loop_with_open_connections_waits_little_to_close(self):
        """Their receives end, and do not begin anew."""
        loop = eddyloop.new_event_loop()
        server = loop.run_until_complete(self.connect(loop, 3, False))
        server.close()
        before = loop._eddy_waits
        loop.close()
        self.assertLess(loop._eddy_waits - before, 20)

    def test_a_loop_is_dropped_in_the_middle_of_everything(self):
        async def work(loop):
            server = await self.connect(loop, 2, False)
            left, right = socket.socketpair()
            for sock in (left, right):
                sock.setblocking(False)
            loop.add_reader(left, right.send, b'')
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            loop.create_task(loop.sock_recv(right, 1))
            loop.create_task(reader.readline())
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ('127.0.0.1', 0))
            loop.call_later(1000, writer.close)
            await asyncio.sleep(0.01)
            loop.circle = loop, server, left, right, reader, writer
            loop.set_exception_handler(lambda loop, context: None)  # tasks that were destroyed
        for close in (True, False):
            self.collected(work, close)
        self.assertEqual(self.unraisable, [])

    def test_a_socket_that_cannot_be_closed(self):
        """Its transport is told of while it dies, and dies once."""
        async def work(loop):
            near, far = socket.socketpair()
            near = Refuses(fileno=near.detach())
            near.setblocking(False)
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
            transport.pause_reading()
            far.close()
            await asyncio.sleep(0.01)
            loop._transports.clear()
        for close in (True, False):
            del self.unraisable[:]
            self.collected(work, close)
            self.assertEqual([kind for kind, _ in self.unraisable], [ZeroDivisionError])
            self.assertIn('SocketTransport', self.unraisable[0][1])

    def test_a_transport_that_a_warning_keeps(self):
        async def work(loop):
            (await self.connect(loop, 1, True)).close()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            loop = eddyloop.new_event_loop()
            loop.run_until_complete(work(loop))
            loop.close()
            del loop
            gc.collect()
            kept = [warning.source for warning in said if 'unclosed transport' in str(warning.message)]
            del said[:]
        self.assertEqual(len(kept), 2)
        for transport in kept:
            self.assertIn('SocketTransport', repr(transport))
            transport.write(b'late')
            transport.set_protocol(Silent())
            self.assertIsNone(transport.get_extra_info('nothing'))
            transport.abort()
        del kept[:], transport
        gc.collect()
        self.assertEqual((self.unraisable, open_descriptors()), ([], self.before))

    def test_the_collector_runs_at_every_step(self):
        async def work(loop):
            async def answer(reader, writer):
                while line := await reader.readline():
                    writer.write(line)
                    await writer.drain()
                writer.close()
            server = await asyncio.start_server(answer, '127.0.0.1', 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for _ in range(3):
                writer.write(b'line\n')
                self.assertEqual(await asyncio.wait_for(reader.readline(), 60), b'line\n')
            writer.close()
            server.close()
            await asyncio.sleep(0.01)
        threshold = gc.get_threshold()
        gc.set_threshold(1, 1, 1)
        try:
            self.collected(work, True)
        finally:
            gc.set_threshold(*threshold)
        self.assertEqual(self.unraisable, [])


if __name__ == '__main__':
    unittest.main()
