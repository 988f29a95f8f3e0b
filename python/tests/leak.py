#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""leak.py streams|protocols [CONNECTIONS]: what a server holds while so many connections (100000) come and go.

One connection of four is reset before its answer, one after it, one ends by halves. Five lines: memory, objects of the
collector, descriptors. run.py does not run it, since it takes minutes.
"""
import asyncio
import gc
import os
import socket
import struct
import sys

import eddyloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def come_and_go(address, number):
    with socket.create_connection(address) as sock:
        sock.sendall(b'x' * 100 + b'\n')
        if number % 4 > 0:
            sock.recv(200)
        if number % 4 < 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        elif number % 4 == 2:
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1)


async def connect(address, count):
    """From another process; waits until it has ended."""
    pid = os.fork()
    if pid == 0:
        for number in range(count):
            come_and_go(address, number)
        os._exit(0)
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        await asyncio.sleep(0.05)


async def main(kind, connections):
    loop = asyncio.get_running_loop()
    if kind == 'streams':
        server = await asyncio.start_server(echo, '127.0.0.1', 0)
    else:
        server = await loop.create_server(Echo, '127.0.0.1', 0)
    for part in range(1, 6):
        await connect(server.sockets[0].getsockname(), connections // 5)
        await asyncio.sleep(0.2)
        gc.collect()
        with open('/proc/self/statm') as file:
            pages = int(file.read().split()[1])
        print('%s on %s, %d connections: %d KiB, %d objects, %d descriptors' % (
            kind, loop.eddy_driver, connections // 5 * part, pages * os.sysconf('SC_PAGESIZE') // 1024,
            len(gc.get_objects()), len(os.listdir('/proc/self/fd'))), flush=True)


if __name__ == '__main__':
    eddyloop.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100000))
