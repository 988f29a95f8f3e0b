#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""with_redis.py PROGRAM [ARGUMENT...]: runs a program beside a Redis of its own, and ends that afterwards.

The program finds it by REDIS_URL, a Unix socket in a temporary folder; with --tls before PROGRAM by REDIS_TLS_URL, too,
whose certificate is REDIS_CA. The status is the program's.
"""
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
PATIENCE_WITH_PROGRAM = float(os.environ.get('EDDY_REDIS_PATIENCE', PATIENCE))  # seconds


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-keyout', folder + '/key.pem', '-out', folder + '/cert.pem', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    return ['--tls-cert-file', folder + '/cert.pem', '--tls-key-file', folder + '/key.pem',
            '--tls-ca-cert-file', folder + '/cert.pem', '--tls-auth-clients', 'no']


def wait_for(path, server):
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(b'PING\r\n')
            if s.recv(64).startswith(b'+PONG'):
                return
        if server.poll() is not None or time.monotonic() > until:
            sys.exit('redis-server did not begin')
        time.sleep(0.02)


def main():
    words = sys.argv[1:]
    has_tls = words[0] == '--tls'
    folder = tempfile.mkdtemp(prefix='eddy-redis-')
    path = folder + '/redis.sock'
    options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no']
    environment = dict(os.environ, REDIS_URL='unix://' + path)
    try:
        if has_tls:
            port = free_port()
            options += ['--tls-port', str(port), '--bind', '127.0.0.1'] + certificate(folder)
            environment.update(REDIS_TLS_URL='rediss://localhost:%d' % port, REDIS_CA=folder + '/cert.pem')
        with open(folder + '/log', 'wb') as log:
            server = subprocess.Popen(['redis-server', *options], stdout=log, stderr=log)
        try:
            wait_for(path, server)
            return subprocess.run(words[has_tls:], env=environment, timeout=PATIENCE_WITH_PROGRAM, check=False).returncode
        finally:
            server.terminate()
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    sys.exit(main())
