# SPDX-License-Identifier: MIT
"""Datagrams, sock_* calls, subprocesses, readers, and on whose stack Python's code runs; run.py runs this file on uring and
on epoll."""
import asyncio
import contextvars
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

import eddyloop
from eddyloop import loop as implementation


def run(coroutine):
    return eddyloop.run(asyncio.wait_for(coroutine, 60))


def pair():
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends


class Collector(asyncio.DatagramProtocol):
    """Keeps what comes; `enough` is done when there are so many."""

    def __init__(self, count=1):
        self.got, self.errors, self.lost = [], [], []
        self.count, self.enough = count, asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.got.append((data, addr))
        if len(self.got) == self.count:
            self.enough.set_result(None)

    def error_received(self, exc):
        self.errors.append(exc)
        if not self.enough.done():
            self.enough.set_result(None)

    def connection_lost(self, exc):
        self.lost.append(exc)


async def endpoint(count=1, family=socket.AF_INET, **options):
    host = '::1' if family == socket.AF_INET6 else '127.0.0.1'
    if not options:
        options = {'local_addr': (host, 0)}
    return await asyncio.get_running_loop().create_datagram_endpoint(lambda: Collector(count), **options)


class Stacks(unittest.TestCase):
    """Python's code runs on the stack of its thread, between two steps of Eddy's loop."""

    def test_each_kind_of_call(self):
        told = {}

        async def main():
            loop = asyncio.get_running_loop()

            def note(kind):
                told[kind] = told.get(kind, True) and loop._eddy_on_own_stack()

            class Stream(asyncio.Protocol):
                def __init__(self, side):
                    self.side, self.over = side, loop.create_future()
                    note('factory')

                def connection_made(self, transport):
                    note('connection_made')
                    self.transport = transport
                    transport.set_write_buffer_limits(1000)
                    if self.side == 'client':
                        transport.write(b'x' * 10_000_000)

                def data_received(self, data):
                    note('data_received')
                    if len(data) == 1:
                        self.transport.write(data)

                def pause_writing(self):
                    note('pause_writing')

                def resume_writing(self):
                    note('resume_writing')
                    if self.side == 'client':
                        self.transport.abort()

                def eof_received(self):
                    note('eof_received')

                def connection_lost(self, exc):
                    note('connection_lost')
                    self.over.set_result(None)

            class Buffered(asyncio.BufferedProtocol):
                def connection_made(self, transport):
                    transport.write(b'y')

                def get_buffer(self, hint):
                    note('get_buffer')
                    return bytearray(100)

                def buffer_updated(self, count):
                    note('buffer_updated')

                def eof_received(self):
                    note('eof_received')

            class Dies:
                def __del__(self):
                    note('__del__')

            server = await loop.create_server(lambda: Stream('server'), '127.0.0.1', 0)
            address = server.sockets[0].getsockname()
            transport, protocol = await loop.create_connection(lambda: Stream('client'), *address)
            await protocol.over
            transport, _ = await loop.create_connection(Buffered, *address)
            while 'buffer_updated' not in told:
                await asyncio.sleep(0.001)
            transport.write_eof()
            while 'eof_received' not in told:
                await asyncio.sleep(0.001)
            server.close()

            udp, collector = await endpoint()
            collector.datagram_received = lambda data, addr: (note('datagram_received'), collector.enough.set_result(None))
            udp.sendto(b'x', udp.get_extra_info('sockname'))
            await collector.enough
            udp.close()

            ours, theirs = pair()
            loop.add_reader(ours, lambda: (note('reader'), ours.recv(1)))
            loop.add_writer(ours, lambda: (note('writer'), loop.remove_writer(ours)))
            theirs.send(b'x')
            loop.call_soon(note, 'call_soon')
            loop.call_later(0.001, note, 'call_later')
            loop.call_soon(lambda dies: None, Dies())
            threading.Thread(target=loop.call_soon_threadsafe, args=(note, 'call_soon_threadsafe')).start()
            loop.create_future().add_done_callback(print)
            loop.add_signal_handler(signal.SIGUSR1, note, 'signal')
            loop.set_exception_handler(lambda *unused: note('exception handler'))
            loop.call_soon(lambda: 1 / 0)
            loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
            done = loop.create_future()
            done.add_done_callback(lambda unused: note('done callback'))
            done.set_result(None)
            await loop.run_in_executor(None, gc.collect)
            note('a task')
            while not {'reader', 'writer', 'call_later', 'signal', 'call_soon_threadsafe'} <= set(told):
                await asyncio.sleep(0.001)
            loop.remove_reader(ours)
            loop.remove_signal_handler(signal.SIGUSR1)
            waits = asyncio.ensure_future(loop.sock_recv(ours, 1))
            waits.add_done_callback(lambda unused: note('sock_recv'))
            await asyncio.sleep(0)
            theirs.send(b'x')
            await waits
            process = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(1)', stdout=asyncio.subprocess.PIPE)
            await process.communicate()
            note('subprocess')
            ours.close()
            theirs.close()

        run(main())
        self.assertEqual(set(told), {
            'factory', 'connection_made', 'data_received', 'pause_writing', 'resume_writing', 'eof_received', 'connection_lost',
            'get_buffer', 'buffer_updated', 'datagram_received', 'reader', 'writer', 'call_soon', 'call_later', '__del__',
            'call_soon_threadsafe', 'signal', 'exception handler', 'done callback', 'a task', 'sock_recv', 'subprocess'})
        self.assertEqual([kind for kind, own in told.items() if not own], [])

    def test_a_stack_whose_limit_was_raised(self):
        program = '''
import asyncio, resource, sys
import eddyloop

def deep(left):
    if left:
        return max([left], key=lambda unused: deep(left - 1))
    return eddyloop.run(asyncio.sleep(0, 'reached'))

hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
resource.setrlimit(resource.RLIMIT_STACK, (1 << 19, hard))
eddyloop.run(asyncio.sleep(0))
resource.setrlimit(resource.RLIMIT_STACK, (1 << 26 if hard == resource.RLIM_INFINITY else hard, hard))
sys.setrecursionlimit(100000)
deep(8000 if sys.version_info < (3, 12) else 300)  # from there on calls in C are limited apart
print('reached')
'''
        done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=100)
        self.assertEqual((done.stdout, done.stderr[-300:]), ('reached\n', ''))

    def test_a_loop_of_a_thread(self):
        told = []

        async def main():
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: told.append(loop._eddy_on_own_stack()))
            await asyncio.sleep(0.001)
            told.append(loop._eddy_on_own_stack())

        thread = threading.Thread(target=lambda: eddyloop.run(main()))
        thread.start()
        thread.join()
        self.assertEqual(told, [True, True])


