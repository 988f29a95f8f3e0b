/* SPDX-License-Identifier: MIT */
/* test_sim_clock.c - rules of the simulation's clock: when it jumps, when it stops, when it follows the real clock. */
#include <eddy.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "transcript.h"

#define MOMENT 0.0001 /* seconds; less than the time that any real thread or program needs */

/* Runs in the simulation, with the seed. */
#define SIMULATE(seed_, coroutine)                                                              \
    do {                                                                                        \
        eddy_loop_options options_ = {.size = sizeof options_, .driver = "sim", .seed = seed_}; \
        long blocks_before_ = memory_live_blocks();                                             \
        assert_int_equal(eddy_run_with(&options_, coroutine), 0);                               \
        assert_int_equal(memory_live_blocks(), blocks_before_);                                 \
    } while (0)

/* ==== it runs while a task keeps the loop turning ==== */

eddy_async(int, read_one, (eddy_stream *, s))
{
    char byte;
    return (int)eddy_await(eddy_stream_read(s, &byte, 1));
}

eddy_async(void, echo, (eddy_stream *, s), (void *, unused))
{
    char bytes[10];
    (void)unused;
    for (size_t n; (n = eddy_await(eddy_stream_read(s, bytes, sizeof bytes))) > 0;)
        eddy_await(eddy_stream_write(s, bytes, n));
}

eddy_async(void, turn_until_it_has_come)
{
    eddy_server *server = eddy_await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = eddy_await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    eddy_await(eddy_stream_write(s, "x", 1));
    struct read_one *reader = eddy_spawn(read_one(s));
    int turns = 0;
    while (!eddy_done(reader) && ++turns < 100000)
        eddy_await(eddy_sleep(0));
    note("%d", eddy_done(reader) ? eddy_await(reader) : -1);
    eddy_await(eddy_stream_close(s));
    eddy_await(eddy_server_close(server, 0));
}

static void network_events_arrive_while_a_task_turns(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        SIMULATE(seed, turn_until_it_has_come());
        told("1");
    }
}

eddy_async(void, turn_for, (double, seconds))
{
    double end = eddy_time() + seconds;
    while (eddy_time() < end)
        eddy_await(eddy_sleep(0));
    note("over");
}

static void a_task_can_turn_until_a_time_has_come(void **state)
{
    (void)state;
    SIMULATE(0, turn_for(0.5));
    told("over");
}

typedef eddy_queue_of(int) int_queue;

eddy_async(void, play, (int_queue *, in), (int_queue *, out))
{
    for (;;)
        eddy_await(eddy_queue_put(out, eddy_await(eddy_queue_get(in))));
}

eddy_async(void, play_for_a_while)
{
    int_queue queues[2];
    eddy_error err;
    for (int i = 0; i < 2; i++)
        eddy_queue_init(&queues[i], 0);
    struct play *other = eddy_spawn(play(&queues[0], &queues[1]));
    eddy_await(eddy_queue_put(&queues[0], 1));
    eddy_await_for(play(&queues[1], &queues[0]), 0.5, &err);
    note("%s", eddy_error_name(err.code));
    eddy_cancel(other);
    eddy_await(other, &err);
    for (int i = 0; i < 2; i++)
        eddy_queue_free(&queues[i]);
}

static void a_timeout_fires_while_two_tasks_wake_each_other(void **state)
{
    (void)state;
    SIMULATE(0, play_for_a_while());
    told("ETIMEDOUT");
}

eddy_async(void, some_turns_between_sleeps)
{
    double begin = eddy_time();
    for (int i = 0; i < 20; i++) {
        for (int turn = 0; turn < 100; turn++)
            eddy_await(eddy_sleep(0));
        eddy_await(eddy_sleep(1));
    }
    note("%g", eddy_time() - begin);
}

static void some_turns_between_sleeps_take_no_time(void **state)
{
    (void)state;
    SIMULATE(0, some_turns_between_sleeps());
    told("20");
}

/* ==== it stops while calls are in flight ==== */

eddy_blocking(int, think, (int, milliseconds))
{
    usleep((useconds_t)milliseconds * 1000);
    return 7;
}

eddy_async(void, think_under_a_deadline)
{
    double begin = eddy_time();
    note("%d", eddy_await_for(think(20), MOMENT));
    note("%g", eddy_time() - begin);
}

static void a_blocking_call_is_within_any_deadline(void **state)
{
    (void)state;
    SIMULATE(0, think_under_a_deadline());
    told("7 0");
}

eddy_async(void, think_again_and_again)
{
    for (;;)
        eddy_await(think(0));
}

eddy_async(void, think_for_a_while)
{
    eddy_error err;
    eddy_await_for(think_again_and_again(), 0.02, &err);
    note("%s", eddy_error_name(err.code));
}

