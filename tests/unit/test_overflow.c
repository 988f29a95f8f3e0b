/* SPDX-License-Identifier: MIT */
/*
 * test_overflow.c - a stack overflow is reported wherever it happens, and the program's own handlers for faults
 * still work.
 *
 * Everything runs in children: the handler is installed once in a process, when the library is first used, which
 * this process never does.
 */
#define _GNU_SOURCE
#include <eddy/keywords.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/resource.h>

#include "child.h"
#include "core/current.h"
#include "core/task.h"
#include "os/stack_pool.h"
#include "os/valgrind.h"

#if defined(STACK_ASAN)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif
/* ThreadSanitizer gives threads its own signal stacks, and does not support a jump from one stack to another. */
#if defined __SANITIZE_THREAD__
#define UNDER_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif
#if defined(STACK_BIG_FRAMES)
#define SIZE_FACTOR 4
#else
#define SIZE_FACTOR 1
#endif

static volatile int sink;

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    sink = room[0];
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

static void overflow(void *unused)
{
    (void)unused;
    sink = recurse(0);
}

/* ---- where ---- */

async(int, diver)
{
    await(eddy_sleep(0));
    return recurse(0);
}
async(int, parent)
{
    struct diver *t = spawn(diver());
    return await(t);
}
generator(int, steps)
{
    yield(1);
    yield(recurse(0));
}
generator(int, nested, (int, depth))
{
    if (depth)
        yield_from(nested(depth - 1));
    else
        yield(recurse(0));
}
async_generator(int, ticks)
{
    yield(1);
    await(eddy_sleep(0));
    yield(recurse(0));
}
blocking(int, blocker)
{
    return recurse(0);
}
async(void, over_steps)
{
    for_each (x, steps())
        sink = x;
}
async(void, over_ticks)
{
    async_for (x, ticks())
        sink = x;
}
async(void, calls)
{
    eddy_call_soon(overflow, NULL);
    await(eddy_sleep(1));
}
async(void, calls_later)
{
    eddy_call_later(0.01, overflow, NULL);
    await(eddy_sleep(1));
}
async(void, asks_for_room)
{
    eddy_call_on_big_stack(overflow, NULL);
}
async(void, blocks)
{
    sink = await(blocker());
}
async(void, nothing)
{
    await(eddy_sleep(0));
}

static void iterate(void)
{
    for_each (x, steps())
        sink = x;
}

static int in_task(void) { return eddy_run(parent()); }
static int in_generator_on_a_task(void) { return eddy_run(over_steps()); }
static int in_async_generator(void) { return eddy_run(over_ticks()); }
static int in_callback(void) { return eddy_run(calls()); }
static int in_timer(void) { return eddy_run(calls_later()); }
static int in_big_call(void) { return eddy_run(asks_for_room()); }
static int in_thread_of_the_pool(void) { return eddy_run(blocks()); }
static int in_plain_generator(void)
{
    iterate();
    return 0;
}
static int in_generator_after_a_loop(void)
{
    eddy_run(nothing());
    iterate();
    return 0;
}
static int in_deep_delegation(void)
{
    for_each (x, nested(2000))
        sink = x;
    return 0;
}

static void *run_task(void *unused)
{
    (void)eddy_run(parent());
    return unused;
}
static void *run_generator(void *unused)
{
    iterate();
    return unused;
}
static void *run_callback(void *unused)
{
    (void)eddy_run(calls());
    return unused;
}
static int on_thread(void *(*function)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, NULL) == 0)
        pthread_join(thread, NULL);
    return 0;
}
static int in_task_on_a_thread(void) { return on_thread(run_task); }
static int in_generator_on_a_thread(void) { return on_thread(run_generator); }
static int in_callback_on_a_thread(void) { return on_thread(run_callback); }

