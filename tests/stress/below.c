/* SPDX-License-Identifier: MIT */
/*
 * below.c - faults below the library: preloaded into a program, it refuses system calls and memory to everything there,
 * libc and OpenSSL included.
 *
 *     EDDY_BELOW_DENY=openat:1      the system call fails with this errno value, from before main on
 *     EDDY_BELOW_MALLOC=n           the n-th malloc, calloc or realloc gives NULL; "count": their number is printed
 *
 * Programs that it starts are left alone, but for the calls that are denied.
 */
#define _GNU_SOURCE
#include "../seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

static long left;      /* calls until the one that fails; 0: none fails */
static long made;      /* so far */
static int counting;

static const struct {
    const char *name;
    int number;
} calls[] = {
#define CALL(name) {#name, SYS_##name},
    CALL(accept4) CALL(bind) CALL(clock_nanosleep) CALL(clone) CALL(clone3) CALL(connect) CALL(dup3)
    CALL(epoll_create1) CALL(epoll_ctl) CALL(epoll_pwait) CALL(epoll_pwait2) CALL(eventfd2) CALL(execve) CALL(fcntl)
    CALL(fdatasync) CALL(fsync) CALL(ftruncate) CALL(getdents64) CALL(getpeername) CALL(getrandom)
    CALL(getsockname) CALL(getsockopt) CALL(io_uring_enter) CALL(io_uring_register) CALL(io_uring_setup) CALL(kill)
    CALL(listen) CALL(lseek) CALL(madvise) CALL(mkdirat) CALL(mmap) CALL(mprotect) CALL(newfstatat)
    CALL(openat) CALL(pidfd_open) CALL(pipe2) CALL(ppoll) CALL(pread64) CALL(preadv2) CALL(pwrite64) CALL(pwritev2)
    CALL(read) CALL(recvfrom) CALL(recvmsg) CALL(renameat) CALL(rt_sigaction) CALL(rt_sigprocmask)
    CALL(rt_sigtimedwait) CALL(sched_getaffinity) CALL(sendfile) CALL(sendmsg) CALL(sendto) CALL(set_robust_list)
    CALL(setsockopt) CALL(shutdown) CALL(sigaltstack) CALL(socket) CALL(socketpair) CALL(statx) CALL(tgkill)
    CALL(unlinkat) CALL(wait4) CALL(waitid) CALL(writev)
#if defined(SYS_epoll_wait) /* the older calls: some machines do not have them */
    CALL(access) CALL(dup2) CALL(epoll_wait) CALL(poll) CALL(rename) CALL(unlink) CALL(vfork)
#endif
};

static void list_calls(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        printf("%s\n", calls[i].name);
    exit(0);
}

static void deny(const char *what)
{
    const char *colon = strchr(what, ':');
    size_t size = colon ? (size_t)(colon - what) : 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strlen(calls[i].name) == size && memcmp(calls[i].name, what, size) == 0 &&
            seccomp_refuse(calls[i].number, atoi(colon + 1)))
            return;
    _exit(125);
}

__attribute__((constructor)) static void begin(void)
{
    const char *denied = getenv("EDDY_BELOW_DENY"), *memory = getenv("EDDY_BELOW_MALLOC");
    if (denied && strcmp(denied, "list") == 0)
        list_calls();
    counting = memory && strcmp(memory, "count") == 0;
    long n = memory && !counting ? atol(memory) : 0;
    unsetenv("LD_PRELOAD");
    unsetenv("EDDY_BELOW_MALLOC");
    if (denied)
        deny(denied);
    left = n;
}

__attribute__((destructor)) static void tell(void)
{
    if (counting)
        dprintf(2, "%ld blocks were asked for\n", made);
}

static int refuses(void)
{
    __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&left, __ATOMIC_RELAXED) <= 0 || __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) != 1)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return refuses() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuses() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return refuses() ? NULL : __libc_realloc(block, size);
}
