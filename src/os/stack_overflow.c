/* SPDX-License-Identifier: MIT */
/*
 * stack_overflow.c - reports a stack overflow, from a signal handler that runs on a separate stack.
 *
 * A fault is an overflow if it lies in the guard below one of this thread's stacks, or next to the stack pointer and
 * beyond the thread's own stack. Every other fault, and an overflow after its report, goes to the handler that was
 * installed before. The code that runs in a signal handler makes no allocation, uses no stdio and takes no lock.
 */
#define _GNU_SOURCE
#include "os/hibernate.h"
#include "os/stack_pool.h"
#include "os/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

/* Room for the register state that the kernel saves (AVX-512, SVE: given by AT_MINSIGSTKSZ) and for the namer. */
#define SIGNAL_STACK_SIZE ((size_t)64 * 1024)
/* How far from the stack pointer the first access of a frame may be: below it by a call, above it by a large frame. */
#define BELOW_POINTER ((size_t)64 << 10)
#define ABOVE_POINTER ((size_t)1 << 20)
/* The first thread's stack begins before the part that is known here: arguments and environment; and the kernel
 * keeps a gap. */
#define OUTSIDE_LIMIT ((size_t)4 << 20)

static void (*volatile name_owner)(void *owner, char *buffer, size_t size);

void stack_set_namer(void (*namer)(void *owner, char *buffer, size_t size))
{
    __atomic_store_n(&name_owner, namer, __ATOMIC_RELAXED); /* the same in every thread */
}

void stack_note_work(const char *kind, const char *name)
{
    stack_pool.work_kind = kind;
    stack_pool.work_name = name;
}

/* ==== the report ==== */

/* A line that is being composed; text that does not fit is left out. */
struct line {
    char text[480];
    size_t size;
};

static void add_text(struct line *line, const char *text)
{
    while (*text != '\0' && line->size < sizeof line->text)
        line->text[line->size++] = *text++;
}

static void add_number(struct line *line, size_t number)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add_text(line, first);
}

static void add_name(struct line *line, const char *kind, const char *name)
{
    add_text(line, kind);
    add_text(line, " \"");
    add_text(line, name);
    add_text(line, "\"");
}

static void say(const struct line *line)
{
    if (write(STDERR_FILENO, line->text, line->size) < 0)
        return; /* standard error is closed: the message is lost */
}

static void report(const struct stack *stack)
{
    char name[128] = "a task";
    struct line line = {.size = 0};
    if (name_owner && !stack->generator)
        name_owner(stack->owner, name, sizeof name);
    add_text(&line, "eddy: stack overflow in ");
    if (stack->generator)
        add_name(&line, "generator", stack->generator);
    else
        add_text(&line, name);
    add_text(&line, " (stack of ");
    add_number(&line, stack->size);
    add_text(&line, " bytes): make it larger with ");
    add_text(&line, stack->generator ? "eddy_generator_stack(&g, bytes)"
                                     : "the option stack_size of its spawn or of the loop");
    add_text(&line, ", EDDY_STACK_SIZE=<bytes>, or move large locals to the heap\n");
    say(&line);
}

void stack_report_overflow(const struct stack *stack)
{
    report(stack);
    abort();
}

#if !defined(STACK_ASAN) /* AddressSanitizer has its own report of this fault, with the frames */

