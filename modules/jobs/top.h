/* SPDX-License-Identifier: MIT */
/* top.h - what `eddy jobs top` shows. */
#ifndef EDDY_JOBS_TOP_H
#define EDDY_JOBS_TOP_H

#include <eddy/nats.h>

/* Seconds in which the server has to answer a request: a cluster without a leader, for instance, says nothing. */
extern double command_patience;
#define COMMAND_SILENCE \
    "the server has not answered for %g seconds: its cluster has no leader, or it stands still; try again later, or " \
    "restart it"

/* Prints jobs by function and workers: once, or on a terminal again and again. */
eddy_async_declare(void, top, (eddy_nats *, n));

#endif
