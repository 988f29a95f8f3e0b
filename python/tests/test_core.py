# SPDX-License-Identifier: MIT
"""The extension: timers, large messages, small writes, reading that pauses, loops that change their thread, the interpreter's end."""
import asyncio
import fcntl
import gc
import os
import random
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import unittest
import unittest.mock
import weakref

import eddyloop


def resident():
    """Memory of this process, in KiB."""
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024


class Timers(unittest.TestCase):
    def test_order_is_that_of_the_times(self):
        choose = random.Random(7)
        delays = [choose.randrange(40) / 1000 for _ in range(500)]

        async def main():
            loop, said = asyncio.get_running_loop(), []
            now = loop.time()
            handles = [loop.call_at(now + delay, said.append, (delay, number)) for number, delay in enumerate(delays)]
            cancelled = set(choose.sample(range(len(handles)), 200))
            for number in cancelled:
                handles[number].cancel()
            await asyncio.sleep(0.06)
            return said, sorted((delay, number) for number, delay in enumerate(delays) if number not in cancelled)

        said, expected = eddyloop.run(main())
        self.assertEqual(said, expected)

    def test_cancelled_timer_leaves_no_memory(self):
        async def main():
            loop = asyncio.get_running_loop()
            for _ in range(1000):
                loop.call_later(3600, print).cancel()
            gc.collect()
            before = resident()
            for _ in range(100000):
                loop.call_later(3600, print).cancel()
            return resident() - before

        self.assertLess(eddyloop.run(main()), 1024)


class Reader(asyncio.Protocol):
    """Takes bytes with pauses: reading stops after each piece, and goes on in a later turn."""

    def __init__(self, done):
        self.done, self.bytes = done, bytearray()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.bytes += data
        self.transport.pause_reading()
        asyncio.get_running_loop().call_soon(self.transport.resume_reading)

    def eof_received(self):
        self.done.set_result(bytes(self.bytes))


