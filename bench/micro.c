/* SPDX-License-Identifier: MIT */
/*
 * micro.c - what the primitives cost: a call, an await, a generator's item, a task, a turn, a queue's round trip.
 *
 *     micro [ROUNDS [SLEEPERS]]
 *
 * Each round asks every question once, so that a slow spell of the machine falls on all of them; the table gives the
 * median of the rounds with the least and the greatest.  The first line of the table, a bare pair of stack switches, is
 * what the other lines are to be compared with: nanoseconds differ between machines, ratios less.
 * SLEEPERS tasks are put to sleep once, at the end; 0 leaves that out.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/switch.h"
#include "os/stack.h"

enum { MAX_ROUNDS = 99, BATCH = 1000 };

/* A question: does something `count` times; the time is divided by that. */
struct question {
    const char *text;
    long count;
    void (*ask)(long count);     /* runs on the main task, and may wait */
    double results[MAX_ROUNDS];  /* nanoseconds of one, a round each */
};

static volatile long sink; /* keeps what was computed from being dropped */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* What must not fail: a benchmark has no other answer. */
static void check(const eddy_error *err)
{
    if (!err->code)
        return;
    fprintf(stderr, "micro: %s: %s\n", eddy_error_name(err->code), err->message);
    exit(1);
}

/* ---- calls ---- */

static int __attribute__((noinline)) plain(int n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}

async(int, call_plain, (int, n)) { return plain(n); }

async(void, await_many, (long, count))
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += await(call_plain((int)i));
    sink = sum;
}

static void ask_call(long count)
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += plain((int)i);
    sink = sum;
}

static void ask_await(long count)
{
    eddy_error err;
    eddy_await(await_many(count), &err);
    check(&err);
}

/* ---- switches ---- */

static struct switch_point here, there;

static void answer(void *argument)
{
    (void)argument;
    for (;;)
        switch_to(&there, &here);
}

static void ask_switch(long count)
{
    struct stack *stack = stack_take(0);
    if (!stack)
        exit(1);
    switch_prepare(&there, stack->bottom, stack_top(stack), answer, NULL);
    for (long i = 0; i < count; i++)
        switch_to(&here, &there);
    switch_forget(&there);
    stack_give(stack);
}

generator(long, numbers, (long, count))
{
    for (long i = 0; i < count; i++)
        yield(i);
}

static void ask_generator(long count)
{
    long sum = 0;
    for_each (x, numbers(count))
        sum += x;
    sink = sum;
}

/* ---- tasks ---- */

async(int, nothing) { return 1; }

async(void, join_one_by_one, (long, count))
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += await(spawn(nothing()));
    sink = sum;
}

async(void, join_in_batches, (long, count))
{
    static struct nothing *tasks[BATCH];
    long sum = 0;
    for (long done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            tasks[i] = spawn(nothing());
        for (int i = 0; i < BATCH; i++)
            sum += await(tasks[i]);
    }
    sink = sum;
}

static void ask_join(long count)
{
    eddy_error err;
    eddy_await(join_one_by_one(count), &err);
    check(&err);
}

static void ask_batch(long count)
{
    eddy_error err;
    eddy_await(join_in_batches(count), &err);
    check(&err);
}

async(void, give_way, (long, count))
{
    for (long i = 0; i < count; i++)
        await(eddy_sleep(0));
}

async(void, two_give_way, (long, count))
{
    struct give_way *a = spawn(give_way(count / 2)), *b = spawn(give_way(count / 2));
    await(a);
    await(b);
}

static void ask_yield(long count)
{
    eddy_error err;
    eddy_await(two_give_way(count), &err);
    check(&err);
}

typedef queue_of(int) int_queue;

async(void, echo, (int_queue *, in), (int_queue *, out), (long, count))
{
    for (long i = 0; i < count; i++) {
        int item = await(eddy_queue_get(in));
        await(eddy_queue_put(out, item));
    }
}

async(void, ping, (int_queue *, out), (int_queue *, in), (long, count))
{
    struct echo *other = spawn(echo(out, in, count));
    long sum = 0;
    for (long i = 0; i < count; i++) {
        await(eddy_queue_put(out, (int)i));
        sum += await(eddy_queue_get(in));
    }
    await(other);
    sink = sum;
}

