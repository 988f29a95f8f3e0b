/* SPDX-License-Identifier: MIT */
/* limits.h - at how many unsent bytes a protocol is told to write no more, and when it may write again. */
#ifndef EDDY_IO_LIMITS_H
#define EDDY_IO_LIMITS_H

#include <stddef.h>

struct limits {
    size_t low, high; /* bytes; low <= high */
};

extern const struct limits limits_default;
/* EDDY_LIMIT_DEFAULT: it follows from the other one. Returns 0, or EINVAL: high < low. */
int limits_set(struct limits *limits, size_t low, size_t high);

#endif
