/* SPDX-License-Identifier: MIT */
/* stack_call.c - see stack_call.h; and calls on the thread's own stack, for foreign code that needs room. */
#include "core/stack_call.h"

#include <stdint.h>

#include "core/context_var.h"
#include "core/current.h"
#include "core/generator.h"
#include "core/loop.h"
#include "eddy/thread.h"
#include "os/stack.h"
#include "os/valgrind.h"

/* Runs last on the stack: the function has returned. */
static void begin(void *argument)
{
    struct stack_call *call = argument;
    struct switch_point gone;
    call->function(call->argument);
    switch_retire();
    switch_away(&gone, &call->outside, NULL);
    __builtin_unreachable();
}

void stack_call(struct stack_call *call, void *low, void *top)
{
    struct switch_point there;
    switch_prepare(&there, low, top, begin, call);
    switch_to(&call->outside, &there);
}

/* ---- on the thread's own stack ---- */

/* Bytes below the place where a stack was left that its innermost functions may use without moving the stack
 * pointer. */
#define MARGIN ((uintptr_t)4096)
/* Bytes that a thread's own stack certainly has left below a loop: for sanitizers only. */
#define ROOM ((uintptr_t)64 * 1024)

/* The stack pointer where the thread's own stack was left; NULL: it is running now. */
static void *own_stack(void)
{
    struct stack *stack = stack_around(__builtin_frame_address(0));
    void *place = NULL;
    while (stack && stack->generator) { /* code that steps into a generator may run on another stack */
        place = ((struct generator_stack *)stack->owner)->outside.sp;
        stack = stack_around(place);
    }
    return stack ? current.loop->point.sp : place;
}

/* The function does not run on the task: an await is refused, since the loop's own frames lie above. */
static void call_below(struct stack_call *call, const void *place)
{
    struct task *task = current.task;
    struct context_value *outside = task ? context_enter(task->context) : NULL;
    uintptr_t top = ((uintptr_t)place - MARGIN) & ~(uintptr_t)63;
    (void)VALGRIND_MAKE_MEM_UNDEFINED(top - MARGIN, MARGIN);
    current.task = NULL;
    current.caller = task;
    stack_call(call, (void *)(top - ROOM), (void *)top);
    current.caller = NULL;
    current.task = task;
    if (task)
        task->context = context_enter(outside);
}

void (eddy_call_on_big_stack)(void (*function)(void *), void *argument)
{
    struct stack_call call = {function, argument, {0}};
    const void *place = own_stack();
    if (place)
        call_below(&call, place);
    else
        function(argument);
}
