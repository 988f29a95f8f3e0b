/* SPDX-License-Identifier: MIT */
/* unclaimed.c - results that are never taken: async_free says how they are freed, and each is freed once. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static int made, freed; /* `made` is atomic: a thread makes one, too */

static void free_text(char *text)
{
    freed += text != NULL;
    free(text);
}

async(char *, make_text, (double, seconds))
{
    await(eddy_sleep(seconds));
    char *text = strdup("text");
    if (!text)
        throw(ENOMEM, "no memory for a text");
    __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
    return text;
}

async_free(make_text, free_text);

/* A task that fails has no result. */
async(char *, make_none)
{
    await(eddy_sleep(0));
    throw(EIO);
}

async_free(make_none, free_text);

async_declare_static(char *, declared);

async_define_static(char *, declared)
{
    return await(make_text(0));
}

async_free(declared, free_text);

blocking(char *, make_on_thread)
{
    char *text = strdup("text");
    __atomic_fetch_add(&made, text != NULL, __ATOMIC_RELAXED);
    return text;
}

async_free(make_on_thread, free_text);

struct pair {
    char *texts[2];
};

static void free_pair(struct pair pair)
{
    free_text(pair.texts[0]);
    free_text(pair.texts[1]);
}

async(struct pair, make_pair)
{
    struct pair pair;
    for (int i = 0; i < 2; i++)
        pair.texts[i] = await(make_text(0));
    return pair;
}

async_free(make_pair, free_pair);

static bool nothing_is_left(int wanted)
{
    bool good = made == wanted && freed == made;
    if (!good)
        fprintf(stderr, "made %d, freed %d, wanted %d\n", made, freed, wanted);
    made = freed = 0;
    return good;
}

/* A result that was taken belongs to its taker, and is not freed for it. */
async(void, taken)
{
    char *text = NULL;
    struct make_text *t = spawn(make_text(0));
    free_text(await(t));
    free_text(await_for(make_text(0), 1000));
    free_text(await_shielded(make_text(0)));
    t = spawn(make_text(0));
    text = await_shielded(t);
    eddy_detach(t); /* the result was given to the task that waited shielded */
    free_text(text);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, make_text(0), &text);
    }
    free_text(text);
    CHECK(nothing_is_left(5));
}

async(void, leaves_it_behind)
{
    struct make_text *t = spawn(make_text(0));
    while (!eddy_done(t))
        await(eddy_sleep(0));
}

async(void, waits_shielded)
{
    free_text(await_shielded(make_text(0.01)));
}

async(void, nobodys)
{
    eddy_error err;
    eddy_detach(spawn(make_text(0)));
    eddy_detach(spawn(declared()));
    eddy_detach(spawn(make_pair()));
    eddy_detach(spawn(make_on_thread()));
    struct make_text *t = spawn(make_text(0));
    while (eddy_all_tasks(NULL, NULL) > 1)
        await(eddy_sleep(0.001));
    eddy_detach(t); /* of a task that has ended */
    CHECK(nothing_is_left(6));
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, make_text(0));
    }
    await(leaves_it_behind());
    await(eddy_gather(make_text(0), make_pair()));
    CHECK(nothing_is_left(5));
    struct waits_shielded *waiter = spawn(waits_shielded());
    while (!eddy_done(waiter) && eddy_all_tasks(NULL, NULL) < 3) /* until the task waits */
        await(eddy_sleep(0));
    eddy_cancel(waiter);
    await(waiter, &err);
    CHECK(err.code == ECANCELED);
    while (eddy_all_tasks(NULL, NULL) > 1)
        await(eddy_sleep(0.001));
    CHECK(nothing_is_left(1));
}

/* No result: nothing to free. */
async(void, without_result)
{
    eddy_error err;
    struct make_text *t = spawn(make_text(0));
    eddy_cancel(t);
    await(t, &err);
    eddy_detach(spawn(make_text(1000)));
    struct make_none *none = spawn(make_none());
    await(none, &err);
    CHECK(err.code == EIO);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, make_text(1000));
        await(eddy_sleep(0));
        eddy_group_cancel(group);
    }
}

async(int, main_task)
{
    eddy_error err;
    await(taken());
    await(nobodys());
    await(without_result(), &err);
    CHECK(nothing_is_left(0));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
