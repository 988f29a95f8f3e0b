/* SPDX-License-Identifier: MIT */
/* generator.c - steps of generators: resume, send, throw, close, yield, delegation, transfer. */
#include "core/generator.h"

#include <string.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/stack_call.h"
#include "eddy/macros.h"
#include "os/stack.h"

static struct generator_stack *stack_of(struct eddy_generator_control *control)
{
    return (struct generator_stack *)(void *)control;
}

static void unlist(struct generator_stack *g)
{
    if (!g->loop)
        return;
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    g->loop = NULL;
}

/* ---- switches ---- */

#ifdef EDDY_QUICK_STEPS

static void prepare(struct generator_stack *g, void *top)
{
    g->inside = (struct generator_point){.sp = top, .pc = (void *)(uintptr_t)eddy_generator_entry};
}

/* The consumer's code goes on after a step. False: the generator has ended. */
static inline bool go_in(struct generator_stack *g)
{
    return generator_go_in(g, g->thrown != NULL);
}

static struct eddy_failure *go_out(struct generator_stack *g)
{
    return generator_go_out(g) ? g->thrown : NULL;
}

static bool was_transferred(const struct generator_stack *g)
{
    return g->outside.pc == (void *)(uintptr_t)generator_back_transferred;
}

static struct generator_stack *origin_of(struct generator_stack *g)
{
    return was_transferred(g) ? g->origin : g;
}

/* `other` gets the way back to the consumer of g. */
static void hand_over(const struct generator_stack *g, struct generator_stack *other, struct generator_stack *origin)
{
    other->origin = origin;
    other->outside = g->outside;
    if (!was_transferred(g) && g->outside.pc != (void *)(uintptr_t)generator_back_keeping)
        other->outside.then = g->outside.pc;
    other->outside.pc = (void *)(uintptr_t)generator_back_transferred;
}

static struct eddy_failure *go_across(struct generator_stack *g, struct generator_stack *other)
{
    return generator_go_across(g, other) ? g->thrown : NULL;
}

static _Noreturn void go_away(struct generator_stack *g)
{
    generator_go_away(g);
}

static void forget(struct generator_stack *g)
{
    (void)g;
}

#else

static void prepare(struct generator_stack *g, void *top)
{
    switch_prepare(&g->inside, g->stack->floor, top, generator_body, g);
}

static inline bool go_in(struct generator_stack *g)
{
    g->origin = g;
    g->state = EDDY_RUNNING;
    return switch_for_bool(&g->outside, &g->inside, g->thrown);
}

static struct eddy_failure *go_out(struct generator_stack *g)
{
    g->state = EDDY_SUSPENDED;
    void *const there_is_a_value = (void *)(uintptr_t)1; /* exactly 1: it is read as a bool, which has no other bits */
    return switch_with(&g->inside, &g->outside, there_is_a_value);
}

static struct generator_stack *origin_of(struct generator_stack *g)
{
    return g->origin;
}

static void hand_over(const struct generator_stack *g, struct generator_stack *other, struct generator_stack *origin)
{
    other->origin = origin;
    other->outside = g->outside;
}

static struct eddy_failure *go_across(struct generator_stack *g, struct generator_stack *other)
{
    g->state = EDDY_SUSPENDED;
    other->state = EDDY_RUNNING;
    return switch_with(&g->inside, &other->inside, NULL);
}

static _Noreturn void go_away(struct generator_stack *g)
{
    struct switch_point gone, outside = g->outside;
    switch_retire();
    switch_away(&gone, &outside, NULL);
    __builtin_unreachable();
}

static void forget(struct generator_stack *g)
{
    switch_forget(&g->inside);
}

#endif

/* Runs last on its stack: the body has returned. */
EDDY_CALLED_BY_ASSEMBLY void generator_body(void *argument)
{
    struct generator_stack *g = argument;
    struct eddy_core *core = &g->frame->core;
    core->type->run((struct eddy_awaitable *)(void *)core);
    g->state = EDDY_FINISHED;
    origin_of(g)->ended = g;
    go_away(g);
}

/* It has no stack any more. `self` tells a step so. */
static void detach(struct eddy_generator *user)
{
    user->control = NULL;
    user->self = NULL;
}

