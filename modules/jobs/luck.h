/* SPDX-License-Identifier: MIT */
/* luck.h - in the simulation with a seed: messages that are lost, and workers that die, of jobs in this process. */
#ifndef EDDY_JOBS_LUCK_H
#define EDDY_JOBS_LUCK_H

#include <eddy.h>

/* What happens to one attempt to run a job. */
struct luck {
    double comes_after; /* seconds until it begins: a message was lost, and is sent again */
    double dies_after;  /* seconds until its worker dies, and all that it has done is lost; below 0: it lives */
};

/* drawn: how many numbers this loop has drawn; lost: workers that have died with this job. In mixed weather the last
 * of `tries` workers lives. */
struct luck luck_of_job(uint64_t *drawn, int lost, int tries);

#endif
