/* SPDX-License-Identifier: MIT */
/* errors.c - throw, catch, rethrow: for every type of result, and in places without an await. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

async(void, boom, (int, code))
{
    throw(code, "boom %d", code);
}

async(void, without_message)
{
    throw(EIO);
}

async(int, pass_on, (int, code))
{
    await(boom(code));
    note("never ");
    return 1;
}

async(struct point, bad_point)
{
    throw(EIO);
}

async(char *, bad_pointer)
{
    throw(ENOMEM, "no memory");
}

async(double, bad_double)
{
    await(boom(EDOM));
    return 1;
}

async(bool, bad_bool)
{
    if (await(without_message()), true)
        throw(EPERM, "not %s", "allowed");
    return true;
}

async(int, thrown_in_an_expression, (int, n))
{
    return n ? (throw(ERANGE, "n is %d", n), 0) : 7;
}

async(int, works, (int, n))
{
    return n;
}

static void cleaned(const char *name)
{
    note(name);
}

async(void, with_clean_up)
{
    defer(cleaned, "outer ");
    {
        defer(cleaned, "inner ");
        await(boom(EBUSY));
    }
}

async(void, again)
{
    eddy_error err;
    await(boom(EDOM), &err);
    rethrow(&err);
}

async(void, of_every_type)
{
    eddy_error err = {.code = 77};
    CHECK(await(works(5), &err) == 5 && err.code == 0);
    await(boom(EIO), &err);
    CHECK(err.code == EIO && !strcmp(err.message, "boom 5"));
    CHECK(await(pass_on(EINVAL), &err) == 0 && err.code == EINVAL);
    struct point p = await(bad_point(), &err);
    CHECK(err.code == EIO && p.x == 0 && p.y == 0);
    CHECK(await(bad_pointer(), &err) == NULL && err.code == ENOMEM);
    CHECK(await(bad_double(), &err) == 0 && err.code == EDOM);
    CHECK(!await(bad_bool(), &err) && err.code == EIO && !strcmp(err.message, ""));
    CHECK(await(thrown_in_an_expression(0), &err) == 7 && err.code == 0);
    CHECK(await(thrown_in_an_expression(3), &err) == 0 && !strcmp(err.message, "n is 3"));
    await(with_clean_up(), &err);
    CHECK(err.code == EBUSY);
    CHECK_LOG("inner outer ");
    await(again(), &err);
    CHECK(err.code == EDOM && !strcmp(err.message, "boom 33"));
}

/* The traceback: the outermost await first, `NAME: text: message` last. */
async(void, traceback)
{
    eddy_error err;
    await(pass_on(EINVAL), &err);
    char text[1000];
    CHECK(eddy_error_format(&err, text, sizeof text) < sizeof text);
    const char *outer = strstr(text, "in traceback"), *middle = strstr(text, "in pass_on"),
               *inner = strstr(text, "in boom"), *last = strstr(text, "EINVAL: Invalid argument: boom 22");
    CHECK(outer && middle && inner && last && outer < middle && middle < inner && inner < last);
    CHECK(strstr(text, "errors.c:"));
    CHECK(!strcmp(eddy_error_name(EINVAL), "EINVAL") && !strcmp(eddy_error_name(EDDY_REUSED), "EDDY_REUSED"));
    CHECK(!strcmp(eddy_error_text(EIO), strerror(EIO)));
    CHECK(eddy_error_count(&err) == 1 && eddy_error_cause(&err).code == 0);
}

/* The details live until the task catches its next error; kept ones live longer. */
async(void, keeping)
{
    eddy_error err, other;
    await(boom(EDOM), &err);
    eddy_error_keep(&err);
    await(boom(EIO), &other);
    CHECK(!strcmp(err.message, "boom 33") && !strcmp(other.message, "boom 5"));
    eddy_error_free(&err);
    CHECK(err.code == 0);
}

/* A plain function raises for its caller. */
static int parse(const char *text, eddy_error *err)
{
    if (*text < '0' || *text > '9') {
        eddy_error_set(err, EINVAL, "\"%s\" is no number", text);
        return 0;
    }
    return atoi(text);
}

async(int, number, (const char *, text))
{
    eddy_error err = {0};
    int n = parse(text, &err);
    if (err.code)
        rethrow(&err);
    return n;
}

