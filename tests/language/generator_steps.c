/* SPDX-License-Identifier: MIT */
/* generator_steps.c - what a step and a yield keep: values in every kind of register, frames of every shape. */
#include <errno.h>
#include <stdint.h>
#include <eddy/keywords.h>
#include "check.h"

enum { COUNT = 40 };

/* More values than there are registers of each kind live over each yield. */
generator(long, sums, (long, seed))
{
    long a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5, g = seed + 6, h = seed + 7;
    double s = (double)seed, t = s + 1, u = s + 2, v = s + 3;
    long double w = s + 4, x = s + 5;
    for (int i = 0; i < COUNT; i++) {
        yield(a + b + c + d + e + f + g + h + (long)(s + t + u + v) + (long)(w + x));
        a++, b++, c++, d++, e++, f++, g++, h++, s++, t++, u++, v++, w++, x++;
    }
}

static void registers(void)
{
    long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, steps = 0;
    double s = 1, t = 2;
    long double w = 3;
    for_each (one, sums(10)) {
        for_each (two, sums(one)) {
            CHECK(two == 14 * one + 28 + 15 + 14 * (steps % COUNT));
            a++, b++, c++, d++, e++, f++, g++, h++, s++, t++, w++, steps++;
        }
    }
    CHECK(steps == COUNT * COUNT);
    CHECK(a + b + c + d + e + f + g + h == 36 + 8 * steps);
    CHECK(s + t + (double)w == 6 + 3 * (double)steps);
}

/* More vectors than there are registers, of which AVX-512 has 32, and comparisons, which it keeps in masks. */
typedef long vector __attribute__((vector_size(64)));
enum { VECTORS = 34 };

#define FILL(v, first) \
    for (int i_ = 0; i_ < VECTORS; i_++) \
        v[i_] = (vector){0} + (first) + i_;

static inline __attribute__((always_inline)) bool filled(const vector *v, long first)
{
    long sum = 0;
#pragma GCC unroll 34
    for (int i = 0; i < VECTORS; i++) {
        vector differs = v[i] != (vector){0} + first + i;
        for (int lane = 0; lane < 8; lane++)
            sum += differs[lane];
    }
    return !sum;
}

generator(long, vectors, (long, first))
{
    vector v[VECTORS];
    FILL(v, first)
    for (int i = 0; i < COUNT; i++) {
        yield(i);
        CHECK(filled(v, first + i));
#pragma GCC unroll 34
        for (int k = 0; k < VECTORS; k++)
            v[k] += 1;
    }
}

static void wide_registers(void)
{
    vector v[VECTORS];
    FILL(v, 1000)
    for_each (i, vectors(7)) {
        CHECK(filled(v, 1000 + i));
#pragma GCC unroll 34
        for (int k = 0; k < VECTORS; k++)
            v[k] += 1;
    }
}

/* A variable array beside an aligned local: clang addresses its locals by rbx there. */
struct wide {
    _Alignas(64) char bytes[64];
};

static int of(const struct wide *wide, const int *array, int n)
{
    int sum = wide->bytes[0] + wide->bytes[63];
    for (int i = 0; i < n; i++)
        sum += array[i];
    return (uintptr_t)wide % 64 ? -1 : sum;
}

generator(int, from_arrays, (int, n))
{
    struct wide wide = {{0}};
    int array[n];
    for (int i = 0; i < n; i++)
        array[i] = i;
    for (int i = 0; i < COUNT; i++) {
        wide.bytes[63] = (char)i;
        yield(of(&wide, array, n));
        array[n - 1]++;
    }
}

static void arrays(int n)
{
    struct wide wide = {{0}};
    int array[n], i = 0, before = n * (n - 1) / 2;
    memset(array, 0, sizeof array);
    for_each (x, from_arrays(n)) {
        CHECK(x == before + 2 * i);
        array[n - 1] = ++i;
        wide.bytes[0] = (char)i;
        CHECK(of(&wide, array, n) == 2 * i);
    }
    CHECK(i == COUNT);
}

