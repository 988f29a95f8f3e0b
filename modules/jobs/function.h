/* SPDX-License-Identifier: MIT */
/* function.h - the functions of this program that may be called from elsewhere, and their jobs. */
#ifndef EDDY_JOBS_FUNCTION_H
#define EDDY_JOBS_FUNCTION_H

#include "eddy/jobs.h"

/* Arguments and body of a job that runs here. */
struct job_body {
    struct eddy_remote_function *function;
    struct eddy_wire_reader args;
    struct eddy_awaitable *body;  /* NULL: there is none */
};

/* A job that a caller asks for. */
struct job_asked {
    struct eddy_remote_function *f;
    eddy_job_options options;
    const struct eddy_wire *args;
};

/* Forgets what was read, and frees the memory of its texts and arrays or leaves it to the caller. */
void wire_forget(struct eddy_wire_reader *r, bool with_memory);

struct eddy_remote_function *function_of(const struct eddy_awaitable_type *type);
/* The n-th; NULL: there are not so many. */
struct eddy_remote_function *function_at(size_t n);
/* A digest of the types of its result and parameters, in letters and digits. "": no memory. */
const char *function_signature(struct eddy_remote_function *f);

/* What the program has said of it; what its header does not know is 0. */
eddy_job_limits function_limits(const struct eddy_remote_function *f);
/* Workers that may be lost with a job of it. */
int function_tries(const struct eddy_remote_function *f);

/* A body whose arguments come from bytes, which live until it is freed. Returns 0, ENOMEM or EBADMSG. */
int job_prepare(struct job_body *job, struct eddy_remote_function *f, const void *data, size_t size);
void job_free(struct job_body *job);
/* Runs it on this task, and writes its result. */
eddy_async_declare(void, job_run, (struct job_body *, job), (struct eddy_wire *, result));
/* Reads a result into the place of the caller. Returns 0 or EBADMSG. */
int job_result(struct eddy_remote_function *f, const void *data, size_t size, void *result);

#endif
