#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""below.py [deny] [malloc]: faults_everything with faults below the library (below.c), on each driver.

deny: each system call that it makes fails with EPERM, ENOSYS or EINVAL. malloc: the n-th block that anybody asks for,
libc and OpenSSL included, is not there. Whatever fails, the program ends: no crash, no hang, and not without a word.

EDDY_BELOW_PICKS: how many blocks for each driver (0: all of them, and each call with each error on each driver); the
default is for `make check`. The last line is the tally.
"""
import collections
import concurrent.futures
import errno
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ['EDDY_BUILD']
PROGRAM = os.path.join(BUILD, 'tests', 'stress', 'faults_everything')
PRELOAD = os.path.join(BUILD, 'tests', 'stress', 'libbelow.so')
DRIVERS = ('uring', 'epoll', 'sim')
ERRORS = (errno.EPERM, errno.ENOSYS, errno.EINVAL)
SECONDS = 60
PICKS = int(os.environ.get('EDDY_BELOW_PICKS', '25'))
# write and close are not among them: without the one nobody can say anything, and no thread wakes a loop; without the
# other nothing that waits for an end of file gets it. libc itself gives up without futex and munmap.

folder = tempfile.mkdtemp(prefix='eddy-below-')


def make_certificate():
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem',
                    '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
                   cwd=folder, check=True, capture_output=True)


def run(driver, **environment):
    """Status (None: it hangs) and output."""
    everything = dict(os.environ, EDDY_DRIVER=driver, EDDY_TEST_FOLDER=folder, EDDY_TEST_PATIENCE='2', LD_PRELOAD=PRELOAD, **environment)
    try:
        done = subprocess.run([PROGRAM], env=everything, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                              check=False)
    except subprocess.TimeoutExpired as hang:
        return None, ((hang.stdout or b'') + (hang.stderr or b'')).decode(errors='replace')
    return done.returncode, (done.stdout + done.stderr).decode(errors='replace')


def judge(driver, **environment):
    """None, or what is wrong."""
    status, output = run(driver, **environment)
    words = ' '.join('%s=%s' % pair for pair in environment.items())
    repeat = '%s EDDY_DRIVER=%s EDDY_TEST_FOLDER=… LD_PRELOAD=%s %s' % (words, driver, PRELOAD, PROGRAM)
    if status is None:
        return '%s\nhangs; it has said:\n%s' % (repeat, output[-1500:])
    if status not in (0, 1):
        return '%s\nstatus %d:\n%s' % (repeat, status, output[-1500:])
    if status == 1 and not output.strip():
        return '%s\nfails without a word' % repeat
    return None


def calls():
    return run('epoll', EDDY_BELOW_DENY='list')[1].split()


def denials():
    for number, call in enumerate(calls()):
        for offset, driver in enumerate(DRIVERS):
            for which, error in enumerate(ERRORS):
                if PICKS == 0 or (offset == number % 3 and which == number // 3 % 3):
                    yield driver, {'EDDY_BELOW_DENY': '%s:%d' % (call, error)}


def shortages():
    for driver in DRIVERS:
        status, output = run(driver, EDDY_BELOW_MALLOC='count')
        count = re.search(r'(\d+) blocks were asked for', output)
        if status != 0 or not count:
            raise SystemExit('%s fails without any fault: %s' % (PROGRAM, output[-1500:]))
        total = int(count.group(1))
        step = max(1, total // PICKS) if PICKS else 1
        for n in range(1, total + 1, step):
            yield driver, {'EDDY_BELOW_MALLOC': str(n)}


def main():
    kinds = sys.argv[1:] or ['deny', 'malloc']
    tally = collections.Counter()
    make_certificate()
    jobs = [job for kind in kinds for job in {'deny': denials, 'malloc': shortages}[kind]()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for finding in pool.map(lambda job: judge(job[0], **job[1]), jobs):
            tally['failed' if finding else 'passed'] += 1
            if finding:
                print(finding, flush=True)
    subprocess.run(['rm', '-rf', folder], check=True)
    print('%d passed, %d failed, 0 skipped' % (tally['passed'], tally['failed']))
    return 1 if tally['failed'] else 0


sys.exit(main())
