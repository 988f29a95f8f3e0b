/* SPDX-License-Identifier: MIT */
/*
 * test_stack.c - rules of src/os/stack.h.
 *
 * The guard method and the default size are chosen once a process, so each test that forces one
 * runs in a forked child.  Forks come before anything that makes such a choice, which is why those
 * tests stand first.
 */
#define _GNU_SOURCE
#include "os/probe.h"
#include "os/stack.h"

#include "core/switch.h"
#include "os/memory.h"
#include "os/stack_pool.h"
#include "os/valgrind.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(STACK_ASAN)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

/* More than the kernel's limit on mappings has guards for; a sanitizer's shadow of so many takes long. */
#if defined(EDDY_SANITIZED)
#define MANY 2000
#else
#define MANY 100000
#endif

/* ==== children ==== */

struct outcome {
    int status;      /* of waitpid */
    char text[2048]; /* what the child wrote to standard error */
};

/* Runs `body` in a child with the environment `name`=`value`. */
static struct outcome in_child(void (*body)(void), const char *name, const char *value)
{
    struct outcome outcome = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        for (int i = 0; i < 3; i++)
            signal((int[]){SIGSEGV, SIGBUS, SIGABRT}[i], SIG_DFL); /* cmocka installs its own handlers */
        setenv(name, value, 1);
        body();
        _exit(0);
    }
    close(ends[1]);
    size_t got = 0;
    ssize_t n;
    while ((n = read(ends[0], outcome.text + got, sizeof outcome.text - 1 - got)) > 0)
        got += (size_t)n;
    char *emulator = strstr(outcome.text, "qemu: uncaught"); /* it reports signals, too */
    if (emulator)
        *emulator = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &outcome.status, 0), child);
    return outcome;
}

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "not so: %s\n", what);
    _exit(1);
}

/* Touches the usable bytes from the top downward, as deep frames do. */
static void use_whole_stack(struct stack *stack)
{
    char *low = stack->floor, *at = stack_top(stack);
    while ((at -= 64) >= low)
        *(volatile char *)at = 1;
}

static void name_task(void *owner, char *buffer, size_t size)
{
    snprintf(buffer, size, "task \"%s\"", (const char *)owner);
}

static void watch(void)
{
    stack_set_namer(name_task);
    stack_watch_overflow(true);
}

static void recurse(int depth)
{
    volatile char frame[512];
    frame[0] = (char)depth;
    if (depth > 0)
        recurse(depth - 1);
    frame[1] = frame[0];
}

static void overflow_here(void *unused)
{
    (void)unused;
    recurse(INT_MAX);
}

/* Runs on the stack that overflows, so that the report must be made on another one. */
static void overflow(void)
{
    static struct switch_point here, there;
    watch();
    struct stack *neighbour = stack_take(0), *stack = stack_take(0);
    neighbour->owner = "innocent";
    stack->owner = "fetch-3";
    switch_prepare(&there, stack->floor, stack_top(stack), overflow_here, NULL);
    switch_to(&here, &there);
}

/* A frame of foreign code, compiled without probes, touches its far end first. */
static void jump_here(void *bottom)
{
    *(volatile char *)bottom = 1;
}

static void jump_far(void)
{
    static struct switch_point here, there;
    watch();
    struct stack *neighbour = stack_take(0), *stack = stack_take(0);
    neighbour->owner = "innocent";
    stack->owner = "wide";
    switch_prepare(&there, stack->floor, stack_top(stack), jump_here, stack->floor - 63 * 1024);
    switch_to(&here, &there);
}

static void touch_null(void)
{
    volatile char *volatile nowhere = NULL;
    watch();
    stack_give(stack_take(0));
    *nowhere = 1;
}

static void touch_guard_of_free_stack(void)
{
    watch();
    struct stack *stack = stack_take(0);
    stack_give(stack);
    *(volatile char *)stack->bottom = 1;
}

static void say_and_leave(int signal_number)
{
    (void)signal_number;
    static const char text[] = "the program's own handler\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) > 0)
        _exit(7);
}

static void touch_null_with_own_handler(void)
{
    signal(SIGSEGV, say_and_leave);
    touch_null();
}

static void check_guard(enum stack_guard guard)
{
    struct stack *stack = stack_take(0);
    require(stack->guard == guard, "the forced method is used");
    use_whole_stack(stack);
    require(stack_intact(stack), "a stack used down to its guard is intact");
    stack_give(stack);
    stack_pool_trim();
}