/* Functions that call nothing but the step have data below their stack pointer. */
static __attribute__((noinline)) bool step(struct from_arrays *g, int *value)
{
    int here[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    __asm__ volatile("" : : "r"(here) : "memory");
    bool more = eddy_next(g, value);
    __asm__ volatile("" : : "r"(here) : "memory");
    return more && here[0] + here[7] == 9;
}

static void leaves(void)
{
    struct from_arrays g = from_arrays(3);
    int value;
    for (int i = 0; i < COUNT; i++)
        CHECK(step(&g, &value) && value == 3 + 2 * i);
    CHECK(!step(&g, &value) && !step(&g, &value));
}

/* ==== two that hand their consumer over ==== */

generator(int, second)
{
    yield(2);
    yield(3);
    throw(ERANGE);
}

generator(int, first, (struct second *, other))
{
    yield(1);
    eddy_transfer(other);
    yield(10);
}

/* The one that took the consumer over is stepped by itself later, and its end belongs to that step. */
static void after_a_transfer(void)
{
    struct second two = second();
    struct first one = first(&two);
    eddy_error err;
    int v = 0;
    CHECK(eddy_next(&one, &v) && v == 1);
    CHECK(eddy_next(&one, &v) && v == 2); /* the second one's */
    CHECK(eddy_next(&two, &v) && v == 3);
    CHECK(!eddy_next(&two, &v, &err) && err.code == ERANGE);
    CHECK(!eddy_next(&two, &v, &err) && err.code == 0);
    CHECK(eddy_next(&one, &v, &err) && v == 10);
    CHECK(!eddy_next(&one, &v, &err) && err.code == 0);
}

/* It ends while it has the consumer of another one. */
static void ended_after_a_transfer(void)
{
    struct second two = second();
    struct first one = first(&two);
    eddy_error err;
    int v = 0;
    CHECK(eddy_next(&two, &v) && v == 2);
    CHECK(eddy_next(&two, &v) && v == 3);
    CHECK(eddy_next(&one, &v) && v == 1);
    CHECK(!eddy_next(&one, &v, &err) && err.code == ERANGE); /* the second one's failure */
    CHECK(eddy_next(&one, &v, &err) && v == 10);
    eddy_close(&one);
}

/* ==== failures, and steps in a step ==== */

generator(int, catching)
{
    for (int i = 0;; i++) {
        eddy_error err;
        yield(i, &err);
        if (err.code == EDDY_GENERATOR_EXIT)
            return;
        if (err.code)
            yield(-err.code);
    }
}

static void thrown(void)
{
    struct catching g = catching();
    int v = 0;
    CHECK(eddy_next(&g, &v) && v == 0);
    CHECK(eddy_throw(&g, ERANGE, &v) && v == -ERANGE);
    CHECK(eddy_next(&g, &v) && v == 1);
    CHECK(eddy_throw(&g, EDOM, &v) && v == -EDOM);
    CHECK(eddy_next(&g, &v) && v == 2);
    eddy_close(&g);
    CHECK(!eddy_next(&g, &v));
}

static struct catching *itself;

generator(int, stepping_itself)
{
    eddy_error err;
    int v;
    CHECK(!eddy_next((struct stepping_itself *)(void *)itself, &v, &err) && err.code == EDDY_GENERATOR_RUNNING);
    yield(1);
}

static void running(void)
{
    struct stepping_itself g = stepping_itself();
    int v = 0;
    itself = (struct catching *)(void *)&g;
    CHECK(eddy_next(&g, &v) && v == 1);
    CHECK(!eddy_next(&g, &v));
}

int main(void)
{
    registers();
    wide_registers();
    arrays(5);
    leaves();
    after_a_transfer();
    ended_after_a_transfer();
    thrown();
    running();
    return 0;
}