static void ask_queue(long count)
{
    int_queue there_queue, back_queue;
    eddy_error err;
    eddy_queue_init(&there_queue, 0);
    eddy_queue_init(&back_queue, 0);
    eddy_await(ping(&there_queue, &back_queue, count), &err);
    check(&err);
    eddy_queue_free(&there_queue);
    eddy_queue_free(&back_queue);
}

/* ---- the table ---- */

static struct question questions[] = {
    {.text = "a bare pair of stack switches", .count = 2000000, .ask = ask_switch},
    {.text = "a call of a C function", .count = 10000000, .ask = ask_call},
    {.text = "await of a coroutine that calls it", .count = 10000000, .ask = ask_await},
    {.text = "an item of a generator", .count = 2000000, .ask = ask_generator},
    {.text = "spawn and await, one by one", .count = 500000, .ask = ask_join},
    {.text = "spawn and await, in batches of 1000", .count = 500000, .ask = ask_batch},
    {.text = "a turn: eddy_sleep(0) of two tasks", .count = 1000000, .ask = ask_yield},
    {.text = "a round trip through two queues", .count = 500000, .ask = ask_queue},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ask_all(int rounds)
{
    for (int round = -1; round < rounds; round++) /* the first warms up and is not counted */
        for (int i = 0; i < QUESTIONS; i++) {
            struct question *question = &questions[i];
            double start = now();
            question->ask(question->count);
            if (round >= 0)
                question->results[round] = (now() - start) / (double)question->count;
        }
}

static void print_table(int rounds)
{
    printf("| nanoseconds each, %d rounds | median | min..max | pairs of switches |\n|---|---:|---:|---:|\n", rounds);
    for (int i = 0; i < QUESTIONS; i++)
        qsort(questions[i].results, (size_t)rounds, sizeof(double), compare);
    double pair = questions[0].results[rounds / 2];
    for (int i = 0; i < QUESTIONS; i++) {
        const double *results = questions[i].results;
        double median = results[rounds / 2];
        printf("| %s | %.1f | %.1f..%.1f | %.2f |\n", questions[i].text, median, results[0], results[rounds - 1],
               median / pair);
    }
}

/* ---- sleepers ---- */

static double resident_bytes(void)
{
    double kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmRSS:", 6) || !strncmp(line, "VmPTE:", 6))
            kilobytes += strtod(line + 6, NULL);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

async(void, sleeper) { await(eddy_sleep(1e6)); }

async(void, many_sleepers, (long, count))
{
    struct sleeper **tasks = malloc((size_t)count * sizeof *tasks);
    if (!tasks)
        throw(ENOMEM, "no memory for %ld handles", count);
    defer(free, tasks);
    memset(tasks, 0, (size_t)count * sizeof *tasks);
    double before = resident_bytes(), start = now();
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(sleeper());
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    double asleep = now();
    double each = (resident_bytes() - before) / (double)count;
    for (long i = 0; i < count; i++)
        eddy_cancel(tasks[i]);
    for (long i = 0; i < count; i++) {
        eddy_error err;
        await_always(tasks[i], &err);
    }
    printf("\n%ld tasks asleep: %.2f s to get there, %.0f bytes each (resident, page tables included), "
           "%.2f s to cancel and join\n",
           count, (asleep - start) / 1e9, each, (now() - asleep) / 1e9);
}

async(void, main_task, (int, rounds), (long, sleepers))
{
    ask_all(rounds);
    print_table(rounds);
    fflush(stdout);
    if (sleepers > 0)
        await(many_sleepers(sleepers));
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    long sleepers = argc > 2 ? atol(argv[2]) : 1000000;
    if (rounds < 1 || rounds > MAX_ROUNDS || sleepers < 0 || argc > 3) {
        fprintf(stderr, "usage: micro [ROUNDS (1 to %d) [SLEEPERS]]\n", MAX_ROUNDS);
        return 2;
    }
    return eddy_run(main_task(rounds, sleepers));
}
