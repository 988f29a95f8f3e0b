/* SPDX-License-Identifier: MIT */
/* blocking_functions.c - functions that block, awaited: they run on threads of the loop's pool. */
#include <errno.h>
#include <pthread.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

blocking(int, hash, (const char *, s), (int, rounds))
{
    if (rounds < 0)
        throw(EINVAL, "rounds %d", rounds);
    return (int)strlen(s) * rounds;
}

blocking(void, nothing)
{
}

blocking(struct point, move_point, (struct point, p), (double, by))
{
    return (struct point){p.x + by, p.y + by};
}

blocking(bool, is_other_thread, (pthread_t, loop))
{
    return !pthread_equal(loop, pthread_self());
}

async(int, main_task)
{
    eddy_error err;
    CHECK(await(hash("abc", 2)) == 6);
    await(nothing());
    CHECK(await(move_point((struct point){1, 2}, 3)).y == 5);
    CHECK(await(is_other_thread(pthread_self())));
    CHECK(await(hash("", -1), &err) == 0);
    CHECK(err.code == EINVAL && !strcmp(err.message, "rounds -1"));
    struct hash *a = spawn(hash("ab", 3)), *b = spawn(hash("abcd", 5)); /* at the same time */
    await(eddy_gather(a, b, nothing()));
    CHECK(await(a) == 6 && await(b) == 20);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
