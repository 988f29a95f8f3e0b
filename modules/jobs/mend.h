/* SPDX-License-Identifier: MIT */
/* mend.h - consumers that nats-server keeps from working. */
#ifndef EDDY_JOBS_MEND_H
#define EDDY_JOBS_MEND_H

#include <eddy/nats.h>

/* Looks after the consumers of jobs, without end. */
eddy_async_declare(void, consumers_mend, (eddy_nats *, n));

#endif