class Reads(unittest.TestCase):
    def test_pauses_lose_nothing(self):
        sent = random.Random(3).randbytes(3000000)

        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = socket.socketpair()
            done = loop.create_future()
            transport, _ = await loop.create_connection(lambda: Reader(done), sock=ours)
            _, writer = await asyncio.open_connection(sock=theirs)
            writer.write(sent)
            writer.write_eof()
            got = await done
            transport.close()
            writer.close()
            return got

        self.assertTrue(eddyloop.run(main()) == sent)

    def test_reading_may_be_paused_and_resumed_in_one_call(self):
        class Blinks(Reader):
            def data_received(self, data):
                self.bytes += data
                self.transport.pause_reading()
                self.transport.resume_reading()

            def connection_lost(self, exc):
                if not self.done.done():
                    self.done.set_result(exc)

        async def main(sent):
            loop = asyncio.get_running_loop()
            ours, theirs = socket.socketpair()
            done = loop.create_future()
            transport, _ = await loop.create_connection(lambda: Blinks(done), sock=ours)
            _, writer = await asyncio.open_connection(sock=theirs)
            for begin in range(0, len(sent), 1000000):
                writer.write(sent[begin:begin + 1000000])
                await asyncio.sleep(0.01)
            writer.write_eof()
            got = await done
            transport.close()
            writer.close()
            return got

        for sent in (b'few', random.Random(3).randbytes(3000000)):
            self.assertTrue(eddyloop.run(asyncio.wait_for(main(sent), 60)) == sent)

    def test_what_comes_during_a_pause_is_kept(self):
        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = socket.socketpair()
            done = loop.create_future()
            transport, protocol = await loop.create_connection(lambda: Reader(done), sock=ours)
            await asyncio.sleep(0.01)  # it receives
            transport.pause_reading()
            theirs.send(b'kept')
            theirs.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.05)
            self.assertEqual(protocol.bytes, b'')
            self.assertFalse(done.done())
            transport.resume_reading()
            got = await done
            transport.close()
            theirs.close()
            return got

        self.assertEqual(eddyloop.run(main()), b'kept')

    def test_methods_that_were_set_meanwhile(self):
        class First(asyncio.Protocol):
            def data_received(self, data):
                said.append('first ' + data.decode())
                self.data_received = lambda data: said.append('later ' + data.decode())

        class Buffered(asyncio.BufferedProtocol):
            def get_buffer(self, hint):
                self.get_buffer, self.room = lambda hint: self.other, bytearray(10)
                self.other = bytearray(10)
                return self.room

            def buffer_updated(self, size):
                said.append('first ' + self.room[:size].decode())
                self.buffer_updated = lambda size: said.append('later ' + self.other[:size].decode())

        async def main(factory):
            ours, theirs = socket.socketpair()
            transport, _ = await asyncio.get_running_loop().create_connection(factory, sock=ours)
            for text in (b'a', b'b'):
                theirs.send(text)
                while not said or not said[-1].endswith(text.decode()):
                    await asyncio.sleep(0.001)
            transport.close()
            theirs.close()

        for factory in (First, Buffered):
            said = []
            eddyloop.run(asyncio.wait_for(main(factory), 60))
            self.assertEqual(said, ['first a', 'later b'])

    def test_small_and_large_messages_take_turns(self):
        async def echo(reader, writer):
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def talk(port, number):
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
            for size in (1, 16384, 100000, 5, 16383, 300000, 2):
                message = bytes([number]) * size
                writer.write(message)
                self.assertTrue(await reader.readexactly(size) == message)
            writer.close()
            await writer.wait_closed()

        async def main():
            server = await asyncio.start_server(echo, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(*[talk(port, number) for number in range(20)])
            server.close()
            await server.wait_closed()

        eddyloop.run(main())


SIOCOUTQNSD = 0x894b  # bytes of a TCP socket that the kernel keeps


class Writer(asyncio.Protocol):
    """Writes parts in one pass."""

    def connection_made(self, transport):
        self.transport = transport
        self.fd = transport.get_extra_info('socket').fileno()

    def write(self, *parts):
        for part in parts:
            self.transport.write(part)

    def kept(self):
        return struct.unpack('i', fcntl.ioctl(self.fd, SIOCOUTQNSD, bytes(4)))[0]


class Writes(unittest.TestCase):
    def connected(self, test):
        async def main():
            loop, protocol = asyncio.get_running_loop(), Writer()
            with socket.create_server(('127.0.0.1', 0)) as listener:
                transport, _ = await loop.create_connection(lambda: protocol, *listener.getsockname())
                peer, _ = listener.accept()
            with peer:
                await test(protocol, peer)
                transport.close()

        eddyloop.run(main())

    def test_parts_of_one_pass_leave_together(self):
        async def test(protocol, peer):
            protocol.write(b'head', b'body')
            self.assertEqual(protocol.kept(), 0)  # the first time nothing is known of this protocol
            await asyncio.sleep(0)
            protocol.write(b'head')
            self.assertEqual(protocol.kept(), 4)
            protocol.write(b'body')
            self.assertEqual(protocol.kept(), 0)
            self.assertEqual(receive(peer, 16), b'headbody' * 2)

        self.connected(test)

    def test_arguments_may_be_given_by_name(self):
        async def main():
            ours, theirs = socket.socketpair()
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
            protocol = asyncio.Protocol()
            transport.write(data=b'a')
            transport.writelines(list_of_data=[b'b', b'c'])
            transport.set_protocol(protocol=protocol)
            self.assertIs(transport.get_protocol(), protocol)
            self.assertIs(transport.get_extra_info(name='socket')._sock, ours)
            self.assertEqual(transport.get_extra_info(name='other', default=7), 7)
            self.assertEqual(transport.get_extra_info('other', default=7), 7)
            self.assertEqual(theirs.recv(10), b'abc')
            for wrong in (lambda: transport.write(), lambda: transport.write(b'x', b'y'), lambda: transport.write(date=b'x'),
                          lambda: transport.write(b'x', data=b'y'), lambda: transport.get_extra_info(default=1),
                          lambda: transport.get_extra_info('other', 1, default=2), lambda: transport.set_protocol()):
                with self.assertRaisesRegex(TypeError, r'^(write|get_extra_info|set_protocol)\(\) .*(argument|were given)'):
                    wrong()
            transport.close()
            theirs.close()

        eddyloop.run(main())

    def test_part_that_was_kept_leaves_at_the_end_of_the_pass(self):
        async def test(protocol, peer):
            protocol.write(b'head', b'body')
            await asyncio.sleep(0)
            protocol.write(b'alone')
            self.assertEqual(protocol.kept(), 5)
            await asyncio.sleep(0)
            self.assertEqual(protocol.kept(), 0)
            protocol.write(b'!')  # one was written last time, so that one goes out at once
            self.assertEqual(protocol.kept(), 0)
            self.assertEqual(receive(peer, 14), b'headbodyalone!')

        self.connected(test)

    def test_peer_gets_a_write_although_the_thread_blocks(self):
        async def test(protocol, peer):
            for parts in ((b'head', b'body'), (b'alone',)):
                await asyncio.sleep(0)
                protocol.write(*parts)
                self.assertEqual(receive(peer, sum(map(len, parts))), b''.join(parts))  # waits in this very pass

        self.connected(test)


def receive(peer, size):
    peer.settimeout(60)
    got = b''
    while len(got) < size:
        more = peer.recv(size - len(got))
        assert more, 'the connection ended'
        got += more
    return got


class Keeper(asyncio.Protocol):
    """Keeps what it gets, and its hashes."""

    def __init__(self, done, size):
        self.done, self.left, self.pieces, self.hashes = done, size, [], []

    def data_received(self, data):
        self.pieces.append(data)
        self.hashes.append(hash(data))
        self.left -= len(data)
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)


