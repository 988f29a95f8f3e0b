/* SPDX-License-Identifier: MIT */
/* requests.c - a request to cancel arrives when the operation has completed: neither is lost, and neither is
 * delivered twice. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <eddy/keywords.h>
#include "check.h"

/* ---- which wins ---- */

/* Returns memory that only its caller can free. */
async(char *, makes_under, (eddy_lock *, lock))
{
    await(eddy_lock_acquire(lock));
    char *made = malloc(1);
    CHECK(made);
    return made;
}

/* The request arrives after the lock was handed over, and before the task has gone on. */
async(void, result_wins)
{
    eddy_error err;
    eddy_lock lock = EDDY_LOCK_INIT;
    await(eddy_lock_acquire(&lock));
    struct makes_under *t = spawn(makes_under(&lock));
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
    CHECK(eddy_cancel(t));
    char *made = await(t, &err);
    CHECK(err.code == 0 && made && eddy_lock_locked(&lock));
    free(made);
}

async(int, goes_on_under, (eddy_lock *, lock))
{
    await(eddy_lock_acquire(lock));
    defer(eddy_lock_release, lock);
    await(eddy_sleep(0)); /* the request is delivered here */
    return 1;
}

async(void, request_comes_at_the_next_await)
{
    eddy_error err;
    eddy_lock lock = EDDY_LOCK_INIT;
    await(eddy_lock_acquire(&lock));
    struct goes_on_under *t = spawn(goes_on_under(&lock));
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_cancel(t, "late");
    await(t, &err);
    CHECK(err.code == ECANCELED && strcmp(err.message, "late") == 0 && !eddy_lock_locked(&lock));
}

async(int, waits_for, (eddy_event *, event))
{
    await(eddy_event_wait(event));
    return 1;
}

/* Nothing is lost if the wait for an event fails although the event was set. */
async(void, request_wins)
{
    eddy_error err;
    eddy_event event = EDDY_EVENT_INIT;
    struct waits_for *t = spawn(waits_for(&event));
    await(eddy_sleep(0));
    eddy_event_set(&event);
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
}

/* The scope's request reached a task that was about to succeed: await_for gives its result, and no cancellation
 * follows. */
async(void, time_out_meets_result)
{
    eddy_error err;
    eddy_lock lock = EDDY_LOCK_INIT;
    await(eddy_lock_acquire(&lock));
    struct makes_under *t = spawn(makes_under(&lock));
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
    char *made = await_for(t, 0, &err);
    CHECK(err.code == 0 && made);
    free(made);
    await(eddy_sleep(0));
    CHECK(eddy_cancelling(eddy_current_task()) == 0);
}

/* ---- which task was asked, and to which it was passed on ---- */

async(int, swallows_one)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    CHECK(err.code == ECANCELED);
    return 7;
}

async(int, awaits_who_swallows)
{
    int result = await(spawn(swallows_one()));
    await(eddy_sleep(0)); /* the request was answered: it is not delivered again */
    return result;
}

async(int, awaits_who_does_not_hear, (eddy_lock *, lock))
{
    char *made = await(spawn(makes_under(lock)));
    free(made);
    await(eddy_sleep(0)); /* not delivered so far: it is delivered here */
    return 1;
}

async(void, passed_on)
{
    eddy_error err;
    struct awaits_who_swallows *a = spawn(awaits_who_swallows());
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_cancel(a);
    int seven = await(a, &err);
    CHECK(err.code == 0 && seven == 7);
    eddy_lock lock = EDDY_LOCK_INIT;
    await(eddy_lock_acquire(&lock));
    struct awaits_who_does_not_hear *b = spawn(awaits_who_does_not_hear(&lock));
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_cancel(b);
    await(b, &err);
    CHECK(err.code == ECANCELED);
}

/* In a cancelled scope of trio's kind the next await fails, even if a request was swallowed before. */
async(void, level_stays)
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        struct swallows_one *t = spawn(swallows_one());
        await(eddy_sleep(0));
        eddy_scope_cancel(scope);
        int seven = await_always(t, &err);
        CHECK(err.code == 0 && seven == 7);
        await_always(eddy_sleep(1000), &err);
        CHECK(err.code == ECANCELED);
    }
}

/* ---- requests that are withdrawn ---- */

async(void, leaves_block_at_its_end, (char, kind), (int, requests))
{
    eddy_error err;
    if (requests) {
        eddy_cancel(eddy_current_task());
        await_always(eddy_sleep(0), &err); /* taken over, and never withdrawn */
        CHECK(err.code == ECANCELED && eddy_cancelling(eddy_current_task()) == requests);
    }
    if (kind == 't')
        async_with (scope, eddy_timeout(1000))
            eddy_scope_cancel(scope);
    if (kind == 'l')
        async_with (scope, eddy_cancel_scope())
            eddy_scope_cancel(scope);
    if (kind == 'g')
        async_with (group, eddy_task_group())
            eddy_group_cancel(group);
    await(eddy_sleep(0)); /* no request of the block reaches this await */
    CHECK(eddy_cancelling(eddy_current_task()) == requests);
}

