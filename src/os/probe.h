/* SPDX-License-Identifier: MIT */
/*
 * probe.h - the abilities of the running kernel, found by trying.
 *
 * Distributions backport features and sandboxes remove them, so a version number proves nothing: each
 * probe makes the call on an object of its own and undoes it. No probe needs a loop or keeps state;
 * each costs a few system calls, and the caller keeps the result.
 */
#ifndef EDDY_OS_PROBE_H
#define EDDY_OS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* madvise(MADV_GUARD_INSTALL), Linux 6.13: a guard page that costs no mapping of its own. */
#define PROBE_MADV_GUARD_INSTALL 102
#define PROBE_MADV_GUARD_REMOVE  103

/* Returns 0 if it works, else the errno value of the refusal: ENOSYS and EINVAL mean an old kernel, EPERM a sandbox. */
int probe_guard_install(void);
int probe_epoll_pwait2(void);
int probe_eventfd(void);
int probe_pidfd(void);
int probe_io_uring(void);

/* The kernel's limit on mappings for one process (vm.max_map_count), 0 if it cannot be read. */
long probe_map_limit(void);

/* Resolution of the monotonic clock in nanoseconds, 0 if there is no such clock. */
int64_t probe_clock_resolution(void);

/* The first line of a file of /proc or /sys, without its newline.  False, and an empty line,
 * when unreadable. */
bool probe_line(const char *path, char *line, size_t size);

#endif
