#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/areq.c against its own site, nginx, Python's http.server, and servers that misbehave."""
import contextlib
import functools
import http.server
import os
import pty
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

AREQ = os.path.join(os.environ.get('EDDY_BUILD', 'build'), 'examples', 'areq')
SITE = os.path.join(os.environ.get('EDDY_BUILD', 'build'), 'examples', 'site')
# Started programs inherit ignored signals, and some tests send this one.
signal.signal(signal.SIGINT, signal.default_int_handler)
PAGES = {
    'index.html': '<a href="one.html">1</a> <a href="sub/two.html">2</a> <a href="/three.html">3</a>\n'
                  '<a href="one.html">again</a> <a href="//other.example/x">4</a> <a href="mailto:a@b.c">5</a>\n'
                  '<a href="broken\nacross lines">no</a>',
    'one.html': 'nothing here',
    'sub/two.html': '<a href="../one.html?q=1#top">up</a>',
}


def wait_for_port(port, process=None):
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
            return
        if process is not None and process.poll() is not None:
            raise RuntimeError('the server has ended')
        time.sleep(0.02)
    raise RuntimeError('nobody listens')


class Hostile(socketserver.ThreadingTCPServer):
    """Sends the given bytes to each connection, then does what `then` says."""
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, answer, then='close', read=True):
        self.answer, self.then, self.read = answer, then, read
        self.over = threading.Event()
        super().__init__(('127.0.0.1', 0), HostileHandler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *args):
        self.over.set()
        self.shutdown()
        super().__exit__(*args)

    def url(self, path='/'):
        return 'http://127.0.0.1:%d%s' % (self.server_address[1], path)


