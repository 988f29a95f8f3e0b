/* SPDX-License-Identifier: MIT */
/*
 * remote.c - a coroutine run on a loop for another thread, or for a task of another loop, which waits for its end.
 *
 * Invariant: a result is fetched by eddy_remote_wait or remote_take, or goes to the type's `undo`: with the last
 * reference, on the loop's thread, or, when the loop has ended, where that reference is given up. A result that ends
 * with its loop (a stream) goes there when the loop ends, on its thread.
 */
#define _GNU_SOURCE /* pthread_condattr_setclock */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/loop_end.h"
#include "core/remote.h"
#include "core/sched.h"
#include "core/task.h"
#include "core/unclaimed.h"
#include "os/clock.h"
#include "os/memory.h"

/* The state of a result that was not fetched; accessed under `results`. */
enum claim {
    CLAIM_NONE,    /* there is none, or only the remote refers to it */
    CLAIM_LISTED,  /* in the loop's list */
    CLAIM_ENDING,  /* the loop ends, and is about to close it, if it is of that kind */
    CLAIM_CLOSED   /* it has ended with its loop */
};

struct eddy_remote {
    struct remote_call begin, cancel; /* posted to the loop; the first one also to free a result there */
    struct watch watch;               /* on the task */
    eddy_loop *loop;                  /* its name */
    struct task *task;                /* only the loop's thread touches it */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    unsigned references;              /* references: of the waiting thread, of the loop, of a cancel in flight */
    bool done, cancelling;
    bool unclaimed;                   /* it succeeded, and its result was not fetched */
    enum claim claim;
    bool orphan;                      /* the last reference went while it was LISTED or ENDING: the loop frees it */
    struct list_link unclaimed_link;  /* LISTED: in struct eddy_loop.unclaimed */
    struct eddy_loop *lister;         /* LISTED: that loop */
    unsigned clock_lent;              /* number of calls of the loop's pool that wait here; the loop joins its pool */
    struct driver *lender;            /* that loop's */
    struct eddy_failure *failure;
    eddy_loop *asker;                 /* the name of the loop whose task waits for it; NULL: a thread waits */
    struct remote_call end;           /* posted to that loop: it makes the next call */
    void (*told)(void *);
    void *argument;                   /* of `told` */
    const char *call;                 /* the call's name, for messages */
    const struct eddy_site *site;
    size_t size, result_offset, result_size;
    _Alignas(16) char coroutine[];
};

static struct eddy_awaitable *value_of(struct eddy_remote *remote)
{
    return (struct eddy_awaitable *)(void *)remote->coroutine;
}

/* ---- results that were not fetched ---- */

static pthread_mutex_t results = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t decided = PTHREAD_COND_INITIALIZER;

static void list_result(struct eddy_remote *remote)
{
    pthread_mutex_lock(&results);
    remote->claim = CLAIM_LISTED;
    remote->lister = current.loop;
    list_add_last(&current.loop->unclaimed, &remote->unclaimed_link);
    pthread_mutex_unlock(&results);
}

/* Called under `results`. */
static void unlist_result(struct eddy_remote *remote)
{
    if (remote->claim == CLAIM_LISTED) {
        list_remove(&remote->lister->unclaimed, &remote->unclaimed_link);
        remote->claim = CLAIM_NONE;
    }
}

/* The caller that fetches the result owns it from now on. False: it has ended with its loop. */
static bool claim_result(struct eddy_remote *remote)
{
    pthread_mutex_lock(&results);
    while (remote->claim == CLAIM_ENDING)
        pthread_cond_wait(&decided, &results);
    unlist_result(remote);
    remote->unclaimed = false;
    bool whole = remote->claim != CLAIM_CLOSED;
    pthread_mutex_unlock(&results);
    return whole;
}

/* True: the loop frees the remote. */
static bool leave_to_loop(struct eddy_remote *remote)
{
    pthread_mutex_lock(&results);
    bool ours = current.loop && current.loop == remote->lister;
    bool leave = remote->claim == CLAIM_ENDING || (remote->claim == CLAIM_LISTED && !ours);
    remote->orphan = leave;
    if (!leave)
        unlist_result(remote);
    pthread_mutex_unlock(&results);
    return leave;
}

