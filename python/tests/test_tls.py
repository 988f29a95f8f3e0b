# SPDX-License-Identifier: MIT
"""TLS, whose messages the extension carries; run.py runs this file on uring and on epoll."""
import asyncio
import gc
import itertools
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings
import weakref

import eddyloop
from eddyloop import tls

MUCH = b'0123456789abcdef' * 200_000  # bytes: more than any buffer on the way
RECORD = MUCH[:16384]  # the most that fits into one


def run(coroutine):
    return eddyloop.run(asyncio.wait_for(coroutine, 60))


class Side(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self, answer=None):
        loop = asyncio.get_running_loop()
        self.said, self.got, self.answer = [], bytearray(), answer
        self.made, self.lost, self.wanted, self.enough = loop.create_future(), loop.create_future(), 0, None

    def connection_made(self, transport):
        self.transport = transport
        self.said.append('made')
        self.made.set_result(None)

    def data_received(self, data):
        self.got += data
        if self.answer:
            self.answer(self, data)
        if self.enough and not self.enough.done() and len(self.got) >= self.wanted:
            self.enough.set_result(None)

    async def until(self, size):
        self.wanted, self.enough = size, asyncio.get_running_loop().create_future()
        if len(self.got) < size:
            await self.enough

    def eof_received(self):
        self.said.append('eof')

    def pause_writing(self):
        self.said.append('pause')

    def resume_writing(self):
        self.said.append('resume')

    def connection_lost(self, exc):
        self.said.append('lost')
        self.lost.set_result(exc)


class Room(Side, asyncio.BufferedProtocol):
    def __init__(self):
        super().__init__()
        self.room = memoryview(bytearray(1000))

    def get_buffer(self, hint):
        return self.room

    def buffer_updated(self, size):
        Side.data_received(self, self.room[:size])


