/* SPDX-License-Identifier: MIT */
/* faults_streams.c - queues, locks, threads, servers and streams, when an allocation or an operation fails. */
#include "faults.h"

typedef queue_of(int) int_queue;

async(void, produce, (int_queue *, q), (int, n))
{
    for (int i = 1; i <= n; i++)
        await(eddy_queue_put(q, i));
    await(eddy_queue_put(q, 0));
}

async(int, consume, (int_queue *, q))
{
    int sum = 0;
    for (int item; (item = await(eddy_queue_get(q))) > 0;) {
        sum += item;
        eddy_queue_task_done(q);
    }
    eddy_queue_task_done(q);
    return sum;
}

async(void, queues)
{
    int_queue q;
    int sum = 0;
    eddy_queue_init(&q, 2);
    defer(eddy_queue_free, &q);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, consume(&q), &sum);
        eddy_group_spawn(group, produce(&q, 20));
    }
    await(eddy_queue_join(&q));
    EXPECT(sum == 210);
}

async(void, takes_turns, (eddy_lock *, lock), (int *, count))
{
    async_with (held, eddy_lock_hold(lock)) {
        await(eddy_sleep(0.001));
        ++*count;
    }
}

async(void, locks)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    int count = 0;
    async_with (group, eddy_task_group())
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(group, takes_turns(&lock, &count));
    EXPECT(count == 3 && !eddy_lock_locked(&lock));
}

blocking(int, hash, (int, n))
{
    if (n < 0)
        throw(EINVAL, "negative: %d", n);
    return n * 31;
}

async(void, threads)
{
    eddy_error err;
    int value = await(hash(2));
    EXPECT(value == 62);
    await(hash(-1), &err);
    EXPECT(err.code);
    struct hash *t = spawn(hash(3));
    eddy_cancel(t);
    await(t, &err);
}

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    eddy_slice line;
    (void)argument;
    while (await(eddy_stream_read_line(s, &line)) > 0)
        await(eddy_stream_write(s, line.data, line.size));
}

static void end_stream(eddy_stream *s)
{
    eddy_error err;
    eddy_await(eddy_stream_close(s), &err);
}

static void end_server(eddy_server *server)
{
    eddy_error err;
    eddy_await(eddy_server_close(server, 1), &err);
}

async(void, ask, (int, port))
{
    eddy_slice line;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(end_stream, s);
    for (int i = 0; i < 3; i++) {
        await(eddy_stream_printf(s, "hello %d\n", i));
        await(eddy_stream_read_line(s, &line));
        if (line.size == 0)
            throw(EDDY_INCOMPLETE_READ, "the server went away");
        EXPECT(line.size == 8 && line.data[6] == '0' + i);
    }
    await(eddy_stream_write_eof(s));
}

async(void, serves)
{
    eddy_server *server = await(eddy_start_server(echo, NULL, "127.0.0.1", 0));
    defer(end_server, server);
    async_with (scope, eddy_timeout(100))
        async_with (group, eddy_task_group())
            for (int i = 0; i < 2; i++)
                eddy_group_spawn(group, ask(eddy_server_port(server)));
}

async(void, main_task)
{
    PART(queues());
    PART(locks());
    PART(threads());
    PART(serves());
}

int main(void)
{
    return RUN_EXACTLY(main_task());
}
