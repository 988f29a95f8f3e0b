# SPDX-License-Identifier: MIT
"""Peers that keep to no rule; run.py runs this file on uring and on epoll. EDDY_PYTHON_HOSTILE: their number."""
import asyncio
import contextlib
import gc
import os
import random
import socket
import ssl
import struct
import subprocess
import tempfile
import unittest

import eddyloop

HOSTILE = int(os.environ.get('EDDY_PYTHON_HOSTILE', '200'))
AT_ONCE = 8


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def attack(address, draw):
    """One connection that does wrong, on a thread; the server may end it at any time."""
    with socket.create_connection(address, timeout=60) as sock:
        try:
            for _ in range(draw.randrange(4)):
                sock.send(draw.randbytes(draw.choice((1, 5, 100, 20000))), socket.MSG_DONTWAIT)
                if draw.random() < 0.3:
                    sock.send(b'\x16\x03\x01\x02\x00' + draw.randbytes(30) + b'\n', socket.MSG_DONTWAIT)  # the start of a handshake
            how = draw.randrange(4)
            if how == 0:
                reset(sock)
            elif how == 1:
                sock.shutdown(socket.SHUT_WR)
                sock.recv(100, socket.MSG_DONTWAIT)
                reset(sock)
            elif how == 2:
                sock.shutdown(socket.SHUT_RD)
                sock.send(b'x' * 100000, socket.MSG_DONTWAIT)
        except OSError:
            pass


class Hostile(unittest.TestCase):
    def check(self, context=None):
        async def serve(reader, writer):
            try:
                while line := await reader.readline():
                    writer.write(line * 50)  # which the peer may not read
                    await writer.drain()
            except (OSError, ValueError):  # reset; a line without an end
                pass
            finally:
                writer.close()
                # Else the collector may free the future of the lost connection before the protocol, which looks at its
                # exception, and asyncio tells: in one run of fifteen on its own loop.
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

        async def main():
            loop, told, own = asyncio.get_running_loop(), [], len(asyncio.all_tasks())
            loop.set_exception_handler(lambda loop, context: told.append(str(context)))
            server = await asyncio.start_server(serve, '127.0.0.1', 0, ssl=context)
            draws = [random.Random(number) for number in range(AT_ONCE)]

            def attacks(draw):
                for _ in range(HOSTILE // AT_ONCE):
                    attack(server.sockets[0].getsockname(), draw)

            async def settle():
                while len(asyncio.all_tasks()) > own:
                    await asyncio.sleep(0.01)
                gc.collect()
                return len(os.listdir('/proc/self/fd'))
            await asyncio.gather(*[asyncio.to_thread(attacks, draw) for draw in draws])
            before, objects = await settle(), len(gc.get_objects())
            await asyncio.gather(*[asyncio.to_thread(attacks, draw) for draw in draws])
            while await settle() > before:  # those that were told to end by the peer alone
                await asyncio.sleep(0.01)
            self.assertLess(len(gc.get_objects()) - objects, 2000)
            server.close()
            return told
        self.assertEqual(eddyloop.run(asyncio.wait_for(main(), 300)), [])

    def test_plain(self):
        self.check()

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
                            '1', '-subj', '/CN=localhost', '-out', cert, '-keyout', key], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
        self.check(context)


if __name__ == '__main__':
    unittest.main()
