/* SPDX-License-Identifier: MIT */
/* test_post.c - rules of calls that other threads post to a loop, while it ends and afterwards. */
#include <eddy.h>
#include <errno.h>
#include <pthread.h>

#include "os/memory.h"
#include "transcript.h"

enum { ROUNDS = 30, MANY = 1000 };

/* A thread that posts to a loop, and the outcome. */
struct poster {
    eddy_loop *loop;    /* NULL: no loop is named */
    bool referenced;
    eddy_event *done;
    long taken, made;   /* number of calls; `made` is atomic */
    int code;           /* the last return value */
};

static void count_call(struct poster *poster)
{
    __atomic_add_fetch(&poster->made, 1, __ATOMIC_SEQ_CST);
}

static void *post_until_refused(void *argument)
{
    struct poster *poster = argument;
    while ((poster->code = eddy_call_soon_threadsafe(poster->loop, count_call, poster)) == 0)
        if (++poster->taken - __atomic_load_n(&poster->made, __ATOMIC_SEQ_CST) > MANY)
            usleep(100); /* the loop is not running: the thread need not make millions of calls by the time it does */
    if (poster->referenced)
        eddy_loop_unref(poster->loop);
    return NULL;
}

/* The loop ends while the thread goes on. */
eddy_async(void, posted_to, (struct poster *, poster), (pthread_t *, thread), (bool, named))
{
    poster->loop = named ? eddy_current_loop() : NULL;
    if (poster->referenced)
        eddy_loop_ref(poster->loop);
    pthread_create(thread, NULL, post_until_refused, poster);
    while (__atomic_load_n(&poster->made, __ATOMIC_SEQ_CST) < 10)
        eddy_await(eddy_sleep(0));
}

static void posts_until_refused(bool named, bool referenced)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct poster poster = {.referenced = referenced};
        pthread_t thread;
        assert_int_equal(eddy_run(posted_to(&poster, &thread, named)), 0);
        pthread_join(thread, NULL);
        assert_int_equal(poster.code, EDDY_NO_LOOP);
        assert_int_equal(poster.taken, poster.made);
    }
}

static void each_call_that_was_taken_is_made_and_the_rest_are_refused(void **state)
{
    (void)state;
    posts_until_refused(true, true);
    posts_until_refused(true, false);
    posts_until_refused(false, false);
}

/* ---- the call that ends the loop ---- */

static void *post_the_last_call(void *argument)
{
    struct poster *poster = argument;
    poster->code = eddy_call_soon_threadsafe(poster->loop, eddy_event_set, poster->done);
    return NULL;
}

/* Awake, so that the loop sees the call before the thread has returned from posting it. */
eddy_async(void, ended_by_a_call, (struct poster *, poster), (pthread_t *, thread), (bool, named))
{
    eddy_event done = EDDY_EVENT_INIT;
    poster->done = &done;
    poster->loop = named ? eddy_current_loop() : NULL;
    pthread_create(thread, NULL, post_the_last_call, poster);
    while (!eddy_event_is_set(&done))
        eddy_await(eddy_sleep(0));
}

static void a_loop_may_end_by_a_call_whose_thread_has_not_returned_yet(void **state)
{
    (void)state;
    for (int i = 0; i < 10 * ROUNDS; i++) {
        struct poster poster = {.code = -1};
        pthread_t thread;
        assert_int_equal(eddy_run(ended_by_a_call(&poster, &thread, i % 2)), 0);
        pthread_join(thread, NULL);
        assert_int_equal(poster.code, 0);
    }
}

/* ---- an awaitable that a thread completes ---- */

struct from_thread {
    struct eddy_awaitable awaitable;
    int result;
    pthread_t thread;
    int code; /* of eddy_complete_threadsafe */
};

static void *complete_it(void *argument)
{
    struct from_thread *self = argument;
    self->result = 7;
    self->code = eddy_complete_threadsafe(self);
    return NULL;
}

static void start_thread(struct eddy_awaitable *a)
{
    struct from_thread *self = (struct from_thread *)a;
    pthread_create(&self->thread, NULL, complete_it, self);
}

static const struct eddy_awaitable_type from_thread_type = {.name = "from_thread", .start = start_thread};

