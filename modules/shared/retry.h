/* SPDX-License-Identifier: MIT */
/* retry.h - how long a client waits before it connects again. */
#ifndef EDDY_MODULES_RETRY_H
#define EDDY_MODULES_RETRY_H

/* Seconds: 0 without a failure, then `first`, and twice as long after each failure, at most `longest`. */
double retry_delay(unsigned failures, double first, double longest);

#endif
