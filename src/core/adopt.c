/* SPDX-License-Identifier: MIT */
/* adopt.c - descriptors that the program passes to its loop, for its operations without a task. */
#include <errno.h>
#include <fcntl.h>

#include "core/current.h"
#include "core/loop.h"
#include "eddy/operation.h"

/* Returns 0, or the code for why the loop cannot take fd or give it back now. */
static int refusal(struct eddy_loop *loop, int fd)
{
    if (!loop || driver_is_foreign(loop->driver))
        return EDDY_NO_LOOP;
    return driver_is_busy(loop->driver, fd) ? EBUSY : 0;
}

int eddy_adopt(int fd)
{
    int error = refusal(current.loop, fd), flags = fcntl(fd, F_GETFL);
    if (error || flags < 0)
        return error ? error : EBADF;
    if (!(flags & O_NONBLOCK))
        return EINVAL;
    driver_adopt(current.loop->driver, fd);
    return 0;
}

int eddy_release(int fd)
{
    int error = refusal(current.loop, fd);
    if (!error)
        driver_release(current.loop->driver, fd);
    return error;
}