class HostileHandler(socketserver.BaseRequestHandler):
    def handle(self):
        if self.server.read:
            self.request.recv(65536)
        self.request.sendall(self.server.answer)
        if self.server.then == 'reset':
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        elif self.server.then == 'stall':
            self.server.over.wait(30)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Areq(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='areq-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.www = os.path.join(self.folder, 'www')
        for name, text in PAGES.items():
            path = os.path.join(self.www, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        os.chmod(self.folder, 0o755)

    def areq(self, *arguments, stdin='', status=0, tool=AREQ):
        environment = dict(os.environ, EDDY_DRIVER='epoll')
        for name in list(environment):
            if name.lower().endswith('_proxy'):
                del environment[name]
        done = subprocess.run([tool, *arguments], cwd=self.folder, input=stdin, capture_output=True,
                              text=True, timeout=60, env=environment, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.errors, self.output = done.stderr, done.stdout
        found = os.path.join(self.folder, 'foundurls.txt')
        self.found = []
        if os.path.exists(found):
            with open(found, encoding='utf-8') as file:
                self.found = [tuple(line.rstrip('\n').split('\t')) for line in file]
        return done

    def assert_failure(self, url, pattern):
        """The failure stands on a line of its own in the log, and in the table under its page."""
        for text, where in (self.errors, 'log'), (self.output, 'table'):
            lines = [line for line in text.splitlines() if url in line and re.search(pattern, line)]
            self.assertEqual(len(lines), 1, '%s: %s\n%s' % (where, pattern, text))

    def check_pages(self, base):
        index, two = base + '/index.html', base + '/sub/two.html'
        self.areq(index, two, base + '/one.html', base + '/absent.html')
        self.assertEqual(self.found[0], ('source_url', 'parsed_url'))
        self.assertEqual({line for line in self.found[1:]}, {
            (index, base + '/one.html'), (index, two), (index, base + '/three.html'),
            (index, 'http://other.example/x'), (index, 'mailto:a@b.c'),
            (two, base + '/one.html?q=1#top')})
        self.assertEqual(len(self.found), 7)
        self.assertIn('INFO:areq: Got response [200] for URL: ' + index, self.errors)
        self.assertIn('INFO:areq: Found 5 links for ' + index, self.errors)
        self.assertIn('INFO:areq: Wrote results for source URL: ' + index, self.errors)
        self.assertIn('INFO:areq: Found 0 links for %s/one.html' % base, self.errors)
        self.assertNotIn('Wrote results for source URL: %s/one.html' % base, self.errors)
        self.assert_failure(base + '/absent.html', r'HTTP error for \S+ \[404\]: Not Found$')
        self.assertIn('4 pages, 6 links, 1 failures', self.output)

    def test_python_http_server(self):
        handler = functools.partial(QuietHandler, directory=self.www)
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.check_pages('http://127.0.0.1:%d' % server.server_address[1])
            server.shutdown()

    def start_nginx(self):
        nginx = shutil.which('nginx') or '/usr/sbin/nginx'
        if not os.path.exists(nginx):
            self.skipTest('nginx is not installed')
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        configuration = os.path.join(self.folder, 'nginx.conf')
        with open(configuration, 'w', encoding='utf-8') as file:
            file.write('''
                daemon off; master_process off; pid %(f)s/pid; error_log stderr crit;
                events { }
                http {
                    access_log off; client_body_temp_path %(f)s/t1; proxy_temp_path %(f)s/t2;
                    fastcgi_temp_path %(f)s/t3; uwsgi_temp_path %(f)s/t4; scgi_temp_path %(f)s/t5;
                    gzip on; gzip_min_length 1; types { text/html html; }
                    server {
                        listen 127.0.0.1:%(port)d; root %(f)s/www;
                        location /moved { return 301 /index.html; }
                        location /loop { return 302 /loop; }
                        location /broken { return 500; }
                    }
                }''' % {'f': self.folder, 'port': port})
        server = subprocess.Popen([nginx, '-p', self.folder, '-c', configuration], stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        wait_for_port(port, server)
        return 'http://127.0.0.1:%d' % port

    def test_nginx(self):
        self.check_pages(self.start_nginx())

    def test_nginx_redirects(self):
        base = self.start_nginx()
        self.areq('-e', base + '/moved', base + '/loop', base + '/broken', status=1)
        self.assertIn((base + '/moved', base + '/sub/two.html'), self.found)
        self.assert_failure(base + '/loop', r'ELOOP: .*Maximum \(10\) redirects')
        self.assert_failure(base + '/broken', r'\[500\]: Internal Server Error$')

    def test_own_site(self):
        self.areq()
        base = re.search(r'http://127\.0\.0\.1:\d+', self.output).group()
        self.assertIn('19 pages, 78 links, 6 failures', self.output)
        self.assertEqual(len(self.found), 79)
        self.assert_failure(base + '/missing', r'\[404\]: Not Found$')
        self.assert_failure(base + '/loop', 'ELOOP')
        self.assert_failure(base + '/stall', 'ETIMEDOUT')
        self.assert_failure(base + '/half', 'EDDY_INCOMPLETE_READ')
        self.assert_failure(base + '/garbage', 'EDDY_HTTP_FAILED')
        self.assert_failure('/refused', 'ECONNREFUSED')
        wall, single = re.search(r'([\d.]+) seconds; one page after the other: ([\d.]+)', self.output).groups()
        self.assertLess(float(wall), float(single))
        self.assertNotIn('\r', self.errors)  # no progress line where there is no terminal

    def test_servers_that_misbehave(self):
        with socket.create_server(('127.0.0.1', 0)) as free:
            refused = 'http://127.0.0.1:%d/' % free.getsockname()[1]
        page = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<a href="/x">go</a>\n'
        with contextlib.ExitStack() as stack:
            good, half, chunk, nothing, garbage, reset, stall, mute, loop, header = (
                stack.enter_context(server) for server in (
                    Hostile(page),
                    Hostile(page[:-10]),
                    Hostile(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n'),
                    Hostile(b''),
                    Hostile(b'\xff\xfe\x00 what is this\r\n\r\n'),
                    Hostile(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc', then='reset'),
                    Hostile(page[:-10], then='stall'),
                    Hostile(b'', then='stall', read=False),
                    Hostile(b'HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n'
                            b'Connection: close\r\n\r\n'),
                    Hostile(b'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n' * 2)))
            urls = [server.url() for server in
                    (half, chunk, nothing, garbage, reset, stall, mute, loop, header, good)]
            bad = ['http://', 'gopher://127.0.0.1/', 'no url at all', 'http://127.0.0.1:99999/',
                   'http://[::1/', 'http://no-such-host.invalid/']
            self.areq('-t', '1', '-e', '-f', '-', refused, stdin='\n'.join(urls + bad + urls) + '\n\n', status=1)
            self.assert_failure(refused, 'ECONNREFUSED')
            self.assert_failure(half.url(), 'EDDY_INCOMPLETE_READ')
            self.assert_failure(chunk.url(), 'EDDY_')
            self.assert_failure(nothing.url(), 'EDDY_INCOMPLETE_READ')
            self.assert_failure(garbage.url(), 'EDDY_HTTP_FAILED')
            self.assert_failure(reset.url(), 'ECONNRESET|EDDY_INCOMPLETE_READ')
            self.assert_failure(stall.url(), 'ETIMEDOUT')
            self.assert_failure(mute.url(), 'ETIMEDOUT')
            self.assert_failure(loop.url(), 'ELOOP')
            self.assert_failure(header.url(), 'EDDY_HTTP_FAILED')
            for url in bad[:5]:
                self.assert_failure('"%s"' % url, 'EINVAL')
            self.assert_failure('no-such-host', 'ENOENT|EAGAIN|ETIMEDOUT|EDDY_')
            self.assertIn((good.url(), good.url('/x')), self.found)
            self.assertIn('17 pages, 1 links, 16 failures', self.output)

    def test_large_page_and_many_at_once(self):
        body = b''.join(b'<a href="/%d">x</a>\n' % i for i in range(5000))
        answer = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' % len(body) + body
        with Hostile(answer) as server:
            self.areq('-n', '8', *(server.url('/%d' % i) for i in range(40)))
            self.assertIn('40 pages, 200000 links, 0 failures', self.output)
            self.assertEqual(len(self.found), 200001)

    def test_ctrl_c_aborts_the_transfers(self):
        with Hostile(b'', then='stall') as server:
            process = subprocess.Popen([AREQ, server.url()], cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            self.assertIn('Using driver', process.stderr.readline())
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130, errors)

    def test_progress_on_a_terminal(self):
        outer, inner = pty.openpty()
        process = subprocess.Popen([AREQ], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=inner)
        os.close(inner)
        said = b''
        with contextlib.suppress(OSError):  # how a terminal ends
            while part := os.read(outer, 65536):
                said += part
        os.close(outer)
        self.assertEqual(process.wait(), 0)
        self.assertIn(b'\r\x1b[K19 of 19 pages, 78 links, 6 failures', said)
        self.assertTrue(said.endswith(b'\r\x1b[K'), said[-200:])

    def test_usage(self):
        self.areq('-f', 'absent.txt', status=1)
        self.assertIn('ENOENT', self.errors)
        self.assertIn('absent.txt', self.errors)
        self.areq('-q', status=2)
        self.assertIn('usage: areq', self.errors)
        self.areq('-o', '/absent/folder/x', 'http://127.0.0.1/', status=1)
        self.assertIn('opening "/absent/folder/x"', self.errors)
        self.areq('-f', '/dev/null')
        self.assertIn('0 pages, 0 links, 0 failures', self.output)

    def test_site_as_a_program(self):
        site = subprocess.Popen([SITE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        url = site.stdout.readline().split()[0]
        self.areq(url, '-o', '-')
        self.assertIn('%s\t%spage/1' % (url, url), self.output)
        port = int(url.rsplit(':', 1)[1].rstrip('/'))
        with socket.create_connection(('127.0.0.1', port), 10) as client:
            client.sendall(b'HEAD /page/1 HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'
                           b'GET /page/2 HTTP/1.0\r\n\r\n')
            answer = b''.join(iter(functools.partial(client.recv, 65536), b''))
        self.assertEqual(re.findall(rb'HTTP/1\.1 (\d+)', answer), [b'200', b'405', b'200'])
        with socket.create_connection(('127.0.0.1', port), 10) as client:
            client.sendall(b'rubbish\r\n')
            self.assertIn(b'400 Bad Request', client.recv(65536))
        site.send_signal(signal.SIGINT)
        _, errors = site.communicate(timeout=20)
        self.assertEqual(site.returncode, 130, errors)


if __name__ == '__main__':
    sys.exit(0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1)
