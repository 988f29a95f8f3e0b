/* SPDX-License-Identifier: MIT */
/*
 * stack_call.h - a function call that runs on another stack.
 *
 * The caller waits inside stack_call. The place where it was left is in its struct stack_call, and so on its own
 * stack.
 */
#ifndef EDDY_CORE_STACK_CALL_H
#define EDDY_CORE_STACK_CALL_H

#include "core/switch.h"

struct stack_call {
    void (*function)(void *);
    void *argument;
    struct switch_point outside; /* where the caller goes on */
};

/* Calls function(argument) with frames in [low, top), which is used by nothing else. */
void stack_call(struct stack_call *call, void *low, void *top);

#endif
