/* SPDX-License-Identifier: MIT */
/* async_manager.c - async_with: enter before the block, exit after it, whichever way the block
 * is left. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

struct async_manager {
    struct eddy_manager manager;
    struct async_manager *value; /* what async_with binds: the manager itself */
    int x;
};

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct async_manager *self = (struct async_manager *)manager;
    (void)err; /* if err is set, the block does not run */
    printf("enter %d\n", self->x);
    self->value = self;
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct async_manager *self = (struct async_manager *)manager;
    printf("exit %d%s\n", self->x, err->code ? " after an error" : "");
}

static struct async_manager async_manager(int x)
{
    return (struct async_manager){.manager = {.enter = enter, .exit = leave}, .x = x};
}

async(void, yow, (struct async_manager *, self))
{
    printf("yow: x is %d\n", self->x);
}

async(int, leave_early)
{
    async_with (m, async_manager(4)) {
        await(yow(m));
        return m->x;
    }
    return 0;
}

async(void, fail)
{
    async_with (m, async_manager(5)) {
        await(yow(m));
        throw(EIO, "out of order");
    }
}

async(void, main_task)
{
    async_with (m, async_manager(3))
        await(yow(m));
    printf("left early with %d\n", await(leave_early()));

    eddy_error err;
    await(fail(), &err);
    if (err.code == EIO)
        printf("caught outside: %s\n", err.message);
}

int main(void)
{
    return eddy_run(main_task());
}
