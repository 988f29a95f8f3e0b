/* SPDX-License-Identifier: MIT */
/* driver.c - shared by all drivers: submitting an operation, and the checks around it. */
#define _GNU_SOURCE
#include "os/driver.h"

#include "base/assert.h"
#include "os/driver_fault.h"
#include "os/driver_lend.h"
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
    EDDY_INVARIANT(op->state == 0);
    op->cancelled = false;
    op->result = 0;
    if (driver_is_foreign(driver)) {
        op->result = -EDDY_NO_LOOP;
        return true;
    }
    if (driver_fault_of_submission()) {
        op->result = -ECONNABORTED;
        return true;
    }
    op->lends = false;
    if (hibernate_is_on())
        driver_lend(op);
    if (driver->type->submit(driver, op)) {
        driver_check_result(op);
        if (op->lends)
            driver_take_back(op);
        return true;
    }
    driver->in_flight++;
    driver_tell(DRIVER_AT_SUBMITTED, driver, op);
    return false;
}
