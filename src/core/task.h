/* SPDX-License-Identifier: MIT */
/*
 * task.h - a coroutine that runs beside others: its header, its life, how it waits.
 *
 * The block of a task is [struct task | copy of the coroutine]; the handle that programs have is the address of the
 * copy. Invariant: the data that the loop touches while a task is parked (ready link, timer, wait queue link, driver
 * operation, watchers) lie in this header, never on the task's stack; a task waits for one object at a time, so the
 * header has room for one.
 *
 * References: one of the loop until the task has ended, one of the handle until it is consumed or detached, one of
 * each task that waits for it.
 */
#ifndef EDDY_CORE_TASK_H
#define EDDY_CORE_TASK_H

#include <string.h>

#include "core/crossing.h"
#include "core/fake_frame.h"
#include "core/ready.h"
#include "core/switch.h"
#include "core/timer.h"
#include "core/waiter.h"
#include "core/watch.h"
#include "eddy/task.h"
#include "os/driver.h"

struct context_value;
struct level;
struct several;
struct job;

/* Offset of spawn_frame, for assembly. */
#define TASK_SPAWN_FRAME 24
#define TASK_SPAWN_FRAME_TEXT "24"

enum task_state { TASK_NEW, TASK_STARTED, TASK_DONE };

/* The bytes of `marks` in a task, which are tested together: TASK_MARKS(.forwarded = 0xff) is a mask for some. */
union task_marks {
    struct {
        uint8_t must_cancel, forwarded, at_once, state;
    } each;
    uint32_t all;
};
#define TASK_MARKS(...) (((union task_marks){.each = {__VA_ARGS__}}).all)

struct task {
    _Alignas(16) struct ready ready; /* and so is the coroutine after the task */
    char *spawn_frame;               /* an address below the frames that spawned it and all earlier tasks in its list */
    struct switch_point point;       /* where it goes on; in use while it is started and not running */
    int saved_errno;                 /* close to the point: a switch to the task needs both */
    union {
        struct {
            bool must_cancel;        /* a request waits for the next await */
            bool forwarded;          /* a request was passed to the object that it waits for */
            uint8_t at_once;         /* number of awaits that have completed at once since it last yielded */
            uint8_t state;           /* a value of enum task_state */
        };
        uint32_t marks;              /* the four above: zero until the task begins, unless it is cancelled before */
    };
    struct stack *stack;             /* NULL: not started, a native operation, or done */
    struct eddy_loop *loop;          /* the loop; NULL: the result of a spawn without memory */
    struct eddy_awaitable *waits_for; /* the native operation it waits for; NULL: none */
    struct task *joins;              /* the task whose end it waits for; NULL: none, or several */
    struct task *behind;             /* in a search for circles: what it waits for; NULL: it was not found */
    struct task *next_asked;         /* in the loop's list of requests to pass on; or among tasks found by a search */
    struct watches watches;          /* called at its end: tasks that wait for it, callbacks */
    struct task *next, **link;       /* its place among all tasks of the loop */
    void *sibling;                   /* next in the list of those that a frame spawned */
    void **sibling_link;             /* the pointer to it in that list; NULL: it is in no list */
    void *children;                  /* tasks that were spawned by plain functions that it called */
    struct eddy_failure *caught;     /* the failure whose details its code may read */
    struct context_value *context;   /* its variables */
    struct level *level;             /* its innermost scope of trio's kind; NULL: it is in none */
    const struct eddy_site *site;    /* where it was spawned */
    char *name;                      /* NULL: the function's name and the id */
    char *cancel_reason;
    uint32_t id;                     /* 1 is the main task */
    uint32_t size;                   /* of the block */
    uint32_t stack_size;             /* requested stack size; 0: the loop's default */
    uint32_t references;
    uint32_t cancels;                /* number of requests that were made and not withdrawn */
    uint32_t undelivered;            /* number of those in `cancels` made since the last delivery */
    uint32_t deliveries : 20;        /* number of deliveries so far: a request keeps the number at which it was made */
    uint8_t releasing;               /* number of releasing operations that it is inside: see release_begin */
    bool interruptible;              /* a request wakes it; in a releasing operation: a request ends its wait */
    bool passes_on;                  /* requests are passed to the task that it joins, since it awaits that task */
    bool joins_many;                 /* it waits for the end of several tasks */
    bool to_ask;                     /* it is in the loop's list of requests to pass on */
    bool asked;                      /* a request to many reaches it, too: none needs to be passed to it */
    bool circular;                   /* the wait for the task that it joins ends now: that one waits for this one */
    bool cancelled;                  /* it ended by ECANCELED */
    bool obeyed;                     /* ... which was a request that had been delivered to it */
    bool has_result;                 /* it succeeded, and its result was not taken */
    bool seen;                       /* its failure was read */
    uint8_t consumed;                /* a value of enum handle_use, not 0: a second use is a bug */
    bool hibernates;                 /* its stack may sleep, even if the loop has not asked for that for all */
    /* The members below are not cleared when a task is made. */
    struct fake_frame fake_frame;    /* the frame of the body that spawned it; set together with spawn_frame */
    union {                          /* the data of the current wait */
        struct timer timer;
        struct watch watch;
        struct waiter waiter;
        struct crossing crossing;
        struct driver_op op;
        struct several *several;     /* of a gather */
        struct eddy_failure *refusal; /* for a wait that ends as `circular` */
        struct job *job;             /* for a blocking function */
    } wait;
    const struct eddy_site *used_at; /* where its handle was awaited or given up, if `consumed` says so */
};

