/* SPDX-License-Identifier: MIT */
/*
 * run.c - eddy_run_on_cores: a loop and a main task on each of several threads, as one program.
 *
 * The calling thread is core 0. All loops are opened before the first main task begins, and closed after the last one
 * has ended, so that a core can always call another one. Invariant: each core reports twice, that its loop is open and
 * that its main task has ended; a core that cannot begin is not waited for. So nothing hangs, whatever fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "core/impl.h"
#include "eddy/cores.h"
#include "os/cpus.h"
#include "os/memory.h"
#include "os/signals.h"
#include "os/sigpipe.h"
#include "os/thread.h"

enum { EXIT_FAILED = 1, EXIT_SIGNAL = 128, REASON_BYTES = 48, NAME_BYTES = 24, SIGNALS = 2 };

static const int ending_signals[SIGNALS] = {SIGINT, SIGTERM};

struct cores;

struct core {
    struct cores *cores;
    int index;
    pthread_t thread;              /* not of core 0 */
    char name[NAME_BYTES];         /* "core 1" */
    eddy_loop *loop;               /* the name of its loop; NULL: it could not be opened */
    struct remote_call cancel, end, drop;
    struct eddy_awaitable *main;   /* its copy of the coroutine, with the result */
    bool has_result;               /* its main task succeeded */
};

/* A signal that ends the program, unless the program has a handler of its own. */
struct ending {
    struct signal_watch watch;
    struct cores *cores;
    bool watched;                  /* `watch` was added */
};

struct cores {
    /* Of the call, unchanged. */
    size_t size, result_offset, result_size;
    const eddy_cores_options *options;
    const struct eddy_build *build;
    const struct eddy_site *site;
    int count;                     /* of cores */

    pthread_mutex_t mutex;         /* guards what follows */
    pthread_cond_t changed;        /* the last loop has been opened */
    int opening;                   /* loops that have not been opened */
    int running;                   /* main tasks that have not ended */
    bool refused;                  /* no main task begins */
    bool stopping;                 /* all main tasks have been asked to end */
    char reason[REASON_BYTES];     /* why */
    struct eddy_failure *failure;  /* the first one; NULL: none */
    struct eddy_failure *answer;   /* how a main task ended that was asked to; NULL: otherwise */

    int signal;                    /* atomic: the signal that ended the program; 0: none */
    struct remote_call interrupt;  /* tells core 0 of it */
    struct eddy_loop *first;       /* the loop of core 0 */
    struct ending endings[SIGNALS];
    int code;                      /* exit status: 0 or 1, or 128 + that signal; written at the end, by core 0 */
    bool prints;                   /* the failure is printed */
    struct remote_call report;     /* prints it on the loop of core 0, which may have a log hook */
    struct core each[];
};

/* ==== the end ==== */

/* False: the loop has been closed, and the call is not made. */
static void post(struct core *core, struct remote_call *call, void (*function)(void *))
{
    struct eddy_loop *loop = loop_enter(core->loop);
    if (!loop)
        return;
    *call = (struct remote_call){.function = function, .argument = core};
    loop_post(loop, call);
    loop_leave(core->loop);
}

static void cancel_main(void *argument)
{
    struct core *core = argument;
    if (current.loop->main)
        task_cancel(current.loop->main, core->cores->reason);
}

/* Called with the mutex held: each main task is asked to end, in order, and only once. */
static void stop(struct cores *cores, const char *reason)
{
    if (cores->stopping)
        return;
    cores->stopping = true;
    snprintf(cores->reason, sizeof cores->reason, "%s", reason);
    for (int i = 0; i < cores->count; i++)
        post(&cores->each[i], &cores->each[i].cancel, cancel_main);
}

static void take_failure(struct core *core, struct eddy_failure *failure)
{
    struct cores *cores = core->cores;
    char reason[REASON_BYTES];
    if (cores->stopping && failure_is_cancellation(failure)) {
        if (cores->answer)
            failure_unref(failure);
        else
            cores->answer = failure;
    } else if (!cores->failure) {
        cores->failure = failure;
        snprintf(reason, sizeof reason, "%s has failed", core->name);
        stop(cores, reason);
    } else if (!failure_group(cores->failure, failure)) {
        failure_unref(failure);
    }
}

