/* SPDX-License-Identifier: MIT */
/* hello.c - the first program of the guide */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(int, weigh, (const char *, parcel), (int, grams))
{
    await(eddy_sleep(0.5));                     /* the other tasks run meanwhile */
    if (grams <= 0)
        throw(EINVAL, "%s weighs nothing", parcel);
    return grams;
}

async(void, main_task)
{
    double start = eddy_time();
    int first = await(weigh("book", 300));      /* one after the other */
    struct weigh *a = spawn(weigh("shoe", 700)); /* both at once */
    struct weigh *b = spawn(weigh("lamp", 900));
    int total = first + await(a);
    total += await(b);
    printf("%d g in %.1f s\n", total, eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
