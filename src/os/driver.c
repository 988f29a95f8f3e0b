/* SPDX-License-Identifier: MIT */
/* driver.c - choosing a driver, and the way in that all drivers share. */
#define _GNU_SOURCE
#include "os/driver.h"

#include "base/assert.h"
#include "os/driver_uring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct driver_type *const types[] = {&driver_uring, &driver_epoll, &driver_sim};

void (*driver_hook)(enum driver_point point, struct driver *driver, struct driver_op *op);

static long fault_countdown; /* submissions until the one that fails; 0: none does */

bool driver_calls_are_counted;
static long call_count;      /* so far; atomic */
static long failing_call;    /* its number; 0: none */
static int call_fault;       /* what is said of it */

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
    driver_calls_are_counted = text != NULL;
    if (text == NULL)
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
    if (n != NULL)
        driver_fail_after(strtol(n, NULL, 10));
    if (call != NULL)
        driver_fail_call(call);
}

void driver_fail_after(long n)
{
    __atomic_store_n(&fault_countdown, n > 0 ? n : 0, __ATOMIC_RELAXED);
}

static struct driver *open_named(const char *name, const struct driver_options *options, int *error)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i]->open(options, error);
    *error = EINVAL;
    return NULL;
}

struct driver *driver_open(const char *name, const struct driver_options *options, int *error)
{
    static const struct driver_options defaults;
    struct driver *driver;
    if (options == NULL)
        options = &defaults;
    if (name == NULL || name[0] == '\0')
        name = getenv("EDDY_DRIVER");
    *error = 0;
    if (name != NULL && name[0] != '\0')
        return open_named(name, options, error);
    driver = driver_uring.open(options, error);
    if (driver != NULL)
        return driver;
    driver = driver_epoll.open(options, error);
    if (driver != NULL)
        driver->second_choice = true;
    return driver;
}

const char *driver_refusal(char *buffer, size_t size, int *error)
{
    const char *step;
    *error = driver_uring_refusal(&step);
    snprintf(buffer, size, "%s: %s", step, strerror(*error));
    return buffer;
}

void driver_close(struct driver *driver)
{
    if (driver == NULL)
        return;
    EDDY_ASSERT(driver->in_flight == 0, "a driver is closed while %zu operations are in flight",
                driver->in_flight);
    driver->type->close(driver);
}

static bool fault(void)
{
    return __atomic_load_n(&fault_countdown, __ATOMIC_RELAXED) > 0 &&
           __atomic_fetch_sub(&fault_countdown, 1, __ATOMIC_RELAXED) == 1;
}

void driver_is_the_parents(const struct driver *driver)
{
    EDDY_ASSERT(!driver->forked, "this process was forked inside of an event loop, which is its parent's: "
                                 "end by exec or _exit, or run another by eddy_run");
    abort();
}

bool driver_submit(struct driver *driver, struct driver_op *op)
{
    driver_check_owner(driver);
    op->cancelled = false;
    op->result = 0;
    if (__builtin_expect(fault(), 0)) {
        op->result = -ECONNABORTED;
        return true;
    }
    if (driver->type->submit(driver, op)) {
        driver_check_result(op);
        return true;
    }
    driver->in_flight++;
    driver_tell(DRIVER_AT_SUBMITTED, driver, op);
    return false;
}

/* Not by write(), where a thread that was asked to end (pthread_cancel) would end, and the loop would sleep on. */
void driver_ring(int fd)
{
    int saved = errno;
    uint64_t one = 1;
    while (syscall(SYS_write, fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    errno = saved;
}
