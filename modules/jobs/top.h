/* SPDX-License-Identifier: MIT */
/* top.h - what `eddy jobs top` shows. */
#ifndef EDDY_JOBS_TOP_H
#define EDDY_JOBS_TOP_H

#include <eddy/nats.h>

/* Prints jobs by function and workers: once, or on a terminal again and again. */
eddy_async_declare(void, top, (eddy_nats *, n));

#endif
