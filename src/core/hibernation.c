/* SPDX-License-Identifier: MIT */
/* hibernation.c - which stacks sleep, and when. The invariant is in hibernation.h. */
#include "core/hibernation.h"

#include <errno.h>

#include "core/current.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/task.h"
#include "os/clock.h"
#include "os/hibernate.h"
#include "os/stack.h"

enum {
    AWAKE = 1024,       /* with no more stacks in use than this, none is put to sleep before its time */
    STEPS_PER_TASK = 32 /* stacks looked at for each task that begins beyond those */
};

static size_t size_of_nap(const struct nap *nap)
{
    return sizeof *nap + nap->size;
}

static void take_nap_back(struct task *task)
{
    struct nap *nap = stack_wake(task->stack);
    task->ready.begin = NULL;
    if (nap)
        block_give(&task->loop->blocks, nap, size_of_nap(nap));
}

static struct task *wake_up(struct ready *ready)
{
    struct task *task = task_of_ready(ready);
    take_nap_back(task);
    return task;
}

/* A blocking function may have the kernel write to memory on its caller's stack. */
static bool waits_for_thread(const struct task *task)
{
    return task->waits_for && task->waits_for->awaitable.type->kind == EDDY_BLOCKING;
}

static bool may_sleep(const struct task *task)
{
    return task->loop == current.loop && (task->loop->hibernation.all || task->hibernates) &&
           task->state == TASK_STARTED && !task->ready.queued && task != current.task && task != current.caller &&
           !waits_for_thread(task);
}

static bool put_to_sleep(struct task *task)
{
    if (task->ready.begin == wake_up)
        take_nap_back(task);
    size_t size = stack_nap_size(task->stack, task->point.sp);
    struct nap *nap = size ? block_take(&task->loop->blocks, size) : NULL;
    if (!nap)
        return false;
    if (!stack_put_to_sleep(task->stack, task->point.sp, nap)) {
        block_give(&task->loop->blocks, nap, size);
        return false;
    }
    task->ready.begin = wake_up;
    return true;
}

static uint32_t parked_for(const struct task *task, int64_t now)
{
    return clock_tick(now) - task->ready.parked_at;
}

/* Looks at all stacks of the thread, from where the last look has ended. True: some will have been parked long
 * enough later. */
static bool look_for_old(struct eddy_loop *loop, int64_t now)
{
    struct stack_walk walk = {.steps = SIZE_MAX};
    int naps = 0;
    bool young = false;
    for (struct stack *stack; naps < HIBERNATION_NAPS && (stack = stack_next_awake(&walk));) {
        struct task *task = stack->owner;
        if (!may_sleep(task))
            continue;
        if (parked_for(task, now) < clock_tick(CLOCK_SECOND))
            young = true;
        else
            naps += put_to_sleep(task);
    }
    loop->hibernation.next = naps == HIBERNATION_NAPS ? now : clock_add(now, CLOCK_SECOND / 2);
    return young || naps == HIBERNATION_NAPS;
}

int64_t hibernation_look(struct eddy_loop *loop, int64_t deadline)
{
    struct hibernation *hibernation = &loop->hibernation;
    int64_t now = driver_now(loop->driver);
    hibernation->young = true;
    if (now >= hibernation->next) {
        hibernation->next = clock_add(now, CLOCK_SECOND / 2);
        if (hibernate_begin() && stack_catches_faults())
            hibernation->young = look_for_old(loop, now);
    }
    if (loop->driver->virtual_time || !hibernation->young || hibernation->next > deadline)
        return deadline;
    return hibernation->next;
}

/* False: on the stack of the current task, or on one that is not a task's. */
void hibernation_make_room(size_t size)
{
    if (stack_live() - stacks_asleep() < AWAKE || stack_is_free(size))
        return;
    struct stack_walk walk = {.steps = STEPS_PER_TASK};
    for (struct stack *stack; (stack = stack_next_awake(&walk));)
        if (may_sleep(stack->owner))
            put_to_sleep(stack->owner);
}

const char *hibernation_refusal(const eddy_loop_options *options)
{
    return options->no_signals ? "no_signals leaves SIGSEGV alone" : hibernate_refusal();
}

int hibernation_begin(struct eddy_loop *loop)
{
    stack_watch_overflow(!loop->options.no_signals);
    if (hibernation_refusal(&loop->options))
        return ENOTSUP;
    if (!hibernate_begin())
        return ENOMEM;
    loop->hibernation.on = hibernate_is_on(); /* not where a tool watches the memory */
    if (loop->hibernation.on)
        loop->enter = NULL;
    return 0;
}

void hibernation_allow(struct task *task)
{
    static bool said;
    int error = task->loop->hibernation.on ? 0 : hibernation_begin(task->loop);
    task->hibernates = !error;
    if (error == ENOTSUP && !__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        report_line("eddy: the stacks of tasks do not hibernate: %s", hibernation_refusal(&task->loop->options));
}