class Datagrams(unittest.TestCase):
    def test_many_at_once_in_order(self):
        async def main():
            udp, collector = await endpoint(100)
            self.assertIsInstance(udp, implementation.DatagramTransport)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                for number in range(100):
                    peer.sendto(b'%d' % number * (1 + number), udp.get_extra_info('sockname'))
                    await asyncio.sleep(0) if number % 30 == 0 else None
                name = ('127.0.0.1', peer.getsockname()[1])
                await collector.enough
            self.assertEqual(collector.got, [(b'%d' % number * (1 + number), name) for number in range(100)])
            udp.close()
            await asyncio.sleep(0)
            self.assertEqual(collector.lost, [None])
        run(main())

    def test_bursts_of_each_size(self):
        async def main():
            udp, collector = await endpoint(sum(range(40)))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.connect(udp.get_extra_info('sockname'))
                for number in range(40):
                    for _ in range(number):
                        peer.send(b'%d' % number)
                    while len(collector.got) < sum(range(number + 1)):
                        await asyncio.sleep(0)
                name = peer.getsockname()
            self.assertEqual(collector.got, [(b'%d' % number, name) for number in range(40) for _ in range(number)])
            udp.close()
        run(main())

    def test_both_families_and_sizes(self):
        async def main(family):
            one, first = await endpoint(4, family)
            two, second = await endpoint(4, family)
            there, back = two.get_extra_info('sockname'), one.get_extra_info('sockname')
            for data in (b'a', bytearray(b'b'), memoryview(b'c'), b'd' * 65000):
                one.sendto(data, there)
            await second.enough
            self.assertEqual(second.got, [(data, back) for data in (b'a', b'b', b'c', b'd' * 65000)])
            for _ in range(4):
                two.sendto(b'answer', second.got[0][1])
            await first.enough
            self.assertEqual(first.got, [(b'answer', there)] * 4)
            one.close()
            two.close()
        for family in (socket.AF_INET, socket.AF_INET6):
            run(main(family))

    def test_several_peers_have_their_own_addresses(self):
        async def main():
            udp, collector = await endpoint(40)
            peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
            for number in range(10):
                for peer in peers:
                    peer.sendto(b'x', udp.get_extra_info('sockname'))
            await collector.enough
            self.assertEqual([addr[1] for _, addr in collector.got], [peer.getsockname()[1] for peer in peers] * 10)
            for number, (_, addr) in enumerate(collector.got[:4]):
                udp.sendto(b'%d' % number, addr)
            self.assertEqual([peer.recv(10) for peer in peers], [b'0', b'1', b'2', b'3'])
            for peer in peers:
                peer.close()
            udp.close()
        run(main())

    def test_connected_and_refused(self):
        async def main():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.bind(('127.0.0.1', 0))
                name = peer.getsockname()
                udp, collector = await endpoint(remote_addr=name)
                udp.sendto(b'x')
                udp.sendto(b'y', name)
                self.assertEqual(peer.recv(10) + peer.recv(10), b'xy')
                with self.assertRaisesRegex(ValueError, 'Invalid address'):
                    udp.sendto(b'z', ('127.0.0.1', name[1] + 1))
            udp.sendto(b'nobody')
            await collector.enough
            self.assertIsInstance(collector.errors[0], ConnectionRefusedError)
            udp.close()
        run(main())

    def test_wrong_arguments(self):
        async def main():
            udp, collector = await endpoint()
            with self.assertRaises(TypeError):
                udp.sendto('text', udp.get_extra_info('sockname'))
            udp.sendto(b'x' * 70000, udp.get_extra_info('sockname'))
            self.assertIsInstance(collector.errors[0], OSError)
            udp.close()
        run(main())

    def test_a_protocol_that_raises_gets_the_next(self):
        async def main():
            told = []
            udp, collector = await endpoint(4)
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context['exception']))
            kept = collector.datagram_received

            def raises(data, addr):
                kept(data, addr)
                if data != b'3':
                    raise ValueError(data)
            collector.datagram_received = raises
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                for number in range(4):
                    peer.sendto(b'%d' % number, udp.get_extra_info('sockname'))
            await collector.enough
            self.assertEqual([str(error) for error in told], ["b'0'", "b'1'", "b'2'"])
            udp.close()
        run(main())

    def test_a_method_that_was_set_meanwhile(self):
        async def test():
            transport, protocol = await endpoint()
            later = asyncio.get_running_loop().create_future()
            transport.sendto(b'first', transport.get_extra_info('sockname'))
            await protocol.enough
            protocol.datagram_received = lambda data, addr: later.set_result(data)
            transport.sendto(b'second', transport.get_extra_info('sockname'))
            self.assertEqual((await later, len(protocol.got)), (b'second', 1))
            transport.close()
        run(test())

    def test_nothing_after_close(self):
        async def main():
            udp, collector = await endpoint(1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                def received(*got):
                    collector.got.append(got)
                    if len(collector.got) == 5:  # others came with it
                        udp.close()
                collector.datagram_received = received
                for _ in range(20):
                    peer.sendto(b'x', udp.get_extra_info('sockname'))
                while not collector.lost:
                    await asyncio.sleep(0.001)
            self.assertEqual(len(collector.got), 5)
            fd = os.open('/dev/null', os.O_RDWR)  # perhaps the number that the socket had
            with self.assertRaises(Exception):
                udp.sendto(b'x', ('127.0.0.1', 1))
            os.close(fd)
        run(main())

    def test_a_closed_one_is_freed_at_once(self):
        import weakref

        async def main():
            udp, collector = await endpoint(1)
            udp.close()
            await asyncio.sleep(0.001)
            del collector.transport
            return weakref.ref(udp)
        gc.disable()
        try:
            self.assertIsNone(run(main())())
        finally:
            gc.enable()


class SocketCalls(unittest.TestCase):
    def test_bytes_pass(self):
        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = pair()
            data = os.urandom(3_000_000)
            sends = asyncio.create_task(loop.sock_sendall(theirs, data))
            got = bytearray()
            while len(got) < 1_000_000:
                got += await loop.sock_recv(ours, 70_000)
            room = bytearray(50_000)
            while len(got) < len(data):
                got += room[:await loop.sock_recv_into(ours, room)]
            await sends
            theirs.send(b'x')
            task = asyncio.create_task(loop.sock_recv_into(ours, room))
            self.assertEqual(await task, 1)
            room.clear()  # it is not locked, although the task is still there
            self.assertEqual(got, data)
            theirs.close()
            self.assertEqual(await loop.sock_recv(ours, 10), b'')
            ours.close()
            with self.assertRaises(OSError):
                await loop.sock_recv(ours, 10)
        run(main())

    def test_cancelled_it_takes_nothing(self):
        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = pair()
            for early in (False, True):
                task = asyncio.create_task(loop.sock_recv(ours, 10))
                await asyncio.sleep(0)
                if early:
                    theirs.send(b'kept')
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                if not early:
                    theirs.send(b'kept')
                self.assertEqual(await loop.sock_recv(ours, 10), b'kept')
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.sock_recv(ours, 10), 0.001)
            ours.close()
            theirs.close()
        run(main())

    def test_a_closed_socket_takes_nothing_from_its_successor(self):
        async def test():
            loop = asyncio.get_running_loop()
            for start in (lambda sock: loop.sock_recv(sock, 10), lambda sock: loop.sock_recv_into(sock, bytearray(10)),
                          lambda sock: loop.sock_sendall(sock, bytes(10_000_000))):
                ours, theirs = pair()
                number = ours.fileno()
                task = asyncio.create_task(start(ours))
                await asyncio.sleep(0.01)
                ours.close()
                ours, theirs_now = pair()
                if ours.fileno() != number:
                    os.dup2(ours.fileno(), number)
                    ours.close()
                    ours = socket.socket(fileno=number)
                successor = asyncio.create_task(loop.sock_recv(ours, 20))
                await asyncio.sleep(0.01)
                theirs_now.send(b'for another')
                self.assertEqual(await asyncio.wait_for(successor, 10), b'for another')
                await loop._eddy_ready(ours, True)
                await asyncio.sleep(0.01)
                with self.assertRaises(BlockingIOError):
                    theirs_now.recv(20)
                if not task.done():
                    task.cancel()
                with self.assertRaises((OSError, asyncio.CancelledError)):
                    await task
                for sock in (ours, theirs, theirs_now):
                    sock.close()

        run(test())

    def test_it_is_awaited_once(self):
        async def test():
            loop = asyncio.get_running_loop()
            ours, theirs = pair()
            call = loop.sock_recv(ours, 10)
            task = asyncio.create_task(call)
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            with self.assertRaisesRegex(RuntimeError, 'cannot reuse'):
                await call
            theirs.send(b'kept')
            self.assertEqual(await loop.sock_recv(ours, 10), b'kept')
            ours.close()
            theirs.close()

        run(test())

    def test_several_wait_and_a_transport_is_respected(self):
        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = pair()
            tasks = [asyncio.ensure_future(loop.sock_recv(ours, 1)) for _ in range(3)]
            await asyncio.sleep(0)
            for byte in (b'a', b'b', b'c'):
                theirs.send(byte)
            self.assertEqual(sorted(await asyncio.gather(*tasks)), [b'a', b'b', b'c'])
            reader, writer = await asyncio.open_connection(sock=ours)
            with self.assertRaisesRegex(RuntimeError, 'is used by transport'):
                await loop.sock_recv(ours, 1)
            writer.close()
            theirs.close()
        run(main())

    def test_accept_and_connect(self):
        async def main():
            loop = asyncio.get_running_loop()
            with socket.create_server(('127.0.0.1', 0)) as server, socket.socket() as client, socket.socket() as other:
                server.setblocking(False)
                client.setblocking(False)
                other.setblocking(False)
                accepts = asyncio.create_task(loop.sock_accept(server))
                await asyncio.sleep(0)
                await loop.sock_connect(client, server.getsockname())
                conn, address = await accepts
                self.assertEqual(address, client.getsockname())
                self.assertEqual(conn.gettimeout(), 0)
                await loop.sock_sendall(conn, b'hello')
                self.assertEqual(await loop.sock_recv(client, 10), b'hello')
                conn.close()
                name = server.getsockname()
                server.close()
                with self.assertRaises(ConnectionRefusedError):
                    await loop.sock_connect(other, name)
        run(main())

    def test_debug_mode_checks_the_socket(self):
        async def main():
            loop = asyncio.get_running_loop()
            ours, theirs = socket.socketpair()
            with self.assertRaisesRegex(ValueError, 'non-blocking'):
                await loop.sock_recv(ours, 1)
            ours.close()
            theirs.close()
        eddyloop.run(main(), debug=True)


