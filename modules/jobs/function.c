/* SPDX-License-Identifier: MIT */
/* function.c - see function.h. Functions add themselves before main begins, and stay. */
#define EDDY_LIBRARY
#include "function.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/cli/sha256.h"

static struct eddy_remote_function *functions;

void eddy_remote_add(struct eddy_remote_function *function)
{
    function->next = functions;
    functions = function;
}

struct eddy_remote_function *function_of(const struct eddy_awaitable_type *type)
{
    struct eddy_remote_function *f = functions;
    while (f && f->type != type)
        f = f->next;
    return f;
}

struct eddy_remote_function *function_at(size_t n)
{
    struct eddy_remote_function *f = functions;
    while (f && n--)
        f = f->next;
    return f;
}

/* The name is in it, too: a subject holds only the beginning of a long one. */
static void sign(struct eddy_remote_function *f)
{
    struct eddy_wire w = {0};
    struct sha256 hash;
    char digits[65];
    f->sign(&w);
    sha256_start(&hash);
    sha256_add_string(&hash, f->name);
    sha256_add(&hash, w.data, w.size);
    sha256_finish(&hash, digits);
    if (!w.failed)
        snprintf(f->signature, sizeof f->signature, "%.31s", digits);
    free(w.data);
}

/* The loops of several threads may ask at once. */
const char *function_signature(struct eddy_remote_function *f)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    if (!*f->signature)
        sign(f);
    pthread_mutex_unlock(&mutex);
    return f->signature;
}

eddy_job_limits function_limits(const struct eddy_remote_function *f)
{
    eddy_job_limits limits = {.size = 0};
    memcpy(&limits, &f->limits, f->limits.size < sizeof limits ? f->limits.size : sizeof limits);
    return limits;
}

int function_tries(const struct eddy_remote_function *f)
{
    int tries = function_limits(f).tries;
    return tries > 0 ? tries : 3;
}

int job_prepare(struct job_body *job, struct eddy_remote_function *f, const void *data, size_t size)
{
    *job = (struct job_body){.function = f, .args = {.data = data, .size = size},
                             .body = calloc(1, f->size)};
    if (!job->body)
        return ENOMEM;
    f->make(job->body);
    f->get_args(&job->args, job->body);
    return job->args.failed || job->args.size ? EBADMSG : 0;
}

void job_free(struct job_body *job)
{
    wire_forget(&job->args, true);
    free(job->body);
    job->body = NULL;
}

eddy_async_define(void, job_run, (struct job_body *, job), (struct eddy_wire *, result))
{
    const struct eddy_remote_function *f = job->function;
    eddy_await(job->body);
    f->put_result(result, job->body);
    f->free_result(job->body);
    if (result->failed)
        eddy_raise(ENOMEM, "%s: there is no memory for the result", f->name);
}

int job_result(struct eddy_remote_function *f, const void *data, size_t size, void *result)
{
    struct eddy_wire_reader r = {.data = data, .size = size};
    void *body = calloc(1, f->size);
    if (!body)
        return ENOMEM;
    f->make(body);
    f->get_result(&r, body);
    bool is_good = !r.failed && r.size == 0;
    if (is_good)
        memcpy(result, (char *)body + f->result_offset, f->result_size);
    wire_forget(&r, !is_good);
    free(body);
    return is_good ? 0 : EBADMSG;
}