static void check_madvise(void)
{
    check_guard(STACK_GUARD_MADVISE);
}
static void check_mprotect(void)
{
    check_guard(STACK_GUARD_MPROTECT);
}
static void check_canary(void)
{
    check_guard(STACK_GUARD_CANARY);
}
static void check_none(void)
{
    check_guard(STACK_GUARD_NONE);
}

static void count_guards_under_limit(void)
{
    int counts[4] = {0};
    setenv("EDDY_STACK_GUARD", "mprotect", 1);
    for (int i = 0; i < 50; i++)
        counts[stack_take(0)->guard]++;
    require(counts[STACK_GUARD_MPROTECT] == 10, "the limit of 20 mappings is ten guards");
    require(counts[STACK_GUARD_CANARY] == 40, "the others have canaries");
}

static char warning[256];
static int warnings;

static void keep_warning(const char *text)
{
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

static void warn_once(void)
{
    stack_set_warner(keep_warning);
    count_guards_under_limit();
    require(warnings == 1, "one warning");
    require(strstr(warning, "vm.max_map_count") != NULL, "the warning names the limit");
}

static void guards_come_back(void)
{
    struct stack *stacks[10];
    setenv("EDDY_STACK_GUARD", "mprotect", 1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
            stacks[i] = stack_take(0);
            require(stacks[i]->guard == STACK_GUARD_MPROTECT,
                    "unmapped guards are free for others");
        }
        for (int i = 0; i < 10; i++)
            stack_give(stacks[i]);
        stack_pool_trim();
    }
}

static void break_canary(void)
{
    watch();
    struct stack *stack = stack_take(0);
    stack->owner = "deep";
    *(stack->floor - 40) = 1; /* frames leave gaps: the overflow need not touch the first word */
    require(!stack_intact(stack), "an overwritten canary is seen");
    stack_give(stack);
}

static void default_size_is_from_environment(void)
{
    require(stack_default_size() == 47 * 4096, "EDDY_STACK_SIZE is the default size");
    struct stack *stack = stack_take(0);
    require(stack->size == 47 * 4096, "stacks have it");
    require(stack_take(stack_default_size())->class == stack->class, "asked for by number as well");
}

static void assert_died_by(const struct outcome *outcome, int signal_number)
{
    if (!WIFSIGNALED(outcome->status) || WTERMSIG(outcome->status) != signal_number)
        fail_msg("status %x, stderr: %s", (unsigned)outcome->status, outcome->text);
}

static void assert_passed(const struct outcome *outcome)
{
    if (!WIFEXITED(outcome->status) || WEXITSTATUS(outcome->status) != 0)
        fail_msg("status %x, stderr: %s", (unsigned)outcome->status, outcome->text);
}

static void an_overflow_is_reported_by_name_and_size(void **state)
{
    (void)state;
    static const char *const methods[] = {"madvise", "mprotect"};
    for (int i = probe_guard_install() == 0 ? 0 : 1; i < 2; i++) {
        struct outcome outcome = in_child(overflow, "EDDY_STACK_GUARD", methods[i]);
        char expected[300];
        snprintf(expected, sizeof expected,
                 "eddy: stack overflow in task \"fetch-3\" (stack of %zu bytes): make it larger "
                 "with the option stack_size of its spawn or of the loop, "
                 "EDDY_STACK_SIZE=<bytes>, or move large locals to the heap\n",
                 stack_default_size());
        assert_died_by(&outcome, SIGSEGV);
        assert_string_equal(outcome.text, expected);
    }
}

static void a_frame_of_64_kib_does_not_jump_over_the_guard(void **state)
{
    (void)state;
    static const char *const methods[] = {"madvise", "mprotect"};
    for (int i = probe_guard_install() == 0 ? 0 : 1; i < 2; i++) {
        struct outcome outcome = in_child(jump_far, "EDDY_STACK_GUARD", methods[i]);
        assert_died_by(&outcome, SIGSEGV);
        assert_non_null(strstr(outcome.text, "eddy: stack overflow in task \"wide\""));
    }
}

static void other_faults_keep_their_signal(void **state)
{
    (void)state;
    const char *method = probe_guard_install() == 0 ? "madvise" : "mprotect";
    struct outcome outcome = in_child(touch_null, "EDDY_STACK_GUARD", method);
    assert_died_by(&outcome, SIGSEGV);
    assert_string_equal(outcome.text, "");
    outcome = in_child(touch_guard_of_free_stack, "EDDY_STACK_GUARD", method);
    assert_died_by(&outcome, SIGSEGV);
    assert_string_equal(outcome.text, "");
    outcome = in_child(touch_null_with_own_handler, "EDDY_STACK_GUARD", method);
    assert_string_equal(outcome.text, "the program's own handler\n");
    assert_int_equal(WEXITSTATUS(outcome.status), 7);
}

