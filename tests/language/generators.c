/* SPDX-License-Identifier: MIT */
/* generators.c - next, send, throw, close: the protocol, row by row. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

static void closing(const char *name)
{
    note(name);
}

generator(int, countdown, (int, n))
{
    note("start ");
    defer(closing, "closed ");
    while (n > 0) {
        yield(n);
        n--;
    }
}

generator(int, doubler, (int, number))
{
    for (;;) {
        number *= 2;
        number = yield(number);
    }
}

generator_full(int, void, int, counted)
{
    yield(1);
    yield(2);
    return 3;
}

generator_full(int, const char *, long, lengths, (int, n))
{
    long sum = 0;
    for (int i = 0; i < n; i++) {
        const char *s = yield(i);
        sum += s ? (long)strlen(s) : 0;
    }
    return sum;
}

generator(struct point, points, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(((struct point){i, i})); /* parentheses: the preprocessor sees a comma */
}

generator(void, ticks, (int, n))
{
    while (n--)
        yield();
}

generator_full(void, int, int, sums)
{
    int sum = 0;
    for (int n; (n = yield()) != 0;)
        sum += n;
    return sum;
}

generator(int, failing, (int, n))
{
    for (int i = 0;; i++) {
        if (i == n)
            throw(ERANGE, "at %d", i);
        yield(i);
    }
}

/* What the generator does with an error that is thrown in: it goes on, ends, fails in another way, or ignores its
 * closing. */
generator_full(int, int, int, catcher)
{
    eddy_error err;
    yield(0, &err);
    if (err.code == EIO) {
        yield(1000);
        return 1;
    }
    if (err.code == EDDY_GENERATOR_EXIT)
        throw(EBUSY, "not now");
    if (err.code == EDOM)
        return 2;
    if (err.code == EPIPE)
        yield(7);
    return 3;
}

generator(int, stubborn)
{
    eddy_error err;
    for (int i = 0; i < 3; i++)
        yield(i, &err);
}

generator_full(int, int, int, ends_well)
{
    eddy_error err;
    yield(1, &err);
    return err.code == EDDY_GENERATOR_EXIT ? 42 : 0;
}

generator(int, reentrant, (struct reentrant **, me))
{
    eddy_error err;
    int v;
    bool more = eddy_next(*me, &v, &err);
    yield(more ? 0 : err.code);
    more = eddy_send(*me, 1, &v, &err);
    yield(more ? 0 : err.code);
    eddy_close(*me, &err);
    yield(err.code);
}

static void creation_and_next(void)
{
    struct countdown g = countdown(2); /* B1: the body has not begun */
    int v = 0;
    CHECK_LOG("");
    CHECK(eddy_next(&g, &v) && v == 2 && eddy_next(&g, &v) && v == 1);
    CHECK_LOG("start ");
    CHECK(!eddy_next(&g, &v)); /* B4: the end */
    CHECK_LOG("closed ");
    eddy_error err;
    CHECK(!eddy_next(&g, &v, &err) && err.code == 0); /* B5: next after the end fails each time */
    CHECK(!eddy_send(&g, 1, &v, &err) && err.code == 0);
    CHECK(!eddy_throw(&g, EIO, &v, &err) && err.code == EIO);
    eddy_close(&g, &err);
    CHECK(err.code == 0);
}

static void sending(void)
{
    int v = 0;
    eddy_error err;
    struct doubler d = doubler(4);
    CHECK(!eddy_send(&d, 5, &v, &err) && err.code == EDDY_GENERATOR_NOT_STARTED); /* B2 */
    CHECK(eddy_next(&d, &v, &err) && v == 8 && err.code == 0);                    /* and the generator remains usable */
    CHECK(eddy_send(&d, 5, &v) && v == 10);                                       /* B3 */
    CHECK(eddy_send(&d, 1500, &v, &err) && v == 3000);
    eddy_close(&d);
    struct lengths l = lengths(3);
    CHECK(eddy_next(&l, &v) && eddy_send(&l, "ab", &v) && eddy_send(&l, "abc", &v) && v == 2);
    CHECK(!eddy_send(&l, NULL, &v) && l.result == 5); /* B4: the return value */
    struct counted c = counted();
    while (eddy_next(&c, &v))
        ;
    CHECK(c.result == 3);
    struct ticks t = ticks(2);
    CHECK(eddy_next(&t) && eddy_next(&t) && !eddy_next(&t));
    struct sums sums_up = sums(); /* nothing to receive: no variable */
    CHECK(eddy_next(&sums_up) && eddy_send(&sums_up, 20) && eddy_send(&sums_up, 22) && !eddy_send(&sums_up, 0));
    CHECK(sums_up.result == 42);
    struct catcher again = catcher();
    CHECK(eddy_next(&again) && !eddy_throw(&again, EDOM) && again.result == 2);
    struct points p = points(1);
    struct point at;
    CHECK(eddy_next(&p, &at) && at.x == 0 && !eddy_next(&p, &at));
}