/* The size that was requested, or otherwise the size of the task's stack. */
static size_t stack_size_of(const struct eddy_generator *user)
{
    if (user->core.stack_size)
        return user->core.stack_size;
    if (current.task && current.task->stack_size)
        return current.task->stack_size;
    return current.loop ? current.loop->options.stack_size : 0;
}

bool (eddy_generator_stack)(void *g, size_t size)
{
    struct eddy_generator *user = g;
    if (user->control || user->core.state != EDDY_CREATED)
        return false;
    user->core.stack_size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    return true;
}

/* A third of a stack is kept free for the functions that a body calls. */
static char *low_of(const struct stack *stack)
{
    return stack->floor + ((char *)stack - stack->floor) / 3;
}

/* Takes a stack and makes the copy; false: no memory, and nothing has changed. */
static bool begin(struct eddy_generator *user, size_t size)
{
    struct stack *stack = stack_take(stack_size_of(user));
    if (!stack)
        return false;
    struct generator_stack *g = (struct generator_stack *)stack_top(stack) - 1;
    g = (void *)((uintptr_t)g & ~(uintptr_t)15);
    char *copy = (char *)((uintptr_t)((char *)g - size) & ~(uintptr_t)15);
    memset(g, 0, sizeof *g);
    memcpy(copy, user, size);
    g->stack = stack;
    g->low = low_of(stack);
    g->frame = (void *)copy;
    stack->owner = g;
    stack->generator = user->core.type->name;
    user->self = g->frame->self = user;
    user->control = g->frame->control = &g->control;
    user->core.state = EDDY_SUSPENDED;
    g->frame->core.failure = NULL;
    g->frame->core.children = NULL;
    g->state = EDDY_SUSPENDED;
    prepare(g, copy);
    return true;
}

/* The body has ended: its failure is stored in `user`, its stack goes back to the pool. */
static void collect(struct generator_stack *g, struct eddy_generator *user)
{
    struct eddy_failure *failure = g->frame->core.failure;
    struct eddy_generator *own = g->frame->self;
    unlist(g);
    if (own) {
        own->core.state = EDDY_FINISHED;
        detach(own);
    }
    stack_give(g->stack);
    if (user)
        user->core.failure = eddy_failure_chain(failure, user->core.failure, NULL);
    else
        failure_unref(failure);
}

static void check_not_copied(struct eddy_generator *user)
{
    EDDY_ASSERT(user->self == user, "generator \"%s\" has started and was copied: use a pointer to it",
                user->core.type->name);
}

static void set_failure(struct eddy_generator *user, struct eddy_failure *failure)
{
    failure_unref(user->core.failure);
    user->core.failure = failure;
}

/* Resumes a suspended generator and throws `thrown` (NULL: nothing). True: it has yielded. False: call
 * collect_ended. */
static inline bool step_into(struct generator_stack *g, void *slot, void *sent_slot, struct eddy_failure *thrown)
{
    g->control.slot = slot;
    g->control.sent_slot = sent_slot;
    g->thrown = thrown;
    return go_in(g);
}

static void collect_ended(struct eddy_generator *user)
{
    struct generator_stack *g = user->control ? stack_of(user->control) : NULL;
    struct generator_stack *ended = g ? g->ended : NULL;
    if (!ended)
        return;
    g->ended = NULL;
    collect(ended, user);
}

static bool step(struct eddy_generator *user, struct generator_stack *g, void *slot, void *sent_slot,
                 struct eddy_failure *thrown)
{
    bool more = step_into(g, slot, sent_slot, thrown);
    if (!more)
        collect_ended(user);
    return more;
}

bool eddy_generator_failed(struct eddy_generator *user)
{
    collect_ended(user);
    return user->core.failure != NULL;
}

static __attribute__((noinline)) bool resume_otherwise(struct eddy_generator *user, size_t size, void *slot,
                                                       void *sent_slot)
{
    if (user->control) {
        check_not_copied(user);
        set_failure(user, failure_of(EDDY_GENERATOR_RUNNING, "%s", user->core.type->name));
        return false;
    }
    if (user->core.state == EDDY_FINISHED)
        return false;
    if (!begin(user, size)) {
        set_failure(user, &failure_no_memory);
        return false;
    }
    return step_into(stack_of(user->control), slot, sent_slot, NULL);
}

EDDY_CALLED_BY_ASSEMBLY bool generator_step_otherwise(struct eddy_generator *user, void *slot, void *sent_slot)
{
    return eddy_generator_resume(user, user->core.type->size, slot, sent_slot);
}

