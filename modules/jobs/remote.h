/* SPDX-License-Identifier: MIT */
/* remote.h - jobs that go to workers by NATS: names of the streams, and the side of the caller. */
#ifndef EDDY_JOBS_REMOTE_H
#define EDDY_JOBS_REMOTE_H

#include <eddy/nats.h>
#include <string.h>

#include "function.h"

#define JOBS "EDDY_JOBS"         /* stream of jobs: eddy.jobs.FUNCTION.SIGNATURE.PRIORITY.KEY */
#define LATER "EDDY_LATER"       /* of jobs that may not begin yet: eddy.later.FUNCTION.SIGNATURE.PRIORITY.KEY */
#define RESULTS "EDDY_RESULTS"   /* of results, for some minutes: eddy.results.ID */
#define KEPT "EDDY_KEPT"         /* of results of jobs with a key, for a day: eddy.kept.FUNCTION.DIGEST */
#define DEAD "EDDY_DEAD"         /* of jobs that were given up: eddy.dead.FUNCTION */

#define BACK "eddy.kept.back"    /* in KEPT, a mark for each job that was given back: eddy.kept.back.ID.DELIVERY */

/* EDDY_JOBS of the environment; NULL: jobs run here. */
const char *remote_url(void);
/* A number above 0 of the environment, or else the usual one. */
double remote_setting(const char *name, double usual);
/* The same of things that are counted: from 1 to REMOTE_MOST. */
enum { REMOTE_MOST = 1000000000 };
size_t remote_count(const char *name, size_t usual);
/* An error of a connection or a server that may go away: it is worth another attempt. */
bool remote_is_passing(int code);
/* Sends a job and waits for its result. */
eddy_async_declare(void, remote_run, (const struct job_asked *, job), (struct eddy_wire *, result));
/* Workers answer a message to it with their name, the jobs that they run, and the slots that they have. */
#define REMOTE_WORKERS "eddy.workers"
/* Seconds until a job that is due, and for which there is no room, is tried again. */
enum { REMOTE_AGAIN = 1 };
/* ENOSPC, of a function, and where. */
#define REMOTE_FULL "%s: the queue is full (%s): EDDY_JOBS_QUEUE says how many jobs may wait and run; ask again later"
/* "low", "normal" or "high". */
const char *remote_priority_name(int priority);
/* The try of a key after which a job or a result comes: the revision of the result of the one before; 0: the first. */
uint64_t remote_after(const eddy_nats_message *m);
/* The result is one of a job with a key. */
static inline bool remote_is_kept(const char *result)
{
    return strncmp(result, "eddy.kept.", 10) == 0;
}
/* The headers of a job; returns how many. after: what remote_after will give, of a job with a key; NULL: it has none.
 * A job with a key is stored only if the stream has none of its subject. */
static inline size_t remote_job_headers(eddy_nats_header headers[4], const char *id, const char *result,
                                        const char *after)
{
    headers[0] = (eddy_nats_header){"Eddy-Id", id};
    headers[1] = (eddy_nats_header){"Eddy-Result", result};
    if (!after)
        return 2;
    headers[2] = (eddy_nats_header){"Eddy-After", after};
    headers[3] = (eddy_nats_header){"Nats-Expected-Last-Subject-Sequence", "0"};
    return 4;
}
/* Connects, and creates the streams. */
eddy_async_declare(eddy_nats *, remote_connect, (const char *, name));

#endif
