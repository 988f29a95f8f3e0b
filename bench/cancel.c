/* SPDX-License-Identifier: MIT */
/* cancel.c - the cost of a task that is spawned, waits, is cancelled and is joined; a thousand at a time. */
#include "eddy_bench.h"

#include <errno.h>

enum { BATCH = 1000 };

static long waiting;

async(void, wait_long)
{
    waiting++;
    await(eddy_sleep(1000));
}

async(void, cancel_many, (long, count))
{
    static struct wait_long *tasks[BATCH];
    long cancelled = 0;
    waiting = 0;
    for (long done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            tasks[i] = spawn(wait_long());
        await(eddy_sleep(0));
        for (int i = 0; i < BATCH; i++)
            eddy_cancel(tasks[i]);
        for (int i = 0; i < BATCH; i++) {
            eddy_error err;
            await(tasks[i], &err);
            cancelled += err.code == ECANCELED;
        }
    }
    bench_require(waiting == count && cancelled == count, "each waited, and was cancelled");
}

static void cancellations(long count) { bench_await(cancel_many(count)); }

static const struct measure measures[] = {
    {.name = "cancel", .count = 200000, .ask = cancellations},
    {0},
};
BENCH_EDDY(measures)
