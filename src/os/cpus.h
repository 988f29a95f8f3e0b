/* SPDX-License-Identifier: MIT */
/*
 * cpus.h - the CPUs that this process may use.
 *
 * Two limits count: the affinity mask names CPUs; the quota of a control group, as containers have it, is CPU time.
 * A quota of 1.5 CPUs is filled by two threads.
 */
#ifndef EDDY_OS_CPUS_H
#define EDDY_OS_CPUS_H

#include <stdbool.h>

/* The smaller of both limits, at least 1. */
int cpus_allowed(void);
/*
 * The quota, as a number of CPUs rounded up; 0: there is none. `membership` is the file that names the process's
 * groups (/proc/self/cgroup), `mount` the folder where control groups are mounted (/sys/fs/cgroup). A group's parents
 * limit it as well.
 */
int cpus_of_quota(const char *membership, const char *mount);

/* The CPUs that a thread may use, to be restored later. */
struct cpus;
/* Keeps the calling thread on the i-th CPU of its mask, counted from 0 and beginning anew after the last one. Returns
 * the mask that the thread had, for cpus_restore; NULL: nothing was changed. */
struct cpus *cpus_pin(int i);
/* Gives the calling thread that mask again, and frees it; NULL is allowed. */
void cpus_restore(struct cpus *cpus);

#endif
