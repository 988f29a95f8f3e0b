/* SPDX-License-Identifier: MIT */
/* kernels.c - see kernels.h. */
#include "cli/kernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

static const struct kernel {
    int major, minor;    /* the first release that has the feature */
    const char *brings;  /* what it is */
    const char *without; /* the behaviour on older ones */
} kernels[] = {
    {4, 18, "epoll, eventfd, stacks guarded by mprotect", "not supported"},
    {5, 3, "pidfd_open: a child process is waited for like a socket", "SIGCHLD"},
    {5, 11, "epoll_pwait2: timers to the nanosecond", "timers to the millisecond"},
    {5, 12, "io_uring: the driver \"uring\"", "epoll"},
    {5, 19, "io_uring: multishot accept, rings of provided buffers",
     "one submission for each accept"},
    {6, 0, "io_uring: multishot receive, zero-copy send", "one submission for each receive"},
    {6, 1, "io_uring: DEFER_TASKRUN, completions only when asked for",
     "completions interrupt the program"},
    {6, 13, "MADV_GUARD_INSTALL: guards without mappings, stacks without a limit",
     "mprotect: about 32 000 guarded stacks"},
};

#define KERNELS (sizeof kernels / sizeof *kernels)

static bool reaches(int major, int minor, const struct kernel *kernel)
{
    return major > kernel->major || (major == kernel->major && minor >= kernel->minor);
}

void kernels_print(const char *release)
{
    int major = 0, minor = 0;
    size_t here = KERNELS;
    if (sscanf(release, "%d.%d", &major, &minor) == 2)
        for (size_t i = 0; i < KERNELS; i++)
            if (reaches(major, minor, &kernels[i]))
                here = i;
    puts("| Linux | what you get | what holds before | |\n|---|---|---|---|");
    for (size_t i = 0; i < KERNELS; i++)
        printf("| %d.%d | %s | %s | %s%s%s |\n", kernels[i].major, kernels[i].minor,
               kernels[i].brings, kernels[i].without, i == here ? "**here: " : "",
               i == here ? release : "", i == here ? "**" : "");
#if !defined(EDDY_WITH_URING)
    puts("\nThe rows on io_uring are for the io_uring driver, which this Eddy does not have built in.");
#endif
}