static const struct {
    int (*body)(void);
    const char *named; /* the words of the report for it */
} places[] = {
    {in_task, "in task \"diver-2\" (stack of "},
    {in_generator_on_a_task, "in generator \"steps\" (stack of "},
    {in_async_generator, "in generator \"ticks\" (stack of "},
    {in_plain_generator, "in generator \"steps\" (stack of "},
    {in_generator_after_a_loop, "in generator \"steps\" (stack of "},
    {in_deep_delegation, "in generator \"nested\" (stack of "},
    {in_task_on_a_thread, "in task \"diver-2\" (stack of "},
    {in_generator_on_a_thread, "in generator \"steps\" (stack of "},
    {in_callback, "in a callback of the loop, on the thread's own stack ("},
    {in_timer, "in a callback of the loop, on the thread's own stack ("},
    {in_callback_on_a_thread, "in a callback of the loop, on the thread's own stack ("},
    {in_big_call, "in eddy_call_on_big_stack of task \"asks_for_room-1\", on the thread's own stack ("},
    {in_thread_of_the_pool, "in blocking function \"blocker\", on the thread's own stack ("},
};
enum { PLACES = sizeof places / sizeof *places };

static void named_everywhere(const char *guard, int signal_number)
{
    if (guard)
        setenv("EDDY_STACK_GUARD", guard, 1);
    for (int i = 0; i < PLACES; i++) {
        struct child child = child_run(places[i].body);
        if (!child_was_killed(&child, signal_number) || !strstr(child.said, places[i].named))
            fail_msg("place %d, status %x: %s", i, (unsigned)child.status, child.said);
    }
    unsetenv("EDDY_STACK_GUARD");
}

static void an_overflow_is_named_wherever_it_happens(void **state)
{
    (void)state;
    named_everywhere(NULL, SIGSEGV);
}

/* It runs over its neighbours, to the guard below all stacks. */
static void an_overflow_is_named_without_guards_too(void **state)
{
    (void)state;
    named_everywhere("canary", SIGSEGV);
}

/* An overflow that hits nothing but the canary is seen when the task is left. */
async(void, touches_its_canary)
{
    *(current.task->stack->floor - 40) = 1;
    await(eddy_sleep(0));
    fputs("went on\n", stderr);
}

static int a_little_too_deep(void)
{
    return eddy_run(touches_its_canary());
}

static void a_canary_is_looked_at_before_a_task_goes_on(void **state)
{
    (void)state;
    setenv("EDDY_STACK_GUARD", "canary", 1);
    struct child child = child_run(a_little_too_deep);
    unsetenv("EDDY_STACK_GUARD");
    assert_true(child_was_killed(&child, SIGABRT));
    assert_non_null(strstr(child.said, "stack overflow in task \"touches_its_canary-1\""));
    assert_null(strstr(child.said, "went on"));
}

/* ---- the sentence ---- */

static int in_sized_generator(void)
{
    struct steps g = steps();
    eddy_generator_stack(&g, 64 * 1024);
    for_each (x, &g)
        sink = x;
    return 0;
}
async(void, spawns_sized)
{
    eddy_spawn_options options = {.size = sizeof options, .stack_size = 128 * 1024};
    struct over_steps *t = eddy_spawn_with(over_steps(), &options);
    await(t);
}
static int in_generator_of_a_sized_task(void)
{
    return eddy_run(spawns_sized());
}

static void the_sentence_gives_size_and_remedy(void **state)
{
    (void)state;
    char wanted[200];
    struct child child = child_run(in_sized_generator);
    snprintf(wanted, sizeof wanted, "(stack of %d bytes): make it larger with eddy_generator_stack(&g, bytes)",
             64 * 1024 * SIZE_FACTOR);
    assert_non_null(strstr(child.said, wanted));
    child = child_run(in_generator_of_a_sized_task);
    snprintf(wanted, sizeof wanted, "generator \"steps\" (stack of %d bytes)", 128 * 1024 * SIZE_FACTOR);
    assert_non_null(strstr(child.said, wanted));
    struct rlimit own;
    getrlimit(RLIMIT_STACK, &own);
    snprintf(wanted, sizeof wanted, "(%ju bytes): make it larger with ulimit -s", (uintmax_t)own.rlim_cur);
    child = child_run(in_callback);
    assert_non_null(strstr(child.said, own.rlim_cur == RLIM_INFINITY ? ": make it larger with ulimit -s" : wanted));
    child = child_run(in_task);
    assert_non_null(strstr(child.said, "make it larger with the option stack_size of its spawn or of the loop, "
                                       "EDDY_STACK_SIZE=<bytes>"));
}

