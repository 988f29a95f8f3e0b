/* SPDX-License-Identifier: MIT */
/* manager.c - a manager of your own, and how a block is left */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

struct door {
    struct eddy_manager manager; /* first */
    const char *value;           /* what the block receives */
};

static void open_door(struct eddy_manager *manager, eddy_error *err)
{
    eddy_await(eddy_sleep(0.1), err); /* a failure here means that neither the block nor exit runs */
    if (!err->code)
        printf("%s opens\n", ((struct door *)manager)->value);
}

static void close_door(struct eddy_manager *manager, eddy_error *err)
{
    printf("%s closes%s\n", ((struct door *)manager)->value, err->code ? ", something went wrong" : "");
}

static struct door door(const char *name)
{
    return (struct door){{.enter = open_door, .exit = close_door}, name};
}

async(void, main_task)
{
    for (int i = 0; i < 3; i++)
        async_with (name, door("front door")) {
            if (i == 0)
                continue; /* ends the block; the loop goes on */
            printf("through the %s\n", name);
            if (i == 1)
                goto out;
        }
out:
    async_with (name, door("back door"))
        throw(EACCES, "the %s is guarded", name);
}

int main(void)
{
    return eddy_run(main_task());
}