eddy_async(void, waits_for_a_thread)
{
    struct from_thread self = {EDDY_AWAITABLE_INIT(&from_thread_type), .code = -1};
    int result = eddy_await(&self);
    pthread_join(self.thread, NULL);
    note("%d %d", self.code, result);
}

static void a_thread_completes_an_awaitable(void **state)
{
    (void)state;
    struct from_thread unstarted = {EDDY_AWAITABLE_INIT(&from_thread_type)};
    assert_int_equal(eddy_complete_threadsafe(&unstarted), EDDY_INVALID_STATE);
    for (int i = 0; i < ROUNDS; i++) {
        RUN(waits_for_a_thread());
        told("0 7");
    }
}

static void count_up(int *count)
{
    ++*count;
}

/* ---- context variables ---- */

static eddy_context_var variable = EDDY_CONTEXT_VAR_INIT("variable", "none");

static void set_variable(const char *value)
{
    note("%s", (const char *)eddy_context_get(&variable));
    eddy_context_set(&variable, (void *)(uintptr_t)value);
    note("%s", (const char *)eddy_context_get(&variable));
}

static void set_event(eddy_event *event)
{
    eddy_event_set(event);
}

eddy_async(void, posts_calls_that_set_a_variable)
{
    eddy_event done = EDDY_EVENT_INIT;
    eddy_context_set(&variable, "own");
    eddy_call_soon_threadsafe(NULL, set_variable, "first");
    eddy_call_soon_threadsafe(NULL, set_variable, "second");
    eddy_call_soon_threadsafe(NULL, set_event, &done);
    eddy_await(eddy_event_wait(&done));
    note("%s", (const char *)eddy_context_get(&variable));
}

static void a_value_that_a_posted_call_sets_ends_with_it(void **state)
{
    (void)state;
    RUN(posts_calls_that_set_a_variable());
    told("none first none second own");
}

/* ---- calls whose turn comes after the end ---- */

eddy_async(void, ends_before_they_are_made, (int *, count))
{
    for (int i = 0; i < MANY; i++)
        eddy_call_soon_threadsafe(NULL, count_up, count);
    eddy_await(eddy_sleep(0));
}

static void calls_whose_turn_has_not_come_when_the_main_task_ends_are_made(void **state)
{
    (void)state;
    int count = 0;
    long before = memory_live_blocks();
    RUN(ends_before_they_are_made(&count));
    assert_int_equal(memory_live_blocks(), before);
    assert_int_equal(count, MANY);
}

/* ---- after the end ---- */

eddy_async(void, leaves_its_name, (eddy_loop **, loop), (bool, referenced))
{
    *loop = eddy_current_loop();
    if (referenced)
        eddy_loop_ref(*loop);
    eddy_await(eddy_sleep(0));
}

eddy_async(int, square, (int, n))
{
    return n * n;
}

/* Each way in. */
static void try_all(eddy_loop *loop)
{
    int count = 0, result = 0;
    eddy_error err;
    note("%s", eddy_error_name(eddy_call_soon_threadsafe(loop, count_up, &count)));
    eddy_remote *remote = eddy_run_coroutine_threadsafe(loop, square(3));
    note("%d", eddy_remote_wait(remote, -1, &result, &err));
    note("%s %d", eddy_error_name(err.code), result + count);
    eddy_error_free(&err);
    eddy_remote_cancel(remote);
    eddy_remote_free(remote);
    note("%d", eddy_loop_driver(loop) == NULL);
}

eddy_async(void, later_loop, (eddy_loop *, old))
{
    note("%d", old != eddy_current_loop());
    try_all(old);
    eddy_await(eddy_sleep(0.001));
}

static void an_ended_loop_answers_and_is_never_taken_for_a_later_one(void **state)
{
    (void)state;
    for (int referenced = 0; referenced < 2; referenced++) {
        eddy_loop *loop;
        RUN(leaves_its_name(&loop, referenced));
        try_all(loop);
        told("EDDY_NO_LOOP 1 EDDY_NO_LOOP 0 1");
        for (int i = 0; i < 3; i++) {
            RUN(later_loop(loop));
            told("1 EDDY_NO_LOOP 1 EDDY_NO_LOOP 0 1");
        }
        if (referenced)
            eddy_loop_unref(loop);
    }
}