static void destroy(void *argument)
{
    struct eddy_remote *remote = argument;
    EDDY_INVARIANT(remote->references == 0);
    if (leave_to_loop(remote))
        return;
    if (remote->unclaimed && remote->claim != CLAIM_CLOSED)
        value_of(remote)->awaitable.type->undo(value_of(remote));
    failure_unref(remote->failure);
    pthread_mutex_destroy(&remote->mutex);
    pthread_cond_destroy(&remote->ended);
    memory_free(remote);
}

/* False: the loop has ended, or this is its thread, or there is nothing to free there. */
static bool post_destroy(struct eddy_remote *remote)
{
    if (!remote->unclaimed || (current.loop && current.loop->name == remote->loop))
        return false;
    eddy_loop *name = remote->loop;
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return false;
    remote->begin = (struct remote_call){.function = destroy, .argument = remote};
    loop_post(loop, &remote->begin);
    loop_leave(name);
    return true;
}

static void unref(struct eddy_remote *remote)
{
    pthread_mutex_lock(&remote->mutex);
    bool last = --remote->references == 0;
    pthread_mutex_unlock(&remote->mutex);
    if (last && !post_destroy(remote))
        destroy(remote);
}

static void take_clock_back(struct eddy_remote *remote)
{
    remote->clock_lent--;
    driver_count_up(&remote->lender->working);
}

/* The loop that waits takes the result, and then gives up its reference. It does not end before that, unless its
 * driver has failed. */
static void tell_asker(struct eddy_remote *remote)
{
    struct eddy_loop *loop = loop_enter(remote->asker);
    if (!loop) {
        unref(remote);
        return;
    }
    eddy_loop *name = remote->asker;
    loop_post(loop, &remote->end);
    loop_leave(name);
}

static void finish(struct eddy_remote *remote, struct eddy_failure *failure)
{
    pthread_mutex_lock(&remote->mutex);
    remote->failure = failure;
    remote->done = true;
    while (remote->clock_lent)
        take_clock_back(remote);
    pthread_cond_broadcast(&remote->ended);
    pthread_mutex_unlock(&remote->mutex);
    if (remote->asker)
        tell_asker(remote);
    unref(remote);
}

static void task_ended(struct watch *watch)
{
    struct eddy_remote *remote = container_of(watch, struct eddy_remote, watch);
    struct task *task = remote->task;
    struct eddy_core *core = task_core(task);
    struct eddy_failure *failure = core->failure;
    memcpy(remote->coroutine + remote->result_offset, (char *)core + remote->result_offset, remote->result_size);
    remote->unclaimed = task->has_result && core->type->undo;
    if (remote->unclaimed)
        list_result(remote);
    task->has_result = false;
    core->failure = NULL;
    task->seen = true;
    remote->task = NULL;
    task_unref(task);
    finish(remote, failure);
}

/* It will not begin: frees what its value owns. */
static void refuse(struct eddy_remote *remote, struct eddy_failure *failure)
{
    value_destroy(value_of(remote));
    finish(remote, failure);
}

static struct eddy_failure *no_loop(struct eddy_remote *remote)
{
    return failure_of(EDDY_NO_LOOP, "%s(%s) at %s:%d: the loop has ended", remote->call,
                      value_of(remote)->awaitable.type->name, remote->site->file, remote->site->line);
}

static void begin(void *argument)
{
    struct eddy_remote *remote = argument;
    if (current.loop->ended) {
        refuse(remote, no_loop(remote));
        return;
    }
    struct task *task = task_new(current.loop, NULL, remote->coroutine, remote->size, remote->site);
    if (!task) {
        refuse(remote, &failure_no_memory);
        return;
    }
    remote->task = task;
    watch_add(&task->watches, &remote->watch, task_ended);
    task_wake(task);
}

