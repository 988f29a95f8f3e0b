/* SPDX-License-Identifier: MIT */
/* queued.c - users are fetched side by side; consumers work on them as they arrive and stop at a
 * sentinel.
 *
 * usage: queued [SEED] */
#include "mt19937.h"
#include <eddy/keywords.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 3, SENTINEL = 0 };

struct user {
    int id; /* SENTINEL: no more users */
    char name[16];
};
typedef queue_of(struct user) user_queue;

static struct mt19937 mt;

async(void, fetch_user, (user_queue *, queue), (int, id))
{
    double delay = mt_uniform(&mt, 0.5, 2.0);
    printf("Producer: fetching user by user_id=%d...\n", id);
    await(eddy_sleep(delay));
    struct user user = {.id = id};
    snprintf(user.name, sizeof user.name, "User%d", id);
    printf("Producer: fetched user with user_id=%d (done in %.1fs)\n", id, delay);
    await(eddy_queue_put(queue, user));
}

async(void, producer, (user_queue *, queue))
{
    async_with (fetches, eddy_task_group())
        for (int id = 1; id <= USERS; id++)
            eddy_group_spawn(fetches, fetch_user(queue, id));
    for (int i = 0; i < USERS; i++)
        await(eddy_queue_put(queue, (struct user){.id = SENTINEL})); /* one for each consumer */
}

async(void, consumer, (user_queue *, queue))
{
    for (;;) {
        struct user user = await(eddy_queue_get(queue));
        if (user.id == SENTINEL)
            break;
        double delay = mt_uniform(&mt, 0.5, 2.0);
        printf("Consumer: retrieving posts for %s...\n", user.name);
        await(eddy_sleep(delay));
        printf("Consumer: got 2 posts by %s (done in %.1fs):\n", user.name, delay);
        for (int i = 1; i <= 2; i++)
            printf("  - Post %d by %s\n", i, user.name);
    }
}

async(void, main_task)
{
    user_queue queue;
    eddy_queue_init(&queue, 0);
    defer(eddy_queue_free, &queue);
    double start = eddy_time();
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, producer(&queue));
        for (int i = 0; i < USERS; i++)
            eddy_group_spawn(group, consumer(&queue));
    }
    printf("\n==> Total time: %.2f seconds\n", eddy_time() - start);
}

int main(int argc, char **argv)
{
    mt_seed(&mt, argc > 1 ? strtoull(argv[argc - 1], NULL, 10) : 444);
    return eddy_run(main_task());
}
