/* SPDX-License-Identifier: MIT */
/* probe.c - see probe.h. */
#define _GNU_SOURCE
#include "os/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Numbers shared by every architecture: calls since Linux 5.1 have the same number everywhere (except
 * alpha and the x32 ABI). */
#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif
#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441
#endif
#if !defined(SYS_io_uring_setup)
#define SYS_io_uring_setup 425
#endif

/* The result of a call that made a descriptor or failed; the descriptor itself is not needed, and is closed. */
static int descriptor_answer(long fd)
{
    if (fd < 0)
        return errno;
    close((int)fd);
    return 0;
}

/* True: the kernel can write there. (It writes a set of signals, since that needs no descriptor, and no sandbox
 * forbids it.) */
static bool kernel_can_write(void *place)
{
    uint64_t signals; /* as large as the kernel's set; only its size is of interest */
    return syscall(SYS_rt_sigpending, place, sizeof signals) == 0 || errno != EFAULT;
}

int probe_guard_install(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *scratch = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (scratch == MAP_FAILED)
        return errno;
    int answer = madvise(scratch, page, PROBE_MADV_GUARD_INSTALL) == 0 ? 0 : errno;
    /* qemu-user accepts all advice and ignores it: so the test is whether the kernel finds the page inaccessible. */
    if (answer == 0 && kernel_can_write(scratch))
        answer = EOPNOTSUPP;
    munmap(scratch, page);
    return answer;
}

int probe_epoll_pwait2(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return errno;
    struct epoll_event event;
    struct timespec now = {0, 0};
    long count = syscall(SYS_epoll_pwait2, epoll, &event, 1, &now, NULL, 0);
    int answer = count >= 0 ? 0 : errno;
    close(epoll);
    return answer;
}

int probe_eventfd(void)
{
    return descriptor_answer(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int probe_pidfd(void)
{
    return descriptor_answer(syscall(SYS_pidfd_open, getpid(), 0));
}

int probe_io_uring(void)
{
    /* struct io_uring_params is 120 bytes of zeros for a ring without options; writing it so needs no
     * kernel headers newer than the kernel. */
    uint64_t params[15] = {0};
    return descriptor_answer(syscall(SYS_io_uring_setup, 1, params));
}

long probe_map_limit(void)
{
    char line[32];
    return probe_line("/proc/sys/vm/max_map_count", line, sizeof line) ? strtol(line, NULL, 10) : 0;
}

int64_t probe_clock_resolution(void)
{
    struct timespec step;
    if (clock_getres(CLOCK_MONOTONIC, &step) != 0)
        return 0;
    return (int64_t)step.tv_sec * 1000000000 + step.tv_nsec;
}

bool probe_line(const char *path, char *line, size_t size)
{
    line[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, line, size - 1);
    close(fd);
    line[got > 0 ? got : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return got > 0;
}