/* ---- handlers that the program had before ---- */

static void say_and_leave(int number, siginfo_t *info, void *context)
{
    static const char text[] = "the program's own\n";
    (void)context;
    if (write(STDERR_FILENO, text, sizeof text - 1) > 0)
        _exit(info->si_addr && number == SIGSEGV ? 7 : 8);
}

static void install(int flags, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

static int with_own_handler(void)
{
    install(SA_ONSTACK, say_and_leave);
    return in_task();
}
static int with_own_handler_in_callback(void)
{
    install(0, say_and_leave);
    return in_callback();
}

static void the_programs_handler_is_called_after_the_report(void **state)
{
    (void)state;
    int (*const bodies[])(void) = {with_own_handler, with_own_handler_in_callback};
    for (int i = 0; i < 2; i++) {
        struct child child = child_run(bodies[i]);
        const char *report = strstr(child.said, "eddy: stack overflow in ");
        const char *own = strstr(child.said, "the program's own");
        assert_true(report && own && report < own);
        assert_true(child_exited(&child, 7));
    }
}

/* The instruction faults again, until the program's handler has had enough. */
static void return_twice(int number, siginfo_t *info, void *context)
{
    static volatile sig_atomic_t returns;
    if (++returns > 2)
        say_and_leave(number, info, context);
}

static int with_handler_that_returns(void)
{
    install(SA_ONSTACK, return_twice);
    return in_task();
}

static void a_fault_is_reported_once(void **state)
{
    (void)state;
    struct child child = child_run(with_handler_that_returns);
    const char *report = strstr(child.said, "eddy: stack overflow in ");
    assert_true(child_exited(&child, 7));
    assert_non_null(report);
    assert_null(strstr(report + 1, "eddy: stack overflow in "));
}

static sigjmp_buf way_out;

static void jump_out(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    siglongjmp(way_out, 1);
}

/* Its generators are lost, but the program lives; each fault is reported once. */
static int survives_two(void)
{
    install(SA_ONSTACK, jump_out);
    for (volatile int i = 0; i < 2; i++)
        if (sigsetjmp(way_out, 1) == 0)
            iterate();
    return 9;
}

static void a_signal_handler_may_leave_by_siglongjmp(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        return;
    struct child child = child_run(survives_two);
    assert_true(child_exited(&child, 9));
    const char *first = strstr(child.said, "eddy: stack overflow in generator");
    assert_non_null(first);
    const char *second = strstr(first + 1, "eddy: stack overflow in generator");
    assert_non_null(second);
    assert_null(strstr(second + 1, "eddy: stack overflow"));
}

/* Two faults of one instruction at one stack pointer. */
async(int, touches_its_guard)
{
    for (volatile int i = 0; i < 2; i++)
        if (sigsetjmp(way_out, 1) == 0)
            *(volatile char *)(current.task->stack->floor - 4096 - 8 * i) = 1;
    return 9;
}

static int touches_twice(void)
{
    install(SA_ONSTACK, jump_out);
    return eddy_run(touches_its_guard());
}

static void faults_at_two_addresses_are_two(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        return;
    struct child child = child_run(touches_twice);
    assert_true(child_exited(&child, 9));
    const char *first = strstr(child.said, "eddy: stack overflow in task");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "eddy: stack overflow in task"));
}

