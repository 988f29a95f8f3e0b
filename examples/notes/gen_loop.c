/* SPDX-License-Identifier: MIT */
/* gen_loop.c - a generator is stopped and resumed at will: break, and go on later with the
 * values that remain.
 *
 * A loop over a pointer keeps the generator, a loop over a value owns it and closes it on every
 * way out. */
#include <eddy/keywords.h>
#include <stdio.h>

static void say(const char *text)
{
    puts(text);
}

generator(int, gen)
{
    defer(say, "gen ends");
    yield(1);
    yield(2);
    yield(3);
}

int main(void)
{
    struct gen g = gen();
    for_each (i, &g)
        printf("%d\n", i);
    for_each (i, &g)
        printf("never: g is exhausted, and this is %d\n", i);

    struct gen kept = gen();
    for_each (i, &kept) {
        printf("%d\n", i);
        break;
    }
    puts("kept is idle");
    for_each (i, &kept)
        printf("%d\n", i);

    for_each (i, gen()) {
        printf("%d\n", i);
        break;
    }
    puts("a generator without a name ended at the break");
    return 0;
}
