#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""no_answers.py: `eddy jobs` with servers that accept the login and then say nothing, as a cluster without a leader does.

$EDDY_JOBS_PROGRAM is the program. A server may first say that there is one dead letter, and nothing when it is asked for it.
"""
import os
import socketserver
import subprocess
import sys
import threading

STATE = b'{"type":"x","config":{"name":"EDDY_DEAD"},"state":{"messages":1,"bytes":1,"first_seq":1,"last_seq":1}}'


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b'INFO {"server_id":"silent","max_payload":1048576,"headers":true}\r\n')
        for line in self.rfile:
            words = line.split()
            if words[:1] == [b'PING']:
                self.wfile.write(b'PONG\r\n')
            elif words[:1] in ([b'PUB'], [b'HPUB']):
                self.rfile.read(int(words[-1]) + 2)
                if self.server.knows_state and words[1] == b'$JS.API.STREAM.INFO.EDDY_DEAD':
                    self.wfile.write(b'MSG %s 1 %d\r\n%s\r\n' % (words[2], len(STATE), STATE))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    knows_state = False


def check(server, words):
    url = 'nats://127.0.0.1:%d' % server.server_address[1]
    result = subprocess.run([os.environ['EDDY_JOBS_PROGRAM'], '--server', url, '--timeout', '0.2', *words], check=False,
                            capture_output=True, text=True)
    if result.returncode != 1 or not result.stderr.startswith('eddy jobs: the server has not answered for 0.2 seconds'):
        sys.exit('eddy jobs %s: status %d\n%s%s' % (' '.join(words), result.returncode, result.stdout, result.stderr))


def main():
    with Server(('127.0.0.1', 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for server.knows_state in (False, True):
            for words in (['list'], ['retry', '1'], ['retry', 'all'], ['delete', '1'], ['delete', 'all'], ['top']):
                check(server, words)
        server.shutdown()


main()
