/* SPDX-License-Identifier: MIT */
/* tasks.c - spawn and the operations on a handle; which task outlives which; cancellation in its corner cases. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

async(int, noting, (int, n))
{
    note_number(n);
    return n;
}

async(int, sleeper, (int, n))
{
    await(eddy_sleep(1000));
    return n;
}

async(void, boom)
{
    throw(EIO, "boom");
}

static void put(const char *text)
{
    note(text);
}

async(void, starting)
{
    struct noting *a = spawn(noting(1)), *b = spawn(noting(2)); /* tasks run first in, first out */
    note("spawned ");
    struct noting *c = spawn_eager(noting(0)); /* runs at once */
    CHECK_LOG("spawned 0 ");
    CHECK(eddy_done(c) && !eddy_done(a));
    await(eddy_sleep(0));
    CHECK_LOG("1 2 ");
    CHECK(await(b) == 2 && await(a) == 1 && await(c) == 0);
    struct boom *failing = spawn_eager(boom()); /* D22: an eager task that fails at once */
    eddy_error err;
    await(failing, &err);
    CHECK(err.code == EIO);
    CHECK(await(spawn_with(noting(3), &(eddy_spawn_options){sizeof(eddy_spawn_options), .name = "third"})) == 3);
    CHECK_LOG("3 ");
}

/* Rule: an eager task runs at once, however many awaits have not waited. */
async(void, starting_many)
{
    for (int i = 0; i < 100; i++) {
        struct noting *t = spawn_eager(noting(0));
        CHECK(eddy_done(t));
        CHECK(await(t) == 0);
    }
    check_log[0] = 0;
}

async(void, sets, (eddy_event *, event))
{
    eddy_event_set(event);
    note("set ");
}

async(void, waits, (eddy_event *, event))
{
    await(eddy_event_wait(event));
    note("woken ");
}

/* A task that is ready goes on before the one that awaits a task which ends later. */
async(void, turns)
{
    eddy_event event = EDDY_EVENT_INIT;
    struct waits *waiter = spawn(waits(&event));
    await(eddy_sleep(0));
    await(spawn(sets(&event)));
    note("joined ");
    CHECK_LOG("set woken joined ");
    await(waiter);
}

static void done(const char *text)
{
    note(text);
}

async(void, names_and_callbacks)
{
    struct noting *t = spawn(noting(1));
    CHECK(!strncmp(eddy_task_name(t), "noting", 6));
    eddy_task_set_name(t, "first");
    CHECK(!strcmp(eddy_task_name(t), "first"));
    eddy_add_done_callback(t, done, "one ");
    eddy_add_done_callback(t, done, "two ");
    eddy_add_done_callback(t, done, "three ");
    CHECK(eddy_remove_done_callback(t, done, "three ") == 1);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    CHECK_LOG("1 one two ");
    CHECK(eddy_done(t) && !eddy_cancelled(t) && await(t) == 1);
    CHECK(eddy_current_task() != NULL && eddy_all_tasks(NULL, NULL) == 1);
    CHECK(!strncmp(eddy_task_name(eddy_current_task()), "main_task", 9));
}

/* D1: cancelling a task that has ended. */
async(void, cancel_finished)
{
    struct noting *t = spawn(noting(1));
    await(eddy_sleep(0));
    CHECK(!eddy_cancel(t) && !eddy_cancelled(t) && eddy_cancelling(t) == 0);
    CHECK(await(t) == 1);
    CHECK_LOG("1 ");
}

/* D2: cancelled before the first step: the body never starts. */
async(void, cancel_unstarted)
{
    eddy_error err;
    struct noting *t = spawn(noting(1));
    CHECK(eddy_cancel(t));
    await(t, &err);
    CHECK(err.code == ECANCELED);
    CHECK_LOG("");
}

async(int, swallows, (bool *, again))
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    CHECK(err.code == ECANCELED);
    await_always(eddy_sleep(0.001), &err);
    *again = err.code != 0;
    return 5;
}

