/* SPDX-License-Identifier: MIT */
/* race.c - an echo server that looks right and loses a byte when two arrive together: eddy run --seeds 1000 race.c */
#include <stdio.h>
#include <eddy/keywords.h>

// [server]
struct mailbox {
    char letter;
    eddy_event full;
};

async(void, answer, (eddy_stream *, s), (struct mailbox *, box))
{
    for (;;) {
        await(eddy_event_wait(&box->full));
        eddy_event_clear(&box->full);
        await(eddy_stream_write(s, &box->letter, 1));
    }
}

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    struct mailbox box = {.full = EDDY_EVENT_INIT};
    (void)argument;
    async_with (tasks, eddy_task_group()) {
        eddy_group_spawn(tasks, answer(s, &box));
        while (await(eddy_stream_read(s, &box.letter, 1)) == 1)
            eddy_event_set(&box.full); /* wrong if the previous letter is still there */
        eddy_group_cancel(tasks);
    }
}
// [server]

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
    await(eddy_stream_read_exactly(s, answer, sizeof answer)); /* all bytes that were sent, or EDDY_INCOMPLETE_READ */
}

async(int, main_task)
{
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    await(client(eddy_server_port(server)));
    await(eddy_server_close(server, 1));
    puts("all four letters came back");
    return 0;
}

int main(void) { return eddy_run(main_task()); }
