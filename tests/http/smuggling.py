#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smuggling.py [--write]: requests that two readers could understand in two ways, sent to eddy-http, nginx and Go.

Two servers in a row that disagree about where a request ends let one client speak for another. The table of the answers is
docs/internals/smuggling.md: --write makes it anew, and without it the columns of eddy-http and of nginx are compared. Go's is
made where there is a Go compiler.
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

import test_real

PAGE = pathlib.Path(__file__).parents[2] / 'docs/internals/smuggling.md'
LAST = b'GET /?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
GO = '''package main
import ("fmt"; "io"; "log"; "net"; "net/http")
func main() {
    log.SetOutput(io.Discard)
    place, _ := net.Listen("tcp", "127.0.0.1:0")
    fmt.Println(place.Addr().(*net.TCPAddr).Port)
    http.Serve(place, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
}
'''


def post(fields, body='12345', version='1.1'):
    return 'POST /echo HTTP/%s\r\nHost: a\r\n%s\r\n%s' % (version, fields, body)


CHUNKS = '5\r\n12345\r\n0\r\n\r\n'
CHUNKED = 'Transfer-Encoding: chunked\r\n'
CASES = [
    ('a length (for comparison)', post('Content-Length: 5\r\n')),
    ('chunks (for comparison)', post(CHUNKED, CHUNKS)),
    ('two equal lengths', post('Content-Length: 5\r\nContent-Length: 5\r\n')),
    ('two lengths that differ', post('Content-Length: 5\r\nContent-Length: 6\r\n')),
    ('`Content-Length: 5, 5`', post('Content-Length: 5, 5\r\n')),
    ('`Content-Length: +5`', post('Content-Length: +5\r\n')),
    ('`Content-Length: 0x5`', post('Content-Length: 0x5\r\n')),
    ('`Content-Length: 5 5`', post('Content-Length: 5 5\r\n')),
    ('`Content-Length:` without a number', post('Content-Length:\r\n', '')),
    ('a length beyond 64 bits', post('Content-Length: 18446744073709551621\r\n')),
    ('a length, and chunks', post('Content-Length: 5\r\n' + CHUNKED, CHUNKS)),
    ('chunks, and a length', post(CHUNKED + 'Content-Length: 15\r\n', CHUNKS)),
    ('`chunked` twice', post(CHUNKED + CHUNKED, CHUNKS)),
    ('`chunked, identity`', post('Transfer-Encoding: chunked, identity\r\n', CHUNKS)),
    ('`xchunked`', post('Transfer-Encoding: xchunked\r\n', CHUNKS)),
    ('`"chunked"` in quotes', post('Transfer-Encoding: "chunked"\r\n', CHUNKS)),
    ('`\\vchunked`', post('Transfer-Encoding: \vchunked\r\n', CHUNKS)),
    ('no coding after the colon, and a length', post('Transfer-Encoding:\r\nContent-Length: 5\r\n')),
    ('chunks in HTTP/1.0', post(CHUNKED, CHUNKS, '1.0')),
    ('a blank before the colon of a length', post('Content-Length : 5\r\n')),
    ('a blank before the colon of chunks', post('Transfer-Encoding : chunked\r\n', CHUNKS)),
    ('a length on a folded line', post('X: a\r\n Content-Length: 5\r\n', '')),
    ('a folded length', post('Content-Length:\r\n 5\r\n')),
    ('a bare CR before a length', post('X: a\rContent-Length: 5\r\n', '')),
    ('a bare LF before a length', post('X: a\nContent-Length: 5\r\n')),
    ('a length that ends in CR CR LF', post('Content-Length: 5\r\r\n')),
    ('a zero byte in a value', post('X: a\0b\r\nContent-Length: 5\r\n')),
    ('a zero byte in a name', post('Content-\0Length: 5\r\n', '')),
    ('a name with a control character', post('X\x01: a\r\nContent-Length: 5\r\n')),
    ('a line without a colon', post('Content-Length\r\n', '')),
    ('a name that is empty', post(': a\r\nContent-Length: 5\r\n')),
    ('a chunk size of `0x5`', post(CHUNKED, '0x5\r\n12345\r\n0\r\n\r\n')),
    ('a chunk size of `+5`', post(CHUNKED, '+5\r\n12345\r\n0\r\n\r\n')),
    ('a blank before a chunk size', post(CHUNKED, ' 5\r\n12345\r\n0\r\n\r\n')),
    ('a blank after a chunk size', post(CHUNKED, '5 \r\n12345\r\n0\r\n\r\n')),
    ('a chunk size beyond 64 bits', post(CHUNKED, '10000000000000005\r\n12345\r\n0\r\n\r\n')),
    ('a chunk size that ends in LF', post(CHUNKED, '5\n12345\r\n0\r\n\r\n')),
    ('a chunk that ends in LF', post(CHUNKED, '5\r\n12345\n0\r\n\r\n')),
    ('a chunk without an end', post(CHUNKED, '5\r\n123450\r\n\r\n')),
    ('an extension with a bare LF', post(CHUNKED, '5;a\nb\r\n12345\r\n0\r\n\r\n')),
    ('an extension with a bare CR', post(CHUNKED, '5;a\rb\r\n12345\r\n0\r\n\r\n')),
    ('a trailer with a bare CR', post(CHUNKED, '0\r\nX: a\rb\r\n\r\n')),
    ('lines that end in LF', 'GET / HTTP/1.1\nHost: a\n\n'),
    ('no host', 'GET / HTTP/1.1\r\n\r\n'),
    ('two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
    ('a host, and another in the target', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n'),
    ('`HTTP/1.1 ` with a blank at the end', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n'),
    ('`HTTP/1.+1`', 'GET / HTTP/1.+1\r\nHost: a\r\n\r\n'),
    ('`http/1.1`', 'GET / http/1.1\r\nHost: a\r\n\r\n'),
    ('no version', 'GET /\r\nHost: a\r\n\r\n'),
    ('two blanks in the first line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'),
    ('a tab in the first line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n'),
    ('a blank before the method', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    ('a blank before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'),
]


def answers(port, request):
    """The statuses of what the server answers to the request and to LAST after it, and of nothing else."""
    data = b''
    with contextlib.suppress(ConnectionError), socket.create_connection(('127.0.0.1', port), 30) as s:
        s.settimeout(30)
        s.sendall(request.encode('latin-1') + LAST)
        s.shutdown(socket.SHUT_WR)
        while piece := s.recv(1 << 16):
            data += piece
    head = rb'HTTP/1\.[01] (\d+) [A-Z][^\r]*\r\n(?:[\w-]+:[^\r]*\r\n)+\r\n'
    return [int(status) for status in re.findall(head, data)]


def word(statuses):
    """What the table says of the answers."""
    if not statuses:
        return 'no answer'
    if statuses[0] in (400, 411, 413, 417, 501, 505):
        return str(statuses[0])
    return {1: 'answered, then closed', 2: 'taken'}.get(len(statuses), 'taken as %d requests' % len(statuses))


@contextlib.contextmanager
def eddy():
    folder = tempfile.mkdtemp(prefix='eddy-smuggling-')
    try:
        with test_real.Server(folder) as server:
            yield server.port
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def nginx():
    with test_real.nginx('location / { return 200 ok; }') as url:
        yield int(url.rpartition(':')[2])


@contextlib.contextmanager
def go():
    folder = tempfile.mkdtemp(prefix='eddy-smuggling-')
    try:
        pathlib.Path(folder, 'main.go').write_text(GO)
        subprocess.run(['go', 'build', '-o', folder + '/server', folder + '/main.go'], check=True,
                       env=dict(os.environ, GOCACHE=folder + '/cache', GOFLAGS='-mod=mod'))
        with subprocess.Popen([folder + '/server'], stdout=subprocess.PIPE) as process:
            yield int(process.stdout.readline())
            process.terminate()
    finally:
        shutil.rmtree(folder)


def column(server):
    with server() as port:
        return [word(answers(port, request)) for _, request in CASES]


def version(pattern, *words):
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return re.search(pattern, done.stdout + done.stderr)[1]


def write():
    titles = ['nginx ' + version(r'nginx/(\S+)', 'nginx', '-v'), 'Go ' + version(r'go(1\S+)', 'go', 'version')]
    rows = zip([name for name, _ in CASES], column(eddy), column(nginx), column(go))
    head = PAGE.read_text(encoding='utf-8').partition('\n|')[0]
    table = ['| request | eddy-http | %s | %s |' % tuple(titles), '|---|---|---|---|']
    PAGE.write_text('\n'.join([head] + table + ['| %s | %s | %s | %s |' % row for row in rows]) + '\n', encoding='utf-8')


def check():
    """The page says what eddy-http and nginx answer. An answer of another nginx than the page's is not compared."""
    lines = PAGE.read_text(encoding='utf-8').splitlines()
    rows = [line.strip('| ').split(' | ') for line in lines if line.startswith('| ')]
    title, rows = rows[0], rows[1:]
    columns = [(1, column(eddy))]
    if title[2] == 'nginx ' + version(r'nginx/(\S+)', 'nginx', '-v'):
        columns.append((2, column(nginx)))
    wrong = ['%s: %s answers %r, the page says %r' % (name, title[place], got, row[place])
             for place, answers_of in columns for (name, _), row, got in zip(CASES, rows, answers_of, strict=True)
             if row[0] != name or row[place] != got]
    print('\n'.join(wrong + ['%d passed, %d failed, 0 skipped' % (not wrong, bool(wrong))]))
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(write() if '--write' in sys.argv else check())
