/* SPDX-License-Identifier: MIT */
/*
 * cut_transports.c - a transport that is broken off in the middle of what was written resets its connection: its peer
 * never takes a part for the whole. One that has sent everything, or nothing, ends as usual.
 */
#include <errno.h>
#include <stdlib.h>
#include <eddy/keywords.h>
#include "check.h"

enum { SIZE = 8 << 20 };

enum way { CLOSED, ABORTED, ABORTED_AT_ONCE };

static char *bytes;
static int result; /* of the peer's last read */
static size_t came;

struct events {
    eddy_event begin, over; /* of the peer's reading */
};

async(void, receive, (eddy_stream *, s), (struct events *, events))
{
    eddy_slice some;
    eddy_error err;
    await(eddy_event_wait(&events->begin));
    do {
        await_always(eddy_stream_read_some(s, &some), &err);
        came += err.code ? 0 : some.size;
    } while (!err.code && some.size);
    result = err.code;
    eddy_event_set(&events->over);
}

static eddy_transport *transport;
static int told;
static bool made;

static void note_made(eddy_transport *t)
{
    (void)t;
    made = true;
}

static void lost(eddy_transport *t, int error)
{
    (void)t;
    told = error;
    transport = NULL;
}

static const struct eddy_protocol protocol = {.made = note_made, .lost = lost};

async(void, send_to, (int, port), (enum way, way))
{
    eddy_address address;
    CHECK(eddy_address_ip(&address, "127.0.0.1", port) == 0);
    CHECK(eddy_transport_connect(&transport, &address, &protocol, NULL) == 0);
    while (!made && transport)
        await(eddy_sleep(0.001));
    CHECK(transport);
    if (way == ABORTED_AT_ONCE) {
        eddy_transport_abort(transport);
        return;
    }
    CHECK(eddy_transport_write(transport, bytes, SIZE) == 0);
    while (transport && eddy_transport_unsent(transport) == SIZE)
        await(eddy_sleep(0.001));
    CHECK(transport);
    if (way == CLOSED)
        eddy_transport_close(transport);
    else
        eddy_transport_abort(transport);
}

async(void, main_task, (enum way, way))
{
    struct events events = {EDDY_EVENT_INIT, EDDY_EVENT_INIT};
    eddy_server *server = await(eddy_start_server(receive, &events, "127.0.0.1", 0));
    await(send_to(eddy_server_port(server), way));
    eddy_event_set(&events.begin);
    await_for(eddy_event_wait(&events.over), 10); /* for ever, if a test makes accepting fail */
    await(eddy_server_close(server, 0));
}

static void check(enum way way, int wanted, size_t least, size_t most)
{
    came = 0;
    made = false;
    CHECK(eddy_run(main_task(way)) == 0);
    CHECK(result == wanted && came >= least && came <= most);
    CHECK(!transport && told == 0);
}

int main(void)
{
    bytes = calloc(1, SIZE);
    CHECK(bytes);
    check(CLOSED, 0, SIZE, SIZE);
    check(ABORTED, ECONNRESET, 0, SIZE - 1);
    check(ABORTED_AT_ONCE, 0, 0, 0);
    free(bytes);
    return 0;
}