static void endless_passes_end_by_the_timeout(void **state)
{
    (void)state;
    SIMULATE(0, think_for_a_while());
    told("ETIMEDOUT");
}

eddy_blocking(int, think_for_some_time, (int, n))
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    usleep((useconds_t)(now.tv_nsec / 1000 * (n + 1) % 500));
    return n;
}

eddy_async(void, think_and_sleep, (unsigned *, hash), (int, n))
{
    for (int i = 0; i < 3; i++) {
        *hash = *hash * 31 + (unsigned)eddy_await(think_for_some_time(n));
        eddy_await(eddy_sleep(0.001 * (n % 3)));
        *hash = *hash * 31 + (unsigned)n;
    }
}

eddy_async(void, think_at_once)
{
    unsigned hash = 0;
    double begin = eddy_time();
    eddy_async_with (group, eddy_task_group())
        for (int i = 0; i < 8; i++)
            eddy_group_spawn(group, think_and_sleep(&hash, i));
    note("%u %.9f", hash, eddy_time() - begin);
}

static void a_seed_repeats_a_run_with_threads(void **state)
{
    (void)state;
    char first[sizeof transcript];
    SIMULATE(1, think_at_once());
    memcpy(first, transcript, sizeof first);
    for (int i = 0; i < 10; i++) {
        transcript[0] = 0;
        SIMULATE(1, think_at_once());
        assert_string_equal(transcript, first);
    }
    transcript[0] = 0;
}

static void answer(sem_t *answered)
{
    sem_post(answered);
}

eddy_blocking(int, post_and_wait, (eddy_loop *, loop))
{
    sem_t answered;
    sem_init(&answered, 0, 0);
    eddy_call_soon_threadsafe(loop, answer, &answered);
    sem_wait(&answered);
    sem_destroy(&answered);
    return 5;
}

eddy_async(void, look_up_under_a_deadline)
{
    eddy_error err;
    struct addrinfo *list = eddy_await_for(eddy_getaddrinfo("127.0.0.1", "http", NULL), MOMENT, &err);
    note("%d", err.code == ETIMEDOUT);
    if (!err.code)
        freeaddrinfo(list);
}

static void a_name_is_looked_up_within_any_deadline(void **state)
{
    (void)state;
    SIMULATE(0, look_up_under_a_deadline());
    told("0");
}

eddy_async(int, sleep_and_give, (int, value))
{
    eddy_await(eddy_sleep(3600));
    return value;
}

eddy_blocking(int, ask_the_loop, (eddy_loop *, loop))
{
    int value = -1;
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(loop, sleep_and_give(3));
    eddy_remote_wait(remote, -1, &value, &err);
    eddy_error_free(&err);
    eddy_remote_free(remote);
    usleep(20000);
    return value;
}

eddy_async(void, ask_from_a_thread)
{
    double begin = eddy_time();
    note("%d", eddy_await_for(ask_the_loop(eddy_current_loop()), 3600 + MOMENT));
    note("%g", eddy_time() - begin);
}

static void a_call_that_waits_for_the_loop_does_not_stop_the_clock(void **state)
{
    (void)state;
    SIMULATE(0, ask_from_a_thread());
    told("3 3600");
}

eddy_async(void, post_and_sleep)
{
    double begin = eddy_time();
    eddy_event set = {0};
    eddy_call_soon_threadsafe(eddy_event_set, &set);
    eddy_await_for(eddy_event_wait(&set), MOMENT);
    note("%g", eddy_time() - begin);
}

eddy_async(void, post_from_a_call)
{
    note("%d", eddy_await_for(post_and_wait(eddy_current_loop()), MOMENT));
}

static void a_call_gets_the_answer_to_what_it_posts(void **state)
{
    (void)state;
    SIMULATE(1, post_from_a_call());
    told("5");
}

static void a_posted_call_is_made_before_the_clock_jumps(void **state)
{
    (void)state;
    SIMULATE(0, post_and_sleep());
    told("0");
}

/* ==== it stops while it is held ==== */

struct helper {
    eddy_loop *loop;
    eddy_event done;
    int turned; /* atomic: the main task has stopped turning the loop, which would move the clock */
};

static void *help(void *argument)
{
    struct helper *helper = argument;
    do
        usleep(20000);
    while (!__atomic_load_n(&helper->turned, __ATOMIC_SEQ_CST));
    eddy_call_soon_threadsafe(helper->loop, eddy_event_set, &helper->done);
    eddy_sim_release(helper->loop);
    return NULL;
}