/* Its exit status tells which of the two signals are blocked meanwhile. */
static void leave_with_mask(int number, siginfo_t *info, void *context)
{
    sigset_t mask;
    (void)info, (void)context;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    _exit(16 + sigismember(&mask, number) + 2 * sigismember(&mask, SIGUSR1));
}

static int with_flags(int flags, bool blocks_other)
{
    struct sigaction action = {.sa_sigaction = leave_with_mask, .sa_flags = SA_SIGINFO | SA_ONSTACK | flags};
    sigemptyset(&action.sa_mask);
    if (blocks_other)
        sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
    return in_task();
}

static int with_usual_flags(void) { return with_flags(0, false); }
static int with_mask(void) { return with_flags(0, true); }
static int without_deferring(void) { return with_flags(SA_NODEFER, false); }
static int without_deferring_but_mask(void) { return with_flags(SA_NODEFER, true); }

static void leave_simply(int number)
{
    _exit(number == SIGSEGV ? 7 : 8);
}

static int with_simple_handler(void)
{
    signal(SIGSEGV, leave_simply);
    return in_task();
}

static void say(int number, siginfo_t *info, void *context)
{
    static const char text[] = "the program's own\n";
    (void)number, (void)info, (void)context;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

/* It returns, and the next fault finds the usual disposition. */
static int with_handler_for_one_fault(void)
{
    install(SA_ONSTACK | (int)SA_RESETHAND, say);
    return in_task();
}

static void the_programs_handler_is_called_as_the_kernel_would(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        return;
    static const struct {
        int (*body)(void);
        int status;
    } ways[] = {{with_usual_flags, 17}, {with_mask, 19}, {without_deferring, 16}, {without_deferring_but_mask, 18},
                {with_simple_handler, 7}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct child child = child_run(ways[i].body);
        if (!child_exited(&child, ways[i].status))
            fail_msg("way %zu, status %x: %s", i, (unsigned)child.status, child.said);
    }
    struct child child = child_run(with_handler_for_one_fault);
    assert_true(child_was_killed(&child, SIGSEGV));
    const char *own = strstr(child.said, "the program's own");
    assert_true(own && !strstr(own + 1, "the program's own"));
}

async(int, sends_itself_a_fault)
{
    await(eddy_sleep(0));
    raise(SIGSEGV);
    return 9;
}

static int sent_to_usual(void) { return eddy_run(sends_itself_a_fault()); }
static int sent_to_ignoring(void)
{
    signal(SIGSEGV, SIG_IGN);
    return eddy_run(sends_itself_a_fault());
}
static int sent_to_own(void)
{
    signal(SIGSEGV, leave_simply);
    return eddy_run(sends_itself_a_fault());
}
static int faults_though_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    return in_task();
}

/* A signal that a process sends is no overflow, and does what it would do without the library. */
static void a_signal_that_was_sent_is_no_fault(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        return;
    struct child child = child_run(sent_to_usual);
    assert_true(child_was_killed(&child, SIGSEGV));
    assert_null(strstr(child.said, "overflow"));
    child = child_run(sent_to_ignoring);
    assert_true(child_exited(&child, 9));
    child = child_run(sent_to_own);
    assert_true(child_exited(&child, 7));
    child = child_run(faults_though_ignored);
    assert_true(child_was_killed(&child, SIGSEGV));
    assert_non_null(strstr(child.said, "eddy: stack overflow in task"));
}

static char own_stack[128 * 1024];

static int with_own_signal_stack(void)
{
    stack_t own = {.ss_sp = own_stack, .ss_size = sizeof own_stack}, now;
    sigaltstack(&own, NULL);
    int status = eddy_run(nothing());
    for_each (x, steps()) {
        sink = x;
        break;
    }
    return sigaltstack(NULL, &now) == 0 && now.ss_sp == own_stack ? status : 3;
}
static int overflows_on_own_signal_stack(void)
{
    with_own_signal_stack();
    return in_task();
}

