/* SPDX-License-Identifier: MIT */
/* mended.c - examples/race.c without its bugs: eddy run --seeds 1000 mended.c finds nothing */
#include <eddy/keywords.h>
#include <stdio.h>

// [mended]
typedef queue_of(char) letters;

async(void, answer, (eddy_stream *, s), (letters *, queue))
{
    eddy_error err;
    for (;;) {
        char letter = await(eddy_queue_get(queue), &err);
        if (err.code == EDDY_QUEUE_SHUT_DOWN)
            return;
        if (err.code)
            rethrow(&err);
        await(eddy_stream_write(s, &letter, 1));
    }
}

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    letters queue;
    (void)argument;
    eddy_queue_init(&queue, 16);
    defer(eddy_queue_free, &queue);
    async_with (tasks, eddy_task_group()) {
        eddy_group_spawn(tasks, answer(s, &queue));
        for (char letter; await(eddy_stream_read(s, &letter, 1)) == 1;)
            await(eddy_queue_put(&queue, letter)); /* waits while sixteen letters are unanswered */
        eddy_queue_shutdown(&queue, false);        /* the letters in the queue are still answered */
    }
}
// [mended]

async(void, client, (int, port))
{
    char answer[4];
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    for (const char *letter = "eddy"; *letter; letter++) {
        await(eddy_stream_write(s, letter, 1));
        await(eddy_sleep(0.0048));
    }
    await(eddy_stream_write_eof(s));
    await(eddy_stream_read_exactly(s, answer, sizeof answer));
}

async(int, main_task)
{
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    await(client(eddy_server_port(server)));
    await(eddy_server_close(server, 1));
    puts("all four letters came back");
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
