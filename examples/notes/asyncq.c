/* SPDX-License-Identifier: MIT */
/* asyncq.c - producers put items into a queue, consumers take them out; neither knows of the
 * other.
 *
 * usage: asyncq [-p PRODUCERS] [-c CONSUMERS] [-s SEED] */
#include "mt19937.h"
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct item {
    char name[11];
    double made;
};
typedef queue_of(struct item) item_queue;

static struct mt19937 mt, labels; /* labels has its own numbers: names must not change the delays */

static struct item make_item(void)
{
    struct item item = {.made = eddy_time()};
    snprintf(item.name, sizeof item.name, "%010llx", (unsigned long long)mt_bits(&labels, 40));
    return item;
}

async(void, random_sleep, (const char *, kind), (int, name))
{
    int i = mt_randint(&mt, 1, 5);
    printf("%s %d sleeping for %d seconds.\n", kind, name, i);
    await(eddy_sleep(i));
}

async(void, produce, (int, name), (item_queue *, queue))
{
    for (int left = mt_randint(&mt, 1, 5); left > 0; left--) {
        await(random_sleep("Producer", name));
        struct item item = make_item();
        await(eddy_queue_put(queue, item));
        printf("Producer %d added <%s> to queue.\n", name, item.name);
    }
}

async(void, consume, (int, name), (item_queue *, queue))
{
    for (;;) {
        await(random_sleep("Consumer", name));
        struct item item = await(eddy_queue_get(queue));
        printf("Consumer %d got element <%s> in %0.5f seconds.\n", name, item.name,
               eddy_time() - item.made);
        eddy_queue_task_done(queue);
    }
}

async(void, main_task, (int, nprod), (int, ncon))
{
    double start = eddy_time();
    item_queue queue;
    eddy_queue_init(&queue, 0);
    defer(eddy_queue_free, &queue);
    async_with (consumers, eddy_task_group()) { /* the tasks of a group have ended before the queue is freed */
        async_with (producers, eddy_task_group()) {
            for (int n = 0; n < nprod; n++)
                eddy_group_spawn(producers, produce(n, &queue));
            for (int n = 0; n < ncon; n++)
                eddy_group_spawn(consumers, consume(n, &queue));
        }
        await(eddy_queue_join(&queue));
        eddy_group_cancel(consumers);
    }
    printf("Program completed in %0.5f seconds.\n", eddy_time() - start);
}

int main(int argc, char **argv)
{
    int nprod = 5, ncon = 10;
    uint64_t seed = 444;
    for (int option; (option = getopt(argc, argv, "p:c:s:")) != -1;) {
        switch (option) {
        case 'p': nprod = atoi(optarg); break;
        case 'c': ncon = atoi(optarg); break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        default: return 2; /* getopt has said why */
        }
    }
    mt_seed(&mt, seed);
    mt_seed(&labels, seed);
    return eddy_run(main_task(nprod, ncon));
}
