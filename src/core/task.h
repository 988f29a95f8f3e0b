/* SPDX-License-Identifier: MIT */
/*
 * task.h - a coroutine that runs beside others: its header, its life, how it waits.
 *
 * The block of a task is [struct task | copy of the coroutine]; the handle that programs have is the address of
 * the copy.  Invariant: what the loop touches while a task is parked (ready link, timer, wait-list link, driver
 * operation, watchers) lies in this header, never on the task's stack; a task waits for one thing at a time, so
 * the header has room for it once.
 *
 * References: one of the loop until the task has ended, one of the handle until it is consumed or detached, one
 * of each task that waits for it.
 */
#ifndef EDDY_CORE_TASK_H
#define EDDY_CORE_TASK_H

#include "core/fake_frame.h"
#include "core/switch.h"
#include "core/timer.h"
#include "eddy/lock.h"
#include "eddy/task.h"
#include "os/driver.h"

struct context_value;
struct level;
struct several;
struct job;

/* What the ready queue links: tasks and calls. */
struct ready {
    struct ready *next;
    bool queued;  /* it is in the ready queue */
    bool is_call; /* part of a struct loop_call, not of a task */
    uint32_t parked_at; /* a task's, here for there is room: the loop's looked_at when it began to wait */
};

struct wait_kind;

/* Wants to know when a task or future ends; fired once, off the lists by then. */
struct watch {
    struct watch *next, **link;
    void (*fire)(struct watch *watch);
    const struct wait_kind *kind; /* how a task waits by it, see circle.h; NULL: none does */
};
struct watches {
    struct watch *first, **end;
};

/* A place in a wait-list of a lock, queue, ... */
struct waiter {
    struct waiter *next, *previous;
    struct eddy_waiters *list;        /* NULL: in none */
    struct eddy_awaitable *awaitable; /* the operation that waits */
};

/* Of spawn_frame, for assembly. */
#define TASK_SPAWN_FRAME 16
#define TASK_SPAWN_FRAME_TEXT "16"

enum task_state { TASK_NEW, TASK_STARTED, TASK_DONE };

struct task {
    _Alignas(16) struct ready ready; /* and so is the coroutine after the task */
    char *spawn_frame;               /* below the frame that spawned it and all before it in its list */
    struct stack *stack;             /* NULL: not started, native, or done */
    struct eddy_loop *loop;
    struct eddy_awaitable *waits_for; /* the native operation it waits for; NULL: none */
    struct task *joins;              /* the task whose end it waits for; NULL: none, or several */
    struct task *behind;             /* in a search for circles: what it waits for; NULL: it was not found */
    struct task *next_asked;         /* in the loop's list of requests that are to be passed on; of those found */
    struct watches watches;          /* who waits for its end */
    struct task *next, *previous;    /* all tasks of the loop */
    void *sibling;                   /* next in the list of those that a frame spawned */
    void **sibling_link;             /* what points to it in that list; NULL: in none */
    void *children;                  /* spawned by plain functions that it called */
    struct eddy_failure *caught;     /* whose details its code may look at */
    struct context_value *context;   /* its variables */
    struct level *level;             /* its innermost scope of trio's kind; NULL: it is in none */
    const struct eddy_site *site;    /* where it was spawned */
    char *name;                      /* NULL: the function's name and the id */
    char *cancel_reason;
    uint32_t id;                     /* 1 is the main task */
    uint32_t size;                   /* of the block */
    uint32_t stack_size;             /* asked for; 0: the loop's */
    uint32_t references;
    uint32_t cancels;                /* requests made and not taken back */
    uint32_t undelivered;            /* of `cancels`: made since the last delivery */
    int saved_errno;
    uint32_t deliveries : 20;        /* of requests, so far: a request is known by what it was when it was made */
    uint8_t state;                   /* an enum task_state */
    uint8_t releasing;               /* releasing operations that it is inside of: see release_begin */
    uint8_t at_once;                 /* awaits that have completed at once since it last gave way */
    bool must_cancel;                /* a request waits for the next await */
    bool interruptible;              /* a request wakes it; in a releasing operation: ends what it waits for */
    bool forwarded;                  /* a request went to what it waits for */
    bool passes_on;                  /* requests go on to the task that it joins: it awaits it */
    bool joins_many;                 /* it waits for the end of several */
    bool to_ask;                     /* it is in the loop's list of requests */
    bool asked;                      /* a request to many goes to it, too: none needs to be passed on to it */
    bool circular;                   /* the wait for the task that it joins ends now: that one waits for this one */
    bool cancelled;                  /* it ended by ECANCELED */
    bool obeyed;                     /* ... which was a request that had been delivered to it */
    bool has_result;                 /* it ended well, and nobody has taken its result */
    bool seen;                       /* somebody has looked at its failure */
    bool consumed;                   /* its handle was awaited or given up: a second use is a bug */
    bool in_loop;                    /* it is in the loop's list of tasks */
    /* Behind this line nothing is cleared when a task is made. */
    struct switch_point point;       /* where it goes on; in use while it is started and not running */
    struct fake_frame fake_frame;    /* of the body that spawned it; set with spawn_frame */
    union {                          /* what the wait needs */
        struct timer timer;
        struct watch watch;
        struct waiter waiter;
        struct driver_op op;
        struct several *several;     /* of a gather */
        struct eddy_failure *refusal; /* of a wait that ends as `circular` */
        struct job *job;             /* of a blocking function */
    } wait;
};