class Processes(unittest.TestCase):
    def test_no_thread_waits_for_a_process(self):
        async def main():
            before = threading.active_count()
            processes = [await asyncio.create_subprocess_exec(sys.executable, '-c', 'input(); raise SystemExit(%d)' % code,
                                                              stdin=asyncio.subprocess.PIPE) for code in (0, 3)]
            self.assertEqual(threading.active_count(), before)
            for process in processes:
                process.stdin.write(b'\n')
            self.assertEqual([await process.wait() for process in processes], [0, 3])
            process = await asyncio.create_subprocess_exec('sleep', '3600')
            process.kill()
            self.assertEqual(await process.wait(), -signal.SIGKILL)
            with self.assertRaises(FileNotFoundError):
                await asyncio.create_subprocess_exec('/no/such/program')
        number = len(os.listdir('/proc/self/fd'))
        run(main())
        self.assertEqual(len(os.listdir('/proc/self/fd')), number)

    def test_a_chosen_watcher_is_obeyed(self):
        from asyncio import unix_events
        asked = []

        class Watcher(unix_events.ThreadedChildWatcher):
            def add_child_handler(self, pid, callback, *args):
                asked.append(pid)
                super().add_child_handler(pid, callback, *args)

        async def main():
            process = await asyncio.create_subprocess_exec('true')
            await process.wait()
            self.assertEqual(asked, [process.pid])
        policy = asyncio.get_event_loop_policy()
        policy._watcher = Watcher()
        try:
            run(main())
        finally:
            policy._watcher = None

    def test_context_and_output(self):
        variable = contextvars.ContextVar('variable')

        async def main():
            variable.set(1)
            process = await asyncio.create_subprocess_shell('cat; exit 4', stdin=asyncio.subprocess.PIPE,
                                                            stdout=asyncio.subprocess.PIPE)
            said, _ = await process.communicate(b'x' * 200_000)
            self.assertEqual((len(said), process.returncode, variable.get()), (200_000, 4, 1))
        run(main())


if __name__ == '__main__':
    unittest.main()