/* Ends in the switch, as does eddy_generator_yield: a round trip has no `ret`. */
bool eddy_generator_resume(struct eddy_generator *user, size_t size, void *slot, void *sent_slot)
{
    struct generator_stack *g = stack_of(user->control);
    if (__builtin_expect(!g || user->self != user || generator_state(g) == EDDY_RUNNING, 0))
        return resume_otherwise(user, size, slot, sent_slot);
    return step_into(g, slot, sent_slot, NULL);
}

/* The same for callers that are not macros. */
static bool resume(struct eddy_generator *user, size_t size, void *slot, void *sent_slot)
{
    bool more = eddy_generator_resume(user, size, slot, sent_slot);
    if (!more)
        collect_ended(user);
    return more;
}

bool eddy_generator_send(struct eddy_generator *user, size_t size, void *slot, void *sent_slot)
{
    if (!user->control && user->core.state == EDDY_CREATED) {
        set_failure(user, failure_of(EDDY_GENERATOR_NOT_STARTED, "%s: call eddy_next first", user->core.type->name));
        return false;
    }
    return eddy_generator_resume(user, size, slot, sent_slot);
}

bool generator_throw_failure(struct eddy_generator *user, void *slot, void *sent_slot, struct eddy_failure *failure)
{
    if (!user->control) { /* not started, or ended: the error is raised at once */
        user->core.state = EDDY_FINISHED;
        set_failure(user, failure);
        return false;
    }
    check_not_copied(user);
    struct generator_stack *g = stack_of(user->control);
    if (generator_state(g) == EDDY_RUNNING) {
        failure_unref(failure);
        set_failure(user, failure_of(EDDY_GENERATOR_RUNNING, "%s", user->core.type->name));
        return false;
    }
    return step(user, g, slot, sent_slot, failure);
}

bool eddy_generator_throw(struct eddy_generator *user, size_t size, void *slot, void *sent_slot, int code,
                          const struct eddy_site *site)
{
    (void)size;
    return generator_throw_failure(user, slot, sent_slot, eddy_failure_of_code(site, code));
}

/*
 * Throws GeneratorExit in. True: the generator has yielded nevertheless. That value has no consumer: the variable of
 * the last value, and the generator's own object, may not exist any more. The copy contains a value, so its size is
 * enough for one.
 */
static bool step_to_end(struct eddy_generator *end, struct generator_stack *g)
{
    size_t size = (size_t)((char *)g - (char *)g->frame);
    max_align_t nowhere[size / sizeof(max_align_t) + 1];
    memset(nowhere, 0, sizeof nowhere);
    return step(end, g, nowhere, nowhere, &failure_generator_exit);
}

/* Closes a suspended generator; `user` may not exist any more (NULL). */
static struct eddy_failure *close_stack(struct generator_stack *g, struct eddy_generator *user)
{
    struct eddy_generator end = {.core = {.type = g->frame->core.type}, .control = &g->control};
    g->closing = true;
    if (!user)
        g->frame->self = NULL;
    if (step_to_end(&end, g)) {
        g->closing = false;
        return failure_of(EDDY_GENERATOR_IGNORED_EXIT, "%s", g->frame->core.type->name);
    }
    return end.core.failure == &failure_generator_exit ? NULL : end.core.failure;
}

struct eddy_failure *eddy_generator_close(struct eddy_generator *user)
{
    if (!user->control) {
        user->core.state = EDDY_FINISHED;
        return NULL;
    }
    check_not_copied(user);
    struct generator_stack *g = stack_of(user->control);
    if (generator_state(g) == EDDY_RUNNING)
        return failure_of(EDDY_GENERATOR_RUNNING, "%s", user->core.type->name);
    return close_stack(g, user);
}

struct eddy_failure *eddy_generator_failure(struct eddy_generator *user)
{
    collect_ended(user);
    struct eddy_failure *failure = user->core.failure;
    user->core.failure = NULL;
    return failure;
}

/* ---- inside a body ---- */

struct eddy_failure *eddy_generator_yield(struct eddy_generator_control *control)
{
    return go_out(stack_of(control));
}

struct eddy_failure *eddy_generator_thrown(struct eddy_generator *g)
{
    return stack_of(g->control)->thrown;
}

