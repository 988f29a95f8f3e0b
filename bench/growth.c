/* SPDX-License-Identifier: MIT */
/*
 * growth.c - does one of many cost more than one of a few? Each measure keeps COUNT objects of a kind alive, and
 * prints the cost of one. growth.py runs it with one count after the other.
 */
#include "eddy_bench.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static long done; /* how many objects the current measure keeps alive */

static void **room_for(long count)
{
    void **list = calloc((size_t)count, sizeof *list);
    bench_require(list != NULL, "memory for the list");
    return list;
}

/* One descriptor for each object, and a few more. */
static void allow_descriptors(long count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    bench_require(limit.rlim_max > (rlim_t)count + 64, "so many descriptors are allowed");
}

/* ==== tasks ==== */

async(void, nothing) { done++; }

async(void, wait_long)
{
    done++;
    await(eddy_sleep(1e6));
}

/* All are ready together and end together. */
async(void, run_tasks, (long, count))
{
    struct nothing **tasks = (struct nothing **)room_for(count);
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(nothing());
    for (long i = 0; i < count; i++)
        await(tasks[i]);
    free(tasks);
}

/* Asleep, woken by one request each, the last one first. */
async(void, cancel_tasks, (long, count))
{
    struct wait_long **tasks = (struct wait_long **)room_for(count);
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(wait_long());
    while (done < count)
        await(eddy_sleep(0));
    for (long i = count; i-- > 0;)
        eddy_cancel(tasks[i]);
    for (long i = 0; i < count; i++) {
        eddy_error err;
        await(tasks[i], &err);
    }
    free(tasks);
}

/* Asleep in a group that is cancelled. */
async(void, cancel_group, (long, count))
{
    async_with (group, eddy_task_group()) {
        for (long i = 0; i < count; i++)
            eddy_group_spawn(group, wait_long());
        while (done < count)
            await(eddy_sleep(0));
        eddy_group_cancel(group);
    }
}

/* ==== waiters ==== */

typedef queue_of(long) numbers;

async(void, get_one, (numbers *, queue))
{
    await(eddy_queue_get(queue));
    done++;
}

/* Half of the tasks that wait at a queue are cancelled, the last one first; the others get their items. */
async(void, wait_at_queue, (long, count))
{
    numbers queue;
    struct get_one **tasks = (struct get_one **)room_for(count);
    eddy_queue_init(&queue, 0);
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(get_one(&queue));
    await(eddy_sleep(0));
    for (long i = count; i-- > count / 2;)
        eddy_cancel(tasks[i]);
    for (long i = 0; i < count / 2; i++)
        await(eddy_queue_put(&queue, i));
    for (long i = 0; i < count; i++) {
        eddy_error err;
        await(tasks[i], &err);
    }
    bench_require(done == count / 2, "each got one");
    done = count;
    eddy_queue_free(&queue);
    free(tasks);
}

/* ==== timers ==== */

static void never(void *unused) { (void)unused; }

async(void, cancel_timers, (long, count))
{
    eddy_handle **handles = (eddy_handle **)room_for(count);
    for (long i = 0; i < count; i++)
        done += (handles[i] = eddy_call_later((double)bench_delay() * 1e-3, never, NULL)) != NULL;
    for (long i = count; i-- > 0;)
        eddy_handle_cancel(handles[i]);
    free(handles);
}

/* ==== threads ==== */

blocking(int, stay, (int, descriptor))
{
    char byte;
    return (int)read(descriptor, &byte, 1);
}

/* All threads are busy, so these calls stay queued; they are cancelled, the last one first. */
async(void, cancel_blocking, (long, count))
{
    enum { THREADS = 8 };
    int ends[2];
    struct stay *busy[THREADS], **tasks = (struct stay **)room_for(count);
    bench_require(pipe(ends) == 0, "a pipe");
    for (int i = 0; i < THREADS; i++)
        busy[i] = spawn(stay(ends[0]));
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(stay(ends[0]));
    await(eddy_sleep(0));
    for (long i = count; i-- > 0;)
        done += eddy_cancel(tasks[i]);
    for (long i = 0; i < count; i++) {
        eddy_error err;
        await(tasks[i], &err);
    }
    close(ends[1]);
    for (int i = 0; i < THREADS; i++)
        await(busy[i]);
    close(ends[0]);
    free(tasks);
}

