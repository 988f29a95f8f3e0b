/* SPDX-License-Identifier: MIT */
/*
 * driver_fault.h - failures that a test asks for: of a submission, or of the kernel's answer.
 *
 * EDDY_FAIL_DRIVER=n fails the n-th submission of the process with ECONNABORTED, at once.
 *
 * EDDY_FAIL_COMPLETION=n:NAME sets the kernel's answer to the n-th call or request that is an operation.  NAME is a
 * negative errno value (ECANCELED, EINTR, EAGAIN, ENOBUFS, ENOMEM, EIO), and then nothing is done, or "short": at most
 * half of the bytes are moved.  n = 0 prints the number of calls when the process ends.
 */
#ifndef EDDY_OS_DRIVER_FAULT_H
#define EDDY_OS_DRIVER_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hidden.h"

/* What driver_fault returns for "short". */
enum { DRIVER_SHORT = 1 };

/* Like EDDY_FAIL_DRIVER; 0 turns it off. */
void driver_fail_after(long n);
/* Submissions until the one that fails; 0: none fails.  In this header, so that it costs one load and one branch. */
extern HIDDEN_VARIABLE long driver_fault_countdown;
bool driver_fault_step(void);
/* True: this submission is the one that fails. */
static inline bool driver_fault_of_submission(void)
{
    return __builtin_expect(__atomic_load_n(&driver_fault_countdown, __ATOMIC_RELAXED) > 0, 0) && driver_fault_step();
}

/* Like EDDY_FAIL_COMPLETION; NULL turns it off. Must not be called while a thread of a driver runs. */
void driver_fail_call(const char *text);
int driver_fault_of_call(void);
extern HIDDEN_VARIABLE bool driver_calls_are_counted;
/* Called once for each call or request: a negative errno value that it fails with, DRIVER_SHORT, or 0 (no fault). */
static inline int driver_fault(void)
{
    return __builtin_expect(driver_calls_are_counted, 0) ? driver_fault_of_call() : 0;
}
/* True: one of the two is in use, or may be. */
static inline bool driver_faults_are_asked(void)
{
    return driver_calls_are_counted || __atomic_load_n(&driver_fault_countdown, __ATOMIC_RELAXED) > 0;
}
/* Half of `size` if a partial result is legal: for streams, pipes and files. Otherwise all of it. */
size_t driver_short_size(int fd, size_t size);

#endif
