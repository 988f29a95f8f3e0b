/* SPDX-License-Identifier: MIT */
/* futures.c - a result that is set later. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

typedef future_of(int) int_future;
typedef future_of(struct point) point_future;
typedef future_of(void) signal_future;

async(int, wait_for_it, (int_future *, future), (int, number))
{
    int value = await(future);
    note_number(number);
    return value + number;
}

async(int, error_of, (int_future *, future))
{
    eddy_error err;
    await(future, &err);
    return err.code;
}

/* Set once, awaited by any number of tasks, in the order in which they came; not consumed. */
async(void, many_waiters)
{
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = spawn(wait_for_it(f, 1)), *b = spawn(wait_for_it(f, 2));
    await(eddy_sleep(0));
    CHECK(eddy_future_pending(f) && !eddy_done(f));
    CHECK(eddy_set_result(f, 40));
    CHECK(eddy_done(f) && !eddy_future_pending(f));
    CHECK(await(a) == 41 && await(b) == 42);
    CHECK_LOG("1 2 ");
    CHECK(await(f) + await(f) == 80);
    eddy_future_free(f);
}

async(void, types)
{
    point_future *p = eddy_future_new(point_future);
    eddy_set_result(p, (struct point){1, 2});
    CHECK(await(p).y == 2);
    eddy_future_free(p);
    signal_future *s = eddy_future_new(signal_future);
    defer(eddy_future_free, s);
    eddy_set_result(s);
    await(s);
}

async(void, errors)
{
    eddy_error err;
    int_future *f = eddy_future_new(int_future);
    struct error_of *a = spawn(error_of(f)), *b = spawn(error_of(f));
    await(eddy_sleep(0));
    eddy_set_error(f, EBADF, "bad %d", 3);
    CHECK(await(a) == EBADF && await(b) == EBADF);
    await(f, &err);
    CHECK(err.code == EBADF && !strcmp(err.message, "bad 3"));
    eddy_future_free(f);
}

/* Cancelled: awaits fail with ECANCELED, and a result that is set afterwards is ignored. */
async(void, cancelled)
{
    int_future *f = eddy_future_new(int_future);
    struct error_of *a = spawn(error_of(f));
    await(eddy_sleep(0));
    CHECK(eddy_cancel(f) && !eddy_cancel(f));
    CHECK(eddy_cancelled(f) && eddy_done(f) && !eddy_set_result(f, 5));
    CHECK(await(a) == ECANCELED);
    eddy_future_free(f);
    f = eddy_future_new(int_future); /* a cancelled waiter does not affect the others */
    struct wait_for_it *one = spawn(wait_for_it(f, 1)), *two = spawn(wait_for_it(f, 2));
    await(eddy_sleep(0));
    eddy_cancel(one);
    eddy_error err;
    await(one, &err);
    CHECK(err.code == ECANCELED);
    if (eddy_future_pending(f))
        eddy_set_result(f, 1);
    await(two, &err);
    eddy_future_free(f);
    check_log[0] = '\0';
}

static void set_it(int_future *f)
{
    eddy_set_result(f, 12);
}

async(int, main_task)
{
    await(many_waiters());
    await(types());
    await(errors());
    await(cancelled());
    int_future *f = eddy_future_new(int_future);
    CHECK(eddy_call_later(0.001, set_it, f));
    CHECK(await(f) == 12);
    eddy_future_free(f);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