static void throwing(void)
{
    int v = 0;
    eddy_error err;
    struct catcher c = catcher(); /* B6: caught; the generator yields */
    CHECK(eddy_next(&c, &v) && eddy_throw(&c, EIO, &v, &err) && v == 1000 && err.code == 0);
    CHECK(!eddy_next(&c, &v) && c.result == 1);
    c = catcher(); /* B6: caught; the generator returns */
    CHECK(eddy_next(&c, &v) && !eddy_throw(&c, EDOM, &v, &err) && err.code == 0 && c.result == 2);
    struct countdown g = countdown(3); /* B6: not caught */
    CHECK(eddy_next(&g, &v) && !eddy_throw(&g, EDOM, &v, &err) && err.code == EDOM);
    CHECK_LOG("start closed ");
    CHECK(!eddy_next(&g, &v, &err) && err.code == 0);
    g = countdown(3); /* B7: thrown before the first step */
    CHECK(!eddy_throw(&g, EIO, &v, &err) && err.code == EIO && !eddy_next(&g, &v));
    CHECK_LOG("");
    struct failing f = failing(1);
    CHECK(eddy_next(&f, &v, &err) && !eddy_next(&f, &v, &err) && err.code == ERANGE);
    CHECK(!strcmp(err.message, "at 1"));
    CHECK(!eddy_next(&f, &v, &err) && err.code == 0);
}

static void closing_them(void)
{
    int v = 0;
    eddy_error err;
    struct countdown g = countdown(3);
    eddy_close(&g); /* B10: no code runs */
    CHECK(!eddy_next(&g, &v));
    CHECK_LOG("");
    g = countdown(3);
    CHECK(eddy_next(&g, &v));
    eddy_close(&g, &err); /* B11: clean-up runs; ending by the closing is no error */
    CHECK(err.code == 0 && !eddy_next(&g, &v));
    CHECK_LOG("start closed ");
    struct catcher c = catcher(); /* B11: another error is raised by the closing */
    CHECK(eddy_next(&c, &v));
    eddy_close(&c, &err);
    CHECK(err.code == EBUSY);
    struct stubborn s = stubborn(); /* B11: the generator yields: refused, and it remains suspended */
    CHECK(eddy_next(&s, &v));
    eddy_close(&s, &err);
    CHECK(err.code == EDDY_GENERATOR_IGNORED_EXIT);
    CHECK(eddy_next(&s, &v) && v == 2 && !eddy_next(&s, &v));
    struct ends_well e = ends_well(); /* B12: the return value */
    CHECK(eddy_next(&e, &v));
    eddy_close(&e, &err);
    CHECK(err.code == 0 && e.result == 42);
}

static void running(void)
{
    struct reentrant *me; /* B13 */
    struct reentrant r = reentrant(&me);
    me = &r;
    int v = 0;
    CHECK(eddy_next(&r, &v) && v == EDDY_GENERATOR_RUNNING);
    CHECK(eddy_next(&r, &v) && v == EDDY_GENERATOR_RUNNING);
    CHECK(eddy_next(&r, &v) && v == EDDY_GENERATOR_RUNNING);
    CHECK(!eddy_next(&r, &v));
}

static void loops(void)
{
    int sum = 0;
    for_each (x, countdown(3))
        sum = sum * 10 + x;
    CHECK(sum == 321);
    CHECK_LOG("start closed ");
    for_each (x, countdown(3)) /* B16: a generator value is closed when the loop is left */
        if (x == 2)
            break;
    CHECK_LOG("start closed ");
    struct countdown kept = countdown(4); /* B16: a generator in a variable is not */
    for_each (x, &kept)
        if (x == 3)
            break;
    CHECK_LOG("start ");
    sum = 0;
    for_each (x, &kept)
        sum = sum * 10 + x;
    CHECK(sum == 21);
    CHECK_LOG("closed ");
    for_each (x, &kept)
        sum = x;
    CHECK(sum == 21); /* a second loop over an exhausted generator */
    for_each (unused, ticks(3))
        sum++;
    CHECK(sum == 24);
    eddy_error err;
    for_each (x, failing(2), &err)
        sum += x;
    CHECK(err.code == ERANGE && sum == 25);
    for_each (x, countdown(1), &err)
        CHECK(x == 1);
    CHECK(err.code == 0);
    CHECK_LOG("start closed ");
}

/* B18: a started generator must not be copied. */
static void copy_it(void)
{
    int v;
    struct doubler original = doubler(1);
    eddy_next(&original, &v);
    struct doubler copy = original;
    eddy_next(&copy, &v);
}

static void fail_unseen(void)
{
    for_each (x, failing(0))
        (void)x;
}

int main(void)
{
    creation_and_next();
    sending();
    throwing();
    closing_them();
    running();
    loops();
    CHECK(check_aborts(copy_it, "copied"));
    CHECK(check_aborts(fail_unseen, "ERANGE"));
    return 0;
}
