#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""with_pg.py PROGRAM [ARGUMENT...]: runs a program beside a PostgreSQL of its own, and ends that afterwards.

The program finds it by PG_URL, a Unix socket in a temporary folder, and by PG_TLS_URL, a port of localhost whose
certificate is checked. Everybody may log in as eddy, and as locked with the password secret. The status is the program's.
"""
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from glob import glob

PATIENCE = 100


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


class Server:
    """A cluster in a folder, run by the user postgres if the caller is root, as whom it refuses to run."""

    def __init__(self, folder):
        programs = sorted(glob('/usr/lib/postgresql/*/bin'))
        if not programs:
            sys.exit('PostgreSQL is not installed: apt install postgresql')
        self.programs, self.folder, self.data = programs[-1], folder, folder + '/data'
        self.options = {'cwd': folder}
        if os.getuid() == 0:
            owner = pwd.getpwnam('postgres')
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self.options.update(user=owner.pw_uid, group=owner.pw_gid, extra_groups=[])

    def run(self, *command):
        subprocess.run(command, check=True, capture_output=True, **self.options)

    def make(self):
        self.run(self.programs + '/initdb', '-D', self.data, '-U', 'eddy', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C')
        self.run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                 '-keyout', self.data + '/server.key', '-out', self.data + '/server.crt', '-subj', '/CN=localhost',
                 '-addext', 'subjectAltName=DNS:localhost')
        with open(self.data + '/pg_hba.conf', 'r+', encoding='utf-8') as rules:
            lines = rules.read()
            rules.seek(0)
            rules.write('local all locked scram-sha-256\n' + lines)
        shutil.copy(self.data + '/server.crt', self.folder + '/root.crt')
        os.chmod(self.folder, 0o755)

    def start(self):
        self.port = free_port()
        with open(self.folder + '/log', 'wb') as log:
            self.process = subprocess.Popen(
                [self.programs + '/postgres', '-D', self.data, '-k', self.folder, '-c', 'listen_addresses=127.0.0.1',
                 '-c', 'port=%d' % self.port, '-c', 'ssl=on', '-c', 'fsync=off', '-c', 'max_connections=40'],
                stdout=log, stderr=log, **self.options)

    def answers(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run(self.programs + '/psql', '-h', self.folder, '-p', str(self.port), '-U', 'eddy', '-d', 'postgres', '-qc',
                     "set password_encryption = 'scram-sha-256'; create role locked login password 'secret'")
            return True
        return False

    def wait(self):
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # a fast shutdown
        self.process.wait(PATIENCE)

    def environment(self):
        return dict(os.environ, PG_URL='postgresql://eddy@/postgres?host=%s&port=%d' % (self.folder, self.port),
                    PG_TLS_URL='postgresql://eddy@localhost:%d/postgres?sslmode=verify-full&sslrootcert=%s/root.crt'
                    % (self.port, self.folder))


def run_beside(server, command):
    server.make()
    for _ in range(3):  # another program may take the port
        server.start()
        try:
            if server.wait():
                return subprocess.run(command, env=server.environment(), timeout=PATIENCE, check=False).returncode
        finally:
            server.stop()
    with open(server.folder + '/log', encoding='utf-8') as log:
        sys.exit('PostgreSQL did not begin:\n' + log.read())


def main():
    folder = tempfile.mkdtemp(prefix='eddy-pg-')
    try:
        return run_beside(Server(folder), sys.argv[1:])
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    sys.exit(main())