/* The size of the thread's own stack; 0: it has no limit. */
static size_t own_stack_size(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    if (stack_pool.own_low)
        return stack_pool.own_size;
    getrlimit(RLIMIT_STACK, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? 0 : (size_t)limit.rlim_cur;
}

static void add_own_remedy(struct line *line)
{
    if (!stack_pool.own_low)
        add_text(line, "with ulimit -s");
#if defined(__GLIBC__)
    else if (stack_pool.work_kind)
        add_text(line, "with ulimit -s before the program starts");
#else
    else if (stack_pool.work_kind)
        add_text(line, "with pthread_setattr_default_np");
#endif
    else
        add_text(line, "with pthread_attr_setstacksize");
}

static void report_own_stack(void)
{
    char name[128] = "";
    struct line line = {.size = 0};
    size_t size = own_stack_size();
    if (name_owner && !stack_pool.work_kind)
        name_owner(NULL, name, sizeof name);
    add_text(&line, "eddy: stack overflow in ");
    if (stack_pool.work_kind)
        add_name(&line, stack_pool.work_kind, stack_pool.work_name);
    add_text(&line, name);
    bool known = stack_pool.work_kind || name[0] != '\0';
    add_text(&line, known ? ", on the thread's own stack" : "the thread's own stack");
    if (size != 0) {
        add_text(&line, " (");
        add_number(&line, size);
        add_text(&line, " bytes)");
    }
    add_text(&line, ": make it larger ");
    add_own_remedy(&line);
    add_text(&line, ", or move large locals to the heap\n");
    say(&line);
}

/* ==== which stack overflowed ==== */

/* The stack that overflowed if the guard number `guard` was touched, which lies below the stack of that number, or,
 * for -1, below all stacks. A higher stack may have overflowed through stacks without a guard, and then has
 * overwritten their canaries. */
static const struct stack *overflowed(const struct stack_class *class, const struct stack_slab *slab, ptrdiff_t guard)
{
    const struct stack *found = NULL;
    size_t above = (size_t)(guard + 1);
    if (guard >= 0 && !stack_sleeps(slab, (size_t)guard)) {
        found = stack_at(class, slab, (size_t)guard);
        found = found->next == found ? found : NULL;
    }
    for (size_t i = above; above >= slab->guarded && i < slab->carved; i++) {
        if (stack_canary_page_intact(slab->stacks + i * class->stride + stack_guard_size()))
            break;
        found = stack_at(class, slab, i);
    }
    return found;
}

/* The stack of this thread whose overflow touches that address; NULL: none. */
static const struct stack *stack_of_guard(uintptr_t address)
{
    for (struct stack_class *class = &stack_pool.common; class; class = class->next) {
        for (struct stack_slab *slab = class->slabs; slab; slab = slab->next) {
            if (address - (uintptr_t)slab->base < stack_guard_size())
                return overflowed(class, slab, -1);
            uintptr_t offset = address - (uintptr_t)slab->stacks;
            if (address < (uintptr_t)slab->stacks || offset / class->stride >= slab->carved)
                continue;
            if (offset % class->stride >= stack_guard_size())
                return NULL;
            return overflowed(class, slab, (ptrdiff_t)(offset / class->stride));
        }
    }
    return NULL;
}

/* The stack pointer at the fault; if it is not known, the address of the fault. */
static uintptr_t pointer_of(const void *context, uintptr_t address)
{
#if defined(__x86_64__)
    (void)address;
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    (void)address;
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.sp;
#else
    (void)context;
    return address;
#endif
}

static bool beyond_own_stack(uintptr_t address)
{
    uintptr_t base = (uintptr_t)stack_pool.own_base, low = (uintptr_t)stack_pool.own_low;
    if (low != 0)
        return address < low + stack_page_size() && address >= low - ABOVE_POINTER;
    size_t limit = own_stack_size(), depth = base - address;
    return address < base && (limit == 0 || (depth < limit + OUTSIDE_LIMIT && depth > limit / 2));
}

static bool own_stack_overflowed(uintptr_t address, uintptr_t pointer)
{
    bool near = address - (pointer - BELOW_POINTER) < BELOW_POINTER + ABOVE_POINTER;
    return stack_pool.own_base && near && beyond_own_stack(address);
}

/* ==== the handler ==== */

static const int fault_signals[] = {SIGSEGV, SIGBUS};
static struct sigaction before[2]; /* the previous handler of each signal */
static struct sigaction since;     /* the SIGSEGV handler that the program has set since; sa_handler SIG_DFL: none */
static bool refused;               /* set by stack_refuse_handler */
static bool installed;             /* atomic: the handler is installed */

static void die(int signal_number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &action, NULL);
    if (info->si_code <= 0)
        raise(signal_number); /* sent by a process: it would not be raised again after a return */
}

/* Like a call by the kernel; signals that are blocked meanwhile are unblocked when this handler returns. */
static void call_handler(struct sigaction *action, int signal_number, siginfo_t *info, void *context)
{
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, signal_number);
    pthread_sigmask(SIG_BLOCK, &action->sa_mask, NULL);
    if ((action->sa_flags & SA_NODEFER) != 0 && !sigismember(&action->sa_mask, signal_number))
        pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    void (*function)(int, siginfo_t *, void *) = action->sa_sigaction;
    void (*simple)(int) = action->sa_handler;
    bool informed = (action->sa_flags & SA_SIGINFO) != 0;
    if ((action->sa_flags & (int)SA_RESETHAND) != 0)
        *action = (struct sigaction){.sa_handler = SIG_DFL};
    if (informed)
        function(signal_number, info, context);
    else
        simple(signal_number);
}

/* A handler that the program has set since may pass the fault on to this handler: then it goes to the previous one. */
static struct sigaction *next_handler(int signal_number, bool again)
{
    if (signal_number == SIGSEGV && !again && ((since.sa_flags & SA_SIGINFO) != 0 || since.sa_handler != SIG_DFL))
        return &since;
    return &before[signal_number == SIGBUS];
}

