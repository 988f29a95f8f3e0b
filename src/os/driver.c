/* SPDX-License-Identifier: MIT */
/* driver.c - shared by all drivers: submitting an operation, and the checks around it. */
#define _GNU_SOURCE
#include "os/driver.h"

#include "base/assert.h"
#include "os/driver_fault.h"
#include "os/hibernate.h"

#include <errno.h>
#include <stdio.h>

void (*driver_hook)(enum driver_point point, struct driver *driver, struct driver_op *op);

void driver_close(struct driver *driver)
{
    if (!driver)
        return;
    EDDY_ASSERT(driver->in_flight == 0 || driver->failed, "a driver is closed while %zu operations are in flight",
                driver->in_flight);
    EDDY_ASSERT(!driver->real_time && !driver->working,
                "a driver is closed while %zu processes and %zu blocking calls are waited for", driver->real_time,
                driver->working);
    driver->type->close(driver);
}

bool driver_is_the_parents(void)
{
    static bool said;
    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        fputs("eddy: this process was forked inside of an event loop, which is its parent's: end by exec or _exit, or "
              "run another by eddy_run\n", stderr);
    return true;
}

bool driver_submit(struct driver *driver, struct driver_op *op)
{
    return driver_submit_here(driver, op);
}
