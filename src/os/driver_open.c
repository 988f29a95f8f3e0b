/* SPDX-License-Identifier: MIT */
/* driver_open.c - chooses a driver: by name, or the best available one. */
#define _GNU_SOURCE
#include "os/driver.h"

#include "os/driver_uring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct driver_type *const types[] = {&driver_uring, &driver_epoll, &driver_sim};

static struct driver *open_named(const char *name, const struct driver_options *options, int *error)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i]->open(options, error);
    *error = EINVAL;
    return NULL;
}

bool driver_is_known(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i]->name, name) == 0)
            return true;
    return false;
}

struct driver *driver_open(const char *name, const struct driver_options *options, int *error)
{
    static const struct driver_options defaults;
    struct driver *driver;
    if (!options)
        options = &defaults;
    if (!name || name[0] == '\0')
        name = getenv("EDDY_DRIVER");
    *error = 0;
    if (name && name[0] != '\0')
        return open_named(name, options, error);
    driver = driver_uring.open(options, error);
    if (driver)
        return driver;
    driver = driver_epoll.open(options, error);
    if (driver)
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
