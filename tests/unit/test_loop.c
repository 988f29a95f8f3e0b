/* SPDX-License-Identifier: MIT */
/* test_loop.c - rules of the loop: passes, options, debug mode, Ctrl-C, the report of a stack overflow. */
#define _GNU_SOURCE
#include <eddy.h>
#include <errno.h>
#include <time.h>

#include "child.h"
#include "log.h"
#include "os/memory.h"
#include "os/stack_pool.h"
#include "os/valgrind.h"

#if defined(STACK_ASAN)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

/* ThreadSanitizer delays signals until a call that it intercepts. */
#if defined __SANITIZE_THREAD__
#define SIGNALS_ARE_LATE 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define SIGNALS_ARE_LATE 1
#endif
#endif
#ifndef SIGNALS_ARE_LATE
#define SIGNALS_ARE_LATE 0
#endif

/* ---- a stack that is too small; tested first, since the process watches for overflows from its first loop on ---- */

static volatile char sink;

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    sink = room[depth & 511];
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

eddy_async(int, dive)
{
    return recurse(0);
}

eddy_async(void, spawns_a_diver)
{
    eddy_spawn_options options = {.size = sizeof options, .name = "diver", .stack_size = 64 * 1024};
    struct dive *t = eddy_spawn_with(dive(), &options);
    eddy_await(t);
}

static int overflows(void)
{
    return eddy_run(spawns_a_diver());
}

static void an_overflow_is_reported_by_task_and_size(void **state)
{
    (void)state;
    if (UNDER_ASAN || RUNNING_ON_VALGRIND)
        return; /* sanitizers print their own reports */
    struct child child = child_run(overflows);
    assert_true(child_was_killed(&child, SIGSEGV));
    assert_non_null(strstr(child.said, "eddy: stack overflow in task \"diver\" (stack of "));
    assert_non_null(strstr(child.said, "stack_size"));
}

/* ---- passes ---- */

static void say(const char *text)
{
    note("%s", text);
}

static void say_2_then_5(void *unused)
{
    (void)unused;
    note("2");
    eddy_call_soon(say, "5");
}

eddy_async(void, batch)
{
    eddy_call_soon(say, "1");
    eddy_call_soon(say_2_then_5, NULL);
    eddy_call_soon(say, "3");
    eddy_call_soon(say, "4");
    eddy_await(eddy_sleep(0));
    note("m");
    eddy_await(eddy_sleep(0));
    note("m2");
}

/* D28 */
static void a_pass_runs_what_was_ready_when_it_began(void **state)
{
    (void)state;
    RUN(batch());
    told("1 2 3 4 m 5 m2");
}

eddy_async(void, noter, (const char *, name))
{
    note("%s", name);
    eddy_await(eddy_sleep(0));
    note("%s", name);
}

eddy_async(void, order)
{
    struct noter *a = eddy_spawn(noter("a")), *b = eddy_spawn(noter("b"));
    eddy_call_soon(say, "call");
    struct noter *c = eddy_spawn(noter("c"));
    note("main");
    eddy_await(eddy_gather(a, b, c));
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
}

static void tasks_and_calls_are_one_queue(void **state)
{
    (void)state;
    RUN(order());
    told("main a b call c a b c");
}

eddy_async(void, world)
{
    note("%d", eddy_current_loop() != NULL);
    const char *asked = getenv("EDDY_DRIVER");
    note("%d", !asked || strcmp(eddy_loop_driver(eddy_current_loop()), asked) == 0);
    double before = eddy_time();
    eddy_await(eddy_sleep(0.001));
    note("%d", eddy_time() >= before + 0.001);
}

static void a_loop_exists_while_it_runs(void **state)
{
    (void)state;
    assert_null(eddy_current_loop());
    assert_null(eddy_call_soon(say, "never"));
    assert_int_equal(eddy_call_soon_threadsafe(NULL, say, "never"), EDDY_NO_LOOP);
    RUN(world());
    told("1 1 1");
    assert_null(eddy_current_loop());
}

/* ---- eddy_run ---- */

eddy_async(int, seven)
{
    return 7;
}

