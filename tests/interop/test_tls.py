#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Eddy's TLS (examples/tls.c) beside `openssl s_client`, `openssl s_server` and Python's ssl module, on both drivers.

Certificates are made by the openssl command when the tests begin. Ports are the kernel's choice.
"""
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

from drivers import PATIENCE, on_each_driver

BUILD = os.environ.get('EDDY_BUILD', 'build')
PROGRAM = os.path.join(BUILD, 'examples', 'tls')
PATTERN = bytes(range(251)) * 8000


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, capture_output=True, timeout=PATIENCE)


class Certificates:
    """An authority, a server's certificate with its key, and a client's."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='eddy-tls-')
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                '-subj', '/CN=Eddy interop authority', '-keyout', self.at('authority.key'), '-out', self.at('authority.pem'))
        self.make('server', 'DNS:localhost')
        self.make('client', 'DNS:client.test')

    def at(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, names):
        with open(self.at(name + '.ext'), 'w', encoding='utf-8') as file:
            file.write('subjectAltName=%s\nbasicConstraints=CA:FALSE\n' % names)
        openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=' + name,
                '-keyout', self.at(name + '.key'), '-out', self.at(name + '.csr'))
        openssl('x509', '-req', '-in', self.at(name + '.csr'), '-days', '1', '-CA', self.at('authority.pem'),
                '-CAkey', self.at('authority.key'), '-CAcreateserial', '-extfile', self.at(name + '.ext'),
                '-out', self.at(name + '.crt'))
        with open(self.at(name + '.pem'), 'w', encoding='utf-8') as whole:
            for part in '.crt', '.key':
                with open(self.at(name + part), encoding='utf-8') as file:
                    whole.write(file.read())


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certificates.folder)

    def at(self, name):
        return self.certificates.at(name)

    def start(self, words, **more):
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   text=True, env=self.environment, **more)
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        self.addCleanup(self.end, process, timer)
        return process

    @staticmethod
    def end(process, timer):
        timer.cancel()
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def number_in_line(self, process, pattern):
        for line in process.stdout:
            found = re.search(pattern, line)
            if found:
                return int(found.group(1))
        return self.fail('it ended without a line like %s' % pattern)

    def serve(self, *more):
        server = self.start([PROGRAM, 'echo', self.at('server.pem'), '0', *more])
        return self.number_in_line(server, r'^listening (\d+)')

    def head(self, *words):
        return subprocess.run([PROGRAM, 'head', *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=self.environment)

    # --- openssl at the other end -------------------------------------------------------------------------------------

    def s_client(self, port, *more):
        """What s_client says when it was sent a line back, and was then told to quit."""
        client = self.start(['openssl', 's_client', '-connect', '127.0.0.1:%d' % port, '-CAfile', self.at('authority.pem'),
                             '-verify_return_error', '-verify_hostname', 'localhost', *more])
        client.stdin.write('hello, eddy\n')
        client.stdin.flush()
        said = ''
        for line in client.stdout:
            said += line
            if line.endswith('hello, eddy\n'):  # it may stand in the middle of what s_client says itself
                break
        client.stdin.close()
        self.assertEqual(client.wait(PATIENCE), 0, said)
        return said

    @on_each_driver
    def test_s_client(self):
        port = self.serve()
        for version, name in ('-tls1_3', 'TLSv1.3'), ('-tls1_2', 'TLSv1.2'):
            said = self.s_client(port, version, '-alpn', 'other,echo', '-servername', 'localhost')
            self.assertIn('hello, eddy\n', said)
            self.assertIn('ALPN protocol: echo', said)
            self.assertRegex(said, r'New, %s' % name)
            self.assertIn('Verification: OK', said)

    @on_each_driver
    def test_s_client_resumes(self):
        said = self.s_client(self.serve(), '-tls1_2', '-reconnect')
        self.assertEqual(said.count('Reused, TLSv1.2'), 5, said)

    @on_each_driver
    def test_s_client_shows_a_certificate(self):
        port = self.serve(self.at('authority.pem'))
        said = self.s_client(port, '-cert', self.at('client.pem'), '-key', self.at('client.pem'))
        self.assertIn('hello, eddy\n', said)
        done = subprocess.run(['openssl', 's_client', '-tls1_2', '-connect', '127.0.0.1:%d' % port],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertIn('alert handshake failure', done.stderr)

    @on_each_driver
    def test_s_server(self):
        for version, name in ('-tls1_3', 'TLSv1.3'), ('-tls1_2', 'TLSv1.2'):
            server = self.start(['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', self.at('server.pem'), '-www',
                                 version])
            port = str(self.number_in_line(server, r'^ACCEPT .*:(\d+)$'))
            done = self.head('localhost', port, self.at('authority.pem'))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r'^%s, \S+, CN=server\nHTTP/1.0 200 ok' % name)
            done = self.head('127.0.0.1', port, self.at('authority.pem'))
            self.assertEqual(done.returncode, 1)
            self.assertIn('EDDY_TLS_CERTIFICATE', done.stderr)
            self.assertIn('tls handshake with 127.0.0.1:%s: IP address mismatch' % port, done.stderr)
            done = self.head('localhost', port)
            self.assertEqual(done.returncode, 1)
            self.assertIn('unable to get local issuer certificate', done.stderr)

    # --- Python's ssl at the other end --------------------------------------------------------------------------------

    @on_each_driver
    def test_python_client(self):
        port = self.serve()
        context = ssl.create_default_context(cafile=self.at('authority.pem'))
        with socket.create_connection(('127.0.0.1', port), PATIENCE) as plain, \
                context.wrap_socket(plain, server_hostname='localhost') as s:
            sender = threading.Thread(target=s.sendall, args=(PATTERN,))
            sender.start()
            came = b''
            while len(came) < len(PATTERN):
                came += s.recv(65536)
            sender.join()
            self.assertEqual(came, PATTERN)
            s.unwrap().close()

    @on_each_driver
    def test_python_server(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.at('server.pem'))
        with socket.create_server(('127.0.0.1', 0)) as listener:
            thread = threading.Thread(target=self.answer, args=(listener, context))
            thread.start()
            done = self.head('localhost', str(listener.getsockname()[1]), self.at('authority.pem'))
            thread.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('HTTP/1.0 200 from Python', done.stdout)

    @staticmethod
    def answer(listener, context):
        listener.settimeout(PATIENCE)
        plain, _ = listener.accept()
        plain.settimeout(PATIENCE)
        with context.wrap_socket(plain, server_side=True) as s:
            asked = b''
            while b'\r\n\r\n' not in asked:
                asked += s.recv(4096)
            s.sendall(b'HTTP/1.0 200 from Python\r\n\r\n')


if __name__ == '__main__':
    if 'without OpenSSL' in subprocess.run([PROGRAM, 'head', 'localhost', '1'], capture_output=True, text=True,
                                           check=False, timeout=PATIENCE).stderr:
        sys.exit(77)
    unittest.main()
