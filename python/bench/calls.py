# SPDX-License-Identifier: MIT
"""calls.py LOOP: what the primitives of one loop cost, as lines `NAME NANOSECONDS` of the process's own CPU time."""
import asyncio
import functools
import os
import socket
import ssl
import sys
import tempfile
import time

N = 50_000
PROCESSES = 50


def new_loop(name):
    if name == 'asyncio':
        return asyncio.SelectorEventLoop()
    return __import__(name).new_event_loop()


def spent(function):
    began = time.process_time()
    function()
    return time.process_time() - began


def call_soon(loop):
    left = N

    def again():
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(again)
        else:
            loop.stop()
    loop.call_soon(again)
    return spent(loop.run_forever) / N


def call_soon_1000(loop):
    def nothing():
        pass

    def all_of_them():
        for _ in range(N // 1000):
            for _ in range(1000):
                loop.call_soon(nothing)
            loop.call_soon(loop.stop)
            loop.run_forever()
    return spent(all_of_them) / N


def add_reader(loop):
    ours, theirs = socket.socketpair()
    left = N // 5

    def here():
        nonlocal left
        ours.recv(64)
        left -= 1
        if left:
            ours.send(b'x')
        else:
            loop.stop()
    loop.add_reader(ours, here)
    loop.add_reader(theirs, lambda: theirs.send(theirs.recv(64)))
    ours.send(b'x')
    cost = spent(loop.run_forever) / (N // 5)
    loop.remove_reader(ours)
    loop.remove_reader(theirs)
    ours.close()
    theirs.close()
    return cost


async def sock_calls():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)

    async def echo():
        for _ in range(N // 10):
            await loop.sock_sendall(theirs, await loop.sock_recv(theirs, 64))
    task = asyncio.ensure_future(echo())
    for _ in range(N // 10):
        await loop.sock_sendall(ours, b'x')
        await loop.sock_recv(ours, 64)
    await task
    ours.close()
    theirs.close()


class Datagrams(asyncio.DatagramProtocol):
    """Sends back what comes, `left` times; `done` when that was all."""

    def __init__(self, left):
        self.left, self.done = left, asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.left -= 1
        if self.left == 0:
            self.done.set_result(None)
        elif self.left > 0:
            self.transport.sendto(data, addr)


async def datagrams(in_flight):
    loop, ends = asyncio.get_running_loop(), []
    for left in (N // 10, 1 << 60):
        ends.append(await loop.create_datagram_endpoint(lambda: Datagrams(left), local_addr=('127.0.0.1', 0)))
    for _ in range(in_flight):
        ends[0][0].sendto(b'x' * 64, ends[1][0].get_extra_info('sockname'))
    await ends[0][1].done
    for transport, _ in ends:
        transport.close()


async def udp():
    await datagrams(1)


async def udp_20():
    await datagrams(20)


@functools.lru_cache(maxsize=None)
def contexts():
    """(the server's, the client's)"""
    from subprocess import run
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
        run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj',
             '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-out', cert, '-keyout', key], check=True,
            capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(cert, key)
        return server, ssl.create_default_context(cafile=cert)


class Messages(asyncio.Protocol):
    """Sends `size` bytes back when so many have come, `left` times; `done` when that was all."""

    def __init__(self, size, left):
        self.size, self.left, self.missing, self.done = size, left, size, asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.missing -= len(data)
        if self.missing:
            return
        self.missing = self.size
        self.left -= 1
        if self.left:
            self.transport.write(b'x' * self.size)
        else:
            self.done.set_result(None)


async def over_tls(size, count):
    loop, (for_server, for_client) = asyncio.get_running_loop(), contexts()
    server = await loop.create_server(lambda: Messages(size, -1), '127.0.0.1', 0, ssl=for_server)
    transport, client = await loop.create_connection(lambda: Messages(size, count), *server.sockets[0].getsockname(),
                                                     ssl=for_client, server_hostname='localhost')
    transport.write(b'x' * size)
    await client.done
    transport.close()
    server.close()
    await asyncio.sleep(0.01)


async def tls_100():
    await over_tls(100, N // 10)


async def tls_100k():
    await over_tls(100_000, N // 100)


async def subprocess():
    for _ in range(PROCESSES):
        process = await asyncio.create_subprocess_exec('true')
        await process.wait()


async def sleep0():
    for _ in range(N):
        await asyncio.sleep(0)


async def nothing():
    pass


async def create_task():
    for _ in range(N):
        await asyncio.create_task(nothing())


async def gather_100():
    for _ in range(N // 100):
        await asyncio.gather(*[nothing() for _ in range(100)])


async def queue():
    there, back = asyncio.Queue(), asyncio.Queue()

    async def echo():
        for _ in range(N):
            await back.put(await there.get())
    task = asyncio.create_task(echo())
    for number in range(N):
        await there.put(number)
        await back.get()
    await task


async def call_later_cancel():
    loop = asyncio.get_running_loop()
    for handle in [loop.call_later(10 + number % 1000, print) for number in range(N)]:
        handle.cancel()


async def timeout():
    for _ in range(N):
        async with asyncio.timeout(10):
            pass


async def timers_fire():
    loop, left = asyncio.get_running_loop(), N
    done = loop.create_future()

    def fired():
        nonlocal left
        left -= 1
        if not left:
            done.set_result(None)
    for _ in range(N):
        loop.call_later(0.0001, fired)
    await done

TASKS = ((sleep0, N), (create_task, N), (gather_100, N), (queue, N), (call_later_cancel, N), (timeout, N), (timers_fire, N),
         (sock_calls, N // 10), (udp, N // 10), (udp_20, N // 10), (tls_100, N // 10),
         (tls_100k, N // 100), (subprocess, PROCESSES))


def main(name):
    contexts()
    for function in (call_soon, call_soon_1000, add_reader):
        loop = new_loop(name)
        print(function.__name__, function(loop) * 1e9)
        loop.close()
    for function, count in TASKS:
        loop = new_loop(name)
        print(function.__name__, spent(lambda: loop.run_until_complete(function())) / count * 1e9)
        loop.close()


main(sys.argv[1])
