/* SPDX-License-Identifier: MIT */
/*
 * stack_call.h - a function call that runs on another stack.
 *
 * The caller waits inside stack_call; where it is left lies in its struct stack_call, and so on its own stack.
 */
#ifndef EDDY_CORE_STACK_CALL_H
#define EDDY_CORE_STACK_CALL_H

#include "core/switch.h"

struct stack_call {
    void (*function)(void *);
    void *argument;
    struct switch_point outside; /* the caller's place, meanwhile */
};

/* function(argument) with frames in [low, top), which nobody else uses. */
void stack_call(struct stack_call *call, void *low, void *top);

#endif
