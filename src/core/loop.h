/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the loop's own struct: the ready queue, timers, the driver, and attached objects.
 *
 * Invariant: one pass runs the tasks and calls that were ready when it began, see sched.h; then the loop looks at
 * I/O and timers.
 */
#ifndef EDDY_CORE_LOOP_H
#define EDDY_CORE_LOOP_H

#include <signal.h>

#include "core/block.h"
#include "core/call.h"
#include "core/cancel.h"
#include "core/crossing.h"
#include "core/hibernation.h"
#include "core/ready.h"
#include "core/switch.h"
#include "core/task.h"
#include "core/timer.h"
#include "eddy/loop.h"
#include "os/driver.h"
#include "os/fd_table.h"
#include "os/gate.h"
#include "os/signals.h"
#include "os/sigpipe.h"
#include "os/thread_pool.h"

struct context_value;
struct slot;
struct generator_stack;
struct debugger;
struct current;
struct job;
struct core;
struct before;

/* An object that is attached to the loop and freed with it, after its tasks have ended: `close` removes it. */
struct loop_closer {
    struct list_link link;
    void (*close)(struct loop_closer *closer);
};

/* Lookups of names have separate threads: a name server that does not answer does not hold up other work. */
enum pool { POOL_BLOCKING, POOL_NAMES, POOLS };

struct eddy_loop {
    struct ready_queue ready;
    struct switch_point point;   /* where the loop itself goes on, while a task runs */
    struct switch_point left;    /* where the task that ended last was left: no code goes on there */
    struct driver *driver;
    struct timers timers;
    struct blocks blocks;        /* memory for tasks */
    struct hibernation hibernation;
    struct calls calls;
    struct task *tasks;          /* all tasks that have not ended */
    struct task *main;
    struct task *quarantine;     /* debug mode: freed tasks, kept to report a second use */
    struct task *to_ask;         /* tasks with a request that must be passed on, chained by next_asked */
    struct task **ask_next;      /* where the next task goes in that list; NULL: no request is being passed on */
    size_t task_count;
    size_t unspawned;            /* spawns that failed for lack of memory, and were not awaited so far */
    uint32_t last_id;            /* of tasks */
    uint64_t pass_of_look;       /* the pass that had begun when it last looked at I/O and timers */
    uint64_t look_at_pass;       /* with timers or I/O it looks again after that pass (with I/O: after each) */
    bool timer_due;              /* a timer was set for a time that has passed */
    bool careful;                /* leaving a stack takes more steps: debug mode, or stacks without guards */
    int *error;                  /* errno of its thread */
    void (*enter)(void *task);   /* task_entry: new tasks take a stack that is free and begin there; NULL: each begins
                                  * by its `begin`, since there is more to do */
    uint64_t random;             /* state of the shuffle, in the simulation */
    struct remote_call *inbox;   /* atomic: a stack of calls, newest first */
    struct generator_stack *async_generators; /* those that have begun and not ended */
    struct fd_table fd_watches;  /* entries are struct fd_watches: see fd_watch.c */
    struct thread_pool *pools[POOLS]; /* made when it is first needed */
    uint64_t last_job;           /* number of the last blocking call, from 1, in the order in which they begin */
    /* These two lie in one word, which sched.h reads at once. */
    _Alignas(8) volatile sig_atomic_t interrupted; /* SIGINT has arrived, and was not handled yet */
    bool returns;                /* tasks that switch to each other return to the loop after each pass; always so
                                  * with a virtual clock */
    struct signal_watch interrupts; /* the watcher of SIGINT, on the first thread */
    struct sigpipe sigpipe;      /* the state of SIGPIPE on this thread before the loop ran */
    bool interrupted_main;       /* the main task was cancelled by a SIGINT, with this request: */
    struct request interruption;
    bool closing;                /* passes may stop at any time: the loop is being closed */
    bool stopped;                /* eddy_loop_stop was called */
    bool runs;                   /* a thread runs it; atomic */
    struct before *entered;      /* its thread's state before eddy_loop_enter; NULL: it was not called */
    bool stepping;               /* a step of a loop that was entered is under way */
    int broken;                  /* the driver has failed with this errno value: waiting is impossible */
    unsigned last_passes;        /* number of passes that it may still make then, for ready tasks */
    bool ended;                  /* other threads' calls are not taken any more */
    struct debugger *debug;      /* debug mode; NULL: off */
    struct list enders;          /* list of struct loop_closer: cancelled when the loop is closed, and waited for */
    struct list callback_operations; /* of struct callback_operation: in flight */
    bool no_callback_operations; /* no further operation is started */
    struct list closers;         /* list of struct loop_closer */
    size_t serving;              /* number of connections that servers of this loop have accepted and still have */
    struct list unclaimed;       /* list of struct eddy_remote: ended, their results not fetched; see remote.c */
    struct slot *slots;          /* pointers of bridges to other libraries */
    uint64_t lag[EDDY_LAG_BUCKETS]; /* number of looks that found a timer due, by lateness: see eddy_loop_stats */
    eddy_loop *name;             /* the name by which programs know it: the name of a gate */
    struct eddy_loop *next_loop; /* in the list of the process: see loops.c */
    struct current *current;     /* `current` of its thread: what runs there now. For debuggers, like the next one */
    long thread;                 /* the kernel's number of the thread that runs the loop and owns its driver */
    struct context_value *variables; /* context of the last main task: the next one begins with it; NULL: none */
    bool has_variables;
    int64_t rest_after;          /* when memory may be given back again, on the driver's clock */
    int64_t last_look;           /* when the loop last looked at I/O and timers, on the driver's clock */
    uint32_t looked_at;          /* clock_tick of that time */
    struct core *core;           /* of a program on several cores: which one, see cores/run.c; NULL: there is none */
    const char *main_name;       /* what tracebacks call its main tasks; NULL: they have no name there */
    struct eddy_loop_options options;
};

