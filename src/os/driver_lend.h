/* SPDX-License-Identifier: MIT */
/* driver_lend.h - memory that an operation lends to the kernel may lie on stacks that sleep: see hibernate.h. */
#ifndef EDDY_OS_DRIVER_LEND_H
#define EDDY_OS_DRIVER_LEND_H

#include "os/driver.h"

/* Called before the operation begins: its memory is awake until driver_take_back (driver.h). */
void driver_lend(struct driver_op *op);

#endif