static void pass_on_to(struct sigaction *old, int signal_number, siginfo_t *info, void *context)
{
    bool plain = (old->sa_flags & SA_SIGINFO) == 0;
    if (plain && old->sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    if (plain && (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN))
        die(signal_number, info); /* the faulting instruction runs again, and the core file shows it */
    else
        call_handler(old, signal_number, info, context);
}

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
    char *here = __builtin_frame_address(0), *passer = stack_pool.passer;
    bool again = stack_pool.passed == context && here < passer; /* false if the handler before has jumped out */
    stack_pool.passed = context;
    stack_pool.passer = here;
    pass_on_to(next_handler(signal_number, again), signal_number, info, context);
    stack_pool.passed = NULL;
}

/* Reported once for a fault: the program's handler may return, and the instruction fault again. */
static bool told_already(uintptr_t address, uintptr_t pointer)
{
    bool again = address == stack_pool.told_address && pointer == stack_pool.told_pointer;
    stack_pool.told_address = address;
    stack_pool.told_pointer = pointer;
    return again;
}

static void handle(int signal_number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr, pointer = pointer_of(context, address);
    if (signal_number == SIGSEGV && info->si_code > 0 && hibernate_fault(address, pointer))
        return;
    const struct stack *stack = info->si_code > 0 ? stack_of_guard(address) : NULL;
    bool own = !stack && info->si_code > 0 && own_stack_overflowed(address, pointer);
    if ((stack || own) && !told_already(address, pointer)) {
        if (stack)
            report(stack);
        else
            report_own_stack();
    }
    pass_on(signal_number, info, context);
}

/* ==== installing it ==== */

static bool unwanted(void)
{
    const char *text = getenv("EDDY_NO_FAULT_HANDLER");
    return __atomic_load_n(&refused, __ATOMIC_RELAXED) || (text && *text != '\0' && strcmp(text, "0") != 0);
}

static void install(void)
{
    struct sigaction action = {.sa_flags = SA_ONSTACK | SA_SIGINFO};
    if (unwanted())
        return;
    stack_page_size(); /* stored before a signal asks for it */
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; i++)
        sigaction(fault_signals[i], &action, &before[i]);
    __atomic_store_n(&installed, true, __ATOMIC_RELEASE);
}

static void give_signal_stack(void)
{
    stack_t now;
    size_t size = SIGNAL_STACK_SIZE + getauxval(AT_MINSIGSTKSZ);
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return; /* the program has given this thread a signal stack */
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

/* The bounds of the thread's own stack. The first thread's stack grows, up to a limit that may change. */
static void look_at_own_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    stack_pool.own_base = __builtin_frame_address(0);
    if (thread_number() == getpid() || pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &stack_pool.own_size) == 0)
        stack_pool.own_low = low;
    pthread_attr_destroy(&attributes);
}

static __thread struct thread_exit exit_of_thread;

void stack_watch_thread(void)
{
    if (stack_pool.watched || !__atomic_load_n(&installed, __ATOMIC_ACQUIRE))
        return;
    stack_pool.watched = true;
    if (!stack_pool.own_base)
        look_at_own_stack();
    give_signal_stack();
    exit_of_thread.leave = stack_overflow_forget;
    thread_at_exit(&exit_of_thread);
}

void stack_watch_overflow(bool allowed)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    stack_pool.left_alone = !allowed;
    if (!allowed)
        stack_overflow_forget();
    if (!allowed || stack_pool.watched)
        return;
    pthread_once(&once, install);
    stack_watch_thread();
}

bool stack_refuse_handler(void)
{
    __atomic_store_n(&refused, true, __ATOMIC_RELAXED);
    return !__atomic_load_n(&installed, __ATOMIC_ACQUIRE);
}

bool stack_catches_faults(void)
{
    struct sigaction now, action = {.sa_flags = SA_ONSTACK | SA_SIGINFO};
    if (!__atomic_load_n(&installed, __ATOMIC_ACQUIRE) || sigaction(SIGSEGV, NULL, &now) != 0)
        return false;
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle)
        return true;
    since = now;
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, NULL) == 0;
}

#else

bool stack_catches_faults(void)
{
    return false;
}

void stack_watch_overflow(bool allowed)
{
    (void)allowed;
}

void stack_watch_thread(void)
{
}

bool stack_refuse_handler(void)
{
    return true;
}

#endif

void stack_overflow_forget(void)
{
    stack_pool.watched = false;
    if (!stack_pool.signal_stack)
        return;
    stack_t now, none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == stack_pool.signal_stack)
        sigaltstack(&none, NULL);
    munmap(stack_pool.signal_stack, stack_pool.signal_stack_size);
    stack_pool.signal_stack = NULL;
}