/* Flags of struct eddy_core. */
enum { ED_FLAG_TASK = 1, ED_FLAG_FUTURE = 2, ED_FLAG_CANCELLING = 4, ED_FLAG_MARKED = 8 };

static inline struct eddy_awaitable *task_handle(struct task *task)
{
    return (struct eddy_awaitable *)(void *)(task + 1);
}
static inline struct eddy_core *task_core(struct task *task)
{
    return &task_handle(task)->awaitable;
}
static inline struct task *task_of_handle(const void *handle)
{
    return (struct task *)(uintptr_t)handle - 1;
}
static inline bool task_is_main(const struct task *task)
{
    return task->id == 1;
}
static inline bool handle_is_task(const struct eddy_awaitable *a)
{
    return a->awaitable.flags & ED_FLAG_TASK;
}

/* A task not yet in the ready queue, with one reference of the loop and one for the caller, inside of `outer` (NULL: in
 * no scope); NULL: no memory. */
struct task *task_new(struct eddy_loop *loop, struct level *outer, const void *coroutine, size_t size,
                      const struct eddy_site *site);
void task_own(struct task *task, void **children);    /* puts it into a frame's list, in front */
/* The part of eddy_frame_end that runs below the frame which has ended; caller: the stack pointer there. */
EDDY_CALLED_BY_ASSEMBLY void frame_end_below(struct task *first, char *caller);
/* Lies in frame_<arch>.c: gcc's link-time optimisation does not see what assembly defines, and takes a file out of the
 * static library only for the sake of something in C. */
extern const char frame_end_file;
void task_disown(struct task *task);                  /* takes it out of whatever list it is in */
void task_unref(struct task *task);
/* Somebody has seen that one was not spawned for want of memory. */
void task_unspawned_seen(void);
/* Blocks that debug mode has kept. */
void tasks_free(struct eddy_loop *loop);
const char *task_name(struct task *task);
/* Without memory it keeps the name that it has. */
void task_set_name(struct task *task, const char *name);

/* Puts it into the ready queue; harmless if it is there. */
void task_wake(struct task *task);
/* Leaves the running task's stack until task_wake; errno is the same afterwards. */
void task_park(struct task *self);
/* The request as eddy_cancel makes it; false: it had ended. */
bool task_cancel(struct task *task, const char *reason);
/* The same to a task marked as `asked`, for all of those that are marked get one: the mark goes. */
void task_cancel_marked(struct task *task, const char *reason);
/* The library's wish that it ends, for what is around it ends: one in a cancelled scope has been asked already. */
void task_hurry(struct task *task, const char *reason);
void task_hurry_marked(struct task *task, const char *reason);
/* A request that its maker takes back at its own end: of a scope, a group.  `inner`: it was begun inside the releasing
 * operation that the task is in, and reaches what that waits for. */
struct request {
    uint32_t deliveries : 20; /* of the task, when it was made */
    uint32_t inner : 1;
};
struct request task_ask(struct task *task, const char *reason, bool inner);
/* One that was not delivered so far never will be.  Gives the requests that are left. */
unsigned task_withdraw(struct task *task, struct request request);
/* A request that went to what the task waited for has been answered there. */
void task_note_delivery(struct task *self);
/* Takes a request that waits for delivery: the failure to deliver, or NULL. */
struct eddy_failure *task_take_cancel(struct task *self);
/* The failure that a delivered request becomes. */
struct eddy_failure *task_deliver_cancel(struct task *self);

