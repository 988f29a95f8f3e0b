/* SPDX-License-Identifier: MIT */
/* driver_fault.c - counts submissions and calls until the one that must fail; see driver_fault.h. */
#define _GNU_SOURCE
#include "os/driver_fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

long driver_fault_countdown;

bool driver_calls_are_counted;
static long call_count;      /* number of calls so far; atomic */
static long failing_call;    /* the number of the call that fails; 0: none does */
static int call_fault;       /* the answer to that call */

static int fault_named(const char *name)
{
    static const struct {
        const char *name;
        int fault;
    } faults[] = {
        {"short", DRIVER_SHORT}, {"ECANCELED", -ECANCELED}, {"EINTR", -EINTR},       {"EAGAIN", -EAGAIN},
        {"ENOBUFS", -ENOBUFS},   {"ENOMEM", -ENOMEM},       {"EIO", -EIO},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(faults[i].name, name) == 0)
            return faults[i].fault;
    return 0;
}

void driver_fail_call(const char *text)
{
    char *colon;
    call_count = 0;
    driver_calls_are_counted = text;
    if (!text)
        return;
    failing_call = strtol(text, &colon, 10);
    call_fault = *colon == ':' ? fault_named(colon + 1) : 0;
}

__attribute__((destructor)) static void tell_count(void)
{
    if (driver_calls_are_counted && failing_call == 0)
        fprintf(stderr, "EDDY_FAIL_COMPLETION: %ld calls\n", call_count);
}

int driver_fault_of_call(void)
{
    return __atomic_add_fetch(&call_count, 1, __ATOMIC_RELAXED) == failing_call ? call_fault : 0;
}

size_t driver_short_size(int fd, size_t size)
{
    int type = SOCK_STREAM;
    socklen_t length = sizeof type;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
    return type == SOCK_STREAM && size > 1 ? size / 2 : size;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *n = getenv("EDDY_FAIL_DRIVER"), *call = getenv("EDDY_FAIL_COMPLETION");
    if (n)
        driver_fail_after(strtol(n, NULL, 10));
    if (call)
        driver_fail_call(call);
}

void driver_fail_after(long n)
{
    __atomic_store_n(&driver_fault_countdown, n > 0 ? n : 0, __ATOMIC_RELAXED);
}

/* Several threads may be here at once: exactly one of them sees the count reach zero. */
bool driver_fault_step(void)
{
    return __atomic_fetch_sub(&driver_fault_countdown, 1, __ATOMIC_RELAXED) == 1;
}