class LargePieces(unittest.TestCase):
    def received(self, kind, size=5000000):
        sent = random.Random(11).randbytes(size)

        async def main():
            loop = asyncio.get_running_loop()
            done = loop.create_future()
            ours, theirs = socket.socketpair()
            transport, protocol = await loop.create_connection(lambda: kind(done, size), sock=ours)
            _, writer = await asyncio.open_connection(sock=theirs)
            writer.write(sent)
            await done
            transport.close()
            writer.close()
            return protocol

        return sent, eddyloop.run(main())

    def test_pieces_that_are_kept_stay_as_they_were(self):
        sent, protocol = self.received(Keeper)
        self.assertTrue(b''.join(protocol.pieces) == sent)
        self.assertEqual([hash(bytes(bytearray(piece))) for piece in protocol.pieces], protocol.hashes)

    def test_hash_of_a_piece_is_that_of_its_bytes(self):
        class Forgets(Keeper):
            def data_received(self, data):
                known = hash(data) == hash(bytes(bytearray(data)))
                self.left -= len(data)
                self.pieces.append(known)
                if self.left == 0:
                    self.done.set_result(None)

        _, protocol = self.received(Forgets)
        self.assertGreater(len(protocol.pieces), 5)
        self.assertNotIn(False, protocol.pieces)


class Attributes(unittest.TestCase):
    def test_call_soon_may_be_replaced(self):
        async def main():
            loop, called = asyncio.get_running_loop(), []
            own = loop.call_soon
            with unittest.mock.patch.object(loop, 'call_soon', lambda *args, **named: called.append(args) or own(*args, **named)):
                loop.call_soon(len, ())
                await asyncio.sleep(0)
            before = len(called)
            await asyncio.sleep(0)
            return before, len(called)

        before, after = eddyloop.run(main())
        self.assertGreaterEqual(before, 2)
        self.assertEqual(before, after)

    def test_loop_that_was_closed_is_gone_without_the_collector(self):
        gc.disable()
        self.addCleanup(gc.enable)
        loop = eddyloop.new_event_loop()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        gone = weakref.ref(loop)
        del loop
        self.assertIsNone(gone())


class Passes(unittest.TestCase):
    def test_ready_calls_do_not_keep_events_away(self):
        async def main():
            loop, said = asyncio.get_running_loop(), []
            ours, theirs = socket.socketpair()
            loop.add_reader(ours, said.append, 'readable')
            for _ in range(10):
                await asyncio.sleep(0)
            theirs.send(b'x')
            for _ in range(6):  # passes in which this task is ready
                await asyncio.sleep(0)
            loop.remove_reader(ours)
            ours.close()
            theirs.close()
            return said

        self.assertIn('readable', eddyloop.run(main()))


class Threads(unittest.TestCase):
    def test_loop_that_ran_here_runs_there_and_here_again(self):
        loop, said = eddyloop.new_event_loop(), []
        ours, theirs = socket.socketpair()
        loop.add_reader(ours, said.append, 'readable')
        loop.run_until_complete(asyncio.sleep(0))

        def run():
            loop.call_soon(said.append, 'there')
            loop.call_later(0.01, loop.stop)
            loop.run_forever()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.assertEqual(said, ['there'])
        theirs.send(b'x')
        while 'readable' not in said:
            loop.run_until_complete(asyncio.sleep(0.001))
        loop.remove_reader(ours)
        loop.close()
        ours.close()
        theirs.close()


class End(unittest.TestCase):
    def end_with_open_connections(self, further):
        program = textwrap.dedent('''
            import asyncio, eddyloop, socket
            async def serve(reader, writer):
                await reader.read(1)
            loop = eddyloop.new_event_loop()
            server = loop.run_until_complete(asyncio.start_server(serve, '127.0.0.1', 0))
            client = socket.create_connection(server.sockets[0].getsockname())
            %s
            loop.run_until_complete(asyncio.sleep(0.01))
            raise SystemExit(7)
        ''') % further
        done = subprocess.run([sys.executable, '-c', program], capture_output=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_interpreter_ends_with_open_connections(self):
        self.end_with_open_connections('pass')

    def test_interpreter_ends_with_connections_and_timers(self):
        self.end_with_open_connections('loop.call_later(3600, print)')


if __name__ == '__main__':
    unittest.main()
