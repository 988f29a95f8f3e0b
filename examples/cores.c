/* SPDX-License-Identifier: MIT */
/*
 * cores.c - a server on several cores: counts words for its clients, and the visits of all cores.
 *
 *     eddy run examples/cores.c              two cores, a few clients, and the end
 *     eddy run examples/cores.c 8080         all cores that may be used, until Ctrl-C or SIGTERM
 *
 * Each core has a loop with its own server; the servers share one port, and each connection goes to the core that has
 * the fewest. The log belongs to core 0: the others pass it lines through a channel, and ask it by eddy_on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <eddy/keywords.h>

enum { CLIENTS = 6, LINE = 64 };

typedef struct line {
    char text[LINE];
} line;
typedef channel_of(line) lines;

static lines log_lines;
static channel_of(int) the_end; /* nothing is sent: its end is the message */
static int visits; /* of all cores; only the loop of core 0 touches it */

async(int, count_visit)
{
    return ++visits;
}

static int words_in(eddy_slice text)
{
    int words = 0;
    for (size_t i = 0; i < text.size; i++)
        words += text.data[i] > ' ' && (i == 0 || text.data[i - 1] <= ' ');
    return words;
}

async(void, serve, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    eddy_slice text;
    line entry;
    await(eddy_stream_read_line(s, &text));
    int words = words_in(text);
    int visit = await(eddy_on(eddy_core_loop(0), count_visit()));
    snprintf(entry.text, sizeof entry.text, "visit %d: %d words", visit, words);
    await(eddy_channel_put(&log_lines, entry));
    await(eddy_stream_printf(s, "%d\n", words));
}

/* Runs until the channel is closed. */
async(void, write_log, (int *, written))
{
    async_for (entry, &log_lines) {
        printf("%s\n", entry.text);
        ++*written;
    }
}

async(void, visit_server, (int, port), (int, number))
{
    eddy_slice answer;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    await(eddy_stream_printf(s, "%.*s\n", 2 * number, "a b c d e f g h i j k l m n"));
    await(eddy_stream_read_line(s, &answer));
    await(eddy_stream_close(s));
}

/* Until core 0 closes that channel, or the core is cancelled: another one has failed, or a signal has come. */
async(void, until_the_end)
{
    eddy_error err;
    await_always(eddy_channel_get(&the_end), &err);
}

async(void, visit_all, (int, port))
{
    for (int i = 1; i <= CLIENTS; i++)
        await(visit_server(port, i));
    eddy_channel_close(&the_end);
}

/* Each core runs this, and closes its server in order, however the program ends. */
async(int, core, (int, port))
{
    int written = 0;
    eddy_server_options options = {
        .size = sizeof options, .host = "127.0.0.1", .port = port, .balance = EDDY_BALANCE_EXACT};
    eddy_server *server = await(eddy_start_server_with_options(serve, (void *)NULL, &options));
    if (eddy_core_index() > 0) {
        await(until_the_end());
        await(eddy_server_close(server, 5));
        return 0;
    }
    struct write_log *log = spawn(write_log(&written));
    if (port == 0)
        await(visit_all(eddy_server_port(server)));
    await(until_the_end());
    await(eddy_server_close(server, 5));
    eddy_channel_close(&log_lines);
    await(log);
    printf("%d visits, %d lines\n", visits, written);
    return 0;
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 0;
    if (eddy_channel_init(&log_lines, 16) != 0 || eddy_channel_init(&the_end, 1) != 0)
        return fputs("no memory for a channel\n", stderr), 1;
    int status = eddy_run_on_cores(port ? 0 : 2, core(port));
    eddy_channel_free(&log_lines);
    eddy_channel_free(&the_end);
    return status;
}
