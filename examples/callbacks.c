/* SPDX-License-Identifier: MIT */
/*
 * callbacks.c - a server of callbacks, as one writes it for libuv or libevent, beside a task that talks to it.
 *
 * A program that is ported keeps its callbacks at first: uv_read_start and uv_write become a protocol and
 * eddy_transport_write, evbuffer's water marks become paused and resumed.  New code is written as tasks.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <eddy/keywords.h>

// [server]
/* What handle->data was. */
struct session {
    int number;
    char line[80];
    size_t size;
};

static int sessions;

/* uv_connection_cb, after uv_accept. */
static void made(eddy_transport *t)
{
    struct session *session = calloc(1, sizeof *session);
    if (!session) {
        eddy_transport_abort(t);
        return;
    }
    session->number = ++sessions;
    eddy_transport_set_protocol(t, eddy_transport_protocol(t), session);
    printf("session %d begins\n", session->number);
}

static void answer(eddy_transport *t, struct session *session)
{
    for (size_t i = 0; i < session->size; i++)
        session->line[i] = (char)toupper((unsigned char)session->line[i]);
    int error = eddy_transport_write(t, session->line, session->size); /* copies; queued if the peer is slow */
    if (error) {
        fprintf(stderr, "session %d is broken off: %s\n", session->number, eddy_error_name(error));
        eddy_transport_abort(t);
    }
    if (session->size == 4 && memcmp(session->line, "BYE\n", 4) == 0)
        eddy_transport_close(t); /* uv_close, after what was written */
    session->size = 0;
}

/* uv_read_cb: the bytes are the loop's, so there is no uv_alloc_cb. */
static void received(eddy_transport *t, const char *data, size_t size)
{
    struct session *session = eddy_transport_argument(t);
    for (size_t i = 0; i < size && !eddy_transport_is_closing(t); i++) {
        session->line[session->size++] = data[i];
        if (data[i] == '\n')
            answer(t, session);
        else if (session->size == sizeof session->line)
            eddy_transport_abort(t); /* too long for a line */
    }
}

/* A client that does not read its answers is not read from, either. */
static void paused(eddy_transport *t)
{
    eddy_transport_pause(t); /* uv_read_stop */
}

static void resumed(eddy_transport *t)
{
    eddy_transport_resume(t); /* uv_read_start */
}

/* uv_close_cb. */
static void lost(eddy_transport *t, int error)
{
    struct session *session = eddy_transport_argument(t);
    if (session)
        printf("session %d ends: %s\n", session->number, error ? eddy_error_name(error) : "closed");
    free(session);
}

static const struct eddy_protocol upper_case = {
    .made = made, .received = received, .paused = paused, .resumed = resumed, .lost = lost};
// [server]

async(void, client, (int, port), (const char *, words))
{
    eddy_slice line;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    await(eddy_stream_printf(s, "%s\nbye\n", words));
    while (await(eddy_stream_read_line(s, &line)) > 0)
        printf("  %.*s", (int)line.size, line.data);
}

async(void, main_task)
{
    eddy_address address;
    eddy_listener *listener;
    eddy_address_ip(&address, "127.0.0.1", 0); /* 0: any free port */
    int error = eddy_transport_listen(&listener, &address, &upper_case, NULL);
    if (error)
        throw(error, "listening");
    int port = eddy_address_port(eddy_listener_address(listener));
    await(client(port, "from callbacks"));
    await(client(port, "to tasks"));
    eddy_listener_close(listener);
}

int main(void)
{
    return eddy_run(main_task());
}