async(void, withdrawn)
{
    for (const char *kind = "tlg"; *kind; kind++) {
        await(leaves_block_at_its_end(*kind, 0));
        await(leaves_block_at_its_end(*kind, 1));
        eddy_uncancel(eddy_current_task());
    }
}

async(void, notifies, (eddy_condition *, condition))
{
    async_with (held, eddy_condition_hold(condition))
        eddy_condition_notify_all(held);
}

static void gives_up(void *task)
{
    eddy_cancel((eddy_task *)task);
}

/* The wait takes its lock again even if the task is cancelled, and then looks for requests that waited for that. */
async(void, taken_back_before_a_release)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_condition condition = EDDY_CONDITION_INIT(&lock);
    eddy_task *self = eddy_current_task();
    CHECK(eddy_cancel(self) && eddy_uncancel(self) == 0);
    async_with (held, eddy_condition_hold(&condition)) {
        struct notifies *t = spawn(notifies(held));
        eddy_handle *guard = eddy_call_later(1000, gives_up, self); /* the other task may get no memory */
        CHECK(guard);
        await(eddy_condition_wait(held));
        eddy_handle_cancel(guard);
        await(eddy_sleep(0)); /* no request reaches it */
        await(t);
    }
}

/* ---- a group that fails ---- */

async(void, fails_when_asked)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    throw(EIO);
}

async(void, has_a_group)
{
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, fails_when_asked());
}

/* The request ended the wait of the group, whose error left in its place: the next await takes the request. */
async(int, waits_after_its_group)
{
    eddy_error err;
    await(has_a_group(), &err);
    int first = err.code;
    await_always(eddy_sleep(1000), &err);
    return err.code == ECANCELED ? first : 0;
}

async(void, errors_of_a_group_hide_no_request)
{
    struct waits_after_its_group *t = spawn(waits_after_its_group());
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t));
    CHECK(await(t) == EIO);
}

/* Ends some passes after it was asked to, however often, and without an error of its own. */
async(void, cleans_up)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    for (int i = 0; i < 5; i++) {
        eddy_error ignored;
        await_always(eddy_sleep(0), &ignored);
    }
}

enum { BODY_FAILS, BODY_THROWS_ECANCELED, BODY_IS_CANCELLED, BODIES };

async(void, has_a_body, (int, kind))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, cleans_up());
        await(eddy_sleep(0));
        if (kind == BODY_FAILS)
            throw(EIO);
        if (kind == BODY_THROWS_ECANCELED)
            throw(ECANCELED);
        eddy_group_cancel(group);
        await(eddy_sleep(1000));
    }
}

static int code_behind_body;

async(void, goes_on_after_its_group, (int, kind))
{
    eddy_error err;
    await(has_a_body(kind), &err);
    code_behind_body = err.code;
    await(eddy_sleep(1000));
}

/* The request comes while the block, whose body has failed, waits for its tasks. */
async(void, failed_bodies_hide_no_request)
{
    for (int kind = 0; kind < BODIES; kind++) {
        eddy_error err;
        code_behind_body = 0;
        struct goes_on_after_its_group *t = spawn(goes_on_after_its_group(kind));
        for (int i = 0; i < 4; i++)
            await(eddy_sleep(0));
        CHECK(!eddy_done(t) && eddy_cancel(t));
        await(t, &err);
        CHECK(err.code == ECANCELED && code_behind_body == (kind == BODY_FAILS ? EIO : 0));
    }
}

async(void, throws)
{
    throw(EIO);
}

async(void, has_a_failing_group)
{
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, throws());
}

async(void, swallows_and_has_a_group)
{
    eddy_error err;
    async_with (scope, eddy_timeout(1000)) {
        eddy_cancel(eddy_current_task());
        await_always(eddy_sleep(1000), &err);
        eddy_scope_cancel(scope);
        await_always(eddy_sleep(1000), &err);
        await(has_a_failing_group());
    }
}

/* As in asyncio: errors of a group make a request again that was caught before. A scope around the group takes back
 * its own one, and leaves that of others. */
async(int, waits_after_its_scope)
{
    eddy_error err;
    await(swallows_and_has_a_group(), &err);
    int first = err.code;
    await_always(eddy_sleep(0), &err);
    return err.code == ECANCELED ? first : 0;
}

async(void, scopes_take_back_their_own)
{
    CHECK(await(spawn(waits_after_its_scope())) == EIO);
}

/* ---- requests that are passed on ---- */

enum { REQUESTS = 3 };

async(int, catches_three)
{
    eddy_error err;
    int caught = 0;
    for (int i = 0; i < REQUESTS; i++) {
        await_always(eddy_sleep(1000), &err);
        caught += err.code == ECANCELED;
    }
    return caught;
}