EDDY_CALLED_BY_ASSEMBLY bool generator_yield_otherwise(struct generator_stack *g)
{
    struct eddy_failure *thrown = go_out(g);
    g->thrown = thrown;
    return !thrown;
}

/* A sub-generator with its own stack: yielded and sent values pass between it and the consumer. */
static struct eddy_failure *delegate_steps(struct generator_stack *g, struct eddy_generator *inner, size_t size)
{
    bool more = resume(inner, size, g->control.slot, g->control.sent_slot);
    while (more) {
        struct eddy_failure *thrown = eddy_generator_yield(&g->control);
        if (!thrown) {
            more = resume(inner, size, g->control.slot, g->control.sent_slot);
        } else if (thrown->code == EDDY_GENERATOR_EXIT) {
            struct eddy_failure *failure = eddy_generator_close(inner);
            return failure ? failure : thrown;
        } else {
            more = generator_throw_failure(inner, g->control.slot, g->control.sent_slot, thrown);
        }
    }
    return eddy_generator_failure(inner);
}

/* A sub-generator on a new stack, since little room was left on the previous one. */
struct generator_detour {
    struct stack_call call;
    struct stack *stack;             /* the fresh one */
    struct generator_detour *before; /* the previous new stack; NULL: the generator's own stack */
    char *low_before;
};

static void run_inner(void *inner)
{
    struct eddy_core *core = &((struct eddy_generator *)inner)->core;
    core->type->run((struct eddy_awaitable *)(void *)core);
}

/* False: no memory. */
static __attribute__((noinline)) bool run_on_fresh_stack(struct generator_stack *g, struct eddy_generator *inner)
{
    struct generator_detour detour = {.call = {run_inner, inner, {0}}, .before = g->detour, .low_before = g->low};
    struct stack *stack = detour.stack = stack_take(g->stack->size);
    if (!stack)
        return false;
    stack->owner = g;
    stack->generator = inner->core.type->name;
    g->detour = &detour;
    g->low = low_of(stack);
    stack_call(&detour.call, stack->floor, stack_top(stack));
    g->detour = detour.before;
    g->low = detour.low_before;
    stack_give(stack);
    return true;
}

/* The generator is abandoned where it was suspended: all its stacks are given back, the innermost first. */
static void drop(struct generator_stack *g)
{
    unlist(g);
    forget(g);
    for (struct generator_detour *at = g->detour; at;) {
        struct generator_detour detour = *at; /* it lies on the previous stack, and ends with that one's frames */
        switch_forget(&detour.call.outside);
        stack_give(detour.stack);
        at = detour.before;
    }
    stack_give(g->stack);
}

/*
 * yield_from. A sub-generator that has not begun runs right here, on the stack of the outermost generator or on a
 * new one: its yields go straight to the consumer, at any depth.
 */
struct eddy_failure *eddy_generator_delegate(struct eddy_generator_control *control, struct eddy_generator *inner,
                                             size_t size)
{
    struct generator_stack *g = stack_of(control);
    if (inner->control && generator_state(stack_of(inner->control)) == EDDY_RUNNING)
        return failure_of(EDDY_GENERATOR_RUNNING, "%s", inner->core.type->name);
    if (inner->control)
        return delegate_steps(g, inner, size);
    if (inner->core.state == EDDY_FINISHED)
        return NULL;
    inner->self = inner;
    inner->control = control;
    inner->core.state = EDDY_RUNNING;
    if (__builtin_expect((char *)__builtin_frame_address(0) >= g->low, 1))
        run_inner(inner);
    else if (!run_on_fresh_stack(g, inner))
        inner->core.failure = &failure_no_memory;
    detach(inner);
    inner->core.state = EDDY_FINISHED;
    struct eddy_failure *failure = eddy_generator_failure(inner);
    if (!failure && g->closing) /* it caught the closing: its outer generator is closed nevertheless */
        failure = &failure_generator_exit;
    return failure;
}

struct eddy_failure *eddy_generator_transfer(struct eddy_generator_control *control, struct eddy_generator *to,
                                             size_t size)
{
    struct generator_stack *g = stack_of(control);
    if (!to->control && to->core.state == EDDY_FINISHED)
        return NULL;
    if (!to->control && !begin(to, size))
        return &failure_no_memory;
    check_not_copied(to);
    struct generator_stack *other = stack_of(to->control);
    if (generator_state(other) == EDDY_RUNNING)
        return failure_of(EDDY_GENERATOR_RUNNING, "%s", to->core.type->name);
    other->control = g->control;
    hand_over(g, other, origin_of(g));
    return go_across(g, other);
}

