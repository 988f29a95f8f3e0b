/* SPDX-License-Identifier: MIT */
/* queue.c - queues of every order, with and without a limit; join and shutdown */
#include <stdio.h>
#include <eddy/keywords.h>

// [queue]
typedef queue_of(int) int_queue;

async(int, worker, (int_queue *, q))
{
    int sum = 0;
    for (;;) {
        eddy_error err;
        int item = await(eddy_queue_get(q), &err); /* waits while the queue is empty */
        if (err.code == EDDY_QUEUE_SHUT_DOWN)
            return sum;
        if (err.code)
            rethrow(&err);
        sum += item;
        eddy_queue_task_done(q);
    }
}

async(int, work)
{
    int_queue q;
    eddy_queue_init(&q, 10);
    defer(eddy_queue_free, &q);
    struct worker *a = spawn(worker(&q)), *b = spawn(worker(&q));
    for (int i = 0; i < 100; i++)
        await(eddy_queue_put(&q, i)); /* waits while the queue holds 10 items */
    await(eddy_queue_join(&q));       /* waits until task_done was called for each item */
    eddy_queue_shutdown(&q, false);
    int sum = await(a);
    return sum + await(b);
}
// [queue]

// [priority]
struct job {
    int urgency;
    const char *name;
};
typedef queue_of(struct job) job_queue;

static int more_urgent(const struct job *a, const struct job *b)
{
    return b->urgency - a->urgency;
}

static void by_urgency(void)
{
    job_queue q;
    struct job job;
    eddy_priority_init(&q, 0, more_urgent);
    eddy_queue_try_put(&q, (struct job){1, "sweep"});
    eddy_queue_try_put(&q, (struct job){9, "put out the fire"});
    while (eddy_queue_try_get(&q, &job))
        printf("%s\n", job.name);
    eddy_queue_free(&q);
}
// [priority]

async(void, main_task)
{
    printf("%d\n", await(work()));
    by_urgency();
}

int main(void)
{
    return eddy_run(main_task());
}