/* D4, D8: several requests are delivered once, the next await is not cancelled again, the count remains. */
async(void, cancel_twice)
{
    bool again = true;
    struct swallows *t = spawn(swallows(&again));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t) && eddy_cancel(t));
    CHECK(eddy_cancelling(t) == 2);
    while (!eddy_done(t))
        await(eddy_sleep(0.001));
    CHECK(eddy_cancelling(t) == 2 && !eddy_cancelled(t) && !again);
    CHECK(await(t) == 5);
}

async(int, cancels_itself, (bool, waits))
{
    eddy_cancel(eddy_current_task());
    if (waits) {
        await(eddy_sleep(0));
        note("never ");
    }
    return 5;
}

async(void, throws_cancelled)
{
    throw(ECANCELED, "self");
}

/* A task cancels itself: what the body returns before the delivery is its result. D7: throwing ECANCELED. */
async(void, cancel_oneself)
{
    eddy_error err;
    for (int waits = 0; waits < 2; waits++) {
        struct cancels_itself *t = spawn(cancels_itself(waits));
        await(eddy_sleep(0.001));
        CHECK(eddy_done(t) && eddy_cancelled(t) == waits);
        int result = await(t, &err);
        CHECK(err.code == (waits ? ECANCELED : 0) && result == (waits ? 0 : 5));
    }
    struct throws_cancelled *t = spawn(throws_cancelled());
    await(eddy_sleep(0.001));
    CHECK(eddy_cancelled(t) && eddy_cancelling(t) == 0);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    CHECK_LOG("");
}

async(void, reasons)
{
    eddy_error err;
    struct sleeper *t = spawn(sleeper(1));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t, "why")); /* D10 */
    await(t, &err);
    CHECK(err.code == ECANCELED && strstr(err.message, "why"));
    t = spawn(sleeper(1));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t) && eddy_uncancel(t) == 0 && eddy_uncancel(t) == 0);
    eddy_cancel(t);
    await(t, &err);
}

async(void, spawns_and_leaves, (int, how))
{
    int local = 7;
    struct sleeper *child = spawn(sleeper(local));
    defer(put, "left ");
    eddy_add_done_callback(child, done, "joined ");
    await(eddy_sleep(0));
    if (how == 1)
        throw(EDOM);
}

struct lent {
    char bytes[400];
};

/* The clean-up of a child task reads and writes memory that its parent has lent it. */
static void use_lent(struct lent *lent)
{
    int damaged = 0;
    for (size_t i = 0; i < sizeof lent->bytes; i++)
        damaged += lent->bytes[i] != 'x';
    note(damaged ? "damaged " : "child ");
    memset(lent->bytes, 'y', sizeof lent->bytes);
}

async(void, borrows, (struct lent *, lent))
{
    defer(use_lent, lent);
    await(eddy_sleep(1000));
}

async(int, lends_a_local, (int, how))
{
    struct lent local;
    memset(local.bytes, 'x', sizeof local.bytes);
    struct borrows *t = spawn(borrows(&local));
    await(eddy_sleep(0));
    if (how == 1)
        throw(EDOM);
    (void)t;
    return 5;
}

/* Of this function the compilers know that it reads and writes none of its caller's locals. Its frame is larger than
 * that of its callers. */
__attribute__((const, noinline)) static int touches_no_memory(void)
{
    volatile char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 'z';
    return bytes[100];
}

async(int, ends_by_a_call)
{
    struct lent local;
    memset(local.bytes, 'x', sizeof local.bytes);
    struct borrows *t = spawn(borrows(&local));
    (void)t;
    await(eddy_sleep(0));
    return touches_no_memory();
}

async_generator(int, generator_ends_by_a_call, (void *, block))
{
    struct lent local;
    memset(local.bytes, 'x', sizeof local.bytes);
    struct borrows *t = spawn(borrows(&local));
    (void)t;
    await(eddy_sleep(0));
    yield(1);
    free(block);
}

/* The last call of a body is no tail call, which would give up the body's frame: its tasks still use the locals. */
async(void, calls_at_the_end)
{
    CHECK(await(ends_by_a_call()) == 'z' && await(spawn(ends_by_a_call())) == 'z');
    async_for (n, generator_ends_by_a_call(malloc(10000)))
        CHECK(n == 1);
    CHECK_LOG("child child child ");
}

enum leaving { BY_RETURN, BY_THROW, BY_AWAIT, BY_RERAISE, BY_CANCEL, LEAVINGS };