static void every_guard_method_can_be_forced(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*check)(void);
    } methods[] = {
        {"mprotect", check_mprotect},
        {"canary", check_canary},
        {"none", check_none},
        {"madvise", check_madvise},
    };
    for (int i = 0; i < (RUNNING_ON_VALGRIND ? 3 : 4); i++) {
        struct outcome outcome = in_child(methods[i].check, "EDDY_STACK_GUARD", methods[i].name);
        assert_passed(&outcome);
    }
}

static void past_the_mapping_limit_stacks_have_canaries(void **state)
{
    (void)state;
    struct outcome outcome = in_child(count_guards_under_limit, "EDDY_MAP_LIMIT", "20");
    assert_passed(&outcome);
    assert_non_null(strstr(outcome.text, "vm.max_map_count"));
    outcome = in_child(warn_once, "EDDY_MAP_LIMIT", "20");
    assert_passed(&outcome);
    assert_string_equal(outcome.text, "");
    outcome = in_child(guards_come_back, "EDDY_MAP_LIMIT", "20");
    assert_passed(&outcome);
}

static void an_overwritten_canary_stops_the_program(void **state)
{
    (void)state;
    struct outcome outcome = in_child(break_canary, "EDDY_STACK_GUARD", "canary");
    assert_died_by(&outcome, SIGABRT);
    assert_non_null(strstr(outcome.text, "eddy: stack overflow in task \"deep\" (stack of "));
}

static void the_default_size_can_be_set(void **state)
{
    (void)state;
    struct outcome outcome =
        in_child(default_size_is_from_environment, "EDDY_STACK_SIZE", "190000");
    assert_passed(&outcome);
}

/* ==== one process ==== */

static int no_stack_left(void **state)
{
    (void)state;
    stack_pool_trim();
    return stack_live() != 0 || stack_pool.common.slabs != NULL || stack_pool.common.next != NULL;
}

static void a_stack_is_usable_from_top_to_guard(void **state)
{
    (void)state;
    for (size_t size = 0; size < 600000; size = size * 3 + 1000) {
        struct stack *stack = stack_take(size);
        assert_non_null(stack);
        assert_true(stack->size >= size && stack->size >= 16 * 1024);
        size_t usable = (size_t)((char *)stack_top(stack) - stack->floor);
        assert_true(stack->size >= 4 * stack_guard_size() || usable + 2 * stack_page_size() > stack->size);
        assert_int_equal((uintptr_t)stack_top(stack) % 16, 0);
        assert_int_equal((uintptr_t)stack->bottom % stack_page_size(), 0);
        assert_true((char *)stack_top(stack) > stack->bottom + stack->class->stride - stack_page_size());
        assert_true((char *)(stack + 1) <= stack->bottom + stack->class->stride);
        use_whole_stack(stack);
        stack_give(stack);
    }
    assert_int_equal(stack_live(), 0);
}

static void the_last_given_is_taken_first(void **state)
{
    (void)state;
    struct stack *stacks[50];
    for (int i = 0; i < 50; i++)
        stacks[i] = stack_take(0);
    for (int i = 0; i < 50; i++)
        stack_give(stacks[i]);
    for (int i = 49; i >= 0; i--)
        assert_ptr_equal(stack_take(0), stacks[i]);
    for (int i = 0; i < 50; i++)
        stack_give(stacks[i]);
}

static void sizes_do_not_mix(void **state)
{
    (void)state;
    struct stack *small = stack_take(20000), *large = stack_take(3 << 20), *common = stack_take(0);
    assert_ptr_not_equal(small->class, large->class);
    assert_ptr_not_equal(small->class, common->class);
    stack_give(small);
    stack_give(large);
    stack_give(common);
    assert_ptr_equal(stack_take(3 << 20), large);
    assert_ptr_equal(stack_take(20000), small);
    assert_ptr_equal(stack_take(0), common);
    assert_int_equal(stack_live(), 3);
    stack_give(small);
    stack_give(large);
    stack_give(common);
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    assert_null(stack_take(SIZE_MAX));
    assert_null(stack_take((size_t)1 << 56));
    assert_int_equal(stack_live(), 0);
}

/* Each stack carries its number at both ends: no two overlap. */
static void many_stacks_can_be_in_use(void **state)
{
    (void)state;
    size_t count = RUNNING_ON_VALGRIND ? 200 : MANY;
    struct stack **stacks = calloc(count, sizeof *stacks);
    for (size_t i = 0; i < count; i++) {
        stacks[i] = stack_take(0);
        assert_non_null(stacks[i]);
        assert_true(stacks[i]->guard == stacks[0]->guard || stacks[i]->guard == STACK_GUARD_CANARY);
        stacks[i]->owner = (void *)i;
    }
    assert_int_equal(stack_live(), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(stacks[i]->owner == (void *)i);
        stack_give(stacks[i]);
    }
    assert_int_equal(stack_live(), 0);
    free(stacks);
}

