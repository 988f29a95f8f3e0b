/* SPDX-License-Identifier: MIT */
/* every_keyword.c - each keyword once, in code without warnings. standards.sh compiles it with many warnings on. */
#include <stdio.h>
#include <eddy/keywords.h>

async_type(int, operation, (int, n));

async_declare(int, declared, (int, n));
async_define(int, declared, (int, n))
{
    return n;
}

async_declare_static(int, hidden, (int, n));
async_define_static(int, hidden, (int, n))
{
    return n;
}

async(char *, text, (int, n))
{
    char *made = NULL;
    if (asprintf(&made, "%d", n) < 0)
        throw(ENOMEM, "no memory for %d", n);
    return made;
}
async_free(text, free);

async(void, nothing)
{
    await(eddy_sleep(0));
}

async(int, with_default, (int, n))
{
    return n;
}
#define with_default(...) async_default(with_default, (3), ##__VA_ARGS__)

blocking(int, slow, (int, n))
{
    return n;
}

generator(int, range, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

generator_full(int, long, const char *, talker, (int, n))
{
    long sent = yield(n);
    eddy_error err;
    sent += yield(n, &err);
    return sent ? "sent" : "none";
}

generator(int, outer, (int, n))
{
    yield_from(range(n));
    yield(n);
}

generator(void, ticks, (int, n))
{
    for (int i = 0; i < n; i++)
        yield();
}

async_generator(int, ticker, (int, n))
{
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(0));
        yield(i);
    }
}

async_generator_full(int, long, asker, (int, n))
{
    long sent = yield(n);
    yield((int)sent);
}

static const operation table[] = {async_as(operation, declared), async_as(operation, hidden)};

async(int, sum, (int, n))
{
    int total = 0;
    for_each (i, range(n))
        total += i;
    async_for (i, ticker(n))
        total += i;
    async_with (scope, eddy_timeout(5)) {
        (void)scope;
        total += await(declared(1));
    }
    list_of(int) items = {0};
    collect(&items, i * 2, i, range(n), i > 0);
    async_collect(&items, i, i, ticker(n));
    list_push(&items, total);
    total += items.items[0];
    list_free(&items);
    return total;
}

async(int, errors)
{
    eddy_error err;
    int n = await(declared(1), &err);
    n += await(hidden(await(declared(2), &err)), &err);
    n += await_always(declared(3), &err);
    n += await_for(declared(4), 5);
    n += await_for(declared(5), 5, &err);
    n += await_shielded(declared(6));
    n += await_shielded(declared(7), &err);
    n += eddy_await(declared(8), &err);
    if (err.code)
        rethrow(&err);
    return n;
}

async(int, tasks)
{
    struct declared *one = spawn(declared(1)), *two = spawn_eager(declared(2));
    struct declared *three = spawn_with(declared(3), &(eddy_spawn_options){.name = "three", .eager = true});
    await(eddy_gather(one, two, three, declared(4)));
    int slot = 0;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, nothing());
        eddy_group_spawn(group, declared(5), &slot);
    }
    struct hidden *handles[] = {spawn(hidden(1)), spawn(hidden(2))};
    await(eddy_wait(handles, 2, EDDY_ALL_COMPLETED));
    int n = slot + await(handles[0]) + await(handles[1]);
    n += await(table[1](2)) + await(with_default()) + await(slow(1));
    eddy_detach(spawn(nothing()));
    return n;
}

async(int, steps)
{
    int n = 0, v = 0;
    eddy_error err;
    struct talker g = talker(1);
    n += eddy_next(&g, &v, &err);
    n += eddy_send(&g, 2, &v);
    eddy_close(&g);
    struct ticks t = ticks(2);
    n += eddy_next(&t);
    n += eddy_throw(&t, EINVAL, &(eddy_void){0}, &err);
    struct asker a = asker(3);
    n += await(eddy_anext(&a, &v));
    n += await(eddy_asend(&a, 4L, &v));
    await(eddy_aclose(&a));
    for_each (i, outer(2))
        n += i;
    return n;
}

async(int, containers)
{
    queue_of(int) q;
    eddy_queue_init(&q, 2);
    await(eddy_queue_put(&q, 1));
    int n = await(eddy_queue_get(&q));
    eddy_queue_free(&q);
    typedef future_of(int) number;
    number *f = eddy_future_new(number);
    if (!f)
        throw(ENOMEM);
    eddy_set_result(f, 3);
    n += await(f);
    return n;
}

async(int, main_task)
{
    char *t = await(text(3));
    defer(free, t);
    return await(sum(3)) + await(errors()) + await(tasks()) + await(steps()) + await(containers()) > 0 ? 0 : 1;
}

int main(void)
{
    eddy_error err;
    int n = eddy_run_with(&(eddy_loop_options){.size = sizeof(eddy_loop_options), .seed = 1}, declared(1), &err);
    return n == 1 ? eddy_run(main_task()) : 1;
}