/* ---- for_each ---- */

void eddy_each_leave(struct eddy_each *each)
{
    struct eddy_generator *user = each->generator;
    if (!user || !user->control)
        return;
    struct generator_stack *g = stack_of(user->control);
    struct eddy_failure *failure = eddy_generator_close(user);
    if (user->control) { /* it yields instead of ending, and the loop's value ends now: so its stack is given back */
        drop(g);
        detach(user);
    }
    if (failure && each->frame)
        each->frame->failure = eddy_failure_chain(each->frame->failure, failure, NULL);
    else if (failure)
        eddy_failure_unseen(failure, NULL);
}

/* ---- async generators ---- */

static void enlist(struct generator_stack *g, struct eddy_loop *loop)
{
    g->loop = loop;
    g->next = loop->async_generators;
    g->link = &loop->async_generators;
    if (g->next)
        g->next->link = &g->next;
    loop->async_generators = g;
}

bool eddy_async_step(struct eddy_async_generator *user, size_t size, void *slot, void *sent_slot)
{
    struct eddy_generator *g = &user->generator;
    if (user->step)
        return user->step(user, slot);
    if (!g->control && g->core.state == EDDY_CREATED && current.loop) {
        if (!begin(g, size)) {
            set_failure(g, &failure_no_memory);
            return false;
        }
        enlist(stack_of(g->control), current.loop);
    }
    return eddy_generator_resume(g, size, slot, sent_slot);
}

struct eddy_failure *eddy_async_close(struct eddy_async_generator *user)
{
    if (user->step) {
        as_completed_close(user);
        return NULL;
    }
    return eddy_generator_close(&user->generator);
}

void eddy_async_each_leave(struct eddy_each *each)
{
    struct eddy_async_generator *user = each->generator;
    if (user && user->step)
        as_completed_close(user);
    else
        eddy_each_leave(each); /* an async generator begins with its generator */
}

/* Runs on a task. The objects of generators that are left open may not exist any more: only their stacks are
 * touched. */
void async_generators_close(struct eddy_loop *loop)
{
    for (struct generator_stack *g; (g = loop->async_generators);) {
        unlist(g);
        if (generator_state(g) != EDDY_SUSPENDED)
            continue;
        struct eddy_failure *failure = close_stack(g, NULL);
        if (failure && failure->code == EDDY_GENERATOR_IGNORED_EXIT) {
            forget(g);
            stack_give(g->stack);
        }
        if (failure) {
            report_failure(failure, "an async generator that was left open failed while it was closed");
            failure_unref(failure);
        }
    }
}

void async_generators_drop(struct eddy_loop *loop)
{
    for (struct generator_stack *g; (g = loop->async_generators);) {
        report_line("eddy: no memory to close the async generator \"%s\" that was left open",
                    g->frame->core.type->name);
        drop(g);
    }
}

static void run_anext(struct eddy_awaitable *a)
{
    struct eddy_anext *next = (struct eddy_anext *)(void *)a;
    struct eddy_generator *g = &next->generator->generator;
    if (next->thrown)
        next->result =
            generator_throw_failure(g, next->value, next->sent, eddy_failure_of_code(next->site, next->thrown));
    else if (next->sends && !g->control && g->core.state == EDDY_CREATED)
        next->result = eddy_generator_send(g, next->generator_size, next->value, next->sent);
    else
        next->result = eddy_async_step(next->generator, next->generator_size, next->value, next->sent) ||
                       (collect_ended(g), false);
    if (next->result)
        memcpy(next->out, next->value, next->size);
    else
        a->awaitable.failure = eddy_generator_failure(g);
}

static void run_aclose(struct eddy_awaitable *a)
{
    a->awaitable.failure = eddy_async_close(((struct eddy_aclose *)(void *)a)->generator);
}

const struct eddy_awaitable_type eddy_anext_type = {.name = "anext", .run = run_anext, .kind = EDDY_COROUTINE};
const struct eddy_awaitable_type eddy_aclose_type = {.name = "aclose", .run = run_aclose, .kind = EDDY_COROUTINE};
