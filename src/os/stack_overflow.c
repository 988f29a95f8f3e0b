/* SPDX-License-Identifier: MIT */
/*
 * stack_overflow.c - the sentence that a stack overflow deserves, from a stack of its own.
 *
 * Everything below report() runs in a signal handler: no allocation, no stdio, no lock.
 */
#define _GNU_SOURCE
#include "os/stack_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

/* Room for the register state that the kernel saves (AVX-512, SVE: AT_MINSIGSTKSZ tells) and for
 * the namer. */
#define SIGNAL_STACK_SIZE ((size_t)64 * 1024)

static void (*volatile name_owner)(void *owner, char *buffer, size_t size);

#if !defined(STACK_ASAN)
static const int fault_signals[] = {SIGSEGV, SIGBUS};
static struct sigaction before[2]; /* what each of them did before */
#endif

/* ==== the report ==== */

static char *add_text(char *at, const char *end, const char *text)
{
    while (*text != '\0' && at < end)
        *at++ = *text++;
    return at;
}

static char *add_number(char *at, const char *end, size_t number)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return add_text(at, end, first);
}

static void report(const struct stack *stack)
{
    char name[64] = "", text[400];
    const char *end = text + sizeof text;
    if (name_owner != NULL)
        name_owner(stack->owner, name, sizeof name);
    char *at = add_text(text, end, "eddy: stack overflow in ");
    at = add_text(at, end, name[0] != '\0' ? "task \"" : "a task");
    at = add_text(at, end, name);
    at = add_text(at, end, name[0] != '\0' ? "\"" : "");
    at = add_text(at, end, " (stack of ");
    at = add_number(at, end, stack->size);
    at = add_text(at, end, " bytes): make it larger with the loop option stack_size,");
    at = add_text(at, end, " EDDY_STACK_SIZE=<bytes>, or move large locals to the heap\n");
    if (write(STDERR_FILENO, text, (size_t)(at - text)) < 0)
        return; /* nobody left to tell */
}

void stack_report_overflow(const struct stack *stack)
{
    report(stack);
    abort();
}

/* ==== the handler ==== */

#if !defined(STACK_ASAN)
/* The stack in use whose guard page holds `address`, or NULL. */
static const struct stack *stack_of_guard(uintptr_t address)
{
    for (struct stack_class *class = &stack_pool.common; class != NULL; class = class->next) {
        for (struct stack_slab *slab = class->slabs; slab != NULL; slab = slab->next) {
            uintptr_t offset = address - (uintptr_t)slab->stacks;
            if (address < (uintptr_t)slab->stacks || offset / class->size >= slab->carved)
                continue;
            const struct stack *stack = stack_at(class, slab, offset / class->size);
            return offset % class->size < stack_page_size() && stack->next == stack ? stack : NULL;
        }
    }
    return NULL;
}

static void die(int signal_number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &action, NULL);
    if (info->si_code <= 0)
        raise(signal_number); /* sent by somebody: returning would not bring it again */
}

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
    const struct sigaction *old = &before[signal_number == SIGBUS];
    if ((old->sa_flags & SA_SIGINFO) != 0)
        old->sa_sigaction(signal_number, info, context);
    else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN)
        die(signal_number, info);
    else
        old->sa_handler(signal_number);
}

static void handle(int signal_number, siginfo_t *info, void *context)
{
    const struct stack *stack = info->si_code > 0 ? stack_of_guard((uintptr_t)info->si_addr) : NULL;
    if (stack == NULL) {
        pass_on(signal_number, info, context);
        return;
    }
    report(stack);
    die(signal_number, info); /* the faulting instruction runs again, and the core file shows it */
}

static void install(void)
{
    struct sigaction action = {.sa_flags = SA_ONSTACK | SA_SIGINFO};
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; i++)
        sigaction(fault_signals[i], &action, &before[i]);
}

static void give_signal_stack(void)
{
    stack_t now;
    size_t size = SIGNAL_STACK_SIZE + getauxval(AT_MINSIGSTKSZ);
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return; /* the program has given this thread one */
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    stack_t ours = {.ss_sp = memory, .ss_size = size};
    if (sigaltstack(&ours, NULL) != 0) {
        munmap(memory, size);
        return;
    }
    stack_pool.signal_stack = memory;
    stack_pool.signal_stack_size = size;
}
#endif

void stack_watch_overflow(void (*namer)(void *owner, char *buffer, size_t size))
{
    __atomic_store_n(&name_owner, namer, __ATOMIC_RELAXED); /* the same from every thread */
    stack_page_size(); /* known before a signal asks */
#if !defined(STACK_ASAN) /* AddressSanitizer has its own report of this fault, with the frames */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    if (stack_pool.signal_stack == NULL) {
        give_signal_stack();
        stack_pool_attach();
    }
#endif
}

void stack_overflow_forget(void)
{
    if (stack_pool.signal_stack == NULL)
        return;
    stack_t now, none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == stack_pool.signal_stack)
        sigaltstack(&none, NULL);
    munmap(stack_pool.signal_stack, stack_pool.signal_stack_size);
    stack_pool.signal_stack = NULL;
}
