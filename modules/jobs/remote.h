/* SPDX-License-Identifier: MIT */
/* remote.h - jobs that go to workers by NATS: names of the streams, and the side of the caller. */
#ifndef EDDY_JOBS_REMOTE_H
#define EDDY_JOBS_REMOTE_H

#include <eddy/nats.h>

#include "function.h"

#define JOBS "EDDY_JOBS"         /* stream of jobs: eddy.jobs.FUNCTION.SIGNATURE.PRIORITY.KEY */
#define RESULTS "EDDY_RESULTS"   /* of results, for some minutes: eddy.results.ID */
#define KEPT "EDDY_KEPT"         /* of results of jobs with a key, for a day: eddy.kept.FUNCTION.DIGEST */
#define DEAD "EDDY_DEAD"         /* of jobs that were given up: eddy.dead.FUNCTION */

#define BACK "eddy.kept.back"    /* in KEPT, a mark for each job that was given back: eddy.kept.back.ID.DELIVERY */

/* EDDY_JOBS of the environment; NULL: jobs run here. */
const char *remote_url(void);
/* A number above 0 of the environment, or else the usual one. */
double remote_setting(const char *name, double usual);
/* An error of a connection or a server that may go away: it is worth another attempt. */
bool remote_is_passing(int code);
/* Sends a job and waits for its result. key NULL: none. */
eddy_async_declare(void, remote_run, (struct eddy_remote_function *, f), (const char *, key),
                   (const struct eddy_wire *, args), (struct eddy_wire *, result));
/* The try of a key after which a job or a result comes: the revision of the result of the one before; 0: the first. */
uint64_t remote_after(const eddy_nats_message *m);
/* Connects, and creates the streams. */
eddy_async_declare(eddy_nats *, remote_connect, (const char *, name));

#endif
