/* SPDX-License-Identifier: MIT */
/* gather.c - waiting for several: gather, wait, as_completed, await_for, await_shielded. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

typedef future_of(int) int_future;

async(int, after, (double, seconds), (int, n))
{
    await(eddy_sleep(seconds));
    note_number(n);
    return n;
}

async(int, fails_after, (double, seconds), (int, code))
{
    await(eddy_sleep(seconds));
    throw(code, "after %g", seconds);
}

async(struct point, make_point, (double, x), (double, y))
{
    return (struct point){x, y};
}

async(const char *, text)
{
    return "text";
}

/* Handles of several types, futures, values. */
async(void, mixed)
{
    struct after *t = spawn(after(0, 1));
    struct make_point *p = spawn(make_point(1, 2));
    struct text *s = spawn(text());
    int_future *f = eddy_future_new(int_future);
    eddy_set_result(f, 5);
    await(eddy_gather(t, p, s, f, t, p, s, after(0, 2)));
    CHECK(await(t) == 1 && await(p).y == 2 && !strcmp(await(s), "text") && await(f) == 5);
    eddy_future_free(f);
    CHECK_LOG("1 2 ");
    struct eddy_gather value = eddy_gather(after(0, 3), after(0, 4));
    CHECK_LOG("");
    await(value);
    await(spawn(eddy_gather(after(0, 5), after(0, 6))));
    await_for(eddy_gather(after(0, 7)), 1000);
    CHECK_LOG("3 4 5 6 7 ");
}

/* D16: the first failure is raised at once; the others are not cancelled. */
async(void, failures)
{
    eddy_error err;
    /* Far apart, so that they are not due together on a busy machine. */
    struct after *slow = spawn(after(0.2, 1));
    struct fails_after *bad = spawn(fails_after(0.001, EIO)), *worse = spawn(fails_after(0.25, EDOM));
    await(eddy_gather(slow, bad, worse), &err);
    CHECK(err.code == EIO && !eddy_done(slow) && !eddy_done(worse));
    await(eddy_gather_settled(slow, bad, worse));
    CHECK(eddy_done(slow) && eddy_done(worse));
    CHECK(await(slow) == 1);
    await(bad, &err);
    CHECK(err.code == EIO);
    await(worse, &err);
    CHECK(err.code == EDOM);
    CHECK_LOG("1 ");
    struct after *cancelled = spawn(after(1000, 2)), *other = spawn(after(0.001, 3)); /* D18 */
    await(eddy_sleep(0));
    eddy_cancel(cancelled);
    await(eddy_gather(cancelled, other), &err);
    CHECK(err.code == ECANCELED);
    CHECK(await(other) == 3);
    await(cancelled, &err);
    CHECK_LOG("3 ");
}

async(void, arrays)
{
    struct after *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(after(i == 0 ? 0.25 : i == 1 ? 0.001 : 0.2, i));
    CHECK(await(eddy_wait(tasks, 3, EDDY_FIRST_COMPLETED)) == 1 && eddy_done(tasks[1]));
    CHECK(await(eddy_wait(tasks, 3, EDDY_ALL_COMPLETED)) == 3);
    await(eddy_gather_array(tasks, 3));
    CHECK_LOG("1 2 0 ");
    for (int i = 0; i < 3; i++)
        CHECK(await(tasks[i]) == i);
    struct fails_after *failing[2] = {spawn(fails_after(0.2, EIO)), spawn(fails_after(0.001, EDOM))};
    CHECK(await(eddy_wait(failing, 2, EDDY_FIRST_FAILED)) == 1);
    await(eddy_gather_array_settled(failing, 2));
    for (int i = 0; i < 2; i++) {
        eddy_error err;
        await(failing[i], &err);
        CHECK(err.code == (i ? EDOM : EIO));
    }
    eddy_task *of_several_types[] = {eddy_task_of(spawn(text())), eddy_task_of(spawn(after(0, 1)))};
    CHECK(await(eddy_wait(of_several_types, 2, EDDY_ALL_COMPLETED)) == 2);
    for (int i = 0; i < 2; i++)
        await(of_several_types[i]);
    CHECK_LOG("1 ");
}

async(void, as_they_complete)
{
    struct after *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(after(i == 0 ? 0.3 : i == 1 ? 0.1 : 0.2, i)); /* far apart, as above */
    int order = 0;
    async_for (t, eddy_as_completed(tasks, 3)) {
        struct after *typed = t; /* has the type of tasks[0] */
        order = order * 10 + await(typed);
    }
    CHECK(order == 120);
    CHECK_LOG("1 2 0 ");
}

async(int, cleans_up_slowly)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    await(eddy_sleep(0.05));
    note("clean ");
    rethrow(&err);
}

async(int, answers_when_cancelled)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    return 7;
}