static int caught_below;

async(void, notes_three)
{
    caught_below = await(catches_three());
}

async(void, passes_on, (char, kind))
{
    if (kind == 'g')
        await(eddy_gather(notes_three()));
    if (kind == 'a') {
        struct notes_three *t = spawn(notes_three());
        await(eddy_gather_array_settled(&t, 1));
    }
    if (kind == 'o')
        await(eddy_on(eddy_current_loop(), notes_three()));
    if (kind == 't')
        await(spawn(notes_three()));
}

/* A task that catches one request gets the next, too. */
async(void, each_request_is_passed_on)
{
    for (const char *kind = "tgao"; *kind; kind++) {
        eddy_error err;
        caught_below = 0;
        struct passes_on *t = spawn(passes_on(*kind));
        for (int i = 0; i < REQUESTS; i++) {
            for (int turn = 0; turn < 10; turn++)
                await(eddy_sleep(0));
            CHECK(!eddy_done(t) && eddy_cancel(t));
        }
        await_always(t, &err);
        CHECK(caught_below == REQUESTS);
    }
}

/* ---- a future ---- */

typedef eddy_future_of(int) int_future;

/* A request that ends the future that a task awaits is its own cancellation, which &err does not catch. */
async(int, awaits_future, (int_future *, future))
{
    eddy_error err;
    await(future, &err);
    return 1;
}

async(void, own_through_a_future)
{
    eddy_error err;
    int_future *future = eddy_future_new(int_future);
    CHECK(future);
    struct awaits_future *t = spawn(awaits_future(future));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t));
    await(t, &err);
    eddy_future_free(future);
    CHECK(err.code == ECANCELED);
}

/* ---- awaits that complete at once ---- */

async(void, beside, (bool *, had_its_turn))
{
    *had_its_turn = true;
}

/* Sixteen awaits, by number, and then one pass. */
async(void, gives_way)
{
    bool had_its_turn = false;
    eddy_event event = EDDY_EVENT_INIT;
    eddy_event_set(&event);
    await(eddy_sleep(0));
    struct beside *other = spawn(beside(&had_its_turn));
    for (int i = 0; i < 16; i++)
        await(eddy_event_wait(&event));
    CHECK(!had_its_turn);
    await(eddy_event_wait(&event));
    CHECK(had_its_turn);
    await(other);
}

typedef eddy_queue_of(int) int_queue;

/* A request that arrives in that pass is delivered before the next await begins: the item remains in the queue. */
async(int, takes_all, (int_queue *, items), (int *, taken))
{
    for (;; ++*taken)
        CHECK(await(eddy_queue_get(items)) == *taken);
}

async(void, nothing_is_taken_for_a_request)
{
    eddy_error err;
    int_queue items;
    int taken = 0;
    eddy_queue_init(&items, 0);
    for (int i = 0; i < 100; i++)
        CHECK(eddy_queue_try_put(&items, i));
    struct takes_all *t = spawn(takes_all(&items, &taken));
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED && taken > 0 && taken < 100 && eddy_queue_size(&items) == 100 - (size_t)taken);
    eddy_queue_free(&items);
}

async(int, main_task)
{
    await(result_wins());
    await(request_comes_at_the_next_await());
    await(request_wins());
    await(time_out_meets_result());
    await(passed_on());
    await(level_stays());
    await(withdrawn());
    await(taken_back_before_a_release());
    await(errors_of_a_group_hide_no_request());
    await(failed_bodies_hide_no_request());
    await(scopes_take_back_their_own());
    await(each_request_is_passed_on());
    await(own_through_a_future());
    await(gives_way());
    await(nothing_is_taken_for_a_request());
    return 0;
}

/* ---- Ctrl-C ---- */

/* The first check for signals happens in the next pass. */
async(int, is_interrupted, (char, then))
{
    eddy_error err;
    raise(SIGINT);
    if (then == 'e') /* the main task ends by the cancellation */
        await(eddy_sleep(1000));
    await_always(eddy_sleep(1000), &err);
    CHECK(err.code == ECANCELED);
    if (then == 'o') /* it ends by its own error of the same name */
        throw(ECANCELED, "of one's own");
    if (then == 'c') /* it ends by a cancellation that other tasks requested as well */
        eddy_cancel(eddy_current_task());
    await(eddy_sleep(0));
    return 0;
}

int main(void)
{
    signal(SIGINT, SIG_DFL); /* the program may have been started with the signal ignored */
    CHECK(eddy_run(main_task()) == 0);
    CHECK(eddy_run(is_interrupted('e')) == 130);
    CHECK(eddy_run(is_interrupted('o')) == 1);
    CHECK(eddy_run(is_interrupted('c')) == 1);
    CHECK(eddy_run(is_interrupted('r')) == 0);
    return 0;
}
