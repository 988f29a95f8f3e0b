#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""with_nats.py [--tls] [--cluster|--hosts] PROGRAM [ARGUMENT...]: runs a program beside NATS servers of its own, and ends them.

The program finds them by NATS_URL; JetStream keeps its files in a temporary folder. With --tls there is a second server,
NATS_TLS_URL, whose certificate is NATS_CA. With --cluster there are three, and NATS_URL names all of them. NATS_PIDS is a
file with the process numbers of the servers, a line each: a server that dies is started again at its port, with its
files. The status is the program's.

With --hosts the cluster's servers are on hosts of their own, which are network namespaces, each with a cable to a bridge.
The program is where the bridge is, and NATS_HOSTS names the hosts: LINK/PID/URL,... `ip link set LINK down` pulls the
cable; `nsenter --net=/proc/PID/ns/net` runs a program on the host, whose server is at URL. It takes the rights of root.
The namespaces have no names, so that nothing is left of them after their processes, however those end.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = float(os.environ.get('EDDY_NATS_PATIENCE', 150))
# Made from the seed in test_real.c.
NKEY = 'UDSAGCMYZ7K22FZDYFU7SVVKBOPLQYM3LGJL2YJMFL2CR26HT6G7AGME'
RULES = '''
authorization {
    users = [
        {user: guest, password: guest}
        {user: me, password: "se:cret",
         permissions: {publish: {deny: ["forbidden"]}, subscribe: {deny: ["forbidden"]}}}
        {nkey: %s}
    ]
}
no_auth_user: guest
''' % NKEY


class Host:
    """A network namespace whose cable ends at the bridge. It lives as long as this process at most."""

    def __init__(self, number):
        self.address = '10.77.0.%d' % number
        self.link = 'host%d' % number
        self.process = subprocess.Popen(['unshare', '--net', 'sh', '-c', 'echo; read end'], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.inside = ['nsenter', '--net=/proc/%d/ns/net' % self.process.pid]
        run('ip', 'link', 'add', self.link, 'type', 'veth', 'peer', 'name', 'cable', 'netns', str(self.process.pid))
        run('ip', 'link', 'set', self.link, 'master', 'bridge', 'up')
        run(*self.inside, 'ip', 'address', 'add', self.address + '/24', 'dev', 'cable')
        for device in ('lo', 'cable'):
            run(*self.inside, 'ip', 'link', 'set', device, 'up')

    def stop(self):
        self.process.communicate()


class Server:
    """One nats-server; a thread starts it again when it dies."""

    def __init__(self, folder, name, config, host=None):
        self.folder = os.path.join(folder, name)
        self.port = free_port()
        self.host = host
        self.address = host.address if host else '127.0.0.1'
        self.url = 'nats://%s:%d' % (self.address, self.port)
        self.config = self.folder + '/config'
        self.is_ending = False
        self.lock = threading.Lock()  # so that no server is started after its end
        os.mkdir(self.folder)
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write('listen: "%s:%d"\njetstream {store_dir: "%s/js", max_mem: 256M, max_file: 1G}\n'
                       '%s' % (self.address, self.port, self.folder, config))
        self.start()

    def start(self):
        words = [*(self.host.inside if self.host else []), 'nats-server', '-c', self.config]
        with open(self.folder + '/log', 'ab') as log:  # it ends with this process, however that ends
            self.process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *words], stdout=log, stderr=log)

    def wait(self):
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1) as s:
                if s.recv(64).startswith(b'INFO'):
                    return
            if time.monotonic() > until:
                with open(self.folder + '/log', encoding='utf-8') as log:
                    sys.exit('nats-server did not begin:\n' + log.read())
            time.sleep(0.02)

    def stop(self):
        with self.lock:
            self.is_ending = True
        self.process.kill()
        self.process.wait(PATIENCE)


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-keyout', folder + '/key.pem', '-out', folder + '/cert.pem', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    return 'tls {cert_file: "%s/cert.pem", key_file: "%s/key.pem"}\nauthorization {token: "se:cret"}\n' % (folder, folder)


def cluster(folder, hosts=(None, None, None)):
    addresses = ['%s:%d' % (host.address if host else '127.0.0.1', free_port()) for host in hosts]
    routes = ', '.join('nats-route://' + address for address in addresses)
    return [Server(folder, 'n%d' % i, 'server_name: n%d\ncluster {name: c, listen: "%s", routes: [%s]}\n'
                   % (i, address, routes), hosts[i]) for i, address in enumerate(addresses)]


def run(*words):
    result = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit('with_nats.py: %s: %s' % (' '.join(words), result.stderr.strip()))


def enter_namespace():
    """This process is alone with its network from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
        sys.exit('with_nats.py: --hosts needs network namespaces, and this machine refuses one (%s): run it as root, or after '
                 '`unshare --user --map-root-user`' % os.strerror(ctypes.get_errno()))
    run('ip', 'link', 'set', 'lo', 'up')
    run('ip', 'link', 'add', 'bridge', 'type', 'bridge')
    run('ip', 'link', 'set', 'bridge', 'up')
    run('ip', 'address', 'add', '10.77.0.254/24', 'dev', 'bridge')


def write_pids(path, servers):
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write(''.join('%d\n' % server.process.pid for server in servers))
    os.rename(path + '.new', path)


def watch(path, servers):
    while not all(server.is_ending for server in servers):
        for server in servers:
            if server.process.poll() is not None and not server.is_ending:
                time.sleep(0.3)
                with server.lock:
                    if server.is_ending:
                        continue
                    server.start()
                    write_pids(path, servers)
        time.sleep(0.05)


def main():
    words = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended
    options = set()
    while words[0] in ('--tls', '--cluster', '--hosts'):
        options.add(words.pop(0))
    folder = tempfile.mkdtemp(prefix='eddy-nats-')
    hosts, servers = [], []
    environment = dict(os.environ)
    try:
        if '--hosts' in options:
            enter_namespace()
            hosts += [Host(number) for number in (1, 2, 3)]
            servers = cluster(folder, hosts)
            environment['NATS_HOSTS'] = ','.join('%s/%d/%s' % (server.host.link, server.host.process.pid, server.url)
                                                 for server in servers)
        else:
            servers = cluster(folder) if '--cluster' in options else [Server(folder, 'plain', RULES)]
        environment['NATS_URL'] = ','.join(server.url for server in servers)
        if '--tls' in options:
            servers.append(Server(folder, 'tls', certificate(folder)))
            environment.update(NATS_TLS_URL='tls://localhost:%d' % servers[-1].port, NATS_CA=folder + '/cert.pem')
        for server in servers:
            server.wait()
        environment['NATS_PIDS'] = folder + '/pids'
        write_pids(folder + '/pids', servers)
        threading.Thread(target=watch, args=(folder + '/pids', servers), daemon=True).start()
        return subprocess.run(words, env=environment, timeout=PATIENCE, check=False).returncode
    finally:
        for part in servers + hosts:
            part.stop()
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