async(void, lends_until_left, (enum leaving, how))
{
    struct lent local;
    eddy_error err = {.code = EDOM};
    memset(local.bytes, 'x', sizeof local.bytes);
    struct borrows *child = spawn(borrows(&local));
    (void)child;
    defer(put, "parent ");
    await(eddy_sleep(0));
    if (how == BY_THROW)
        throw(EDOM);
    if (how == BY_RERAISE)
        eddy_reraise(&err);
    if (how == BY_AWAIT)
        await(throws_cancelled());
    if (how == BY_CANCEL)
        await(eddy_sleep(1000));
}

/* A failure joins the children before the clean-up of their parent, which may free what they were lent; a return
 * after it. */
async(void, children_and_clean_up)
{
    for (enum leaving how = 0; how < LEAVINGS; how++) {
        eddy_error err;
        struct lends_until_left *t = spawn(lends_until_left(how));
        await(eddy_sleep(0.001));
        if (how == BY_CANCEL)
            eddy_cancel(t);
        await(t, &err);
        CHECK((err.code == 0) == (how == BY_RETURN));
        CHECK_LOG(how == BY_RETURN ? "parent child " : "child parent ");
    }
}

async(struct noting *, hands_on)
{
    struct noting *t = spawn(noting(8));
    return eddy_keep(t);
}

async(void, detaches)
{
    eddy_detach(spawn(noting(9)));
}

/* A function never leaves its tasks running, unless it asks for that. */
async(void, ownership)
{
    eddy_error err;
    await(spawns_and_leaves(0));
    CHECK(eddy_all_tasks(NULL, NULL) == 1);
    await(spawns_and_leaves(1), &err);
    CHECK(err.code == EDOM && eddy_all_tasks(NULL, NULL) == 1);
    await(eddy_sleep(0));
    check_log[0] = '\0';
    CHECK(await(lends_a_local(0)) == 5);
    await(lends_a_local(1), &err);
    CHECK(err.code == EDOM && await(spawn(lends_a_local(0))) == 5);
    CHECK_LOG("child child child ");
    struct noting *kept = await(hands_on());
    CHECK(await(kept) == 8);
    await(detaches());
    await(eddy_sleep(0));
    CHECK_LOG("8 9 ");
}

async(int, waits_for, (struct sleeper *, t))
{
    return await(t);
}

/* Cancelled while it waits: the request goes to the awaited object. */
async(void, cancellation_goes_in)
{
    eddy_error err;
    struct sleeper *inner = eddy_keep(spawn(sleeper(1)));
    struct waits_for *outer = spawn(waits_for(inner));
    await(eddy_sleep(0));
    eddy_cancel(outer);
    await(outer, &err);
    CHECK(err.code == ECANCELED && eddy_all_tasks(NULL, NULL) == 1);
}

async(void, waits_for_itself)
{
    await(eddy_current_task());
}

/* B69: a task cannot wait for itself. */
async(void, itself)
{
    eddy_error err;
    await(spawn(waits_for_itself()), &err);
    CHECK(err.code == EDDY_WAITS_FOR_ITSELF);
}

static struct noting *spawn_in_plain_function(int n)
{
    return spawn(noting(n)); /* spawned outside of an async function: the caller awaits it */
}

static int caught;

static void exception_handler(const eddy_error *err, void *argument)
{
    caught = err->code + *(int *)argument;
}

/* D31: an error that no task can receive goes to the exception handler. */
async(void, unseen)
{
    int thousand = 1000;
    eddy_set_exception_handler(exception_handler, &thousand);
    eddy_detach(spawn(boom()));
    await(eddy_sleep(0.001));
    CHECK(caught == 1000 + EIO);
    eddy_set_exception_handler(NULL, NULL);
}

async(int, main_task)
{
    await(starting());
    await(starting_many());
    await(turns());
    await(names_and_callbacks());
    await(cancel_finished());
    await(cancel_unstarted());
    await(cancel_twice());
    await(cancel_oneself());
    await(reasons());
    await(ownership());
    await(children_and_clean_up());
    await(calls_at_the_end());
    await(cancellation_goes_in());
    await(itself());
    CHECK(await(spawn_in_plain_function(4)) == 4);
    await(unseen());
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
