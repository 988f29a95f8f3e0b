/* SPDX-License-Identifier: MIT */
/* parameters.c - none to eight parameters, of every kind, under every name that could collide with a macro's own. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

typedef int (*operation)(int);
enum colour { RED, GREEN };
union word {
    int i;
    float f;
};

static int increment(int n)
{
    return n + 1;
}

async(int, p0)
{
    return 0;
}

async(int, p1, (int, a))
{
    return a;
}

async(int, p2, (int, a), (int, b))
{
    return a + b;
}

async(int, p3, (int, a), (int, b), (int, c))
{
    return a + b + c;
}

async(int, p4, (int, a), (int, b), (int, c), (int, d))
{
    return a + b + c + d;
}

async(int, p5, (int, a), (int, b), (int, c), (int, d), (int, e))
{
    return a + b + c + d + e;
}

async(int, p6, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f))
{
    return a + b + c + d + e + f;
}

async(int, p7, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g))
{
    return a + b + c + d + e + f + g;
}

async(int, p8, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h))
{
    return a + b + c + d + e + f + g + h;
}

/* The names of the library's members and locals. */
async(int, names, (int, result), (int, base), (int, self), (int, args), (int, value), (int, t), (int, err), (int, x))
{
    return result + base + self + args + value + t + err + x;
}

async(int, more_names, (int, awaitable), (int, type), (int, run), (int, name), (int, sent), (int, generator_),
      (int, i), (int, n))
{
    return awaitable + type + run + name + sent + generator_ + i + n;
}

generator(int, generator_names, (int, value), (int, sent), (int, result), (int, control), (int, slot), (int, core))
{
    yield(value + sent + result + control + slot + core);
}

async_generator(int, async_names, (int, value), (int, step), (int, result), (int, generator_), (int, awaitable))
{
    await(eddy_sleep(0));
    yield(value + step + result + generator_ + awaitable);
}

blocking(int, blocking_names, (int, result), (int, work), (int, size))
{
    return result + work + size;
}

async(int, kinds, (const int, a), (const char *const, s), (const int *, array), (operation, f), (struct point, p),
      (__typeof__(int (*)(int)), g), (enum colour, c), (union word, w))
{
    return a + (int)strlen(s) + array[0] + f(array[1]) + (int)p.x + g(0) + c + w.i;
}

async(void *, pointer, (void *, p))
{
    return p;
}

async(const struct point *, to_const, (const struct point *, p))
{
    return p;
}

async(operation, function, (operation, f))
{
    return f;
}

async(long double, wide, (long double, x), (char, c), (bool, b), (unsigned long long, u))
{
    return x + c + b + (long double)u;
}

async(union word, one_word, (union word, w))
{
    return w;
}

async(enum colour, other_colour, (enum colour, c))
{
    return c == RED ? GREEN : RED;
}

/* Names with the suffixes of generated names. */
async(int, fetch, (int, n))
{
    return n;
}

async(int, fetch_body, (int, n))
{
    return n + await(fetch(n));
}

async(int, fetch_run, (int, n))
{
    return n + await(fetch_body(n));
}

async(void, counts)
{
    CHECK(await(p0()) == 0 && await(p1(1)) == 1 && await(p2(1, 2)) == 3 && await(p3(1, 2, 3)) == 6);
    CHECK(await(p4(1, 2, 3, 4)) == 10 && await(p5(1, 2, 3, 4, 5)) == 15);
    CHECK(await(p6(1, 2, 3, 4, 5, 6)) == 21 && await(p7(1, 2, 3, 4, 5, 6, 7)) == 28);
    CHECK(await(p8(1, 2, 3, 4, 5, 6, 7, 8)) == 36 && await(spawn(p8(8, 7, 6, 5, 4, 3, 2, 1))) == 36);
    CHECK(await(names(1, 2, 3, 4, 5, 6, 7, 8)) == 36 && await(more_names(1, 2, 3, 4, 5, 6, 7, 8)) == 36);
    for_each (v, generator_names(1, 2, 3, 4, 5, 6))
        CHECK(v == 21);
    async_for (v, async_names(1, 2, 3, 4, 5))
        CHECK(v == 15);
    CHECK(await(blocking_names(1, 2, 3)) == 6);
}

async(void, types)
{
    int numbers[] = {1, 2};
    struct point p = {1, 2};
    CHECK(await(kinds(1, "ab", numbers, increment, p, increment, GREEN, (union word){.i = 5})) == 15);
    CHECK(await(pointer(&p)) == &p && await(pointer(NULL)) == NULL && await(to_const(&p)) == &p);
    CHECK(await(function(increment))(4) == 5);
    CHECK(await(wide(1.5L, 2, true, 3)) == 7.5L);
    CHECK(await(one_word((union word){.i = 9})).i == 9 && await(other_colour(RED)) == GREEN);
    CHECK(await(fetch_run(1)) == 3);
}

async(int, main_task)
{
    int x = 0, err = 0, self = 0, t = 0, value = 0; /* a user's own locals are neither captured nor shadowed */
    await(counts());
    await(types());
    CHECK(await(p5(x, err, self, t, value)) == 0);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
