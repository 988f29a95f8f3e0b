/* SPDX-License-Identifier: MIT */
/*
 * without_uring.c - runs a program under a seccomp filter that forbids io_uring_setup:
 *
 *     without_uring PROGRAM [ARGUMENT...]
 *
 * EDDY_TEST_REFUSAL=ENOSYS or EACCES: the errno value, else EPERM. EDDY_DRIVER=uring is removed from the
 * environment, so that the program chooses its driver, which is tested.
 */
#define _GNU_SOURCE
#include "seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refusal(void)
{
    const char *name = getenv("EDDY_TEST_REFUSAL");
    if (name && strcmp(name, "ENOSYS") == 0)
        return ENOSYS;
    return name && strcmp(name, "EACCES") == 0 ? EACCES : EPERM;
}

int main(int count, char **arguments)
{
    const char *driver = getenv("EDDY_DRIVER");
    if (count < 2 || !seccomp_refuse(SYS_io_uring_setup, refusal())) {
        perror("without_uring");
        return 125;
    }
    if (driver && strcmp(driver, "uring") == 0)
        unsetenv("EDDY_DRIVER");
    execvp(arguments[1], arguments + 1);
    perror(arguments[1]);
    return 127;
}