/* ---- awaits that complete at once ---- */

enum { TASK_AWAITS_AT_ONCE = 16 };
/* An await begins: must it call task_checkpoint? */
static inline bool task_must_look(const struct task *self)
{
    return __builtin_expect(self->must_cancel || self->at_once >= TASK_AWAITS_AT_ONCE, 0);
}
/* After many awaits that completed at once the task gives way for one turn.  Then, or if `first`, a request that is
 * pending is delivered in place of what would begin: the failure, or NULL. */
struct eddy_failure *task_checkpoint(struct task *self, bool first);
/* The same where nothing can be delivered. */
void task_give_way(struct task *self);

/*
 * What releases something does its work whatever was asked of the task: requests wait until release_end, and the
 * operation has a deadline of its own.  Scopes that begin inside work as ever.  Where a request may cut the waiting
 * short, `interruptible` is set.  For eddy_defer.
 */
struct release {
    struct task *task;
    struct eddy_failure *caught; /* by the task before: an error that it still looks at outlives those in here */
};
/* Somebody wants the task to end: what it releases should not take longer than it must. */
bool task_is_asked(const struct task *task);
struct release release_begin(void);
void release_end(struct release *release);

/* Waits until task has ended.  forward: it is an await, and a cancellation of self goes to it; else self goes on
 * waiting. */
void task_wait_end(struct task *self, struct task *task, bool forward);
/* A coroutine that never begins: frees what its value owns. */
void value_destroy(struct eddy_awaitable *value);
/* The end of a native task, or of a body: status is in the core. */
void task_finish(struct task *task);
/* The entry of a task's stack. */
void task_entry(void *task);
/* Makes it ready to run: takes its stack.  False: no memory, and the task has ended with ENOMEM. */
bool task_prepare(struct task *task);
/* A native one, in the loop: begins its operation, or ends it. */
void task_step_native(struct task *task);

/* ---- watches ---- */
void watch_add(struct watches *watches, struct watch *watch, void (*fire)(struct watch *));
void watch_remove(struct watches *watches, struct watch *watch);
void watches_fire(struct watches *watches);
static inline bool watch_is_set(const struct watch *watch)
{
    return watch->link != NULL;
}
/* Of a task or future. */
struct watches *watches_of(struct eddy_awaitable *a);
bool awaitable_is_done(const struct eddy_awaitable *a);
/* For lists of handles in which one may stand twice: true the first time.  What spawn gives without memory stands for
 * many tasks: true each time.  All marks are taken away in the same step of the loop. */
bool awaitable_mark(struct eddy_awaitable *a);
void awaitable_unmark(struct eddy_awaitable *a);

/* ---- native operations ---- */

/* The task that drives a native operation, from its start to its end. */
static inline struct task *owner_of(const struct eddy_awaitable *a)
{
    return a->awaitable.owner;
}
/* Ends it, owning the failure (NULL: well). */
void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure);
/* Ends the waiting of a task that waits for a native operation, which then fails with ECANCELED; nothing is asked of
 * the task itself.  One that has a completion already goes on with that. */
void native_interrupt(struct task *task);
/* From an operation's `finish`: what it was woken for is gone, it waits on. */
void native_again(struct eddy_awaitable *a);

/* ---- wait-lists: used by start, cancel and by who wakes ---- */
void waiters_add(struct eddy_waiters *list, struct eddy_awaitable *a);
/* True: nobody waits in it, or tasks of this thread's loop do. */
bool waiters_are_ours(const struct eddy_waiters *list);
/* From `start`: the same as waiters_add, but that a list of another loop's tasks fails it. */
void waiters_wait(struct eddy_waiters *list, struct eddy_awaitable *a);
/* The operation that came first, or NULL. */
struct eddy_awaitable *waiters_first(const struct eddy_waiters *list);
/* Takes it off the list, if it is on one: true. */
bool waiters_remove(struct eddy_awaitable *a);
/* waiters_remove and native_complete with ECANCELED: the `cancel` of most of them. */
void waiters_cancel(struct eddy_awaitable *a);
/* Takes the first off and completes it well; false: there was none. */
bool waiters_wake_first(struct eddy_waiters *list);

#endif