eddy_async(const char *, text_of, (int, fail))
{
    eddy_await(eddy_sleep(0));
    if (fail)
        eddy_raise(EIO, "no text");
    return "text";
}

eddy_async(void, runs_inside)
{
    eddy_error err;
    int value = eddy_run(seven(), &err);
    note("%s %d", eddy_error_name(err.code), value);
    note("%d", (int)(eddy_run_with(LOGGING(), seven()))); /* printed, and 1 */
}

static void a_run_inside_a_run_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), runs_inside()), 0);
    told("EDDY_LOOP_RUNNING 0 1");
    assert_int_equal(log_count("eddy_run cannot be called from a running event loop"), 1);
}

static void a_run_gives_the_result_of_any_type(void **state)
{
    (void)state;
    eddy_error err;
    assert_int_equal(eddy_run(seven()), 7);
    assert_string_equal(eddy_run(text_of(0), &err), "text");
    assert_int_equal(err.code, 0);
    assert_null(eddy_run(text_of(1), &err));
    assert_int_equal(err.code, EIO);
    assert_string_equal(err.message, "no text");
}

eddy_async(int, fails)
{
    eddy_await(text_of(1));
    return 0;
}

static void an_uncaught_error_is_printed_and_gives_1(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    assert_int_equal(eddy_run_with(LOGGING(), fails()), 1);
    assert_int_equal(log_count("Traceback (most recent call last):"), 1);
    assert_int_equal(log_count("in fails\n"), 1);
    assert_int_equal(log_count(": no text\n"), 1);
    assert_int_equal(memory_live_blocks(), blocks);
}

static void options_are_checked(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop_options options = {.size = sizeof options, .driver = "punched cards"};
    eddy_run_with(&options, seven(), &err);
    assert_int_equal(err.code, EINVAL);
    assert_non_null(strstr(err.message, "\"punched cards\""));
    options = (eddy_loop_options){.size = 0};
    eddy_run_with(&options, seven(), &err);
    assert_int_equal(err.code, EINVAL);
    assert_non_null(strstr(err.message, "size"));
    options = (eddy_loop_options){.size = offsetof(eddy_loop_options, seed), .driver = "sim"}; /* as compiled earlier */
    assert_int_equal(eddy_run_with(&options, seven(), &err), 7);
    assert_int_equal(err.code, 0);
}

/* ---- the allocator hook ---- */

struct counts {
    long blocks, bytes, calls;
};

static void *count_in(void *context, size_t size)
{
    struct counts *counts = context;
    counts->blocks++, counts->calls++;
    counts->bytes += (long)size;
    return malloc(size);
}

static void count_out(void *context, void *block, size_t size)
{
    struct counts *counts = context;
    counts->blocks--;
    counts->bytes -= (long)size;
    free(block);
}

eddy_async(void, many_things, (long, before), (struct counts *, counts))
{
    struct noter *a = eddy_spawn(noter("a"));
    eddy_task_set_name(a, "a name");
    eddy_error err;
    eddy_await(text_of(1), &err);
    note("%d", counts->blocks > 3 && memory_live_blocks() - before == counts->blocks);
    eddy_await(a);
    eddy_call_later(0.001, say, "later");
    eddy_await(eddy_sleep(0.002));
}

static void the_allocator_hook_gives_every_block(void **state)
{
    (void)state;
    struct counts counts = {0};
    eddy_allocator allocator = {count_in, count_out, &counts};
    eddy_loop_options options = {.size = sizeof options, .allocator = &allocator};
    long before = memory_live_blocks();
    assert_int_equal(eddy_run_with(&options, many_things(before, &counts)), 0);
    told("a 1 a later");
    assert_int_equal(counts.blocks, 0);
    assert_int_equal(counts.bytes, 0);
    assert_true(counts.calls > 5);
    assert_int_equal(memory_live_blocks(), before);
}

static bool is_asked(const struct counts *counts)
{
    long calls = counts->calls;
    memory_free(memory_alloc(1));
    return counts->calls == calls + 1;
}

/* Memory that outlives the loop does not belong to its allocator: the class of the first stack of a new size. */
eddy_async(void, things_that_stay, (struct counts *, counts))
{
    eddy_spawn_options options = {.size = sizeof options, .stack_size = 11 * 65536};
    struct noter *a = eddy_spawn_with(noter("a"), &options);
    eddy_await(a);
    note("%d", is_asked(counts));
}

