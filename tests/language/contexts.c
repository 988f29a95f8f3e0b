/* SPDX-License-Identifier: MIT */
/* contexts.c - variables that belong to a task: what awaits, spawns and generators see of them. */
#include <eddy/keywords.h>
#include "check.h"

static eddy_context_var user = EDDY_CONTEXT_VAR_INIT("user", "nobody");

static const char *name(void)
{
    return eddy_context_get(&user);
}

async(void, be, (const char *, who))
{
    eddy_context_set(&user, (void *)who);
    await(eddy_sleep(0));
    note(name());
}

async_generator(int, sets)
{
    eddy_context_set(&user, "in generator");
    yield(1);
}

static void called(void *unused)
{
    (void)unused;
    note(name());
}

async(int, main_task)
{
    CHECK(!strcmp(name(), "nobody")); /* B71: the default */
    await(be("ann"));
    CHECK(!strcmp(name(), "ann")); /* B73: a direct await shares them */
    struct be *one = spawn(be("bob ")), *two = spawn(be("eve "));
    await(eddy_gather(one, two));
    CHECK(!strcmp(name(), "ann")); /* B73: a task works on a copy */
    await(one);
    await(two);
    CHECK_LOG("annbob eve ");
    eddy_call_soon(called, NULL); /* B74: callbacks take the variables of now */
    await(eddy_sleep(0));
    CHECK_LOG("ann");
    async_for (x, sets())
        CHECK(x && !strcmp(name(), "in generator")); /* B65: async generators have none of their own */
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
