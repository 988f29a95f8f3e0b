/* SPDX-License-Identifier: MIT */
/* lease.h - signs of life for jobs, by a thread of their own with a connection of its own. */
#ifndef EDDY_JOBS_LEASE_H
#define EDDY_JOBS_LEASE_H

#include <stdbool.h>

/* Seconds without a sign of life, after which a job goes elsewhere: EDDY_JOBS_LEASE, or 5. */
double lease_seconds(void);

struct lease {
    struct lease *next, **link;
    char ack[512];         /* where signs of life go */
    double begun;          /* all times: seconds of the monotonic clock; 0: the job does not run */
    double time_limit;     /* 0: none */
    double stall_limit;
    bool let_go;           /* read it by lease_is_held */
};

/* Starts the thread. Returns 0 or an errno value. */
int leases_start(const char *url);
/* Ends it, and waits for that. */
void leases_stop(void);
/* The loop of the worker has turned. */
void leases_turn(void);

void lease_begin(struct lease *lease);
/* The job runs from now on: its time limit begins. */
void lease_run(struct lease *lease);
/* It has run: what is left has no time limit. */
void lease_ran(struct lease *lease);
void lease_end(struct lease *lease);
/* False: the job is somebody else's by now, and so is its result. */
bool lease_is_held(struct lease *lease);

#endif
