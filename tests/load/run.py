#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py SERVER CLIENTS COUNT SECONDS: server.c under the load of clients.c, each a process.

EDDY_SOAK_SECONDS stands for SECONDS, if it is set.
"""
import os
import resource
import subprocess
import sys

SPARE = 200  # descriptors beside the connections


def allow(count):
    """Raises the limit of descriptors for so many connections; root may exceed its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
        except (ValueError, PermissionError):
            print('%d descriptors are needed; %d are allowed' % (count, hard))
            sys.exit(77)


def main():
    server_program, clients_program, count, seconds = sys.argv[1:]
    seconds = os.environ.get('EDDY_SOAK_SECONDS') or seconds
    allow(int(count) + SPARE)
    with subprocess.Popen([server_program], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().split()[1]
            status = subprocess.run([clients_program, port, count, seconds], check=False).returncode
            if server.poll() is not None:
                print('the server has ended with status %d' % server.returncode)
                status = 1
        finally:
            server.kill()
    sys.exit(status)


main()