static void cancel(void *argument)
{
    struct eddy_remote *remote = argument;
    pthread_mutex_lock(&remote->mutex);
    remote->cancelling = false;
    pthread_mutex_unlock(&remote->mutex);
    if (remote->task)
        task_cancel(remote->task, "cancelled from another thread");
    unref(remote);
}

static void post_begin(struct eddy_remote *remote)
{
    int error = loop_resolve(&remote->loop, "eddy_run_coroutine_threadsafe(loop, coroutine)");
    struct eddy_loop *loop = error ? NULL : loop_enter(remote->loop);
    if (!loop) {
        refuse(remote, error == EINVAL ? failure_of(EINVAL, "several loops run, and none was named") : no_loop(remote));
        return;
    }
    loop_post(loop, &remote->begin);
    loop_leave(remote->loop);
}

static struct eddy_remote *make(eddy_loop *loop, const void *coroutine, size_t size, size_t result_offset,
                                size_t result_size, const struct eddy_site *site)
{
    struct eddy_remote *remote = memory_alloc_zeroed(sizeof *remote + size);
    if (!remote)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&remote->mutex, NULL);
    pthread_cond_init(&remote->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    remote->loop = loop;
    remote->references = 2;
    remote->site = site;
    remote->size = size;
    remote->result_offset = result_offset;
    remote->result_size = result_size;
    memcpy(remote->coroutine, coroutine, size);
    remote->begin = (struct remote_call){.function = begin, .argument = remote};
    remote->cancel = (struct remote_call){.function = cancel, .argument = remote};
    return remote;
}

eddy_remote *eddy_remote_new(eddy_loop *loop, const void *coroutine, size_t size, size_t result_offset,
                             size_t result_size, const struct eddy_site *site)
{
    struct eddy_remote *remote = make(loop, coroutine, size, result_offset, result_size, site);
    if (!remote)
        return NULL;
    remote->call = "eddy_run_coroutine_threadsafe";
    post_begin(remote);
    return remote;
}

/* On the loop that waits. */
static void end_call(void *argument)
{
    struct eddy_remote *remote = argument;
    struct driver *driver = current.loop->driver;
    driver->in_flight--;
    if (remote->end.of_pool) {
        driver_count_down(&driver->working);
        driver_count_down(&driver->ended);
    }
    remote->told(remote->argument);
}

/* A virtual clock stands still meanwhile, as for a call on a thread of the pool, unless it is needed for the call. */
eddy_remote *remote_start(eddy_loop *loop, const struct remote_order *order, void (*told)(void *), void *argument)
{
    struct eddy_loop *asker = current.loop;
    struct eddy_remote *remote = make(loop, order->coroutine, order->size, order->result_offset, order->result_size,
                                      order->site);
    if (!remote)
        return NULL;
    remote->call = "eddy_on";
    remote->asker = asker->name;
    remote->told = told;
    remote->argument = argument;
    remote->end = (struct remote_call){.function = end_call, .argument = remote};
    asker->driver->in_flight++; /* the loop must look for the other loop's call */
    if (loop != asker->name) {
        remote->end.of_pool = ++asker->last_job;
        driver_count_up(&asker->driver->working);
    }
    post_begin(remote);
    return remote;
}

/* A call on a thread of the loop's pool that waits for the loop does no work meanwhile: a virtual clock may go on,
 * and stops again before the loop waits next. */
static bool lend_clock(struct eddy_remote *remote)
{
    if (remote->done || !current.works_for || current.works_for->name != remote->loop)
        return false;
    remote->lender = current.works_for->driver;
    remote->clock_lent++;
    driver_count_down(&remote->lender->working);
    driver_wake(remote->lender);
    return true;
}

static bool wait_for_end(struct eddy_remote *remote, double seconds)
{
    struct timespec until;
    int64_t end = clock_add(clock_monotonic(), seconds > 0 && seconds < INFINITY ? clock_from_seconds(seconds) : 0);
    until = (struct timespec){.tv_sec = end / CLOCK_SECOND, .tv_nsec = end % CLOCK_SECOND};
    int error = 0;
    pthread_mutex_lock(&remote->mutex);
    bool lent = lend_clock(remote);
    while (!remote->done && !error)
        error = seconds < 0 || seconds >= INFINITY
                    ? pthread_cond_wait(&remote->ended, &remote->mutex)
                    : pthread_cond_timedwait(&remote->ended, &remote->mutex, &until);
    bool done = remote->done;
    if (lent && !done)
        take_clock_back(remote);
    pthread_mutex_unlock(&remote->mutex);
    return done;
}