static void the_allocator_hook_is_asked_again_after_what_is_kept(void **state)
{
    (void)state;
    struct counts counts = {0};
    eddy_allocator allocator = {count_in, count_out, &counts};
    eddy_loop_options options = {.size = sizeof options, .allocator = &allocator};
    assert_int_equal(eddy_run_with(&options, things_that_stay(&counts)), 0);
    told("a a 1");
    assert_int_equal(counts.blocks, 0);
}

static void *refuse(void *context, size_t size)
{
    (void)context, (void)size;
    return NULL;
}

static void without_memory_there_is_no_loop_but_an_error(void **state)
{
    (void)state;
    eddy_error err;
    eddy_allocator allocator = {refuse, count_out, NULL};
    eddy_loop_options options = {.size = sizeof options, .allocator = &allocator};
    eddy_run_with(&options, seven(), &err);
    assert_int_equal(err.code, ENOMEM);
}

/* ---- sizes of stacks ---- */

__attribute__((noinline)) static int use_stack(size_t size)
{
    volatile char *room = __builtin_alloca(size);
    for (size_t i = 0; i < size; i += 512)
        room[i] = 1;
    return room[0];
}

eddy_async(int, uses, (size_t, size))
{
    return use_stack(size);
}

eddy_async(void, large_and_larger)
{
    eddy_spawn_options options = {.size = sizeof options, .stack_size = 2048 * 1024};
    struct uses *t = eddy_spawn_with(uses(1500 * 1024), &options);
    note("%d", eddy_await(t));
    note("%d", eddy_await(uses(700 * 1024)));
}

static void stacks_have_the_size_that_was_asked_for(void **state)
{
    (void)state;
    eddy_loop_options options = {.size = sizeof options, .stack_size = 1024 * 1024};
    assert_int_equal(eddy_run_with(&options, large_and_larger()), 0);
    told("1 1");
}

/* ---- Ctrl-C ---- */

static void interrupt(void *unused)
{
    (void)unused;
    raise(SIGINT);
}

static void tidy_up(const char *text)
{
    eddy_error err;
    eddy_await(eddy_sleep(0.001), &err);
    fprintf(stderr, "%s\n", text);
}

eddy_async(void, interrupted)
{
    eddy_defer(tidy_up, "cleaned up");
    eddy_call_later(0.001, interrupt, NULL);
    eddy_await(eddy_sleep(1000));
    fprintf(stderr, "never\n");
}

static int run_interrupted(void)
{
    return eddy_run(interrupted());
}

/* D34 */
static void an_interrupt_cancels_the_main_task_and_gives_130(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_interrupted);
    assert_true(child_exited(&child, 130));
    assert_string_equal(child.said, "cleaned up\n");
}

static void interrupt_and_hang(const char *text)
{
    eddy_error err;
    fprintf(stderr, "%s\n", text);
    raise(SIGINT);
    eddy_await(eddy_sleep(1000), &err);
    fprintf(stderr, "never\n");
}

eddy_async(void, interrupted_twice)
{
    eddy_defer(interrupt_and_hang, "cleaning");
    eddy_call_later(0.001, interrupt, NULL);
    eddy_await(eddy_sleep(1000));
}

static int run_interrupted_twice(void)
{
    return eddy_run(interrupted_twice());
}

static void a_second_interrupt_ends_the_program(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_interrupted_twice);
    assert_true(child_was_killed(&child, SIGINT));
    assert_string_equal(child.said, "cleaning\n");
}

eddy_async(int, swallows)
{
    eddy_error err;
    eddy_call_later(0.001, interrupt, NULL);
    eddy_await_always(eddy_sleep(1000), &err);
    eddy_await(eddy_sleep(0.001));
    return 3 + eddy_cancelling(eddy_current_task());
}

static int run_swallows(void)
{
    return eddy_run(swallows());
}

static void a_main_task_that_catches_the_interrupt_goes_on(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_swallows);
    assert_true(child_exited(&child, 4));
}