/* What the program did with a handle. HANDLE_USED: used_at is not set. */
enum handle_use { HANDLE_UNUSED, HANDLE_USED, HANDLE_USED_AT };

/* Flags of struct eddy_core. */
enum { ED_FLAG_TASK = 1, ED_FLAG_FUTURE = 2, ED_FLAG_CANCELLING = 4, ED_FLAG_MARKED = 8, ED_FLAG_LOOP_ENDS = 16 };

static inline struct eddy_awaitable *task_handle(struct task *task)
{
    return (struct eddy_awaitable *)(void *)(task + 1);
}
static inline struct eddy_core *task_core(struct task *task)
{
    return (struct eddy_core *)(void *)(task + 1); /* it begins the handle */
}
static inline struct task *task_of_handle(const void *handle)
{
    return (struct task *)(uintptr_t)handle - 1;
}
static inline struct task *task_of_ready(struct ready *ready)
{
    return container_of(ready, struct task, ready);
}
/* True: it is the result of a spawn without memory. */
static inline bool task_is_no_memory(const struct task *task)
{
    return !task->loop;
}
/* It has not begun, and no request to cancel it was made. */
static inline bool task_is_untouched(const struct task *task)
{
    return task->marks == 0;
}
static inline bool task_is_main(const struct task *task)
{
    return task->id == 1;
}
static inline bool handle_is_task(const struct eddy_awaitable *a)
{
    return a->awaitable.flags & ED_FLAG_TASK;
}

/* Puts it at the front of a frame's list. */
static inline void task_own(struct task *task, void **children)
{
    struct task *before = task->sibling = *children;
    if (before) {
        before->sibling_link = &task->sibling;
        if (before->spawn_frame < task->spawn_frame)
            task->spawn_frame = before->spawn_frame;
    }
    task->sibling_link = children;
    *children = task;
}
/* Removes it from the list that it is in. */
static inline void task_disown(struct task *task)
{
    if (!task->sibling_link)
        return;
    *task->sibling_link = task->sibling;
    if (task->sibling)
        ((struct task *)task->sibling)->sibling_link = task->sibling_link;
    task->sibling_link = NULL;
}
/* Called when the last reference is given up. */
void task_free(struct task *task);
/* For a task that was made: its handle was used, or it has run. */
static inline void task_unref_counted(struct task *task)
{
    if (--task->references == 0)
        task_free(task);
}
static inline void task_unref(struct task *task)
{
    if (!task_is_no_memory(task))
        task_unref_counted(task);
}
/* Its handle was awaited or given up, which the program may do once. */
static inline void task_use(struct task *task, const struct eddy_site *site)
{
    task->consumed = HANDLE_USED_AT;
    task->used_at = site;
}
/* Its handle is given up: it remains in the scopes that it was spawned in, and frees itself when it has ended. */
static inline void task_give_up_handle_at(struct task *task, const struct eddy_site *site)
{
    task_disown(task);
    task_use(task, site);
    task_unref(task);
}
static inline void task_give_up_handle(struct task *task)
{
    task_give_up_handle_at(task, NULL);
}
/* Its failure was read, and must not be reported. */
static inline void task_mark_seen(struct task *task)
{
    task->seen = true;
}
struct level;
/* A task in the place `outer`, whatever the caller is in; owned by no frame. It begins in the next pass; the caller has
 * its handle. NULL: no memory, and the value is still the caller's. */
struct task *task_spawn_into(struct level *outer, const void *coroutine, size_t size, const struct eddy_site *site);
/* A spawn that failed for lack of memory was noticed by the program. */
void task_unspawned_seen(void);
/* Frees blocks that debug mode has kept. */
void tasks_free(struct eddy_loop *loop);
/* A coroutine that never begins: frees what its value owns. */
static inline void value_destroy(struct eddy_awaitable *value)
{
    if (value->awaitable.type->destroy)
        value->awaitable.type->destroy(value);
}
const char *task_name(struct task *task);
/* Reports misuse with places in the user's code: where the task was spawned, where its handle was used before, and
 * where it is used now (NULL: not told). */
_Noreturn void task_used_twice(struct task *task, const struct eddy_site *now) __attribute__((cold));
static inline void task_check_unused(struct task *task, const struct eddy_site *now)
{
    if (__builtin_expect(task->consumed, 0))
        task_used_twice(task, now);
}
/* Without memory it keeps its old name. */
void task_set_name(struct task *task, const char *name);

/* For a task or future. */
struct watches *watches_of(struct eddy_awaitable *a);
static inline bool awaitable_is_done(const struct eddy_awaitable *a)
{
    return a->awaitable.state == EDDY_FINISHED;
}
/* For lists of handles that may contain a handle twice: true the first time. The result of a spawn without memory
 * stands for many tasks: true each time. All marks are cleared in the same step of the loop. */
bool awaitable_mark(struct eddy_awaitable *a);
void awaitable_unmark(struct eddy_awaitable *a);

#endif