async(void, deadlines)
{
    eddy_error err;
    CHECK(await_for(after(0, 1), 1000) == 1);
    await_for(after(1000, 2), 0.001, &err);
    CHECK(err.code == ETIMEDOUT);
    struct after *t = spawn(after(1000, 3));
    await_for(t, 0.001, &err); /* cancelled, joined, gone */
    CHECK(err.code == ETIMEDOUT && eddy_all_tasks(NULL, NULL) == 1);
    CHECK_LOG("1 ");
    await_for(after(0, 4), 0, &err); /* D15: it never starts */
    CHECK(err.code == ETIMEDOUT);
    await_for(after(0, 4), -1, &err);
    CHECK(err.code == ETIMEDOUT);
    int_future *done = eddy_future_new(int_future);
    eddy_set_result(done, 8);
    CHECK(await_for(done, 0) == 8); /* D15: a task that is done gives its result */
    eddy_future_free(done);
    CHECK_LOG("");
    double began = eddy_time();
    await_for(cleans_up_slowly(), 0.01, &err); /* D15: the clean-up is waited for */
    CHECK(err.code == ETIMEDOUT && eddy_time() - began >= 0.0599);
    CHECK_LOG("clean ");
    CHECK(await_for(answers_when_cancelled(), 0.001, &err) == 7 && err.code == 0); /* D14 */
}

/* A handle that is given twice is one task. */
async(void, duplicates)
{
    struct after *one = spawn(after(0.001, 1)), *two = spawn(after(0, 2)), *done = spawn(after(0, 3));
    while (!eddy_done(done))
        await(eddy_sleep(0));
    struct after *all[] = {one, done, two, one, done, two, one};
    int given = 0, sum = 0;
    async_for (t, eddy_as_completed(all, 7)) {
        given++;
        sum += eddy_done(t);
    }
    CHECK(given == 3 && sum == 3);
    CHECK(await(eddy_wait(all, 7, EDDY_ALL_COMPLETED)) == 3);
    CHECK(await(one) + await(two) + await(done) == 6);
    check_log[0] = '\0';
}

async(int, shields, (struct after *, t))
{
    return await_shielded(t);
}

/* D23: the waiter is cancelled, the shielded task is not. */
async(void, shield)
{
    eddy_error err;
    struct after *inner = spawn(after(0.1, 1));
    struct shields *waiter = spawn(shields(inner));
    await(eddy_sleep(0));
    eddy_cancel(waiter);
    await(waiter, &err);
    CHECK(err.code == ECANCELED && !eddy_done(inner));
    CHECK(await_shielded(inner) == 1 && await(inner) == 1); /* the await never takes the handle */
    inner = spawn(after(1000, 2));
    waiter = spawn(shields(inner));
    await(eddy_sleep(0));
    eddy_cancel(inner);
    await(waiter, &err);
    CHECK(err.code == ECANCELED);
    await(inner, &err);
    CHECK(await_shielded(after(0, 3)) == 3);
    CHECK_LOG("1 3 ");
}

static eddy_task *shielded_waiter;

async(int, asks_its_waiter)
{
    await(eddy_sleep(0));
    eddy_cancel(shielded_waiter);
    return 4;
}

async(int, waits_shielded, (struct asks_its_waiter *, t))
{
    shielded_waiter = eddy_current_task();
    return await_shielded(t);
}

/* The task ends in the turn in which the wait is cancelled: the request wins, and the result stays with the task. */
async(void, shield_meets_request)
{
    eddy_error err;
    struct asks_its_waiter *inner = spawn(asks_its_waiter());
    struct waits_shielded *waiter = spawn(waits_shielded(inner));
    await(waiter, &err);
    CHECK(err.code == ECANCELED);
    CHECK(await(inner) == 4);
}

async(void, gathers)
{
    await(eddy_gather(spawn(after(1000, 1)), spawn(after(1000, 2))));
}

/* The request passes through a task that awaits a task that gathers, to every task that is gathered. */
async(void, awaits_one_that_gathers)
{
    struct gathers *inner = spawn(gathers());
    await(inner);
}

async(void, cancellation_reaches_all)
{
    for (int named = 0; named < 2; named++) {
        eddy_error err;
        struct awaits_one_that_gathers *t = spawn(awaits_one_that_gathers());
        await(eddy_sleep(0.001));
        if (named)
            eddy_cancel(t, "enough");
        else
            eddy_cancel(t);
        await_for(t, 100, &err);
        CHECK(err.code == ECANCELED && eddy_all_tasks(NULL, NULL) == 1);
    }
}

static int unseen;

static void count_unseen(const eddy_error *err, void *argument)
{
    (void)err, (void)argument;
    unseen++;
}

/* The second failure of a gather or a wait is not raised by it, but it was not overlooked. */
async(void, failed_futures_are_seen)
{
    eddy_error err;
    eddy_set_exception_handler(count_unseen, NULL);
    for (int settled = 0; settled < 2; settled++) {
        int_future *all[] = {eddy_future_new(int_future), eddy_future_new(int_future)};
        if (settled) {
            eddy_set_error(all[0], EIO, "one");
            eddy_set_error(all[1], EIO, "other");
        }
        struct after *later = spawn(after(0.001, 1));
        if (!settled) {
            eddy_set_error(all[0], EIO, "one");
            eddy_set_error(all[1], EIO, "other");
        }
        await(eddy_gather(all[0], all[1]), &err);
        CHECK(err.code == EIO && strstr(err.message, "one"));
        await(later);
        eddy_future_free(all[0]);
        eddy_future_free(all[1]);
    }
    eddy_set_exception_handler(NULL, NULL);
    CHECK(unseen == 0);
}

async(int, main_task)
{
    await(mixed());
    await(failures());
    await(arrays());
    await(as_they_complete());
    await(deadlines());
    await(duplicates());
    await(shield());
    await(shield_meets_request());
    await(cancellation_reaches_all());
    await(failed_futures_are_seen());
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
