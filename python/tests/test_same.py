# SPDX-License-Identifier: MIT
"""What asyncio's own loop says, Eddy's says; run.py runs this file on uring and on epoll."""
import asyncio
import os
import re
import socket
import tempfile
import unittest

import eddyloop


def outcome(function, *args):
    """What it returned, or its exception, as text."""
    try:
        return repr(function(*args))
    except Exception as exc:
        return '%s: %s' % (type(exc).__name__, exc)


async def outcome_of(awaitable):
    try:
        return repr(await awaitable)
    except Exception as exc:
        return type(exc).__name__


class Same(unittest.TestCase):
    def check(self, main, debug=False):
        """main() returns the same on both loops, which is returned."""
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop, debug=debug) as runner:
            expected = runner.run(asyncio.wait_for(main(), 60))
        self.assertEqual(eddyloop.run(asyncio.wait_for(main(), 60), debug=debug), expected)
        return expected

    def test_wrong_arguments_of_a_transport(self):
        async def main():
            ours, theirs = socket.socketpair()
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
            said = [outcome(transport.write, data) for data in ('text', 5, None, [b'x'])]
            for high, low in ((-1, None), (None, -1), (1, 2), (-5, -6)):
                said.append(outcome(transport.set_write_buffer_limits, high, low))
            transport.abort()
            theirs.close()
            await asyncio.sleep(0.01)
            return said
        self.assertIn("TypeError: data argument must be a bytes-like object, not 'str'", self.check(main))

    def test_what_cannot_be_watched(self):
        async def main():
            loop, closed = asyncio.get_running_loop(), socket.socket()
            closed.close()
            said = []
            with tempfile.TemporaryFile() as file, open(os.devnull) as null:
                for what in (-1, -7, closed, file, null, null.fileno()):
                    said += [outcome(loop.add_reader, what, print), outcome(loop.add_writer, what, print),
                             outcome(loop.remove_reader, what), outcome(loop.remove_writer, what)]
            return said
        said = self.check(main)
        self.assertIn('PermissionError: [Errno 1] Operation not permitted', said)
        self.assertIn('ValueError: Invalid file descriptor: -1', said)

    def test_wrong_buffers_are_told_when_awaited(self):
        async def main():
            loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
            ours.setblocking(False)
            calls = [loop.sock_sendall(ours, 'text'), loop.sock_recv_into(ours, b'not writable'), loop.sock_recv_into(ours, 5)]
            said = [await outcome_of(call) for call in calls]
            ours.close()
            theirs.close()
            return said
        self.assertEqual(self.check(main), ['TypeError'] * 3)

    def test_handles_in_debug_mode(self):
        async def main():
            loop = asyncio.get_running_loop()
            said = [outcome(loop.call_later, 1, None), outcome(loop.call_at, 1, None)]
            for handle in (loop.call_later(60, print, 'x'), loop.call_soon(print, 'x')):
                handle.cancel()
                said.append(re.sub(r'when=\S+| created at .*', '', repr(handle)))
            return said
        self.assertIn("<Handle cancelled print('x')", ' '.join(self.check(main, debug=True)))

    def test_a_factory_that_raises(self):
        """The connection ends; the handler is told in debug mode, in which asyncio's connection would stay."""
        async def main():
            loop, told = asyncio.get_running_loop(), []

            def fail():
                raise ValueError('no protocol')
            loop.set_exception_handler(lambda loop, context: told.append((context['message'], repr(context.get('exception')))))
            server = await loop.create_server(fail, '127.0.0.1', 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            told.append(await reader.read())
            writer.close()
            server.close()
            return told
        self.assertEqual(self.check(main), [b''])
        told = eddyloop.run(main(), debug=True)
        self.assertEqual(told, [('Error on transport creation for incoming connection', "ValueError('no protocol')"), b''])

    def test_connection_made_raises(self):
        """The exception handler is told, on both sides, and the connection goes on."""
        class Raises(asyncio.Protocol):
            def connection_made(self, transport):
                self.transport = transport
                raise ValueError('connection_made')

            def data_received(self, data):
                self.transport.write(data * 2)

            def connection_lost(self, exc):
                ends.put_nowait(None)

        async def main():
            nonlocal ends
            loop, told, ends = asyncio.get_running_loop(), [], asyncio.Queue()
            loop.set_exception_handler(lambda loop, context: told.append(
                (re.sub(r'\(<.*', '', context['message']), repr(context['exception']), 'handle' in context)))
            server = await loop.create_server(Raises, '127.0.0.1', 0)
            address = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b'twice')
            told.append(await reader.readexactly(10))
            writer.close()
            await ends.get()
            transport, _ = await loop.create_connection(Raises, *address)
            transport.close()
            for _ in range(2):
                await ends.get()
            server.close()
            return told
        ends = None
        said = self.check(main)
        self.assertEqual(len(said), 4)
        # 3.13 writes () where it hides arguments.
        self.assertRegex(said[0][0], r'^Exception in callback .*Raises\.connection_made(\(\))?$')

    def test_a_closed_transport_says_so(self):
        async def main():
            ours, theirs = socket.socketpair()
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
            transport.close()
            said = ['closing' in repr(transport)]
            while 'closing' in repr(transport):
                await asyncio.sleep(0)
            theirs.close()
            return said + re.findall('closed|read=|write=', repr(transport))
        self.assertEqual(self.check(main), [True, 'closed'])


if __name__ == '__main__':
    unittest.main()
