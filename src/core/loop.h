/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the loop's own struct: the ready queue, timers, the driver, and what hangs on them.
 *
 * Invariant: one pass runs what was ready when it began, see sched.h; then the loop looks at I/O and timers.
 */
#ifndef EDDY_CORE_LOOP_H
#define EDDY_CORE_LOOP_H

#include <signal.h>

#include "core/block.h"
#include "core/call.h"
#include "core/cancel.h"
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

/* Something that hangs on the loop and is freed with it, after its tasks have ended: `close` takes it off. */
struct loop_closer {
    struct list_link link;
    void (*close)(struct loop_closer *closer);
};

/* Names have threads of their own: a name server that does not answer holds no other work up. */
enum pool { POOL_BLOCKING, POOL_NAMES, POOLS };

/* From other threads. */
struct remote_call {
    struct remote_call *next;
    void (*function)(void *);
    void *argument;
    uint64_t of_pool; /* a thread of the pool tells its end: the number of its job; 0: of no pool */
};

struct eddy_loop {
    struct ready_queue ready;
    struct switch_point point;   /* the loop itself, while a task runs */
    struct switch_point left;    /* where the task that ended last was left: nobody goes on there */
    struct driver *driver;
    struct timers timers;
    struct blocks blocks;        /* memory of tasks */
    struct hibernation hibernation;
    struct calls calls;
    struct task *tasks;          /* all that have not ended */
    struct task *main;
    struct task *quarantine;     /* debug: freed ones, kept to name a second use */
    struct task *to_ask;         /* tasks with a request that is to be passed on, chained by next_asked */
    struct task **ask_next;      /* where the next goes in that list; NULL: none is being passed on */
    size_t task_count;
    size_t unspawned;            /* spawns that failed for want of memory, and were not awaited so far */
    uint32_t last_id;            /* of tasks */
    uint64_t pass_of_look;       /* the pass that had begun when it last looked at the world */
    uint64_t look_at_pass;       /* with timers or I/O it looks after that one (I/O: after each) */
    bool timer_due;              /* one was set for a time that has come */
    bool careful;                /* leaving a stack takes more: debug mode, or stacks without guards */
    int *error;                  /* errno of its thread */
    uint64_t random;             /* state of the shuffle, in the simulation */
    struct remote_call *inbox;   /* atomic: a stack, newest first */
    struct generator_stack *async_generators; /* begun and not ended */
    struct fd_table fd_watches;  /* of struct fd_watches: see fd_watch.c */
    struct thread_pool *pools[POOLS]; /* made at first need */
    uint64_t last_job;           /* of blocking calls, from 1, in the order of their beginning */
    volatile sig_atomic_t interrupted; /* SIGINTs not yet looked at */
    struct signal_watch interrupts; /* of SIGINT, on the first thread */
    struct sigpipe sigpipe;      /* how it was on this thread before the loop ran */
    bool interrupted_main;       /* the main task was cancelled by one, with this request: */
    struct request interruption;
    bool closing;                /* passes may end at any time: it is being closed */
    bool returns;                /* tasks that hand over to each other come back to the loop after each pass; always so
                                  * with a virtual clock */
    bool stopped;                /* eddy_loop_stop was called */
    bool runs;                   /* a thread runs it; atomic */
    int broken;                  /* the driver has failed with this errno value: nothing can be waited for any more */
    unsigned last_passes;        /* that it may still make then, for what is ready */
    bool ended;                  /* other threads' calls are not taken any more */
    struct debugger *debug;      /* debug mode; NULL: off */
    struct list enders;          /* of struct loop_closer: asked to end when it is closed, and waited for */
    struct list callback_operations; /* of struct callback_operation: in flight */
    bool no_callback_operations; /* none is started any more */
    struct list closers;         /* of struct loop_closer */
    struct list unclaimed;       /* of struct eddy_remote: ended well, and their results not fetched; see remote.c */
    struct slot *slots;          /* of bridges to other libraries */
    uint64_t lag[EDDY_LAG_BUCKETS]; /* looks that found a timer due, by how late it was: see eddy_loop_stats */
    eddy_loop *name;             /* what programs know it by: the name of a gate */
    struct eddy_loop *next_loop; /* of the process: see loops.c */
    struct current *current;     /* of its thread: what runs there now.  For debuggers, as is the next */
    long thread;                 /* the kernel's number of the thread that its driver belongs to: it runs the loop */
    struct context_value *variables; /* of the last main task: what the next one begins with, if there was one */
    bool has_variables;
    int64_t rest_after;          /* when what is left over may go back again, of the driver's clock */
    int64_t last_look;           /* when the loop last looked at the world, of the driver's clock */
    uint32_t looked_at;          /* clock_tick of that */
    struct eddy_loop_options options;
};

/* Closes all that hangs on the loop, whose driver works yet. */
void loop_closers_run(struct eddy_loop *loop);
/* NULL and *error on failure.  moves: several threads run it, one after another. */
struct eddy_loop *loop_open(const eddy_loop_options *options, bool moves, int *error);
void loop_close(struct eddy_loop *loop);
/* Passes until done(argument).  False: the driver has failed, and nothing is ready
 * any more. */
bool loop_run_until(struct eddy_loop *loop, bool (*done)(void *), void *argument);
/* Looks at the world, for `limit` nanoseconds at most (CLOCK_NEVER: no limit) if nothing is ready; then one pass. */
void loop_step(struct eddy_loop *loop, int64_t limit);
/* Calls that wait in the inbox: made, on the loop's thread. */
void loop_drain_inbox(struct eddy_loop *loop);
/* A thread pool, made at first need; NULL: no memory. */
struct thread_pool *loop_pool(struct eddy_loop *loop, enum pool which);
/* Posts from any thread, of a loop that cannot end meanwhile; the memory is the caller's until the call is made. */
void loop_post(struct eddy_loop *loop, struct remote_call *call);
/* No more posts through the loop's name; makes the last ones. */
void loop_end_posts(struct eddy_loop *loop);

/* A timer was found due `late` nanoseconds after its time. */
void loop_note_lag(struct eddy_loop *loop, int64_t late);

/* On its own thread, when it begins to run and when it has ended. */
void loop_register(struct eddy_loop *loop);
void loop_unregister(struct eddy_loop *loop);
/* Any thread: a loop runs somewhere in the process. */
bool loops_run(void);
/* Any thread.  *name NULL: becomes this thread's, else that of the only loop of the process.  Returns 0; EDDY_NO_LOOP:
 * none runs; EINVAL: several do, which is reported, with `call` as what was called. */
int loop_resolve(eddy_loop **name, const char *call);
/* Any thread: the loop of that name, which does not end before loop_leave; NULL: it has ended, or is that of the
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
/* Without memory to run their clean-up: their stacks alone are given back. */
void async_generators_drop(struct eddy_loop *loop);

#endif
