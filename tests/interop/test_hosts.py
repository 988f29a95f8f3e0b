#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_hosts.py - the examples in which another library's loop runs Eddy's tasks, compiled as their heads say."""
import os
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ.get('EDDY_BUILD', 'build')
SOURCE = os.environ.get('EDDY_SOURCE', '.')
PATIENCE = 60  # seconds; reached only by what hangs
HOSTS = {
    'glib': ('glib-2.0', "under GLib: 3 messages of Eddy's tasks\nunder Eddy: 3 calls of GLib's timer\n"),
    'libevent': ('libevent_core', 'old: 3, moved: 3\n'),
    'libuv': ('libuv', "3 messages of Eddy's tasks, 3 calls of libuv's timer\n"),
}


class Hosts(unittest.TestCase):
    def test_tasks_run_under_each_host_on_each_driver(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, (library, output) in HOSTS.items():
                program = os.path.join(folder, name)
                flags = subprocess.run(['pkg-config', '--cflags', '--libs', library], check=True, text=True,
                                       capture_output=True).stdout.split()
                subprocess.run([*os.environ.get('CC', 'cc').split(), '-Wall', '-Wextra', '-Werror', '-O1',
                                '-I' + os.path.join(SOURCE, 'include'), os.path.join(SOURCE, 'examples', name + '.c'),
                                '-L' + BUILD, '-Wl,-rpath,' + BUILD, '-leddy', *flags, '-lm', '-o', program], check=True)
                for driver in 'uring', 'epoll', 'sim':
                    with self.subTest(host=name, driver=driver):
                        run = subprocess.run([program], env=dict(os.environ, EDDY_DRIVER=driver), text=True,
                                             capture_output=True, timeout=PATIENCE)
                        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, output, ''))


if __name__ == '__main__':
    for _, (library, _) in HOSTS.items():
        if subprocess.run(['pkg-config', '--exists', library]).returncode != 0:
            print('skipped: there is no', library)
            sys.exit(77)
    unittest.main()
