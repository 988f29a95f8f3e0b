#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Eddy at one end, and at the other a program that nobody here wrote: curl, socat, nginx, CPython's asyncio, redis, wrk.

Each test runs on epoll and on io_uring. Ports are the kernel's choice; all that was started is ended by its handle.
"""
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from drivers import PATIENCE, on_each_driver

BUILD = os.environ.get('EDDY_BUILD', 'build')
ECHO = os.path.join(BUILD, 'tests', 'interop', 'echo')
HTTP = os.path.join(BUILD, 'examples', 'http')
REDIS = os.path.join(BUILD, 'examples', 'redis')
SIZE = 3000000
PATTERN = (bytes(range(251)) * (SIZE // 251 + 1))[:SIZE]


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def has_ipv6():
    with contextlib.suppress(OSError), socket.create_server(('::1', 0), family=socket.AF_INET6):
        return True
    return False


def wait_until(what, ready, process=None):
    until = time.monotonic() + PATIENCE
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError('%s has ended with status %s' % (what, process.returncode))
        if time.monotonic() > until:
            raise RuntimeError('%s is not there' % what)
        time.sleep(0.02)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 5):
        return True
    return False


def exchange(port, data, then_end=True):
    """Sends data through a plain socket; returns what arrives until the other side ends."""
    with socket.create_connection(('127.0.0.1', port), PATIENCE) as s:
        s.sendall(data)
        if then_end:
            s.shutdown(socket.SHUT_WR)
        return b''.join(iter(lambda: s.recv(65536), b''))


class Peers(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='eddy-peers-')
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)

    # ---- programs ----

    def run_program(self, *command, status=0, data=b''):
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, env=self.environment,
                              check=False)
        self.assertEqual(done.returncode, status, (command[:3], done.stdout[-500:], done.stderr[-2000:]))
        return done.stdout

    @contextlib.contextmanager
    def started(self, *command, **options):
        process = subprocess.Popen(command, env=self.environment, **options)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)
            if process.stdout:
                process.stdout.close()

    @contextlib.contextmanager
    def eddy_server(self, *command):
        """A server of Eddy's; gives its port. Ctrl-C ends it, tasks, descriptors and all."""
        with self.started(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            with process.stderr:
                line = process.stdout.readline().decode()
                yield int(re.search(r'(\d+)\D*$', line.replace('Ctrl-C ends it', '')).group(1))
                process.send_signal(signal.SIGINT)
                said = process.stderr.read().decode()
                self.assertEqual((process.wait(PATIENCE), said), (130, said))
                self.assertNotIn('Traceback', said.replace('KeyboardInterrupt', ''))

    def need(self, name):
        path = shutil.which(name) or shutil.which(name, path='/usr/sbin')
        if not path:
            self.skipTest('%s is not installed' % name)
        return path

    # ---- curl and wrk at the HTTP example ----

    def curl(self, *arguments, **options):
        return self.run_program(self.need('curl'), '-sS', '--noproxy', '*', *arguments, **options)

    @on_each_driver
    def test_curl(self):
        with self.eddy_server(HTTP) as port:
            base = 'http://127.0.0.1:%d' % port
            self.assertEqual(self.curl(base + '/'), b'Hello, world\n')
            self.assertEqual(self.curl('-0', base + '/'), b'Hello, world\n')
            head = self.curl('-I', base + '/').decode()
            self.assertRegex(head, r'^HTTP/1.1 200 OK\r\nDate: \w{3}, .* GMT\r\n')
            self.assertIn('Content-Length: 13\r\n', head)
            codes = self.curl('-o', '/dev/null', '-w', '%{http_code} %{num_connects}\n', base + '/', base + '/none')
            self.assertIn(b'200 1\n', codes)
            self.assertEqual(self.curl('-o', '/dev/null', '-w', '%{http_code}', '-X', 'DELETE', base + '/'), b'405')
            kept = self.curl('-w', '%{num_connects} ', *[base + '/'] * 4)
            self.assertEqual(re.findall(rb'(\d) ', kept), [b'1', b'0', b'0', b'0'])

    @on_each_driver
    def test_curl_sends_bodies(self):
        with self.eddy_server(HTTP) as port:
            echo = 'http://127.0.0.1:%d/echo' % port
            for size in 0, 1, 5000, 1 << 20:
                body = PATTERN[:size]
                for more in [], ['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect: 100-continue']:
                    self.assertEqual(self.curl('--data-binary', '@-', *more, echo, data=body), body, (size, more))
            for more in [], ['-H', 'Transfer-Encoding: chunked']:
                code = self.curl('-o', '/dev/null', '-w', '%{http_code}', '--data-binary', '@-', *more, echo,
                                 data=PATTERN[:(1 << 20) + 1])
                self.assertEqual(code, b'413')

    @on_each_driver
    def test_bad_requests_are_answered(self):
        host = b'Host: x\r\n'
        cases = [
            (b'what is this\r\n\r\n', b'400'), (b'\x16\x03\x01\x00\r\n\r\n', b'400'),
            (b'GET / HTTP/1.1\r\n\r\n', b'400'), (b'GET / HTTP/1.1\r\n' + host * 2 + b'\r\n', b'400'),
            (b'GET / HTTP/2.0\r\n' + host + b'\r\n', b'505'), (b'GET  / HTTP/1.1 \r\n' + host + b'\r\n', b'400'),
            (b'GET / HTTP/1.1\r\n' + host + b'Bad Name: x\r\n\r\n', b'400'),
            (b'GET / HTTP/1.1\r\n' + host + b' folded\r\n\r\n', b'400'),
            (b'GET / HTTP/1.1\r\n' + host + b'A: \0\r\n\r\n', b'400'),
            (b'GET /' + b'a' * 300 + b' HTTP/1.1\r\n' + host + b'\r\n', b'414'),
            (b'GET / HTTP/1.1\r\n' + host + b'A: ' + b'b' * 10000 + b'\r\n\r\n', b'431'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Content-Length: -1\r\n\r\n', b'400'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\nab', b'400'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Content-Length: 99999999999999999999\r\n\r\n', b'413'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
             b'400'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Transfer-Encoding: gzip\r\n\r\n', b'501'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n', b'400'),
            (b'POST /echo HTTP/1.1\r\n' + host + b'Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n', b'400'),
        ]
        with self.eddy_server(HTTP) as port:
            for request, code in cases:
                answer = exchange(port, request)
                self.assertEqual(answer[:13], b'HTTP/1.1 ' + code + b' ', request[:60])
                self.assertIn(b'Connection: close\r\n', answer)
            self.assertEqual(exchange(port, b'POST /echo HTTP/1.1\r\n' + host + b'Content-Length: 5\r\n\r\nab'), b'')
            get = b'GET / HTTP/1.1\r\n' + host + b'\r\n'
            self.assertEqual(exchange(port, get * 50).count(b'Hello, world\n'), 50)
            self.assertEqual(exchange(port, b'\r\n' + get + b'\r\n\r\n' + get).count(b'Hello, world\n'), 2)

    @on_each_driver
    def test_wrk(self):
        with self.eddy_server(HTTP) as port:
            said = self.run_program(self.need('wrk'), '-t1', '-c50', '-d2s', 'http://127.0.0.1:%d/' % port).decode()
            self.assertNotIn('Socket errors', said)
            self.assertNotIn('Non-2xx', said)
            self.assertGreater(int(re.search(r'(\d+) requests in', said).group(1)), 50)

    # ---- socat ----

    @on_each_driver
    def test_socat_as_client(self):
        path = os.path.join(self.folder, 'client-' + self.environment['EDDY_DRIVER'])
        socat = [self.need('socat'), '-t', str(PATIENCE), '-']
        with self.eddy_server(ECHO, 'serve', '127.0.0.1', '0') as port:
            self.assertEqual(self.run_program(*socat, 'TCP:127.0.0.1:%d' % port, data=PATTERN), PATTERN)
        if has_ipv6():
            with self.eddy_server(ECHO, 'serve', '::1', '0') as port:
                self.assertEqual(self.run_program(*socat, 'TCP6:[::1]:%d' % port, data=PATTERN), PATTERN)
        with self.eddy_server(ECHO, 'serve-unix', path):
            self.assertEqual(self.run_program(*socat, 'UNIX-CONNECT:' + path, data=PATTERN), PATTERN)
        self.assertFalse(os.path.exists(path))
        abstract = 'eddy-%d-%s' % (os.getpid(), self.environment['EDDY_DRIVER'])
        with self.eddy_server(ECHO, 'serve-unix', '@' + abstract):
            self.assertEqual(self.run_program(*socat, 'ABSTRACT-CONNECT:' + abstract, data=PATTERN), PATTERN)

    @on_each_driver
    def test_socat_as_server(self):
        # A pipe that may be written takes that much without waiting: of more, socat would wait for itself.
        socat = [self.need('socat'), '-b', '4096', '-t', str(PATIENCE)]
        port, path = free_port(), os.path.join(self.folder, 'server-' + self.environment['EDDY_DRIVER'])
        # A probe may connect to the port first; with `fork` socat serves both the probe and the test.
        with self.started(*socat, 'TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr,fork' % port, 'PIPE') as process:
            wait_until('socat', lambda: answers(port), process)
            self.assertEqual(self.run_program(ECHO, 'connect', '127.0.0.1', str(port), str(SIZE)),
                             b'%d bytes\n' % SIZE)
        with self.started(*socat, 'UNIX-LISTEN:' + path, 'EXEC:cat') as process:
            wait_until('socat', lambda: os.path.exists(path), process)
            self.assertEqual(self.run_program(ECHO, 'connect-unix', path, str(SIZE)), b'%d bytes\n' % SIZE)

    # ---- nginx ----

    @contextlib.contextmanager
    def nginx(self, locations):
        port, folder = free_port(), os.path.join(self.folder, 'nginx-' + self.environment['EDDY_DRIVER'])
        os.makedirs(os.path.join(folder, 'www'))
        with open(os.path.join(folder, 'www', 'page'), 'wb') as file:
            file.write(PATTERN)
        configuration = os.path.join(folder, 'nginx.conf')
        with open(configuration, 'w', encoding='utf-8') as file:
            file.write('''
                daemon off; master_process off; pid %(f)s/pid; error_log stderr crit;
                events { }
                http {
                    access_log off; client_body_temp_path %(f)s/t1; proxy_temp_path %(f)s/t2;
                    fastcgi_temp_path %(f)s/t3; uwsgi_temp_path %(f)s/t4; scgi_temp_path %(f)s/t5;
                    client_max_body_size 2m;
                    server { listen 127.0.0.1:%(port)d; root %(f)s/www; %(locations)s }
                    %(more)s
                }''' % {'f': folder, 'port': port, 'locations': locations[0], 'more': locations[1]})
        command = [self.need('nginx'), '-p', folder, '-c', configuration]
        with self.started(*command, stderr=subprocess.DEVNULL) as process:
            wait_until('nginx', lambda: answers(port), process)
            yield port

    @on_each_driver
    def test_nginx_as_server(self):
        with self.nginx(('', '')) as port:
            said = self.run_program(ECHO, 'get', '127.0.0.1', str(port), '/page', '20')
            self.assertEqual(said, b'HTTP/1.1 200 OK, %d bytes\n' % SIZE * 20)
            said = self.run_program(ECHO, 'get', '127.0.0.1', str(port), '/none', '3')
            self.assertEqual(said.count(b'HTTP/1.1 404 Not Found'), 3)

    @on_each_driver
    def test_nginx_as_proxy(self):
        with self.eddy_server(HTTP) as behind:
            kept = '''location / { proxy_pass http://eddy; proxy_http_version 1.1;
                                   proxy_set_header Connection ""; }
                      location /old/ { proxy_pass http://127.0.0.1:%d/; }''' % behind
            with self.nginx((kept, 'upstream eddy { server 127.0.0.1:%d; keepalive 4; }' % behind)) as port:
                base = 'http://127.0.0.1:%d' % port
                for path in '/', '/old/':
                    self.assertEqual(self.curl(*[base + path] * 20), b'Hello, world\n' * 20)
                body = PATTERN[:1 << 20]
                self.assertEqual(self.curl('--data-binary', '@-', base + '/echo', data=body), body)
                self.assertEqual(self.curl('-o', '/dev/null', '-w', '%{http_code}', base + '/none'), b'404')
                said = self.run_program(self.need('wrk'), '-t1', '-c20', '-d1s', base + '/').decode()
                self.assertNotIn('Non-2xx', said)

    # ---- asyncio ----

    @on_each_driver
    def test_asyncio_as_client(self):
        async def one(port, number):
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
            data = PATTERN[:1 + number * 3001]
            writer.write(data)
            writer.write_eof()
            back = await reader.read()
            writer.close()
            return back == data

        async def many(port):
            return await asyncio.wait_for(asyncio.gather(*(one(port, i) for i in range(200))), PATIENCE)

        with self.eddy_server(ECHO, 'serve', '127.0.0.1', '0') as port:
            self.assertEqual(asyncio.run(many(port)), [True] * 200)

    @on_each_driver
    def test_asyncio_as_server(self):
        async def echo(reader, writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
            writer.close()

        async def serve():
            server = await asyncio.start_server(echo, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            path = os.path.join(self.folder, 'asyncio-' + self.environment['EDDY_DRIVER'])
            by_path = await asyncio.start_unix_server(echo, path)
            async with server, by_path:
                return await asyncio.gather(
                    *(asyncio.to_thread(self.run_program, ECHO, 'connect', '127.0.0.1', str(port), str(size))
                      for size in (0, 1, SIZE)),
                    asyncio.to_thread(self.run_program, ECHO, 'connect-unix', path, str(SIZE)))

        self.assertEqual(asyncio.run(serve()), [b'%d bytes\n' % size for size in (0, 1, SIZE, SIZE)])

    # ---- redis ----

    @contextlib.contextmanager
    def redis(self):
        port = free_port()
        command = [self.need('redis-server'), '--port', str(port), '--bind', '127.0.0.1', '--save', '',
                   '--dir', self.folder]
        with self.started(*command, stdout=subprocess.DEVNULL) as process:
            wait_until('redis', lambda: answers(port), process)
            yield '127.0.0.1:%d' % port

    @on_each_driver
    def test_redis(self):
        with self.redis() as place:
            def ask(*words):
                return self.run_program(REDIS, place, *words).decode()
            self.assertEqual(ask('PING'), 'PONG\n')
            self.assertEqual(ask('GET', 'nothing'), '(nil)\n')
            self.assertEqual(ask('SET', 'name', 'Eddy \r\n ä'), 'OK\n')
            self.assertEqual(ask('GET', 'name'), '"Eddy \r\n ä"\n')
            self.assertEqual(ask('RPUSH', 'list', 'one', '', 'three'), '3\n')
            self.assertEqual(ask('LRANGE', 'list', '0', '-1'), '1) "one"\n2) ""\n3) "three"\n')
            self.assertTrue(ask('NONSENSE').startswith("error: ERR unknown command 'NONSENSE'"))
            self.assertEqual(ask('EVAL', 'return {1, {2, {"x"}}}', '0'), '1) 1\n2) 1) 2\n   2) 1) "x"\n')
            self.assertEqual(ask(), '1000 replies, in order\n')
            self.assertEqual(ask(), '1000 replies, in order\n')
            self.assertEqual(ask('GET', 'eddy:counter'), '"2000"\n')
            large = self.run_program(REDIS, place, 'SETRANGE', 'large', '3000000', 'x')
            self.assertEqual((large, len(self.run_program(REDIS, place, 'GET', 'large'))), (b'3000001\n', 3000004))


if __name__ == '__main__':
    unittest.main(verbosity=2)
