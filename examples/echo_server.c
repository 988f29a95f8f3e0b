/* SPDX-License-Identifier: MIT */
/*
 * echo_server.c - sends back the bytes that it receives: echo_server 7777, until SIGTERM or Ctrl-C.
 *
 * It ends in order: takes no more connections, ends idle ones, lets the others finish for a while, and cancels the
 * rest. Without a port it demonstrates this with two clients, one of which never ends.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
    size_t ended, cut_off;
};

// [echo]
/* The bytes are sent from the buffer they arrived in, without a copy; an idle connection holds no buffer. */
async(void, echo, (eddy_stream *, s))
{
    for (eddy_slice bytes; await(eddy_stream_read_some(s, &bytes));)
        await(eddy_stream_write(s, bytes.data, bytes.size));
}
// [echo]

async(void, serve, (eddy_stream *, s), (struct counts *, counts))
{
    eddy_error err;
    await_always(echo(s), &err);
    if (err.code)
        counts->cut_off++;
    else
        counts->ended++;
    if (err.code) /* the server counts a peer that disconnected, and prints no traceback */
        rethrow(&err);
}

/* ---- clients for the demonstration ---- */

async(void, client, (int, port), (const char *, word), (bool, stays))
{
    char answer[16];
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, word, strlen(word)));
    await(eddy_stream_read_exactly(s, answer, strlen(word)));
    printf("%.*s came back\n", (int)strlen(word), answer);
    if (stays)
        await(eddy_stream_read(s, answer, 1)); /* until the server ends it */
}

async(void, show, (int, port))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, client(port, "hello", false));
        eddy_group_spawn(group, client(port, "stay", true));
        await(eddy_sleep(0.1));
        raise(SIGTERM);
    }
}

async(int, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM, SIGINT))
        return number;
    return 0;
}

async(int, main_task, (bool, shows), (int, port))
{
    struct counts counts = {0};
    eddy_server *server = await(eddy_start_server(serve, &counts, shows ? "127.0.0.1" : "", port));
    async_with (group, eddy_task_group()) { /* if the clients fail, the program must not wait for a signal */
        if (shows)
            eddy_group_spawn(group, show(eddy_server_port(server)));
        else
            printf("listening on %d\n", eddy_server_port(server));
        fflush(stdout);
        const char *name = await(told_to_end()) == SIGINT ? "SIGINT" : "SIGTERM";
        printf("%s: %zu there, two seconds for them\n", name, eddy_server_connections(server));
        await(eddy_server_close(server, 2));
        printf("%zu ended, %zu cut off\n", counts.ended, counts.cut_off);
    }
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc < 2, argc > 1 ? atoi(argv[1]) : 0));
}
