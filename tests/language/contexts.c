/* SPDX-License-Identifier: MIT */
/* contexts.c - variables that belong to a task: what awaits, spawned tasks and generators see of them. */
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

blocking(const char *, from_a_thread, (const char *, sets))
{
    const char *seen = name();
    eddy_context_set(&user, (void *)sets);
    return strcmp(name(), sets) ? "not set" : seen;
}

async(void, threads)
{
    eddy_context_set(&user, "joe");
    CHECK(!strcmp(await(from_a_thread("the thread's")), "joe"));
    CHECK(!strcmp(name(), "joe")); /* a value that the task sets is seen by itself only */
    struct from_a_thread *t = spawn(from_a_thread("another's"));
    eddy_context_set(&user, "jim");
    CHECK(!strcmp(await(t), "joe")); /* the value at the time of the spawn */
    CHECK(!strcmp(await(from_a_thread("third")), "jim"));
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
    eddy_call_soon(called, NULL); /* B74: callbacks take the values at the time of the call */
    await(eddy_sleep(0));
    CHECK_LOG("ann");
    struct threads *apart = spawn(threads());
    await(apart);
    async_for (x, sets())
        CHECK(x && !strcmp(name(), "in generator")); /* B65: async generators have no copy */
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
