#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_ending.py - every server among the examples ends in order on SIGTERM and on SIGINT, on both drivers.

A client talks with it and stays connected without a word; another stays in the middle of a message.  On the signal the
idle one is ended at once, by an orderly end and not a reset; the other may finish its message; nothing is accepted any
more; the status is 0 (130 where Ctrl-C cancels the main task) and nothing is said on stderr.
"""
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from drivers import PATIENCE, on_each_driver  # noqa: E402

EXAMPLES = os.path.join(os.environ.get('EDDY_BUILD', 'build'), 'examples')


class Server:
    """A running example; `port` is what its first line ends in, or what stands between : and /."""

    def __init__(self, environment, *command):
        self.process = subprocess.Popen([os.path.join(EXAMPLES, command[0]), *command[1:]], env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        self.port = int(line.split('/')[2].split(':')[1] if '://' in line else line.split()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def connect(self):
        return socket.create_connection(('127.0.0.1', self.port), PATIENCE)

    def ended(self):
        """Status and stderr."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


def read(connection, wanted):
    """Reads as many bytes as `wanted` has; fails if they differ."""
    got = b''
    while len(got) < len(wanted):
        piece = connection.recv(len(wanted) - len(got))
        if not piece:
            break
        got += piece
    assert got == wanted, (got, wanted)


def read_all(connection):
    got = b''
    while piece := connection.recv(65536):
        got += piece
    return got


GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'


class Ending(unittest.TestCase):
    def talk(self, server, number, status):
        """Two clients fetch a whole page. Then one is idle, one is in the middle of a request, and a third has sent nothing yet."""
        with server, server.connect() as idle, server.connect() as busy, server.connect() as fresh:
            for one in idle, busy:
                one.sendall(GET)
                self.page(one)
            busy.sendall(GET[:-4])
            server.process.send_signal(number)
            self.assertEqual((read_all(idle), read_all(fresh)), (b'', b''))  # to the end, which is no reset
            busy.sendall(GET[-4:])
            self.page(busy)
            self.assertEqual(read_all(busy), b'')
            self.assertEqual(server.ended(), (status, ''))
            with self.assertRaises(OSError):
                server.connect().close()

    def page(self, connection):
        got = b''
        while b'\r\n\r\n' not in got:
            piece = connection.recv(65536)
            self.assertTrue(piece, got)
            got += piece
        head, _, body = got.partition(b'\r\n\r\n')
        self.assertTrue(head.startswith(b'HTTP/1.1 200'), head)
        lines = [line for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:')]
        size = int(lines[0].split(b':')[1])
        while len(body) < size:
            body += connection.recv(65536)

    @on_each_driver
    def test_http(self):
        for name in 'http', 'site':
            for number, status in (signal.SIGTERM, 0), (signal.SIGINT, 130):
                with self.subTest(name=name, number=number):
                    arguments = (name, '0', '127.0.0.1') if name == 'http' else (name, '0')
                    self.talk(Server(self.environment, *arguments), number, status)

    @on_each_driver
    def test_chat(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number=number), Server(self.environment, 'chat', '0') as server:
                with server.connect() as idle, server.connect() as busy, server.connect() as fresh:
                    idle.sendall(b'ann\n')
                    busy.sendall(b'bob\n')
                    first = [one for one in select.select([idle, busy], [], [], PATIENCE)[0]][0]
                    self.assertIn(b' is here', first.recv(64))
                    busy.sendall(b'good ni')
                    server.process.send_signal(number)
                    self.assertEqual(read_all(fresh), b'')
                    busy.sendall(b'ght\n')
                    read_all(busy)
                    read_all(idle)
                    self.assertEqual(server.ended(), (0, ''))

    @on_each_driver
    def test_echo_server(self):
        """The server cannot know where a message ends, so connected clients get the grace period of two seconds."""
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number=number), Server(self.environment, 'echo_server', '0') as server:
                with server.connect() as busy, server.connect() as fresh:
                    busy.sendall(b'hello')
                    read(busy, b'hello')
                    server.process.send_signal(number)
                    self.assertEqual(read_all(fresh), b'')
                    busy.sendall(b'again')
                    read(busy, b'again')
                    busy.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(busy), b'')
                    self.assertEqual(server.ended(), (0, ''))

    @on_each_driver
    def test_tls(self):
        if not shutil.which('openssl'):
            self.skipTest('no openssl')
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        certificate = os.path.join(folder, 'server.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-subj', '/CN=localhost', '-days', '2', '-keyout', certificate, '-out', certificate + '.crt'],
                       check=True, capture_output=True)
        with open(certificate + '.crt') as more, open(certificate, 'a') as whole:
            whole.write(more.read())
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(['echo'])
        for number, status in (signal.SIGTERM, 0), (signal.SIGINT, 130):
            with self.subTest(number=number), Server(self.environment, 'tls', 'echo', certificate, '0') as server:
                with context.wrap_socket(server.connect(), suppress_ragged_eofs=False) as busy, server.connect() as silent:
                    busy.sendall(b'hello')
                    read(busy, b'hello')
                    server.process.send_signal(number)
                    self.assertEqual(read_all(silent), b'')  # a handshake that did not come
                    busy.sendall(b'again')
                    read(busy, b'again')
                    busy.unwrap()
                    self.assertEqual(server.ended(), (status, ''))


if __name__ == '__main__':
    unittest.main()