async(void, plain_functions)
{
    eddy_error err;
    CHECK(await(number("12")) == 12);
    await(number("x"), &err);
    CHECK(err.code == EINVAL && !strcmp(err.message, "\"x\" is no number"));
}

generator(int, failing)
{
    yield(1);
    throw(ERANGE, "no more");
}

/* A failure that no &err receives is pending, and is raised at the next await or at the end of the function. */
async(void, pending_at_the_end)
{
    for_each (x, failing())
        CHECK(x == 1);
    note("on ");
}

async(void, pending_at_await)
{
    for_each (x, failing())
        CHECK(x == 1);
    note("on ");
    await(eddy_sleep(0));
    note("never ");
}

async(void, pending_next)
{
    struct failing f = failing();
    int v;
    CHECK(eddy_next(&f, &v) && !eddy_next(&f, &v));
    await(eddy_sleep(0));
    note("never ");
}

generator(int, pending_in_generator)
{
    for_each (x, failing())
        CHECK(x == 1);
    yield(5);
}

async(void, pending)
{
    eddy_error err;
    await(pending_at_the_end(), &err);
    CHECK(err.code == ERANGE && !strcmp(err.message, "no more"));
    await(pending_at_await(), &err);
    CHECK(err.code == ERANGE);
    await(pending_next(), &err);
    CHECK(err.code == ERANGE);
    CHECK_LOG("on on ");
    struct pending_in_generator g = pending_in_generator();
    int v;
    CHECK(!eddy_next(&g, &v, &err) && err.code == ERANGE);
}

/* The task's own cancellation passes through &err; await_always catches it. */
async(int, caught_by_await, (bool *, went_on))
{
    eddy_error err;
    await(eddy_sleep(1000), &err);
    *went_on = true;
    return 1;
}

async(int, caught_by_await_always)
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    return err.code;
}

async(void, sleeper)
{
    await(eddy_sleep(1000));
}

async(int, caught_of_another)
{
    eddy_error err;
    struct sleeper *t = spawn(sleeper());
    eddy_cancel(t);
    await(t, &err);
    return err.code;
}

async(void, cancellation)
{
    bool went_on = false;
    eddy_error err;
    struct caught_by_await *t = spawn(caught_by_await(&went_on));
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED && !went_on);
    struct caught_by_await_always *u = spawn(caught_by_await_always());
    await(eddy_sleep(0));
    eddy_cancel(u);
    CHECK(await(u, &err) == ECANCELED && err.code == 0);
    CHECK(await(caught_of_another()) == ECANCELED);
}

generator(int, refuses_to_close)
{
    eddy_error err;
    yield(1, &err);
    throw(EBUSY, "not now");
}

/* B15: an error from closing a generator after break is pending too. */
async(void, closing_fails)
{
    for_each (x, refuses_to_close())
        break;
    await(eddy_sleep(0));
    note("never ");
}

async(void, loop_in_loop, (eddy_error *, err))
{
    await(works(1));
    eddy_run(works(2), err);
}

async(void, where_it_cannot_be)
{
    eddy_error err;
    await(closing_fails(), &err);
    CHECK(err.code == EBUSY);
    CHECK_LOG("");
    eddy_error inner;
    await(loop_in_loop(&inner));
    CHECK(inner.code == EDDY_LOOP_RUNNING);
}

async(struct point, main_point)
{
    return (struct point){1, 2};
}

async(int, main_failing)
{
    return await(pass_on(EDOM));
}

async(int, main_task)
{
    await(of_every_type());
    await(traceback());
    await(keeping());
    await(plain_functions());
    await(pending());
    await(cancellation());
    await(where_it_cannot_be());
    return 5;
}

static void fail_in_plain_function(void)
{
    for_each (x, failing())
        (void)x;
}

int main(void)
{
    CHECK(eddy_run(main_task()) == 5);
    eddy_error err;
    CHECK(eddy_run(main_point(), &err).y == 2 && err.code == 0);
    CHECK(eddy_run(main_failing(), &err) == 0 && err.code == EDOM && !strcmp(err.message, "boom 33"));
    CHECK(check_aborts(fail_in_plain_function, "ERANGE"));
    eddy_await(eddy_sleep(1), &err); /* without a task nothing can wait */
    CHECK(err.code == EDDY_NO_TASK || err.code == EDDY_NO_LOOP);
    return 0;
}
