/* SPDX-License-Identifier: MIT */
/*
 * switch_generic.c - the switch where no assembly is written for the machine: POSIX calls only, no makecontext.
 *
 * sigsetjmp and siglongjmp carry the registers. They cannot enter a new stack the first time. A signal handler does
 * that, whose alternate stack is the new one. It sets a mark with sigsetjmp and returns; jumping to that mark later
 * goes on in the handler's frame, which is untouched, since no other code uses the stack. Invariant: a stack pointer
 * of this file is the address of a struct place on the stack that it stands for.
 */
#include "core/switch.h"

#ifdef EDDY_SWITCH_IS_GENERIC

/* A fortified siglongjmp regards a jump to another stack as an attack. */
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>

#include "base/assert.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* Where a suspended stack goes on. */
struct place {
    sigjmp_buf registers;
    void *volatile value; /* the result of eddy_switch there */
};

/* The topmost words of a new stack. */
struct birth {
    struct place place;
    void (*entry)(void *);
    void *argument;
};

/* One stack at a time: while it is set up, the signal's action is replaced. */
static pthread_mutex_t births = PTHREAD_MUTEX_INITIALIZER;
static __thread struct birth *volatile being_born;

/* A signal that programs hardly use; its action is restored as soon as the stack is set up. */
static int birth_signal(void)
{
    return SIGRTMAX - 8;
}

void *eddy_switch(void **from, void *to, void *value)
{
    struct place here, *there = to;
    *from = &here;
    there->value = value;
    if (sigsetjmp(here.registers, 0) == 0)
        siglongjmp(there->registers, 1);
    return here.value;
}

static __attribute__((no_sanitize_address)) void begin(int signal)
{
    struct birth *birth = being_born;
    (void)signal;
    if (!birth) /* another thread received a signal of the program at that moment */
        return;
    being_born = NULL;
    if (sigsetjmp(birth->place.registers, 0) == 0)
        return;
    birth->entry(birth->argument);
    __builtin_trap();
}

/* Makes this thread run `begin` on the stack; every other signal waits. */
static void raise_on(const stack_t *stack)
{
    struct sigaction action = {.sa_handler = begin, .sa_flags = SA_ONSTACK}, action_before;
    stack_t stack_before;
    sigset_t all, but_ours, mask_before;
    sigfillset(&all);
    sigfillset(&action.sa_mask);
    sigfillset(&but_ours);
    sigdelset(&but_ours, birth_signal());
    pthread_mutex_lock(&births);
    pthread_sigmask(SIG_SETMASK, &all, &mask_before);
    bool good = sigaction(birth_signal(), &action, &action_before) == 0 && sigaltstack(stack, &stack_before) == 0 &&
                pthread_kill(pthread_self(), birth_signal()) == 0;
    EDDY_ASSERT(good, "signal %d could not be used to set a stack up", birth_signal());
    while (being_born)
        sigsuspend(&but_ours);
    sigaltstack(&stack_before, NULL);
    sigaction(birth_signal(), &action_before, NULL);
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
    pthread_mutex_unlock(&births);
}

/* Room for the kernel's signal frame and for the handler's frame; the rest of the stack lies below. */
static size_t signal_stack_size(void)
{
    size_t least = getauxval(AT_MINSIGSTKSZ);
    return (least > (size_t)MINSIGSTKSZ ? least : (size_t)MINSIGSTKSZ) + 4096;
}

void *switch_first_frame(void *top, void (*entry)(void *), void *argument)
{
    struct birth *birth = (struct birth *)((uintptr_t)((struct birth *)top - 1) & ~(uintptr_t)63);
    stack_t stack = {.ss_size = signal_stack_size() & ~(size_t)63};
    stack.ss_sp = (char *)birth - stack.ss_size;
    birth->entry = entry;
    birth->argument = argument;
    being_born = birth;
    raise_on(&stack);
    return &birth->place;
}

#else
typedef int eddy_not_generic;
#endif