static size_t count_slabs(void)
{
    size_t count = 0;
    for (struct stack_slab *slab = stack_pool.common.slabs; slab != NULL; slab = slab->next)
        count++;
    return count;
}

/* One stack remains in use, then none; free memory beside it keeps its order and remains usable. */
/* The kernel is tested: it writes a byte to that memory. */
static bool is_guarded(const char *byte)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bool guarded = write(ends[1], byte, 1) != 1;
    close(ends[0]);
    close(ends[1]);
    return guarded;
}

/* Also where guards are made many at a time. */
static void each_stack_of_a_crowd_has_a_guard(void **state)
{
    (void)state;
    enum { CROWD = 1500 };
    static struct stack *stacks[CROWD];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CROWD; i++)
            assert_non_null(stacks[i] = stack_take(round ? 32 * 1024 : 0));
        for (int i = 0; i < CROWD && !RUNNING_ON_VALGRIND; i++) {
            if (stacks[i]->guard != STACK_GUARD_MADVISE && stacks[i]->guard != STACK_GUARD_MPROTECT)
                continue;
            assert_true(is_guarded(stacks[i]->floor - 1));
            assert_true(is_guarded(stacks[i]->bottom));
            assert_false(is_guarded(stacks[i]->floor));
        }
        for (int i = 0; i < CROWD; i++)
            stack_give(stacks[i]);
        stack_pool_trim();
    }
}

static void trimming_keeps_what_is_in_use(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct stack *stacks[COUNT];
    for (int i = 0; i < COUNT; i++)
        stacks[i] = stack_take(0);
    size_t slabs = count_slabs();
    assert_true(slabs >= 3);
    for (int i = 1; i < COUNT; i++)
        stack_give(stacks[i * 37 % COUNT]); /* slabs alternate in the list of free stacks */
    stack_pool_trim();
    assert_int_equal(count_slabs(), 1); /* the stack of the first slab */
    assert_int_equal(stack_live(), 1);
    for (int i = COUNT - 1; i >= 1; i--)
        if (i * 37 % COUNT < 16)
            assert_ptr_equal(stack_take(0), stacks[i * 37 % COUNT]);
    struct stack *more = stack_take(0);
    use_whole_stack(more);
    stack_give(more);
    for (int i = 0; i < 16; i++)
        stack_give(stacks[i]);
    stack_pool_trim();
    assert_int_equal(count_slabs(), 0);
}

/* A few stacks are never slack, and many are not slack if an eighth of them is in use. */
static void stacks_left_by_a_crowd_are_slack(void **state)
{
    (void)state;
    enum { CROWD = 2400 };
    static struct stack *stacks[CROWD];
    assert_false(stack_pool_is_slack());
    for (int i = 0; i < CROWD; i++)
        assert_non_null(stacks[i] = stack_take(0));
    assert_false(stack_pool_is_slack());
    for (int i = CROWD - 1; i >= CROWD / 8; i--)
        stack_give(stacks[i]);
    assert_false(stack_pool_is_slack());
    stack_give(stacks[CROWD / 8 - 1]);
    assert_true(stack_pool_is_slack());
    stack_pool_trim();
    assert_false(stack_pool_is_slack());
    for (int i = CROWD / 8 - 2; i >= 0; i--)
        stack_give(stacks[i]);
    stack_pool_trim();
}

static void the_nth_request_fails_cleanly(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    bool whole = false;
    for (long n = 1; !whole; n++) {
        memory_fail_after(n);
        struct stack *a = stack_take(0), *b = stack_take(50000), *c = stack_take(0);
        whole = a != NULL && b != NULL && c != NULL;
        struct stack *taken[] = {a, b, c};
        for (int i = 0; i < 3; i++)
            if (taken[i] != NULL)
                stack_give(taken[i]);
        assert_true(n < 10);
        stack_pool_trim();
        assert_int_equal(stack_live(), 0);
        assert_int_equal(memory_live_blocks(), blocks);
    }
    memory_fail_after(0);
}

static void *use_own_pool(void *result)
{
    watch();
    struct stack *stack = stack_take(0), *other = stack_take(70000);
    use_whole_stack(stack);
    *(bool *)result = stack_live() == 2 && stack->class == &stack_pool.common;
    stack_give(stack);
    stack_give(other);
    return NULL;
}