/* Closes all objects attached to the loop, whose driver still works. */
void loop_closers_run(struct eddy_loop *loop);
/* NULL and *error on failure. moves: several threads run the loop, one after another. */
struct eddy_loop *loop_open(const eddy_loop_options *options, bool moves, int *error);
void loop_close(struct eddy_loop *loop);
/* The same as eddy_loop_open, for a loop that only this thread runs if `moves` is false. NULL and *failure. */
struct eddy_loop *loop_open_named(const eddy_loop_options *options, bool moves, struct eddy_failure **failure);
/* Why the program's headers do not fit this library; NULL: they do. */
struct eddy_failure *loop_check_build(const struct eddy_build *build);
/* Makes passes until done(argument). False: the driver has failed, and nothing is ready any more. */
bool loop_run_until(struct eddy_loop *loop, bool (*done)(void *), void *argument);
/* Looks at I/O and timers, waiting at most `limit` nanoseconds (CLOCK_NEVER: no limit) if nothing is ready; then
 * makes one pass. */
void loop_step(struct eddy_loop *loop, int64_t limit);
/* Makes the calls that wait in the inbox, on the loop's thread. */
void loop_drain_inbox(struct eddy_loop *loop);
/* A thread pool, made when it is first needed; NULL: no memory. */
struct thread_pool *loop_pool(struct eddy_loop *loop, enum pool which);
/* Posts from any thread, to a loop that cannot end meanwhile; the memory belongs to the caller until the call is
 * made. */
void loop_post(struct eddy_loop *loop, struct remote_call *call);
/* Stops taking posts through the loop's name, and makes the last ones. */
void loop_end_posts(struct eddy_loop *loop);

/* A timer was found due `late` nanoseconds after its time. */
void loop_note_lag(struct eddy_loop *loop, int64_t late);

/* Called on its own thread, when it begins to run and when it has ended. */
void loop_register(struct eddy_loop *loop);
void loop_unregister(struct eddy_loop *loop);
/* Any thread: true if a loop runs somewhere in the process. */
bool loops_run(void);
/* Any thread. If *name is NULL, it is set to this thread's loop, else to the only loop of the process. Returns 0;
 * EDDY_NO_LOOP: none runs; EINVAL: several run, which is reported, with `call` as the name of the call. */
int loop_resolve(eddy_loop **name, const char *call);
/* Any thread: the loop of that name, which does not end before loop_leave; NULL: it has ended, or belongs to the
 * process that this one was forked from. */
static inline void loop_leave(const eddy_loop *name)
{
    gate_leave((uintptr_t)name);
}
static inline struct eddy_loop *loop_enter(const eddy_loop *name)
{
    struct eddy_loop *loop = gate_enter((uintptr_t)name);
    if (!loop || !driver_is_foreign(loop->driver))
        return loop;
    loop_leave(name);
    return NULL;
}

void fd_watches_free(struct eddy_loop *loop);
void handles_free(struct eddy_loop *loop);
void async_generators_close(struct eddy_loop *loop);
/* For the case that there is no memory to run their clean-up: only their stacks are given back. */
void async_generators_drop(struct eddy_loop *loop);

#endif