class Tests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
                            '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-out', cert, '-keyout',
                            key], check=True, capture_output=True)
            cls.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            cls.server.load_cert_chain(cert, key)
            cls.client = ssl.create_default_context(cafile=cert)

    async def connect(self, accepted, side, context=None):
        """(server, client's side)"""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: accepted, '127.0.0.1', 0, ssl=self.server)
        port = server.sockets[0].getsockname()[1]
        try:
            _, client = await loop.create_connection(lambda: side, '127.0.0.1', port, ssl=context or self.client,
                                                     server_hostname='localhost')
        except BaseException:
            server.close()
            raise
        return server, client

    def test_messages(self):
        async def talk():
            far, near = Side(lambda side, data: side.transport.write(data.upper())), Side()
            server, _ = await self.connect(far, near)
            self.assertIs(type(near.transport), tls.SSLTransport)
            self.assertEqual(len(near.transport._ssl_protocol._ssl_buffer), 0)  # the extension needs none
            for text in (b'a', bytearray(b'b'), memoryview(b'c'), b''):
                near.transport.write(text)
            with self.assertRaises(TypeError):
                near.transport.write('text')
            with self.assertRaises(TypeError):
                near.transport.write(date=b'x')
            near.transport.writelines([b'd', b'e'])
            near.transport.write(data=b'f')
            near.transport.writelines(list_of_data=[b'g'])
            await near.until(7)
            self.assertEqual(near.got, b'ABCDEFG')
            near.transport.close()
            self.assertIsNone(await near.lost)
            self.assertIsNone(await far.lost)
            self.assertEqual((near.said[-1], far.said), ('lost', ['made', 'eof', 'lost']))
            near.transport.write(b'late')
            server.close()
        run(talk())

    def test_much_both_ways(self):
        async def talk(near):
            far = Side(lambda side, data: side.transport.write(data))
            server, _ = await self.connect(far, near)
            near.transport.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            near.transport.write(MUCH)
            near.transport.write(MUCH)  # the transport below has paused by the first
            self.assertIn('pause', near.said)
            near.transport.write(b'more')
            await near.until(2 * len(MUCH) + 4)
            self.assertEqual(near.got, 2 * MUCH + b'more')
            self.assertEqual(near.said.count('pause'), near.said.count('resume'))
            near.transport.close()
            await near.lost
            server.close()

        async def both():
            await talk(Side())
            await talk(Room())
        run(both())

    def test_a_whole_record(self):
        """Its ciphertext is longer than what is received at once: the last bytes of it come alone."""
        async def talk():
            far, near = Side(lambda side, data: side.transport.write(data)), Side()
            server, _ = await self.connect(far, near)
            for count in (1, 2, 3):
                near.transport.write(RECORD)
                await near.until(count * len(RECORD))
            self.assertEqual(near.got, 3 * RECORD)
            near.transport.close()
            await near.lost
            server.close()
        run(talk())

    def test_a_record_in_pieces(self):
        async def cut(reader, writer, sizes):
            while data := await reader.read(65536):
                while data:
                    size = next(sizes)
                    writer.write(data[:size])
                    data = data[size:]
                    await asyncio.sleep(0.0005)
            writer.close()

        async def talk(sizes):
            loop, far, near = asyncio.get_running_loop(), Side(lambda side, data: side.transport.write(data)), Side()

            async def relay(reader, writer):
                reader_below, writer_below = await asyncio.open_connection(*server.sockets[0].getsockname())
                await asyncio.gather(cut(reader, writer_below, itertools.cycle(sizes)),
                                     cut(reader_below, writer, itertools.cycle(sizes)))
            server = await loop.create_server(lambda: far, '127.0.0.1', 0, ssl=self.server)
            between = await asyncio.start_server(relay, '127.0.0.1', 0)
            await loop.create_connection(lambda: near, *between.sockets[0].getsockname(), ssl=self.client,
                                         server_hostname='localhost')
            near.transport.write(RECORD)
            await near.until(len(RECORD))
            near.transport.write(b'end')
            await near.until(len(RECORD) + 3)
            self.assertEqual(near.got, RECORD + b'end')
            near.transport.close()
            await near.lost
            await far.lost
            between.close()
            server.close()

        async def all_cuts():
            for sizes in ((10000, 6384, 22), (5, 16000, 1), (4000, 1, 4000, 16)):
                await talk(sizes)
        run(all_cuts())

    def test_pausing(self):
        async def talk():
            far, near = Side(lambda side, data: side.transport.pause_reading()), Side()
            server, _ = await self.connect(far, near)
            near.transport.write(b'first')
            await far.until(5)
            near.transport.write(MUCH)
            await asyncio.sleep(0.05)
            self.assertEqual(far.got, b'first')
            far.answer = None
            far.transport.resume_reading()
            await far.until(5 + len(MUCH))
            near.transport.close()
            await near.lost
            server.close()
        run(talk())

    def test_limits(self):
        """With limits that are not the usual ones asyncio's code looks at each message."""
        async def talk():
            far, near = Side(lambda side, data: side.transport.write(data)), Side()
            server, _ = await self.connect(far, near)
            near.transport.set_read_buffer_limits(high=100)
            near.transport.set_write_buffer_limits(high=0)
            self.assertFalse(near.transport._ssl_protocol._eddy_has_usual_limits)
            near.transport.write(b'x' * 1000)
            await near.until(1000)
            self.assertIn('pause', near.said)
            near.transport.abort()
            await near.lost
            server.close()
        run(talk())

    def test_another_protocol(self):
        async def talk():
            far, near, later = Side(lambda side, data: side.transport.write(data)), Side(), Room()
            server, _ = await self.connect(far, near)
            near.transport.write(b'one')
            await near.until(3)
            near.transport.set_protocol(later)
            near.transport.write(b'two')
            await later.until(3)
            self.assertEqual((near.got, later.got), (b'one', b'two'))
            near.transport.abort()
            await far.lost
            server.close()
        run(talk())

    def test_a_method_that_was_set_meanwhile(self):
        async def talk():
            def later(data):
                far.said.append(data)
                far.transport.write(b'2')

            def first(side, data):
                side.data_received = later
                side.transport.write(b'1')
            far, near = Side(first), Side()
            server, _ = await self.connect(far, near)
            near.transport.write(b'one')
            await near.until(1)
            near.transport.write(b'two')
            await near.until(2)
            self.assertEqual((near.got, far.got, far.said), (b'12', b'one', ['made', b'two']))
            near.transport.abort()
            await far.lost
            server.close()
        run(talk())

    def test_a_protocol_raises(self):
        async def talk():
            problems = []

            def raises(side, data):
                raise ZeroDivisionError
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
            far, near = Side(raises), Side()
            server, _ = await self.connect(far, near)
            near.transport.write(b'x')
            self.assertIs(type(await far.lost), ZeroDivisionError)
            self.assertEqual(problems[0]['message'], 'Fatal error on SSL protocol')
            await near.lost
            server.close()
        run(talk())

    def test_a_wrong_record(self):
        async def talk():
            far, near = Side(), Side()
            problems = []
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
            server, _ = await self.connect(far, near)
            near.transport._ssl_protocol._transport.write(b'\x17\x03\x03\x00\x05wrong')
            self.assertIsInstance(await far.lost, ssl.SSLError)
            await near.lost
            server.close()
        run(talk())

    def test_upgrade(self):
        async def answer(reader, writer):
            self.assertEqual(await reader.readline(), b'STARTTLS\n')
            writer.write(b'ready\n')
            await writer.start_tls(self.server)
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        async def talk():
            loop = asyncio.get_running_loop()
            server = await asyncio.start_server(answer, '127.0.0.1', 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b'STARTTLS\n')
            self.assertEqual(await reader.readline(), b'ready\n')
            await writer.start_tls(self.client, server_hostname='localhost')
            self.assertIs(type(writer.transport), tls.SSLTransport)
            writer.write(b'secret\n')
            self.assertEqual(await reader.readline(), b'SECRET\n')
            writer.close()
            server.close()
            with self.assertRaises(TypeError):
                await loop.start_tls(writer.transport, None, None)
        run(talk())

    def test_tls_inside_of_tls(self):
        """As with asyncio, an upgrade may be upgraded again."""
        async def talk():
            loop, far, near = asyncio.get_running_loop(), Side(), Side()
            server, _ = await self.connect(far, near)
            await far.made
            for depth in (2, 3):
                ends = await asyncio.gather(
                    loop.start_tls(far.transport, far, self.server, server_side=True),
                    loop.start_tls(near.transport, near, self.client, server_hostname='localhost'))
                far.transport, near.transport = ends
                far.got, near.got = bytearray(), bytearray()
                near.transport.write(MUCH)
                await far.until(len(MUCH))
                far.transport.writelines([MUCH[:9], MUCH[9:]])
                await near.until(len(MUCH))
                self.assertTrue(far.got == near.got == MUCH, depth)
                self.assertEqual(near.transport.get_extra_info('peername'), server.sockets[0].getsockname())
            near.transport.close()
            self.assertEqual((await near.lost, await far.lost), (None, None))
            self.assertEqual((far.said.count('made'), far.said.count('eof'), near.said.count('lost')), (1, 1, 1))
            server.close()
            await asyncio.sleep(0.01)
        run(talk())

    def test_an_upgrade_is_cancelled(self):
        async def talk():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Side, '127.0.0.1', 0)  # it never answers
            side = Side()
            transport, _ = await loop.create_connection(lambda: side, *server.sockets[0].getsockname())
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.start_tls(transport, side, self.client, server_hostname='localhost'), 0.05)
            self.assertTrue(transport.is_closing())
            server.close()
            await asyncio.sleep(0.01)
        run(talk())

    def test_connections_that_nobody_closes(self):
        """They die in circles: transport, socket, protocol and TLS refer to each other."""
        async def talk():
            far, near = Side(lambda side, data: side.transport.write(data)), Side()
            server, _ = await self.connect(far, near)
            near.transport.write(b'x')
            await near.until(1)
            server.close()
        unraisable, hook = [], sys.unraisablehook
        sys.unraisablehook = lambda said: unraisable.append(repr(said.exc_value))
        gc.collect()  # what other tests have left
        descriptors = len(os.listdir('/proc/self/fd'))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                for close in (True, False):
                    loop = eddyloop.new_event_loop()
                    loop.run_until_complete(talk())
                    if close:
                        loop.close()
                    del loop
                    gc.collect()
        finally:
            sys.unraisablehook = hook
        self.assertEqual((unraisable, len(os.listdir('/proc/self/fd'))), ([], descriptors))

    def test_a_closed_transport_that_is_kept(self):
        """The second close() lets the protocol go, and with it the context."""
        async def talk():
            far, near = Side(), Side()
            server, _ = await self.connect(far, near)
            transport = near.transport
            protocol = weakref.ref(transport._ssl_protocol)
            transport.close()
            self.assertIsNotNone(protocol())
            await near.lost
            transport.close()
            await asyncio.sleep(0.01)
            gc.collect()
            self.assertIsNone(protocol())
            self.assertTrue(transport.is_closing())
            server.close()
        run(talk())

    def test_not_trusted(self):
        async def talk():
            far, near = Side(), Side()
            with self.assertRaises(ssl.SSLCertVerificationError):
                await self.connect(far, near, ssl.create_default_context())
            self.assertEqual((far.said, near.said), ([], []))
            await asyncio.sleep(0.01)
        run(talk())


if __name__ == '__main__':
    unittest.main()
