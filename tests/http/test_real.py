#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""eddy-http and real programs: curl and wrk at the server, nginx before it, its client at nginx, ten thousand connections.

Ports are the kernel's choice; all that was started is ended by its handle.
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PATIENCE = 60
BUILD = os.environ.get('EDDY_BUILD', 'build')
SERVER = os.path.join(BUILD, 'tests/http/server')
FETCH = os.path.join(BUILD, 'examples/fetch')
LARGE = bytes(range(256)) * 4096  # a mebibyte
CONNECTIONS = 10000


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def run(*words, data=None, status=0):
    done = subprocess.run(words, input=data, capture_output=True, timeout=PATIENCE)
    if status is not None and done.returncode != status:
        raise AssertionError('%s: status %d, %s' % (' '.join(words), done.returncode, done.stderr.decode()))
    return done.stdout


class Server:
    """tests/http/server.c on some cores; `with` ends it by SIGTERM, and sees that it ends well."""

    def __init__(self, folder, cores=1, certificate=()):
        self.process = subprocess.Popen([SERVER, str(cores), folder, *certificate], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.url = 'http%s://localhost:%d' % ('s' if certificate else '', self.port)

    def end(self):
        """What it wrote to standard error."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        _, words = self.process.communicate(timeout=PATIENCE)
        return words.decode()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if self.process.poll() is None:
            words = self.end()
            if kind is None and 'Traceback' in words.replace('ECANCELED', '') and 'SIGTERM' not in words:
                raise AssertionError(words)


class Visitors:
    """Threads whose connections come and go. An answer that has begun and is not whole counts as cut."""

    def __init__(self, port, paths, threads=4):
        self.port, self.paths = port, paths
        self.whole = self.cut = 0
        self.ends = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.visit, args=(i,)) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def visit(self, number):
        while not self.ends.is_set():
            number += 1
            got = self.ask(self.paths[number % len(self.paths)])
            if got is None:
                time.sleep(0.01)
            else:
                with self.lock:
                    self.whole += got
                    self.cut += not got

    def ask(self, path):
        """True: a whole answer came; False: a part of one; None: nothing."""
        data = b''
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port), PATIENCE) as s:
            s.settimeout(PATIENCE)
            s.sendall(b'GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' % path)
            while piece := s.recv(1 << 16):
                data += piece
        return is_whole(data) if data else None

    def end(self):
        self.ends.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def is_whole(data):
    head, _, body = data.partition(b'\r\n\r\n')
    if not head.startswith(b'HTTP/1.1 200 OK\r\n'):
        return False
    length = re.search(rb'Content-Length: (\d+)', head)
    return len(body) == int(length[1]) if length else body.endswith(b'\r\n0\r\n\r\n')


@contextlib.contextmanager
def nginx(locations):
    port, home = free_port(), tempfile.mkdtemp(prefix='eddy-http-nginx-')
    os.chmod(home, 0o755)
    pathlib.Path(home, 'nginx.conf').write_text('''
        daemon off; master_process off; pid %s/pid; error_log stderr crit;
        events {}
        http { access_log off; client_body_temp_path %s/body; proxy_temp_path %s/proxy;
               fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; client_max_body_size 10m;
               server { listen 127.0.0.1:%d; %s } }''' % ((home,) * 6 + (port, locations)))
    process = subprocess.Popen(['nginx', '-e', 'stderr', '-p', home, '-c', home + '/nginx.conf'])
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 5):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError('nginx does not begin')
            time.sleep(0.02)
        yield 'http://localhost:%d' % port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(home)


class Real(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='eddy-http-real-')
        os.chmod(cls.folder, 0o755)  # nginx's workers read here, too
        cls.path = pathlib.Path(cls.folder)
        (cls.path / 'large').write_bytes(LARGE)
        (cls.path / 'small.txt').write_bytes(b'0123456789')
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
            '-keyout', cls.folder + '/key', '-out', cls.folder + '/certificate', '-subj', '/CN=localhost',
            '-addext', 'subjectAltName=DNS:localhost')
        cls.pem = cls.folder + '/both.pem'
        pathlib.Path(cls.pem).write_bytes((cls.path / 'certificate').read_bytes() + (cls.path / 'key').read_bytes())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def check_curl(self, url, *more):
        def curl(*words, **options):
            return run('curl', '-sS', '--max-time', str(PATIENCE), *more, *words, **options)
        self.assertEqual(curl(url + '/'), b'Hello\n')
        self.assertEqual(curl('--compressed', url + '/files/small.txt'), b'0123456789')
        self.assertEqual(curl(url + '/files/large'), LARGE)
        self.assertEqual(curl('-r', '300000-300999', url + '/files/large'), LARGE[300000:301000])
        self.assertEqual(curl('-r', '-100', url + '/files/large'), LARGE[-100:])
        self.assertIn(b'content-length: 1048576', curl('-I', url + '/files/large').lower())
        tag = re.search(rb'ETag: (\S+)', curl('-I', url + '/files/large'))[1].decode()
        self.assertEqual(curl('-H', 'If-None-Match: ' + tag, '-w', '%{http_code}', url + '/files/large'), b'304')
        self.assertEqual(curl('-H', 'Expect: 100-continue', '--data-binary', '@-', url + '/echo', data=LARGE), LARGE)
        self.assertEqual(curl('-T', '-', url + '/echo', data=LARGE), LARGE)  # in chunks
        self.assertEqual(curl('-d', 'a=b', url + '/echo'), b'a=b')
        # one connection for three requests
        self.assertEqual(curl('-w', '%{num_connects} ', url + '/', url + '/slow', url + '/'),
                         b'Hello\n1 ' + b'0123456789' * 5 + b'0 Hello\n0 ')
        self.assertEqual(curl('--http1.0', url + '/slow'), b'0123456789' * 5)
        self.assertEqual(curl('--path-as-is', '-o', os.devnull, '-w', '%{http_code}', url + '/files/../../etc/passwd'), b'400')

    def test_curl(self):
        with Server(self.folder) as server:
            self.check_curl(server.url)

    def test_curl_over_tls(self):
        with Server(self.folder, certificate=[self.pem]) as server:
            self.check_curl(server.url, '--cacert', self.folder + '/certificate')
            run('curl', '-sS', '--cacert', self.folder + '/certificate', '--connect-to', '::localhost:%d' % server.port,
                'https://other.test/', status=60)  # its certificate is for another name

    def wrk(self, server, seconds, *words):
        return subprocess.Popen(['wrk', '-t1', '-c50', '-d%d' % seconds, *words, server.url + '/'], stdout=subprocess.PIPE)

    def assert_served(self, load):
        words = load.communicate(timeout=PATIENCE)[0].decode()
        self.assertEqual(load.returncode, 0)
        self.assertGreater(int(re.search(r'(\d+) requests in', words)[1]), 100, words)
        self.assertNotIn('Non-2xx', words)
        return words

    def test_wrk(self):
        with Server(self.folder) as server:
            self.assertNotIn('Socket errors', self.assert_served(self.wrk(server, 1)))
            self.assert_served(self.wrk(server, 1, '-H', 'Connection: close'))

    def check_end(self, cores, end, status):
        """Ends a server under load: it ends, and no answer is cut."""
        with Server(self.folder, cores) as server:
            load = self.wrk(server, 2, '-H', 'Connection: close')
            kept = self.wrk(server, 2)
            visitors = Visitors(server.port, [b'/slow', b'/files/large', b'/'])
            time.sleep(1)
            end(server)
            words = server.wait()
            visitors.end()
            for one in (load, kept):
                self.assertNotIn('Non-2xx', one.communicate(timeout=PATIENCE)[0].decode())
        self.assertEqual(server.process.returncode, status, words)
        self.assertEqual(visitors.cut, 0)
        self.assertGreater(visitors.whole, 5)
        return words

    def test_sigterm_under_wrk(self):
        self.check_end(1, lambda server: server.process.send_signal(signal.SIGTERM), 0)

    def test_sigterm_under_wrk_on_two_cores(self):
        self.check_end(2, lambda server: server.process.send_signal(signal.SIGTERM), 0)

    def test_a_core_fails_under_wrk(self):
        def fail(server):
            run('curl', '-sS', server.url + '/fail', status=None)
        self.assertIn('this core is told to fail', self.check_end(2, fail, 1))

    def test_nginx_before_the_server(self):
        with Server(self.folder) as server:
            proxy = '''location / { proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1; proxy_set_header Connection "";
                       proxy_request_buffering off; }''' % server.port
            with nginx(proxy) as url:
                self.assertEqual(run('curl', '-sS', url + '/'), b'Hello\n')
                self.assertEqual(run('curl', '-sS', url + '/slow'), b'0123456789' * 5)
                self.assertEqual(run('curl', '-sS', url + '/files/large'), LARGE)
                self.assertEqual(run('curl', '-sS', '-r', '5-9', url + '/files/large'), LARGE[5:10])
                self.assertEqual(run('curl', '-sS', '-T', '-', url + '/echo', data=LARGE), LARGE)

    def test_the_client_at_nginx(self):
        place = '''root %s; default_type application/octet-stream; types { text/plain txt; } gzip on; gzip_types *; gzip_min_length 1;
                   location = /to { return 302 /large; } location = /gone { return 410; }''' % self.folder
        with nginx(place) as url:
            for path, wanted in [('/large', '200 %s/large application/octet-stream: 1048576 bytes'),
                                 ('/small.txt', '200 %s/small.txt text/plain: 10 bytes'),
                                 ('/to', '200 %s/large application/octet-stream: 1048576 bytes'),
                                 ('/gone', '410 %s/gone')]:
                self.assertIn(wanted % url, run(FETCH, url + path).decode())

    def test_ten_thousand_connections(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        count = min(CONNECTIONS, limit - 200)
        with Server(self.folder) as server, contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(socket.create_connection(('127.0.0.1', server.port), PATIENCE)) for _ in range(count)]
            for one in crowd[::10]:
                one.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            for one in crowd[::10]:
                self.assertIn(b'\r\n\r\nHello\n', one.recv(1000))
            for one in crowd[5::500]:
                one.sendall(b'GET / HTT')  # a part of a request
            for one in crowd[5::500]:
                one.sendall(b'P/1.1\r\nHost: a\r\n\r\n')
                self.assertIn(b'\r\n\r\nHello\n', one.recv(1000))
            server.end()  # all of them are idle
            self.assertEqual(crowd[0].recv(10), b'')


if __name__ == '__main__':
    unittest.main()