/* Valgrind and the count find what the end of the thread does not give back. */
static void each_thread_has_its_pool_and_leaves_nothing(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    struct stack *mine = stack_take(0);
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        bool right = false;
        assert_int_equal(pthread_create(&thread, NULL, use_own_pool, &right), 0);
        pthread_join(thread, NULL);
        assert_true(right);
    }
    assert_int_equal(stack_live(), 1);
    stack_give(mine);
    assert_int_equal(memory_live_blocks(), blocks);
}

/* Counts the stacks that a whole walk finds. */
static int walk_all(void)
{
    struct stack_walk walk = {.steps = SIZE_MAX};
    int found = 0;
    while (stack_next_awake(&walk) != NULL)
        found++;
    return found;
}

/* Stacks of two sizes, neither of which is the default size: the common class stays empty. */
static void *walk_from_anywhere(void *result)
{
    bool *right = result;
    *right = walk_all() == 0; /* there is no stack at all */
    struct stack *taken[] = {stack_take(70000), stack_take(140000), stack_take(70000), stack_take(140000)};
    for (int i = 0; i < 4; i++) {
        struct stack_walk one = {.steps = SIZE_MAX};
        *right = *right && walk_all() == 4 && stack_next_awake(&one) != NULL; /* the next walk begins one later */
    }
    for (int i = 0; i < 4; i++)
        stack_give(taken[i]);
    return NULL;
}

static void a_walk_passes_sizes_without_stacks(void **state)
{
    (void)state;
    pthread_t thread; /* its pool is new */
    bool right = false;
    assert_int_equal(pthread_create(&thread, NULL, walk_from_anywhere, &right), 0);
    pthread_join(thread, NULL);
    assert_true(right);
}

static int lowest_free_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

static int ask_the_kernel(void)
{
    probe_guard_install();
    probe_eventfd();
    probe_pidfd();
    probe_epoll_pwait2();
    probe_io_uring();
    probe_map_limit();
    probe_clock_resolution();
    return lowest_free_descriptor();
}

static void asking_the_kernel_leaves_nothing_open(void **state)
{
    (void)state;
    int before = lowest_free_descriptor();
    assert_int_equal(ask_the_kernel(), before);
    int input = dup(STDIN_FILENO);
    close(STDIN_FILENO); /* a daemon: the kernel hands out 0 */
    int lowest = ask_the_kernel();
    if (input >= 0) {
        dup2(input, STDIN_FILENO);
        close(input);
    }
    assert_int_equal(lowest, 0);
}

int main(void)
{
    /* The size is read once; the handler is installed once. */
    const struct CMUnitTest size[] = {
        cmocka_unit_test(the_default_size_can_be_set),
    };
    const struct CMUnitTest faults[] = {
        cmocka_unit_test(an_overflow_is_reported_by_name_and_size),
        cmocka_unit_test(a_frame_of_64_kib_does_not_jump_over_the_guard),
        cmocka_unit_test(other_faults_keep_their_signal),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_guard_method_can_be_forced),
        cmocka_unit_test(past_the_mapping_limit_stacks_have_canaries),
        cmocka_unit_test(an_overwritten_canary_stops_the_program),
        cmocka_unit_test_teardown(a_stack_is_usable_from_top_to_guard, no_stack_left),
        cmocka_unit_test_teardown(the_last_given_is_taken_first, no_stack_left),
        cmocka_unit_test_teardown(sizes_do_not_mix, no_stack_left),
        cmocka_unit_test_teardown(an_impossible_size_is_refused, no_stack_left),
        cmocka_unit_test_teardown(many_stacks_can_be_in_use, no_stack_left),
        cmocka_unit_test_teardown(each_stack_of_a_crowd_has_a_guard, no_stack_left),
        cmocka_unit_test_teardown(trimming_keeps_what_is_in_use, no_stack_left),
        cmocka_unit_test_teardown(stacks_left_by_a_crowd_are_slack, no_stack_left),
        cmocka_unit_test_teardown(the_nth_request_fails_cleanly, no_stack_left),
        cmocka_unit_test_teardown(each_thread_has_its_pool_and_leaves_nothing, no_stack_left),
        cmocka_unit_test_teardown(a_walk_passes_sizes_without_stacks, no_stack_left),
        cmocka_unit_test(asking_the_kernel_leaves_nothing_open),
    };
    int failed = cmocka_run_group_tests(size, NULL, NULL);
    if (!UNDER_ASAN && !RUNNING_ON_VALGRIND) /* these tools handle SIGSEGV themselves */
        failed += cmocka_run_group_tests(faults, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