/* ==== descriptors ==== */

async(void, watch_descriptors, (long, count))
{
    int *descriptors = calloc((size_t)count, sizeof *descriptors);
    allow_descriptors(count);
    for (long i = 0; i < count; i++)
        descriptors[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (long i = 0; i < count; i++)
        done += eddy_add_reader(descriptors[i], never, NULL) == 0;
    await(eddy_sleep(0));
    for (long i = 0; i < count; i++)
        eddy_remove_reader(descriptors[i]);
    await(eddy_sleep(0));
    for (long i = 0; i < count; i++)
        close(descriptors[i]);
    free(descriptors);
}

async(void, answer, (eddy_stream *, s), (void *, unused))
{
    char byte;
    (void)unused;
    while (await(eddy_stream_read(s, &byte, 1)) > 0)
        await(eddy_stream_write(s, &byte, 1));
}

async(void, ask, (int, port))
{
    char byte = 'x';
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    for (int i = 0; i < 3; i++) {
        await(eddy_stream_write(s, &byte, 1));
        await(eddy_stream_read_exactly(s, &byte, 1));
    }
    done++;
}

/* All at once, to a server of the same loop. */
async(void, connect_all, (long, count))
{
    struct ask **tasks = (struct ask **)room_for(count);
    allow_descriptors(2 * count);
    eddy_server *server = await(eddy_start_server(answer, (void *)NULL, "127.0.0.1", 0));
    for (long i = 0; i < count; i++)
        tasks[i] = spawn(ask(eddy_server_port(server)));
    for (long i = 0; i < count; i++)
        await(tasks[i]);
    await(eddy_server_close(server, 1));
    free(tasks);
}

/* ==== depth ==== */

generator(long, nested, (long, depth))
{
    if (depth > 1)
        yield_from(nested(depth - 1));
    yield(depth);
}

/* Each level yields an item, which passes through all levels above it. */
async(void, delegate, (long, depth))
{
    for_each (level, nested(depth))
        done += level > 0;
}

/* ==== the measures ==== */

#define MEASURE(name, coroutine)                                                  \
    static void name(long count)                                                  \
    {                                                                             \
        double begin = bench_now();                                               \
        done = 0;                                                                 \
        bench_await(coroutine(count));                                            \
        bench_require(done == count, "each was there");                           \
        bench_say(#name, (bench_now() - begin) / (double)count);                  \
    }

MEASURE(tasks, run_tasks)
MEASURE(cancellations, cancel_tasks)
MEASURE(group, cancel_group)
MEASURE(waiters, wait_at_queue)
MEASURE(timers, cancel_timers)
MEASURE(blocking_calls, cancel_blocking)
MEASURE(readers, watch_descriptors)
MEASURE(connections, connect_all)
MEASURE(generators, delegate)

static const struct measure measures[] = {
    {.name = "tasks", .count = 1000, .ask = tasks, .says_itself = true},
    {.name = "cancellations", .count = 1000, .ask = cancellations, .says_itself = true},
    {.name = "group", .count = 1000, .ask = group, .says_itself = true},
    {.name = "waiters", .count = 1000, .ask = waiters, .says_itself = true},
    {.name = "timers", .count = 1000, .ask = timers, .says_itself = true},
    {.name = "blocking_calls", .count = 1000, .ask = blocking_calls, .says_itself = true},
    {.name = "readers", .count = 100, .ask = readers, .says_itself = true},
    {.name = "connections", .count = 100, .ask = connections, .says_itself = true},
    {.name = "generators", .count = 1000, .ask = generators, .says_itself = true},
    {0},
};
BENCH_EDDY(measures)
