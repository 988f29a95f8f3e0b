/* SPDX-License-Identifier: MIT */
/* later.h - the side of a worker of jobs that may not begin yet. */
#ifndef EDDY_JOBS_LATER_H
#define EDDY_JOBS_LATER_H

#include <eddy/nats.h>

/* Puts jobs among those that may begin, once their time has come; without an end. */
eddy_async_declare(void, later_serve, (eddy_nats *, n));

#endif