/* This thread would block the loop that must run the coroutine. */
static bool would_wait_for_itself(struct eddy_remote *remote)
{
    pthread_mutex_lock(&remote->mutex);
    bool done = remote->done;
    pthread_mutex_unlock(&remote->mutex);
    return !done && current.loop && remote->loop == current.loop->name;
}

static struct eddy_failure *ended_with_loop(struct eddy_remote *remote)
{
    return failure_of(EDDY_NO_LOOP, "%s: the result of %s was closed when its loop ended: fetch it earlier",
                      remote->asker ? remote->call : "eddy_remote_wait", value_of(remote)->awaitable.type->name);
}

struct eddy_failure *remote_take(struct eddy_remote *remote, void *result)
{
    struct eddy_failure *failure = remote->failure;
    remote->failure = NULL;
    if (!failure && !claim_result(remote))
        failure = ended_with_loop(remote);
    if (!failure)
        memcpy(result, remote->coroutine + remote->result_offset, remote->result_size);
    else if (!failure->fixed)
        failure->last_task = 0; /* the numbers of tasks are those of a loop */
    unref(remote);
    return failure_passed_on(failure, false);
}

bool eddy_remote_wait(eddy_remote *remote, double seconds, void *result, eddy_error *err)
{
    *err = (eddy_error){.message = ""};
    if (would_wait_for_itself(remote)) {
        eddy_failure_catch(failure_of(EDEADLK, "eddy_remote_wait on the loop's own thread: await the coroutine"), err);
        eddy_error_keep(err);
        return true;
    }
    if (!wait_for_end(remote, seconds))
        return false;
    struct eddy_failure *failure = remote->failure ? failure_ref(remote->failure) : NULL;
    if (!failure && result && !claim_result(remote))
        failure = ended_with_loop(remote);
    if (failure) {
        eddy_failure_catch(failure, err);
        eddy_error_keep(err);
    } else if (result) {
        memcpy(result, remote->coroutine + remote->result_offset, remote->result_size);
    }
    return true;
}

void eddy_remote_cancel(eddy_remote *remote)
{
    pthread_mutex_lock(&remote->mutex);
    bool post = !remote->done && !remote->cancelling;
    if (post) {
        remote->cancelling = true;
        remote->references++;
    }
    pthread_mutex_unlock(&remote->mutex);
    struct eddy_loop *loop = post ? loop_enter(remote->loop) : NULL;
    if (loop) {
        loop_post(loop, &remote->cancel);
        loop_leave(remote->loop);
    } else if (post) {
        unref(remote); /* the loop ends, and the task with it */
    }
}

void eddy_remote_free(eddy_remote *remote)
{
    if (remote)
        unref(remote);
}

/* ---- the end of the loop ---- */

static struct eddy_remote *take_listed(struct eddy_loop *loop)
{
    pthread_mutex_lock(&results);
    struct eddy_remote *remote = LIST_FIRST(&loop->unclaimed, struct eddy_remote, unclaimed_link);
    if (remote) {
        unlist_result(remote);
        remote->claim = CLAIM_ENDING;
    }
    pthread_mutex_unlock(&results);
    return remote;
}

static void end_result(struct eddy_remote *remote)
{
    bool closed = unclaimed_end_with_loop(value_of(remote));
    pthread_mutex_lock(&results);
    remote->claim = closed ? CLAIM_CLOSED : CLAIM_NONE;
    bool orphan = remote->orphan;
    pthread_cond_broadcast(&decided);
    pthread_mutex_unlock(&results);
    if (orphan)
        destroy(remote);
}

void remotes_end(struct eddy_loop *loop)
{
    for (struct eddy_remote *remote; (remote = take_listed(loop));)
        end_result(remote);
}
