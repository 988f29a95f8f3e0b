/* SPDX-License-Identifier: MIT */
/* literals.c - options as compound literals, whose commas separate a macro's arguments; <stdio.h> is included before
 * Eddy. */
#include <stdio.h>
#include <eddy/keywords.h>
#include "check.h"

async(int, answer, (int, n))
{
    await(eddy_sleep(0));
    return n;
}

struct box {
    int width, height;
};

async(int, area, (struct box, box))
{
    await(eddy_sleep(0));
    return box.width * box.height;
}

generator(int, sides, (struct box, box))
{
    yield(box.width);
    yield(box.height);
}

async(const char *, word)
{
    await(eddy_sleep(0));
    return "word";
}

async(void, nothing)
{
}

async(double, broken)
{
    throw(ERANGE, "too far");
}

async(void, serve, (eddy_stream *, stream), (void *, argument))
{
    (void)stream;
    (void)argument;
}

static int evaluated;

static int once(int n)
{
    evaluated++;
    return n;
}

async(void, spawned)
{
    struct answer *t =
        spawn_with(answer(5), &(eddy_spawn_options){.size = sizeof(eddy_spawn_options), .name = "five", .eager = true});
    CHECK(!strcmp(eddy_task_name(t), "five"));
    CHECK(await(t) == 5);
}

async(void, served)
{
    eddy_server *server = await(eddy_start_server_with_options(
        serve, (void *)NULL,
        &(eddy_server_options){.size = sizeof(eddy_server_options), .host = "127.0.0.1", .backlog = 3}));
    await(eddy_server_close(server, 0));
}

/* Also for literals of other libraries: keywords.h works wherever it is included. */
async(char *, text, (int, n))
{
    char *made = NULL;
    if (asprintf(&made, "number %d", n) < 0)
        throw(ENOMEM);
    return made;
}

/* Arguments as literals of values that are known only at run time. */
async(void, literal_arguments, (int, n))
{
    eddy_error err;
    int results[2] = {0, 0}, sum = 0;
    CHECK(await(area((struct box){n, 2})) == 2 * n);
    CHECK(await(area((struct box){n, 3}), &err) == 3 * n && !err.code);
    CHECK(await_for(area((struct box){n, 4}), 9) == 4 * n);
    CHECK(await_shielded(area((struct box){n, 5})) == 5 * n);
    struct area *t = spawn(area((struct box){n, 6}));
    CHECK(await(t) == 6 * n);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, area((struct box){n, 7}), &results[0]);
        eddy_group_spawn(group, area((struct box){n, 8}), &results[1]);
    }
    CHECK(results[0] == 7 * n && results[1] == 8 * n);
    await(eddy_gather(area((struct box){n, 9}), area((struct box){n, 10})));
    for_each (side, sides((struct box){n, 11}))
        sum += side;
    CHECK(sum == n + 11);
}

async(void, main_task)
{
    await(literal_arguments(once(5)));
    await(spawned());
    await(served());
    char *made = await(text(3));
    defer(free, made);
    CHECK(!strcmp(made, "number 3"));
}

int main(void)
{
    eddy_error err;
    CHECK(eddy_run_with(&(eddy_loop_options){.size = sizeof(eddy_loop_options), .debug = false}, answer(once(3))) == 3);
    CHECK(evaluated == 1);
    CHECK(eddy_run_with(&(const struct eddy_loop_options){.size = sizeof(eddy_loop_options)}, nothing()) == 0);
    const char *said = eddy_run_with(
        &(eddy_loop_options){.size = sizeof(eddy_loop_options), .debug = false, .seed = 3}, word(), &err);
    CHECK(!err.code && !strcmp(said, "word"));
    const eddy_loop_options options = {.size = sizeof options};
    said = eddy_run_with(&options, word(), &err);
    CHECK(!err.code && !strcmp(said, "word"));
    evaluated = 0;
    CHECK(eddy_run_with(&options, answer(once(4)), &err) == 4 && evaluated == 1);
    CHECK(eddy_run_with(NULL, answer(5)) == 5);
    eddy_run_with(&(eddy_loop_options){.size = sizeof(eddy_loop_options), .debug = false}, broken(), &err);
    CHECK(err.code == ERANGE && !strcmp(err.message, "too far"));
    eddy_run_with(&options, nothing(), &err);
    CHECK(!err.code);
    CHECK(eddy_run_with(&options, area((struct box){once(2), 3}), &err) == 6 && !err.code);
    CHECK(eddy_run_with(&options, area((struct box){once(2), 4})) == 8);
    CHECK(eddy_run(area((struct box){once(2), 5}), &err) == 10);
    CHECK(eddy_run(area((struct box){once(2), 6})) == 12);
    return eddy_run(main_task());
}