static void without_a_loop_posting_gives_no_loop(void **state)
{
    (void)state;
    try_all(NULL);
    told("EDDY_NO_LOOP 1 EDDY_NO_LOOP 0 1");
}

static void references_count_and_do_not_keep_the_loop(void **state)
{
    (void)state;
    eddy_loop *loop;
    RUN(leaves_its_name(&loop, true));
    assert_ptr_equal(eddy_loop_ref(loop), loop);
    eddy_loop_unref(loop);
    eddy_loop_unref(loop);
    assert_null(eddy_loop_ref(loop));
    assert_null(eddy_loop_ref(NULL));
    eddy_loop_unref(NULL);
}

/* ---- coroutines that are posted while the loop ends ---- */

struct asker {
    eddy_loop *loop;
    int started; /* atomic */
    int code;    /* the error of the first one that failed */
};

static void *ask_until_refused(void *argument)
{
    struct asker *asker = argument;
    while (!asker->code) {
        eddy_error err;
        int result = 0;
        eddy_remote *remote = eddy_run_coroutine_threadsafe(asker->loop, square(3));
        __atomic_store_n(&asker->started, 1, __ATOMIC_SEQ_CST);
        if (!eddy_remote_wait(remote, -1, &result, &err) || (!err.code && result != 9))
            asker->code = -1;
        else
            asker->code = err.code;
        eddy_error_free(&err);
        eddy_remote_cancel(remote);
        eddy_remote_free(remote);
    }
    return NULL;
}

eddy_async(void, asked, (struct asker *, asker), (pthread_t *, thread))
{
    asker->loop = eddy_current_loop();
    pthread_create(thread, NULL, ask_until_refused, asker);
    while (!__atomic_load_n(&asker->started, __ATOMIC_SEQ_CST))
        eddy_await(eddy_sleep(0));
}

static void a_thread_that_waits_for_a_coroutine_is_answered_when_the_loop_ends(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct asker asker = {.code = 0};
        pthread_t thread;
        assert_int_equal(eddy_run(asked(&asker, &thread)), 0);
        pthread_join(thread, NULL);
        assert_true(asker.code == EDDY_NO_LOOP || asker.code == ECANCELED);
    }
}

/* ---- a thread that was cancelled ---- */

static void *post_though_cancelled(void *argument)
{
    struct poster *poster = argument;
    pthread_cancel(pthread_self()); /* pthread_cancel ends it at the next cancellation point: write, for one */
    poster->code = eddy_call_soon_threadsafe(poster->loop, eddy_event_set, poster->done);
    return NULL;
}

eddy_async(void, waits_for_it, (struct poster *, poster))
{
    pthread_t thread;
    eddy_event done = EDDY_EVENT_INIT;
    poster->loop = eddy_current_loop();
    poster->done = &done;
    pthread_create(&thread, NULL, post_though_cancelled, poster);
    eddy_await(eddy_event_wait(&done));
    pthread_join(thread, NULL);
}

static void a_thread_that_is_cancelled_while_it_posts_still_wakes_the_loop(void **state)
{
    (void)state;
    struct poster poster = {.code = -1};
    RUN(waits_for_it(&poster));
    assert_int_equal(poster.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_that_was_taken_is_made_and_the_rest_are_refused),
        cmocka_unit_test(a_loop_may_end_by_a_call_whose_thread_has_not_returned_yet),
        cmocka_unit_test(a_thread_completes_an_awaitable),
        cmocka_unit_test(a_value_that_a_posted_call_sets_ends_with_it),
        cmocka_unit_test(calls_whose_turn_has_not_come_when_the_main_task_ends_are_made),
        cmocka_unit_test(an_ended_loop_answers_and_is_never_taken_for_a_later_one),
        cmocka_unit_test(without_a_loop_posting_gives_no_loop),
        cmocka_unit_test(references_count_and_do_not_keep_the_loop),
        cmocka_unit_test(a_thread_that_waits_for_a_coroutine_is_answered_when_the_loop_ends),
        cmocka_unit_test(a_thread_that_is_cancelled_while_it_posts_still_wakes_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