eddy_async(void, wait_for_a_thread, (int, turns))
{
    struct helper helper = {.loop = eddy_current_loop()};
    pthread_t thread;
    double begin = eddy_time();
    eddy_sim_hold(helper.loop);
    if (pthread_create(&thread, NULL, help, &helper) != 0)
        eddy_raise(EAGAIN, "no thread");
    for (int i = 0; i < turns; i++)
        eddy_await(eddy_sleep(0));
    __atomic_store_n(&helper.turned, 1, __ATOMIC_SEQ_CST);
    eddy_await_for(eddy_event_wait(&helper.done), MOMENT);
    note("%g", eddy_time() - begin);
    pthread_join(thread, NULL);
    eddy_await(eddy_sleep(1));
    note("%g", eddy_time() - begin);
}

static void a_thread_of_the_program_is_within_any_deadline_while_it_holds(void **state)
{
    (void)state;
    SIMULATE(0, wait_for_a_thread(0));
    told("0 1");
}

static void turning_does_not_move_a_held_clock(void **state)
{
    (void)state;
    SIMULATE(0, wait_for_a_thread(20000));
    told("0 1");
}

/* ==== beside other programs it follows the real clock ==== */

eddy_async(void, run_beside_a_program)
{
    eddy_error err;
    double begin = eddy_time();
    eddy_exit_status status = eddy_await_for(eddy_run_command(EDDY_COMMAND("sh", "-c", "exit 3"), NULL, 0), 3600);
    note("%d %d", status.code, eddy_time() - begin < 3600);
    eddy_await_for(eddy_run_command(EDDY_COMMAND("sleep", "20"), NULL, 0), 0.05, &err);
    note("%s", eddy_error_name(err.code));
}

static void a_deadline_around_a_program_means_real_time(void **state)
{
    (void)state;
    SIMULATE(0, run_beside_a_program());
    told("3 1 ETIMEDOUT");
}

/* ==== streams in memory follow the weather, too ==== */

eddy_async(void, write_all, (eddy_stream *, s))
{
    static const char bytes[5000];
    eddy_await(eddy_stream_write(s, bytes, sizeof bytes));
}

/* How many bytes a read gives, and whether time has passed meanwhile. */
eddy_async(void, talk_in_memory)
{
    eddy_stream *ends[2];
    char bytes[5000];
    double begin = eddy_time();
    size_t got = 0, reads = 0;
    eddy_await(eddy_stream_pair(ends));
    struct write_all *writer = eddy_spawn(write_all(ends[0]));
    for (; got < sizeof bytes; reads++)
        got += eddy_await(eddy_stream_read(ends[1], bytes, sizeof bytes));
    eddy_await(writer);
    note("%s reads, %s", reads > 1 ? "several" : "one", eddy_time() > begin ? "later" : "at once");
    eddy_await(eddy_stream_close(ends[0]));
    eddy_await(eddy_stream_close(ends[1]));
}

static void a_write_in_memory_waits_for_the_weather(void **state)
{
    (void)state;
    setenv("EDDY_SIM_WEATHER", "fine late=1 latency=5 short=1", 1);
    SIMULATE(3, talk_in_memory());
    told("several reads, later");
    setenv("EDDY_SIM_WEATHER", "fine", 1);
    SIMULATE(3, talk_in_memory());
    told("one reads, at once");
    unsetenv("EDDY_SIM_WEATHER");
}

eddy_async(void, turns_have_a_price)
{
    double spent[3];
    for (int i = 0; i < 3; i++) {
        double begin = eddy_time();
        for (int turn = 0; turn < 3000; turn++)
            eddy_await(eddy_sleep(0));
        spent[i] = eddy_time() - begin;
    }
    note("%.4f %.4f %.4f", spent[0], spent[1], spent[2]); /* the first ones are free of charge */
}

static void each_turn_costs_the_same(void **state)
{
    (void)state;
    SIMULATE(0, turns_have_a_price());
    told("0.0200 0.0300 0.0300");
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(network_events_arrive_while_a_task_turns),
        cmocka_unit_test(a_task_can_turn_until_a_time_has_come),
        cmocka_unit_test(a_timeout_fires_while_two_tasks_wake_each_other),
        cmocka_unit_test(some_turns_between_sleeps_take_no_time),
        cmocka_unit_test(each_turn_costs_the_same),
        cmocka_unit_test(a_blocking_call_is_within_any_deadline),
        cmocka_unit_test(endless_passes_end_by_the_timeout),
        cmocka_unit_test(a_name_is_looked_up_within_any_deadline),
        cmocka_unit_test(a_call_that_waits_for_the_loop_does_not_stop_the_clock),
        cmocka_unit_test(a_seed_repeats_a_run_with_threads),
        cmocka_unit_test(a_call_gets_the_answer_to_what_it_posts),
        cmocka_unit_test(a_posted_call_is_made_before_the_clock_jumps),
        cmocka_unit_test(a_thread_of_the_program_is_within_any_deadline_while_it_holds),
        cmocka_unit_test(turning_does_not_move_a_held_clock),
        cmocka_unit_test(a_deadline_around_a_program_means_real_time),
        cmocka_unit_test(a_write_in_memory_waits_for_the_weather),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
