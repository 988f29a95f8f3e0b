/* SPDX-License-Identifier: MIT */
/* gather_completed.c - spawn, eddy_gather and eddy_as_completed: one task, all of them,
 * whichever is next. */
#include <eddy/keywords.h>
#include <stdio.h>

struct triple {
    int of[3];
};

static int longest(struct triple seq)
{
    int most = 0;
    for (int i = 0; i < 3; i++)
        most = seq.of[i] > most ? seq.of[i] : most;
    return most;
}

async(struct triple, coro, (struct triple, seq))
{
    await(eddy_sleep(longest(seq)));
    return (struct triple){{seq.of[2], seq.of[1], seq.of[0]}};
}

#define SHOWN(t) (t).of[0], (t).of[1], (t).of[2]

async(void, main_task)
{
    const struct triple three = {{3, 2, 1}}, ten = {{10, 5, 0}};
    struct coro *t = spawn(coro(three));
    await(eddy_gather(t)); /* leaves the handle with us; await(t) takes it */
    printf("t: type Task, done: %s\n", eddy_done(t) ? "True" : "False");
    struct triple a = await(t);
    printf("t: [%d, %d, %d]\n", SHOWN(a));

    double start = eddy_time();
    struct coro *t1 = spawn(coro(three)), *t2 = spawn(coro(ten));
    await(eddy_gather(t1, t2));
    a = await(t1);
    struct triple b = await(t2);
    printf("gather: [%d, %d, %d] and [%d, %d, %d] after %.0f seconds\n", SHOWN(a), SHOWN(b),
           eddy_time() - start);

    start = eddy_time();
    struct coro *tasks[] = {spawn(coro(ten)), spawn(coro(three))};
    async_for (next_done, eddy_as_completed(tasks, 2)) {
        a = await(next_done);
        printf("completed: [%d, %d, %d] after %.0f seconds\n", SHOWN(a), eddy_time() - start);
    }
}

int main(void)
{
    return eddy_run(main_task());
}
