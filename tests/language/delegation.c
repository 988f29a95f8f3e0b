/* SPDX-License-Identifier: MIT */
/* delegation.c - yield_from and eddy_transfer: generators composed of generators. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static void closing(const char *name)
{
    note(name);
}

generator_full(int, int, int, inner)
{
    defer(closing, "inner ");
    eddy_error err;
    int sum = yield(1);
    sum += yield(2, &err);
    if (err.code == EIO)
        return 100;
    if (err.code)
        rethrow(&err);
    return sum;
}

generator_full(int, int, int, outer)
{
    defer(closing, "outer ");
    int result = yield_from(inner());
    yield(result);
    return result * 2;
}

generator(int, flat, (int, depth))
{
    if (depth) {
        yield_from(flat(depth - 1)); yield(depth); yield_from(flat(depth - 1)); /* three keywords on one line */
    }
}

generator(int, chain, (int, depth))
{
    if (depth)
        yield_from(chain(depth - 1));
    else
        for (int i = 0; i < 3; i++)
            yield(i);
}

generator(int, numbers, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

generator(int, rest_of, (struct numbers *, started))
{
    yield_from(started);
    yield(99);
}

generator(int, of_itself, (struct of_itself **, me))
{
    yield_from(*me);
}

/* Closing: the sub-generator's error replaces the closing. */
generator(int, refuses)
{
    eddy_error err;
    yield(1, &err);
    throw(EBUSY, "still busy");
}

generator(int, around_refuses)
{
    defer(closing, "around ");
    yield_from(refuses());
}

static void values_and_results(void)
{
    int v = 0;
    struct outer o = outer(); /* B21: values go straight to the consumer; B22: so do sent values; B25: the result is
                               * the value of the expression */
    CHECK(eddy_next(&o, &v) && v == 1);
    CHECK(eddy_send(&o, 10, &v) && v == 2);
    CHECK(eddy_send(&o, 5, &v) && v == 15);
    CHECK_LOG("inner ");
    CHECK(!eddy_next(&o, &v) && o.result == 30);
    CHECK_LOG("outer ");
    int sum = 0;
    for_each (x, flat(3))
        sum = sum * 10 + x;
    CHECK(sum == 1213121);
    sum = 0;
    for_each (x, chain(100)) /* B27 */
        sum = sum * 10 + x;
    CHECK(sum == 12);
}

static void errors(void)
{
    int v = 0;
    eddy_error err;
    struct outer o = outer(); /* B23: thrown into the inner generator, which ends: the expression has its result */
    CHECK(eddy_next(&o, &v) && eddy_next(&o, &v) && eddy_throw(&o, EIO, &v, &err) && v == 100);
    eddy_close(&o);
    CHECK_LOG("inner outer ");
    o = outer(); /* B23: not caught there: passes through both */
    CHECK(eddy_next(&o, &v) && !eddy_throw(&o, EDOM, &v, &err) && err.code == EDOM);
    CHECK_LOG("inner outer ");
    o = outer(); /* B24: closing closes the inner one first */
    CHECK(eddy_next(&o, &v));
    eddy_close(&o, &err);
    CHECK(err.code == 0);
    CHECK_LOG("inner outer ");
    struct around_refuses a = around_refuses(); /* B24: the inner one's error replaces the closing */
    CHECK(eddy_next(&a, &v));
    eddy_close(&a, &err);
    CHECK(err.code == EBUSY);
    CHECK_LOG("around ");
}

static void started_ones(void)
{
    int v = 0;
    eddy_error err;
    struct numbers n = numbers(4); /* of a started generator: its remaining values */
    CHECK(eddy_next(&n, &v) && eddy_next(&n, &v) && v == 1);
    int sum = 0;
    for_each (x, rest_of(&n))
        sum = sum * 100 + x;
    CHECK(sum == 20399);
    struct of_itself *me; /* B26 */
    struct of_itself o = of_itself(&me);
    me = &o;
    CHECK(!eddy_next(&o, &v, &err) && err.code == EDDY_GENERATOR_RUNNING);
}

/* A generator that answers errors: goes on after EIO, ends after EAGAIN, and refuses to be closed, with an error of
 * its own. */
generator(int, answers)
{
    eddy_error err;
    defer(closing, "inner ");
    for (int i = 0;; i++) {
        yield(i, &err);
        if (err.code == EAGAIN)
            return;
        if (err.code == EDDY_GENERATOR_EXIT && i == 1)
            throw(EBUSY, "still busy");
        if (err.code && err.code != EIO)
            rethrow(&err);
    }
}

generator(int, around_answers, (struct answers *, started))
{
    defer(closing, "outer ");
    yield_from(started);
    yield(99);
}

/* B23 and B24 for a generator that was started before: a thrown error goes into it, and closing closes it first. */
static void errors_into_started_ones(void)
{
    int v = 0;
    eddy_error err;
    struct answers inner = answers();
    struct around_answers o = around_answers(&inner);
    CHECK(eddy_next(&inner, &v) && eddy_next(&o, &v) && v == 1);
    CHECK(eddy_throw(&o, EIO, &v) && v == 2);
    CHECK(eddy_next(&o, &v) && v == 3);
    CHECK(eddy_throw(&o, EAGAIN, &v) && v == 99);
    CHECK_LOG("inner ");
    CHECK(!eddy_next(&o, &v));
    CHECK_LOG("outer ");
    inner = answers();
    o = around_answers(&inner);
    CHECK(eddy_next(&inner, &v) && eddy_next(&o, &v) && !eddy_throw(&o, EDOM, &v, &err) && err.code == EDOM);
    CHECK_LOG("inner outer ");
    inner = answers();
    o = around_answers(&inner);
    CHECK(eddy_next(&inner, &v) && eddy_next(&o, &v) && eddy_next(&o, &v));
    eddy_close(&o, &err);
    CHECK(err.code == 0);
    CHECK_LOG("inner outer ");
    CHECK(!eddy_next(&inner, &v) && !eddy_next(&o, &v));
    inner = answers();
    o = around_answers(&inner);
    CHECK(eddy_next(&inner, &v) && eddy_next(&o, &v) && v == 1);
    eddy_close(&o, &err);
    CHECK(err.code == EBUSY);
    CHECK_LOG("inner outer ");
}

/* From A to B to C to A, without returning to the consumer in between. */
struct ring {
    struct player *next;
};

generator(int, player, (int, number), (struct ring *, ring), (int *, rounds))
{
    while ((*rounds)-- > 0) {
        note_number(number);
        eddy_transfer(ring->next);
    }
    yield(number);
}

static void transfers(void)
{
    int rounds = 5, v = 0;
    struct ring after_a, after_b, after_c;
    struct player a = player(1, &after_a, &rounds), b = player(2, &after_b, &rounds),
                  c = player(3, &after_c, &rounds);
    after_a.next = &b;
    after_b.next = &c;
    after_c.next = &a;
    CHECK(eddy_next(&a, &v) && v == 3);
    CHECK_LOG("1 2 3 1 2 ");
    eddy_close(&a);
    eddy_close(&b);
    eddy_close(&c);
}

/* Sanitizers make frames large, and keep a shadow of each. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define LEVELS 3000
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEVELS 3000
#endif
#endif
#ifndef LEVELS
#define LEVELS 100000
#endif

static int levels_left;

static void leave_level(int *levels)
{
    --*levels;
}

generator_full(int, int, long, level, (int, depth), (int, code))
{
    volatile char room[256];
    room[depth & 255] = (char)depth;
    levels_left++;
    defer(leave_level, &levels_left);
    long sum = depth;
    if (depth) {
        sum += yield_from(level(depth - 1, code));
    } else {
        int sent = yield(1);
        CHECK(yield(sent + 1) == 3);
        if (code)
            throw(code);
    }
    CHECK(room[depth & 255] == (char)depth);
    return sum;
}

/* Depth is bounded only by memory: far more levels than a stack has room for, and the end of each one runs. */
static void depths(void)
{
    int v = 0;
    eddy_error err;
    struct level down = level(LEVELS, 0);
    CHECK(eddy_next(&down, &v, &err) && v == 1 && levels_left == LEVELS + 1);
    CHECK(eddy_send(&down, 7, &v) && v == 8);
    CHECK(!eddy_send(&down, 3, &v, &err) && err.code == 0 && levels_left == 0);
    CHECK(down.result == (long)LEVELS * (LEVELS + 1) / 2);
    down = level(LEVELS, EIO); /* a failure passes through all levels */
    CHECK(eddy_next(&down, &v) && eddy_send(&down, 7, &v));
    CHECK(!eddy_send(&down, 3, &v, &err) && err.code == EIO && levels_left == 0);
    for_each (x, level(LEVELS, 0)) { /* so does closing */
        CHECK(x == 1);
        break;
    }
    CHECK(levels_left == 0);
}

int main(void)
{
    depths();
    values_and_results();
    errors();
    started_ones();
    errors_into_started_ones();
    transfers();
    return 0;
}