static void the_programs_signal_stack_is_kept(void **state)
{
    (void)state;
    struct child child = child_run(with_own_signal_stack);
    assert_true(child_exited(&child, 0));
    child = child_run(overflows_on_own_signal_stack);
    assert_non_null(strstr(child.said, "eddy: stack overflow in task \"diver-2\""));
}

/* ---- hosts that handle the signals themselves ---- */

static bool untouched(void)
{
    struct sigaction segv, bus;
    stack_t stack;
    sigaction(SIGSEGV, NULL, &segv);
    sigaction(SIGBUS, NULL, &bus);
    sigaltstack(NULL, &stack);
    return segv.sa_handler == SIG_DFL && bus.sa_handler == SIG_DFL && (stack.ss_flags & SS_DISABLE);
}

blocking(bool, untouched_on_thread)
{
    struct sigaction segv;
    sigaction(SIGSEGV, NULL, &segv);
    return segv.sa_handler == SIG_DFL;
}

async(bool, is_untouched)
{
    for_each (x, steps()) {
        sink = x;
        break;
    }
    bool there = await(untouched_on_thread());
    return there && untouched();
}

static bool runs_untouched(const eddy_loop_options *options)
{
    eddy_error err;
    bool good = eddy_run_with(options, is_untouched(), &err) && !err.code;
    for_each (x, steps()) {
        sink = x;
        break;
    }
    return good && untouched();
}

static int no_signals(void)
{
    eddy_loop_options options = {.size = sizeof options, .no_signals = true};
    return runs_untouched(&options) ? 0 : 3;
}
static int by_environment(void)
{
    eddy_loop_options options = {.size = sizeof options};
    setenv("EDDY_NO_FAULT_HANDLER", "1", 1);
    return runs_untouched(&options) ? 0 : 3;
}
static int by_call(void)
{
    eddy_loop_options options = {.size = sizeof options};
    return eddy_no_fault_handler() == 0 && runs_untouched(&options) ? 0 : 3;
}
static int too_late(void)
{
    eddy_run(nothing());
    return eddy_no_fault_handler() == EBUSY ? 0 : 3;
}

static void signals_are_left_alone_where_that_is_asked(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        return;
    int (*const bodies[])(void) = {no_signals, by_environment, by_call, too_late};
    for (int i = 0; i < 4; i++) {
        struct child child = child_run(bodies[i]);
        if (!child_exited(&child, 0))
            fail_msg("way %d, status %x: %s", i, (unsigned)child.status, child.said);
    }
}

/* The guard ends the program nevertheless, and the canary is reported. */
static int overflows_unwatched(void)
{
    eddy_no_fault_handler();
    return in_task();
}

static void without_the_fault_handler_an_overflow_is_a_plain_signal(void **state)
{
    (void)state;
    struct child child = child_run(overflows_unwatched);
    assert_true(child_was_killed(&child, SIGSEGV));
    assert_null(strstr(child.said, "eddy:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_is_named_wherever_it_happens),
        cmocka_unit_test(an_overflow_is_named_without_guards_too),
        cmocka_unit_test(a_canary_is_looked_at_before_a_task_goes_on),
        cmocka_unit_test(the_sentence_gives_size_and_remedy),
        cmocka_unit_test(the_programs_handler_is_called_after_the_report),
        cmocka_unit_test(a_fault_is_reported_once),
        cmocka_unit_test(a_signal_handler_may_leave_by_siglongjmp),
        cmocka_unit_test(faults_at_two_addresses_are_two),
        cmocka_unit_test(the_programs_handler_is_called_as_the_kernel_would),
        cmocka_unit_test(a_signal_that_was_sent_is_no_fault),
        cmocka_unit_test(the_programs_signal_stack_is_kept),
        cmocka_unit_test(signals_are_left_alone_where_that_is_asked),
        cmocka_unit_test(without_the_fault_handler_an_overflow_is_a_plain_signal),
    };
    if (UNDER_ASAN || RUNNING_ON_VALGRIND)
        return 0; /* sanitizers print their own reports */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