eddy_async(void, busy)
{
    raise(SIGINT); /* while code runs: delivered at the next await */
    fprintf(stderr, "still here\n");
    eddy_await(eddy_sleep(1000));
}

static int run_busy(void)
{
    int status = eddy_run(busy());
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    return action.sa_handler == SIG_DFL ? status : 99; /* as it was before the run */
}

static void an_interrupt_of_running_code_waits_for_its_next_await(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_busy);
    assert_true(child_exited(&child, 130));
    assert_string_equal(child.said, "still here\n");
}

static void on_signal(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, "own handler\n", 12);
}

eddy_async(void, interrupts_itself)
{
    raise(SIGINT);
    eddy_await(eddy_sleep(0));
}

static int run_with_own_handler(void)
{
    signal(SIGINT, on_signal);
    return eddy_run(interrupts_itself());
}

static int run_without_signals(void)
{
    eddy_loop_options options = {.size = sizeof options, .no_signals = true};
    return eddy_run_with(&options, interrupts_itself());
}

static void a_handler_of_the_program_is_left_alone(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_with_own_handler);
    assert_true(child_exited(&child, 0));
    assert_string_equal(child.said, "own handler\n");
    child = child_run(run_without_signals);
    assert_true(child_was_killed(&child, SIGINT));
}

/* ---- memory after many tasks ---- */

#if defined(__GLIBC__) && defined(__x86_64__) && !UNDER_ASAN && !SIGNALS_ARE_LATE
enum { CROWD = 1000, EACH = 32768 };

static void *between[CROWD]; /* so that the memory between them is not at the end of the heap */
static char *held[CROWD];    /* visible from outside: a compiler removes blocks that are not used */

static long resident(void)
{
    long all = 0, there = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &there), 2);
    fclose(file);
    return there * 4096;
}

eddy_async(void, hold_some, (eddy_event *, over), (int, i))
{
    char *data = held[i] = malloc(EACH);
    eddy_defer(free, data);
    memset(data, 1, EACH);
    between[i] = malloc(64);
    eddy_await(eddy_event_wait(over));
}

eddy_async(void, crowd_comes_and_goes)
{
    eddy_event over = EDDY_EVENT_INIT;
    for (int i = 0; i < CROWD; i++)
        eddy_detach(eddy_spawn(hold_some(&over, i)));
    eddy_await(eddy_sleep(0.01));
    long most = resident();
    eddy_event_set(&over);
    eddy_await(eddy_sleep(10));
    if (resident() > most - CROWD * (long)EACH / 2)
        eddy_raise(EDDY_INVALID_STATE, "%ld of %ld bytes are left", resident(), most);
}

static void memory_that_malloc_keeps_is_returned_to_the_system(void **state)
{
    eddy_loop_options options = {.size = sizeof options, .driver = "sim"};
    eddy_error err;
    (void)state;
    if (RUNNING_ON_VALGRIND) /* its malloc gives no memory back */
        return;
    eddy_run_with(&options, crowd_comes_and_goes(), &err);
    assert_int_equal(err.code, 0);
    for (int i = 0; i < CROWD; i++)
        free(between[i]);
}
#else
static void memory_that_malloc_keeps_is_returned_to_the_system(void **state)
{
    (void)state;
    /* elsewhere malloc keeps less, or the tool's malloc keeps all */
}
#endif

eddy_async(void, swallows_requests, (int, count))
{
    eddy_error err;
    for (int i = 0; i < count; i++) {
        eddy_await_always(eddy_sleep(1000), &err);
        note("%s", err.code ? eddy_error_name(err.code) : "slept");
    }
}

eddy_async(void, leaves_a_stubborn_task)
{
    eddy_detach(eddy_spawn(swallows_requests(7)));
    eddy_await(eddy_sleep(0));
}

static void a_task_that_ignores_its_end_is_asked_each_second_and_named(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    assert_int_equal(eddy_run_with(LOGGING(.driver = "sim"), leaves_a_stubborn_task()), 0);
    told("ECANCELED ECANCELED ECANCELED ECANCELED ECANCELED ECANCELED ECANCELED");
    assert_int_equal(log_count("eddy: task \"swallows_requests"), 1);
    assert_int_equal(log_count("does not end although it was cancelled; it was spawned at "), 1);
    assert_int_equal(log_count("test_loop.c:"), 1);
    assert_int_equal(memory_live_blocks(), blocks);
}

