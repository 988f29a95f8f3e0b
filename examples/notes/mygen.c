/* SPDX-License-Identifier: MIT */
/* mygen.c - an async generator, a default argument, two async comprehensions, and a run that
 * returns two lists. */
#include "int_list.h"

/* Yields the first u powers of two. */
async_generator(int, mygen, (int, u))
{
    int i = 0;
    while (i < u) {
        yield(1 << i);
        i++;
        await(eddy_sleep(0.1));
    }
}
#define mygen(...) async_default(mygen, (10), ##__VA_ARGS__) /* mygen() means mygen(10) */

struct lists {
    int_list g, f;
    double seconds;
};

async(struct lists, main_task)
{
    struct lists lists = {0};
    double start = eddy_time();
    async_collect(&lists.g, i, i, mygen());
    async_collect(&lists.f, j, j, mygen(), !(j / 3 % 5));
    lists.seconds = eddy_time() - start;
    return lists;
}

int main(void)
{
    eddy_error err;
    struct lists lists = eddy_run(main_task(), &err);
    int_list_print(&lists.g);
    int_list_print(&lists.f);
    printf("%.1f seconds: one after the other\n", lists.seconds);
    list_free(&lists.g);
    list_free(&lists.f);
    return err.code != 0;
}
