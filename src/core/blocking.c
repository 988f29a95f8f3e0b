/* SPDX-License-Identifier: MIT */
/*
 * blocking.c - functions that run in the pool of threads: blocking(T, name, args...).
 *
 * The thread works on a copy of the awaitable, so that a wait which was cancelled can end at once and leave the copy
 * to the thread. A result that no task waits for any more goes to the type's `undo`. The function has a copy of the
 * task's context variables: values that it sets are seen by no other code.
 */
#include "core/blocking.h"

#include <errno.h>
#include <string.h>

#include "core/context_var.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/task.h"
#include "eddy/thread.h"
#include "os/hibernate.h"
#include "os/memory.h"
#include "os/stack.h"

enum { DEFAULT_THREADS = 8, NAME_THREADS = 16 };

struct job {
    struct thread_job thread;
    struct thread_pool *pool;
    struct remote_call done;       /* posted to the loop by the thread */
    struct eddy_loop *loop;
    struct eddy_awaitable *waits;  /* the awaitable that gets the result; NULL: given up */
    struct context_value *context; /* the context variables that the function sees */
    size_t lent;                   /* strings that are copied as well, after `copy`: see lend_words */
    _Alignas(16) char copy[];
};

static struct eddy_awaitable *copy_of(struct job *job)
{
    return (struct eddy_awaitable *)(void *)job->copy;
}

struct thread_pool *loop_pool(struct eddy_loop *loop, enum pool which)
{
    size_t limit = loop->options.thread_limit ? loop->options.thread_limit : DEFAULT_THREADS;
    if (!loop->pools[which])
        loop->pools[which] = thread_pool_new(which == POOL_NAMES ? NAME_THREADS : limit);
    return loop->pools[which];
}

/* Runs on a thread of the pool. */
static void work(struct thread_job *thread)
{
    struct job *job = container_of(thread, struct job, thread);
    struct eddy_awaitable *a = copy_of(job);
    struct context_value *before = context_enter(job->context);
    stack_note_work("blocking function", a->awaitable.type->name);
    current.works_for = job->loop;
    a->awaitable.type->work(a);
    current.works_for = NULL;
    stack_note_work(NULL, NULL);
    job->context = context_enter(before);
}

static void tell(struct thread_job *thread)
{
    struct job *job = container_of(thread, struct job, thread);
    loop_post(job->loop, &job->done);
}

/* Memory that the function's arguments point at stays awake: it may have the kernel read or write there. */
static void lend_words(struct job *job, const struct eddy_awaitable *a)
{
    const void **words = (const void **)(void *)(job->copy + a->awaitable.type->size);
    memcpy(words, a, job->lent * sizeof *words);
    for (size_t i = 0; i < job->lent; i++)
        hibernate_lend(words[i]);
}

static void take_words_back(struct job *job)
{
    const void **words = (const void **)(void *)(job->copy + copy_of(job)->awaitable.type->size);
    for (size_t i = 0; i < job->lent; i++)
        hibernate_take_back(words[i]);
}

static void job_free(struct job *job)
{
    take_words_back(job);
    context_unref(job->context);
    memory_free(job);
}

/* Runs on the loop's thread. */
static void finish(void *argument)
{
    struct job *job = argument;
    struct eddy_awaitable *a = job->waits, *copy = copy_of(job);
    struct eddy_failure *failure = copy->awaitable.failure;
    job->loop->driver->in_flight--;
    driver_count_down(&job->loop->driver->working);
    driver_count_down(&job->loop->driver->ended);
    if (a) {
        memcpy((char *)a + sizeof a->awaitable, (char *)copy + sizeof a->awaitable,
               a->awaitable.type->size - sizeof a->awaitable);
        native_complete(a, failure);
    } else if (failure) {
        failure_unref(failure);
    } else if (copy->awaitable.type->undo) {
        copy->awaitable.type->undo(copy);
    }
    job_free(job);
}

void blocking_start(struct eddy_awaitable *a, enum pool which)
{
    struct task *task = owner_of(a);
    struct thread_pool *pool = loop_pool(task->loop, which);
    size_t size = a->awaitable.type->size, lent = hibernate_is_on() ? size / sizeof(void *) : 0;
    struct job *job = pool ? memory_alloc(sizeof *job + size + lent * sizeof(void *)) : NULL;
    if (!job) {
        native_complete(a, &failure_no_memory);
        return;
    }
    *job = (struct job){
        .thread = {.run = work, .done = tell}, .pool = pool, .loop = task->loop, .waits = a, .lent = lent};
    job->done = (struct remote_call){.function = finish, .argument = job, .of_pool = ++task->loop->last_job};
    memcpy(job->copy, a, size);
    lend_words(job, a);
    driver_count_up(&task->loop->driver->working);
    int error = context_copy(task->context, &job->context) ? thread_pool_submit(pool, &job->thread) : ENOMEM;
    if (error) {
        driver_count_down(&task->loop->driver->working);
        job_free(job);
        native_complete(a, failure_of(error, "no thread for %s", a->awaitable.type->name));
        return;
    }
    task->wait.job = job;
    task->loop->driver->in_flight++; /* the loop must look for the thread's call */
}

void eddy_blocking_start(struct eddy_awaitable *a)
{
    blocking_start(a, POOL_BLOCKING);
}

void eddy_blocking_cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    struct job *job = task->wait.job;
    job->waits = NULL;
    if (thread_pool_take_back(job->pool, &job->thread)) {
        task->loop->driver->in_flight--;
        driver_count_down(&task->loop->driver->working);
        job_free(job);
    }
    native_complete(a, &failure_cancelled);
}
