#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/daemon as systemd runs it: a socket that is open already, a NOTIFY_SOCKET, a watchdog, SIGTERM, and the filter
of system calls that daemon.service asks for; on epoll and with the driver that is chosen by itself.

What systemd does, this script does: it reads the unit, and sets up the filter between fork and exec.
"""
import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

BUILD, SOURCE = os.environ['EDDY_BUILD'], os.environ['EDDY_SOURCE']
DAEMON = os.path.join(BUILD, 'examples', 'daemon', 'daemon')
DEADLINE = 60  # of real time, for what should be there at once
FIRST = 3      # SD_LISTEN_FDS_START

# systemd's group @system-service, as `systemd-analyze syscall-filter` prints it: the calls that libc, ld.so and Eddy may
# make. A name that this machine does not have is left out.
SYSTEM_SERVICE = '''
    access accept accept4 arch_prctl bind brk capget chdir chmod chown clock_getres clock_gettime clock_nanosleep clone clone3
    close close_range connect copy_file_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
    epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat
    fchown fchownat fcntl fdatasync flock fork fstat fstatfs fsync ftruncate futex futex_waitv get_robust_list
    getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority
    getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_uring_enter io_uring_register io_uring_setup ioctl kill
    link linkat listen lseek lstat madvise membarrier memfd_create mkdir mkdirat mlock mlock2 mlockall mmap mprotect mremap msync
    munlock munlockall munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal
    pipe pipe2 poll ppoll prctl pread64 preadv preadv2 prlimit64 process_madvise pselect6 pwrite64 pwritev pwritev2 read
    readahead readlink readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2 restart_syscall rmdir rseq
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_yield select sendfile sendmmsg sendmsg sendto set_robust_list set_tid_address setitimer setpgid setpriority setrlimit
    setsid setsockopt shutdown sigaltstack signalfd signalfd4 socket socketpair splice stat statfs statx symlink symlinkat sync
    sync_file_range sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
    timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utimensat vfork
    vmsplice wait4 waitid write writev'''.split()

# struct sock_filter: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JSET, BPF_ALU | BPF_AND, BPF_RET
LOAD, EQUAL, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
ALLOW, REFUSE = 0x7fff0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM
NUMBER, PROTECTION = 0, 16 + 2 * 8          # offsets in struct seccomp_data: the call, its third argument (low half)
WRITE, EXECUTE = 2, 4


def call_numbers():
    text = subprocess.run([*os.environ['CC'].split(), '-dM', '-E', '-x', 'c', '-'], input='#include <sys/syscall.h>\n#include <asm/unistd.h>\n',
                          capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r'#define __NR_(\w+) (\d+)\n', text)}


def service():
    """The settings of the unit: key -> value."""
    with open(os.path.join(SOURCE, 'examples', 'daemon', 'daemon.service'), encoding='utf-8') as file:
        return dict(re.findall(r'^(\w+)=(.*)$', file.read(), re.M))


def no_writable_code(numbers):
    """MemoryDenyWriteExecute: no mapping that is writable and executable, and none that becomes executable."""
    steps = []
    for name in ('mprotect', 'pkey_mprotect'):
        steps += [(EQUAL, 0, 3, numbers[name]), (LOAD, 0, 0, PROTECTION), (ANY_BIT, 0, 1, EXECUTE), (RETURN, 0, 0, REFUSE),
                  (LOAD, 0, 0, NUMBER)]
    steps += [(EQUAL, 0, 4, numbers['mmap']), (LOAD, 0, 0, PROTECTION), (AND, 0, 0, WRITE | EXECUTE),
              (EQUAL, 0, 1, WRITE | EXECUTE), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    return steps


def filter_of(settings):
    numbers, steps = call_numbers(), [(LOAD, 0, 0, NUMBER)]
    if settings['MemoryDenyWriteExecute'] == 'yes':
        steps += no_writable_code(numbers)
    if settings['SystemCallFilter'] != '@system-service':
        sys.exit('daemon.service has another filter than this test')
    for name in SYSTEM_SERVICE:
        if name in numbers:
            steps += [(EQUAL, 0, 1, numbers[name]), (RETURN, 0, 0, ALLOW)]
    return steps + [(RETURN, 0, 0, REFUSE)]


class Filter(ctypes.Structure):
    """struct sock_fprog"""
    _fields_ = [('count', ctypes.c_ushort), ('steps', ctypes.c_char_p)]


def apply_filter(steps):
    libc = ctypes.CDLL(None, use_errno=True)
    program = Filter(len(steps), b''.join(struct.pack('HBBI', *step) for step in steps))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'no filter')


class Manager:
    """What the service manager keeps: the listening socket and the socket for notifications."""

    def __init__(self, folder):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = os.path.join(folder, 'notify')
        self.notes.bind(self.path)
        self.notes.settimeout(DEADLINE)

    def start(self, driver, steps):
        """The environment is set after the fork: LISTEN_PID names the process itself."""
        fd = os.dup(self.listener.fileno())

        def prepare():
            os.dup2(fd, FIRST)
            os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=self.path, WATCHDOG_USEC='100000',
                              EDDY_DRIVER=driver)
            if not driver:
                del os.environ['EDDY_DRIVER']
            apply_filter(steps)
        try:
            return subprocess.Popen([DAEMON], preexec_fn=prepare, pass_fds=(FIRST,))
        finally:
            os.close(fd)

    def wait_for(self, word):
        while self.notes.recv(100).decode() != word:
            pass

    def connect(self):
        client = socket.create_connection(self.listener.getsockname(), DEADLINE)
        return client, client.makefile('rb')

    def close(self):
        self.listener.close()
        self.notes.close()


def expect(what, got, wanted):
    if got != wanted:
        sys.exit('%s: %r instead of %r' % (what, got, wanted))


def serves_and_drains(manager, daemon):
    manager.wait_for('READY=1')
    manager.wait_for('WATCHDOG=1')
    manager.wait_for('WATCHDOG=1')  # again: the loop feeds it, not the start
    idle, nothing = manager.connect()
    idle.sendall(b'a\n')
    expect('an answer', nothing.readline(), b'1\n')
    client, lines = manager.connect()
    client.sendall(b'hello\nhalf')
    expect('the first answer', lines.readline(), b'5\n')  # so the half line has come, too
    daemon.send_signal(signal.SIGTERM)
    manager.wait_for('STOPPING=1')
    expect('an idle connection', nothing.read(), b'')
    client.sendall(b' a line\n')
    expect('the request that had begun', lines.readline(), b'11\n')
    expect('after it', lines.read(), b'')
    expect('the exit status', daemon.wait(DEADLINE), 0)
    idle.close()
    client.close()


def is_filtered(steps):
    """The filter refuses a mapping that is writable and executable, and a call outside of the group."""
    code = 'import ctypes, mmap, os\ntry: mmap.mmap(-1, 4096, prot=7)\nexcept PermissionError: print(1)\n' \
        'print(ctypes.CDLL(None).unshare(0))'
    done = subprocess.run([sys.executable, '-c', code], preexec_fn=lambda: apply_filter(steps), stdout=subprocess.PIPE, text=True,
                          check=True)
    expect('what the filter lets through', done.stdout, '1\n-1\n')


def main():
    settings = service()
    expect('Type', settings['Type'], 'notify')
    steps = filter_of(settings)
    is_filtered(steps)
    for driver in ('epoll', ''):
        with tempfile.TemporaryDirectory() as folder:
            manager = Manager(folder)
            waiting, line = manager.connect()  # before anybody serves: nothing is refused
            waiting.sendall(b'abc\n')
            daemon = manager.start(driver, steps)
            try:
                expect('a client that came before the server', line.readline(), b'3\n')
                waiting.close()
                serves_and_drains(manager, daemon)
            finally:
                daemon.kill()
                daemon.wait()
                manager.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())