/* Lets the loop return that has gone on for the others. */
static void end_loop(void *argument)
{
    (void)argument;
    eddy_loop_stop(current.loop->name);
}

/* failure NULL: it succeeded. */
static void main_ended(struct core *core, struct eddy_failure *failure)
{
    struct cores *cores = core->cores;
    pthread_mutex_lock(&cores->mutex);
    core->has_result = !failure;
    if (failure)
        take_failure(core, failure);
    EDDY_INVARIANT(cores->running > 0);
    bool last = --cores->running == 0;
    for (int i = 0; last && i < cores->count; i++)
        post(&cores->each[i], &cores->each[i].end, end_loop);
    pthread_mutex_unlock(&cores->mutex);
}

/* ==== signals ==== */

static void stop_by_signal(void *argument)
{
    struct cores *cores = argument;
    pthread_mutex_lock(&cores->mutex);
    stop(cores, cores->signal == SIGINT ? "SIGINT" : "SIGTERM");
    pthread_mutex_unlock(&cores->mutex);
}

/* Called in the signal handler. The first one asks the program to end; the next one ends it. */
static void arrived(struct signal_watch *watch)
{
    struct cores *cores = container_of(watch, struct ending, watch)->cores;
    int none = 0;
    if (__atomic_compare_exchange_n(&cores->signal, &none, watch->number, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        loop_post(cores->first, &cores->interrupt);
    else
        signal_give_way(watch->number);
}

/* As for eddy_run: only on the first thread. */
static void watch_signals(struct cores *cores)
{
    const eddy_loop_options *options = cores->options->loop;
    cores->interrupt = (struct remote_call){.function = stop_by_signal, .argument = cores};
    if (thread_number() != getpid() || cores->first->options.no_signals || (options && options->no_signals))
        return;
    for (int i = 0; i < SIGNALS; i++) {
        struct ending *ending = &cores->endings[i];
        ending->cores = cores;
        ending->watch = (struct signal_watch){.number = ending_signals[i], .fallback = true, .arrived = arrived};
        ending->watched = signal_watch_add(&ending->watch) == 0;
    }
}

static void unwatch_signals(struct cores *cores)
{
    for (int i = 0; i < SIGNALS; i++)
        if (cores->endings[i].watched)
            signal_watch_remove(&cores->endings[i].watch);
}

/* ==== the life of a core ==== */

/* It is not open yet for other threads, which learn its name afterwards. */
static void adopt_loop(struct core *core, struct eddy_loop *loop)
{
    loop->core = core;
    loop->main_name = core->name;
    core->loop = loop->name;
}

/* failure NULL: `count` cores are ready to begin. Otherwise none begins. */
static void report_ready(struct cores *cores, int count, struct eddy_failure *failure)
{
    pthread_mutex_lock(&cores->mutex);
    cores->opening -= count;
    if (failure) {
        cores->refused = true;
        if (!cores->failure)
            cores->failure = failure;
        else
            failure_unref(failure);
    }
    if (cores->opening == 0)
        pthread_cond_broadcast(&cores->changed);
    pthread_mutex_unlock(&cores->mutex);
}

/* True: all loops are open. */
static bool wait_for_others(struct cores *cores)
{
    pthread_mutex_lock(&cores->mutex);
    while (cores->opening)
        pthread_cond_wait(&cores->changed, &cores->mutex);
    bool begins = !cores->refused;
    pthread_mutex_unlock(&cores->mutex);
    return begins;
}

static void run_main(struct core *core)
{
    const struct cores *cores = core->cores;
    eddy_error err;
    eddy_loop_run_main(core->loop, core->main, cores->size, cores->result_offset, cores->result_size,
                       cores->build, &err, cores->site);
    main_ended(core, failure_from_error(&err));
}

static void drop_result(void *argument)
{
    struct core *core = argument;
    core->main->awaitable.type->undo(core->main);
}

/* Of the results only that of core 0 is returned, and only if all cores succeeded. */
static void give_up_result(struct core *core)
{
    struct cores *cores = core->cores;
    bool returned = core->index == 0 && !cores->failure && !cores->answer;
    if (core->has_result && !returned && core->main->awaitable.type->undo)
        post(core, &core->drop, drop_result);
}

/* Unless the user has interrupted the program. */
static void print_failure(const struct eddy_failure *failure, int code)
{
    struct sigpipe sigpipe = sigpipe_block();
    if (code != EXIT_SIGNAL + SIGINT)
        report_print(failure);
    sigpipe_restore(&sigpipe);
}

static void report(void *argument)
{
    struct cores *cores = ((struct core *)argument)->cores;
    print_failure(cores->failure, cores->code);
}

/* All main tasks have ended, or none begins: core 0 says how the program ended. */
static void end_program(struct cores *cores)
{
    unwatch_signals(cores);
    if (cores->failure) {
        cores->code = EXIT_FAILED;
    } else if (cores->answer) {
        cores->code = EXIT_SIGNAL + cores->signal;
        cores->failure = cores->answer;
        cores->answer = NULL;
    }
    if (cores->failure && cores->prints)
        post(&cores->each[0], &cores->report, report);
}

/* The loop goes on until the main tasks of all cores have ended, since another core may call this one. */
static void run_core(struct core *core)
{
    struct cores *cores = core->cores;
    struct cpus *cpus = cores->options->pin ? cpus_pin(core->index) : NULL;
    if (wait_for_others(cores)) {
        run_main(core);
        eddy_loop_run_forever(core->loop);
        give_up_result(core);
    }
    if (core->index == 0)
        end_program(cores);
    eddy_loop_close(core->loop);
    cpus_restore(cpus);
}

static void *core_thread(void *argument)
{
    struct core *core = argument;
    struct eddy_failure *failure = NULL;
    pthread_setname_np(pthread_self(), core->name);
    struct eddy_loop *loop = loop_open_named(core->cores->options->loop, false, &failure);
    if (loop)
        adopt_loop(core, loop);
    report_ready(core->cores, 1, failure);
    run_core(core);
    return NULL;
}

/* ==== the program ==== */

static void free_program(struct cores *cores)
{
    for (int i = 0; i < cores->count; i++)
        memory_free(cores->each[i].main);
    pthread_mutex_destroy(&cores->mutex);
    pthread_cond_destroy(&cores->changed);
    failure_unref(cores->answer);
    memory_free(cores);
}

/* NULL: no memory. */
static struct cores *new_program(int count, const struct cores *call, const struct eddy_awaitable *coroutine)
{
    struct cores *cores = memory_alloc_zeroed(sizeof *cores + (size_t)count * sizeof cores->each[0]);
    if (!cores)
        return NULL;
    *cores = *call;
    pthread_mutex_init(&cores->mutex, NULL);
    pthread_cond_init(&cores->changed, NULL);
    cores->count = cores->opening = cores->running = count;
    bool whole = true;
    for (int i = 0; i < count; i++) {
        struct core *core = &cores->each[i];
        core->cores = cores;
        core->index = i;
        snprintf(core->name, sizeof core->name, "core %d", i);
        core->main = memory_alloc(call->size);
        whole = whole && core->main;
        if (core->main)
            memcpy(core->main, coroutine, call->size);
    }
    if (whole)
        return cores;
    free_program(cores);
    return NULL;
}

/* As if it were memory that is refused, so that tests can ask for it. */
static int make_thread(struct core *core)
{
    return memory_fault() ? EAGAIN : pthread_create(&core->thread, NULL, core_thread, core);
}

/* Returns the number of threads that were made. */
static int make_threads(struct cores *cores)
{
    for (int i = 1; i < cores->count; i++) {
        int error = make_thread(&cores->each[i]);
        if (error) {
            report_ready(cores, cores->count - i,
                         failure_of(error, "eddy_run_on_cores: there is no thread for core %d of %d", i, cores->count));
            return i - 1;
        }
    }
    return cores->count - 1;
}

/* The loop of core 0 is open. */
static void run_program(struct cores *cores, struct eddy_loop *loop)
{
    adopt_loop(&cores->each[0], loop);
    cores->first = loop;
    watch_signals(cores);
    int threads = make_threads(cores);
    report_ready(cores, 1, NULL);
    run_core(&cores->each[0]);
    for (int i = 1; i <= threads; i++)
        pthread_join(cores->each[i].thread, NULL);
}

/* ==== eddy_run_on_cores ==== */

static struct eddy_failure *check_call(const eddy_cores_options *options, const struct eddy_build *build)
{
    struct eddy_failure *failure = loop_check_build(build);
    if (failure)
        return failure;
    if (options->size == 0 || options->size > sizeof *options)
        return failure_of(EINVAL, "eddy_cores_options.size must be sizeof(eddy_cores_options)");
    if (options->cores < 0)
        return failure_of(EINVAL, "eddy_run_on_cores: %d is not a valid number of cores; 0 means all that are allowed",
                          options->cores);
    if (current.loop)
        return failure_of(EDDY_LOOP_RUNNING, "eddy_run_on_cores: a loop runs on this thread already");
    return NULL;
}

/* The simulation has one core, unless the program asks for more: only then does a seed repeat a run. */
static int number_of_cores(const eddy_cores_options *options, const struct eddy_loop *loop)
{
    return options->cores ? options->cores : loop->driver->virtual_time ? 1 : cpus_allowed();
}

/* Of such a value there cannot be several. */
static struct eddy_failure *check_value(const struct eddy_awaitable *coroutine, int count)
{
    if (count == 1 || !coroutine->awaitable.type->destroy)
        return NULL;
    return failure_of(EINVAL, "eddy_run_on_cores: %s cannot be copied for each core; await it in a coroutine",
                      coroutine->awaitable.type->name);
}

/* What the call comes to. */
struct outcome {
    struct eddy_failure *failure; /* NULL: all cores succeeded */
    int code;                     /* exit status */
    bool began;                   /* the coroutine's value was used */
    bool told;                    /* the failure was printed */
};

static struct outcome run_call(const struct cores *call, struct eddy_awaitable *coroutine)
{
    struct outcome outcome = {.code = EXIT_FAILED};
    struct eddy_loop *loop = loop_open_named(call->options->loop, false, &outcome.failure);
    if (!loop)
        return outcome;
    eddy_loop *name = loop->name;
    int count = number_of_cores(call->options, loop);
    outcome.failure = check_value(coroutine, count);
    struct cores *cores = outcome.failure ? NULL : new_program(count, call, coroutine);
    if (!cores) {
        eddy_loop_close(name);
        outcome.failure = outcome.failure ? outcome.failure : &failure_no_memory;
        return outcome;
    }
    run_program(cores, loop);
    outcome = (struct outcome){cores->failure, cores->code, !cores->refused, cores->prints};
    if (!outcome.failure)
        memcpy((char *)coroutine + call->result_offset, (char *)cores->each[0].main + call->result_offset,
               call->result_size);
    free_program(cores);
    return outcome;
}

int eddy_run_on_cores_main(void *coroutine, size_t size, size_t result_offset, size_t result_size,
                           const eddy_cores_options *options, const struct eddy_build *build, eddy_error *err,
                           const struct eddy_site *site)
{
    eddy_cores_options whole = {.size = 0};
    memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    struct cores call = {.size = size, .result_offset = result_offset, .result_size = result_size,
                           .options = &whole, .build = build, .site = site, .prints = !err};
    if (err)
        *err = (eddy_error){.message = ""};
    struct outcome outcome = {.failure = check_call(options, build), .code = EXIT_FAILED};
    if (!outcome.failure)
        outcome = run_call(&call, coroutine);
    if (!outcome.failure)
        return 0;
    if (!outcome.began && outcome.failure->code != EDDY_VERSION_MISMATCH)
        value_destroy(coroutine);
    if (err) {
        eddy_failure_catch(outcome.failure, err);
        return outcome.code;
    }
    if (!outcome.told)
        print_failure(outcome.failure, outcome.code);
    failure_unref(outcome.failure);
    return outcome.code;
}

/* ==== where a thread is ==== */

/* Also on a thread of the loop's pool. */
static const struct core *this_core(void)
{
    const struct eddy_loop *loop = current.loop ? current.loop : current.works_for;
    return loop ? loop->core : NULL;
}

int eddy_cores_allowed(void)
{
    return cpus_allowed();
}

int eddy_core_index(void)
{
    const struct core *core = this_core();
    return core ? core->index : 0;
}

int eddy_core_count(void)
{
    const struct core *core = this_core();
    return core ? core->cores->count : 1;
}

eddy_loop *eddy_core_loop(int i)
{
    const struct core *core = this_core();
    if (i < 0 || i >= eddy_core_count())
        return NULL;
    if (core)
        return core->cores->each[i].loop;
    return current.loop ? current.loop->name : current.works_for ? current.works_for->name : NULL;
}
