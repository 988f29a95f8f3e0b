#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""http_requests.py BUILD [--rounds N] [--seconds S]: CPU time a request of eddy-http beside nginx, asked by wrk.

Both answer on one processor with one process, wrk asks from another one, by 64 connections that are kept: for six bytes,
and for a file of 256 KiB that both send by sendfile. nginx writes no access log, as Eddy does not. The servers take
turns. BUILD is a folder of `tools/bench.sh http`.
"""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import modules

PATIENCE, CONNECTIONS, WARM = 30, 64, 1
QUESTIONS = {'six bytes': '/', '256 KiB': '/files/large'}
NGINX = '''daemon off; master_process off; pid %(home)s/pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type text/plain;
       client_body_temp_path %(home)s/b; proxy_temp_path %(home)s/p; fastcgi_temp_path %(home)s/f; uwsgi_temp_path %(home)s/u;
       scgi_temp_path %(home)s/s;
       server { listen 127.0.0.1:%(port)d; location = / { return 200 "Hello\\n"; } location /files/ { alias %(home)s/; } } }'''


class Server:
    """A process on the first processor."""

    def __init__(self, command, port, environment=None):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        os.sched_setaffinity(self.process.pid, sorted(os.sched_getaffinity(0))[:1])
        self.port = port or int(self.process.stdout.readline())

    def wait(self):
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port), 5):
                return
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit('%s does not begin' % self.process.args[0])
            time.sleep(0.02)

    def cpu(self):
        """Nanoseconds of all threads."""
        threads = pathlib.Path('/proc/%d/task' % self.process.pid).iterdir()
        return sum(int((thread / 'schedstat').read_text().split()[0]) for thread in threads)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def start(name, build, home):
    if name == 'nginx':
        port = free_port()
        pathlib.Path(home, 'nginx.conf').write_text(NGINX % {'home': home, 'port': port})
        server = Server(['nginx', '-e', 'stderr', '-p', home, '-c', home + '/nginx.conf'], port)
    else:
        environment = dict(os.environ, EDDY_DRIVER=name.rpartition(' ')[2])
        server = Server([os.path.join(build, 'bench', 'http_server'), home], 0, environment)
    server.wait()
    return server


def wrk(server, path, seconds):
    last = sorted(os.sched_getaffinity(0))[-1]
    said = subprocess.run(['taskset', '-c', str(last), 'wrk', '-t1', '-c%d' % CONNECTIONS, '-d%ds' % seconds,
                           'http://127.0.0.1:%d%s' % (server.port, path)], check=True, capture_output=True, text=True).stdout
    if 'Non-2xx' in said or 'Socket errors' in said:
        sys.exit(said)
    return int(re.search(r'(\d+) requests in', said)[1])


def ask(name, build, home, path, seconds):
    """(requests a second, microseconds of CPU time of each)."""
    server = start(name, build, home)
    try:
        wrk(server, path, WARM)
        before, began = server.cpu(), time.monotonic()
        requests = wrk(server, path, seconds)
        return requests / (time.monotonic() - began), (server.cpu() - before) / requests / 1e3
    finally:
        server.end()


def measure(arguments, home):
    names = ['nginx', 'eddy-http on uring', 'eddy-http on epoll']
    for title, path in QUESTIONS.items():
        found = {name: [] for name in names}
        for turn in range(arguments.rounds):
            for name in names[turn % 3:] + names[:turn % 3]:
                found[name].append(ask(name, arguments.build, home, path, arguments.seconds))
        print(title)
        modules.show(found, 'requests')
        for name in names[1:]:
            modules.compare('%s / nginx' % name, found[name], found['nginx'])


def main():
    arguments = modules.parser(__doc__).parse_args()
    home = tempfile.mkdtemp(prefix='eddy-bench-http-')
    os.chmod(home, 0o755)
    try:
        pathlib.Path(home, 'large').write_bytes(bytes(range(256)) * 1024)
        measure(arguments, home)
    finally:
        shutil.rmtree(home)


if __name__ == '__main__':
    main()