static void debug_mode_names_tasks_that_outlive_the_main_task(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(.driver = "sim", .debug = true), leaves_a_stubborn_task()), 0);
    assert_int_equal(log_count("was still alive when the main task ended; it was spawned at "), 1);
    transcript[0] = 0;
}

/* ---- mappings ---- */

eddy_async(void, reads, (eddy_stream *, s), (size_t, count))
{
    char buffer[4096];
    for (size_t got = 0; got < count;)
        got += eddy_await(eddy_stream_read(s, buffer, sizeof buffer));
}

eddy_generator(int, one_and_two)
{
    eddy_yield(1);
    eddy_yield(2);
}

/* Several reads make a ring set up its memory for receiving. */
eddy_async(void, uses_stacks_and_sockets)
{
    eddy_stream *ends[2];
    eddy_await(eddy_stream_pair(ends));
    for (int i = 0; i < 4; i++) {
        struct reads *reader = eddy_spawn(reads(ends[1], 100));
        eddy_await(eddy_sleep(0));
        eddy_await(eddy_stream_write(ends[0], (char[100]){0}, 100));
        eddy_await(reader);
    }
    struct one_and_two numbers = one_and_two();
    int number;
    eddy_next(&numbers, &number);
    eddy_close(&numbers);
    eddy_await(eddy_stream_close(ends[0]));
    eddy_await(eddy_stream_close(ends[1]));
}

/* The heap grows and shrinks as malloc decides. */
static size_t bytes_mapped(void)
{
    char line[512];
    size_t sum = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        char *dash;
        unsigned long from = strtoul(line, &dash, 16), to = strtoul(dash + 1, NULL, 16);
        sum += strstr(line, "[heap]") ? 0 : to - from;
    }
    fclose(maps);
    return sum;
}

static void loops_that_come_and_go_leave_no_mapping(void **state)
{
    (void)state;
    enum { LOOPS = 20 };
    size_t before = 0;
    if (UNDER_ASAN || SIGNALS_ARE_LATE || RUNNING_ON_VALGRIND) /* these tools map memory themselves */
        return;
    for (int i = 0; i < 2 * LOOPS; i++) {
        assert_int_equal(eddy_run(uses_stacks_and_sockets()), 0);
        if (i == LOOPS)
            before = bytes_mapped();
    }
    size_t after = bytes_mapped(), allowed = (LOOPS - 2) * (size_t)sysconf(_SC_PAGESIZE); /* less than a page a loop */
    assert_true(after < before + allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_is_reported_by_task_and_size),
        cmocka_unit_test(a_pass_runs_what_was_ready_when_it_began),
        cmocka_unit_test(tasks_and_calls_are_one_queue),
        cmocka_unit_test(a_loop_exists_while_it_runs),
        cmocka_unit_test(a_run_inside_a_run_is_an_error),
        cmocka_unit_test(a_run_gives_the_result_of_any_type),
        cmocka_unit_test(an_uncaught_error_is_printed_and_gives_1),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(memory_that_malloc_keeps_is_returned_to_the_system),
        cmocka_unit_test(the_allocator_hook_gives_every_block),
        cmocka_unit_test(the_allocator_hook_is_asked_again_after_what_is_kept),
        cmocka_unit_test(without_memory_there_is_no_loop_but_an_error),
        cmocka_unit_test(stacks_have_the_size_that_was_asked_for),
        cmocka_unit_test(an_interrupt_cancels_the_main_task_and_gives_130),
        cmocka_unit_test(a_second_interrupt_ends_the_program),
        cmocka_unit_test(a_main_task_that_catches_the_interrupt_goes_on),
        cmocka_unit_test(an_interrupt_of_running_code_waits_for_its_next_await),
        cmocka_unit_test(a_handler_of_the_program_is_left_alone),
        cmocka_unit_test(a_task_that_ignores_its_end_is_asked_each_second_and_named),
        cmocka_unit_test(debug_mode_names_tasks_that_outlive_the_main_task),
        cmocka_unit_test(loops_that_come_and_go_leave_no_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
