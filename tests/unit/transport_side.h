/* SPDX-License-Identifier: MIT */
/* transport_side.h - for the tests of transports: a protocol that notes what it is told. */
#ifndef EDDY_TESTS_UNIT_TRANSPORT_SIDE_H
#define EDDY_TESTS_UNIT_TRANSPORT_SIDE_H

#include <unistd.h>

#include "run_clean.h"

/* One end of a connection, and what its protocol was told. */
struct side {
    char log[200];       /* a letter a call: m(ade) s(ecured) r(eceived) e(nded) p(aused) u(npaused) l(ost) */
    eddy_transport *t;   /* from made to lost */
    int error;           /* of lost */
    size_t received;
    char last[64];       /* the last bytes received */
    bool keeps_open;     /* the answer of ended */
    bool in_call;        /* a function of the library is being called that may not call the protocol */
    bool called_inside;
    void (*at_made)(struct side *side);     /* NULL: nothing, as the others */
    void (*at_received)(struct side *side);
    void (*at_lost)(struct side *side);
    void (*at_secured)(struct side *side);
    struct side *other;  /* for them */
    size_t unsent;       /* when it was resumed */
    char room[16];       /* of the protocol with a buffer */
};

static struct side *side_of(eddy_transport *t)
{
    return eddy_transport_argument(t);
}

static void note(struct side *side, char what)
{
    size_t length = strlen(side->log);
    side->called_inside |= side->in_call;
    if (length < sizeof side->log - 1 && (what != 'r' || length == 0 || side->log[length - 1] != 'r'))
        side->log[length] = what;
}

static void made(eddy_transport *t)
{
    struct side *side = side_of(t);
    side->t = t;
    note(side, 'm');
    if (side->at_made)
        side->at_made(side);
}

static void received(eddy_transport *t, const char *data, size_t size)
{
    struct side *side = side_of(t);
    size_t part = size < sizeof side->last - 1 ? size : sizeof side->last - 1;
    note(side, 'r');
    side->received += size;
    memcpy(side->last, data, part);
    side->last[part] = 0;
    if (side->at_received)
        side->at_received(side);
}

static bool ended(eddy_transport *t)
{
    note(side_of(t), 'e');
    return side_of(t)->keeps_open;
}

static void paused(eddy_transport *t)
{
    note(side_of(t), 'p');
}

static void resumed(eddy_transport *t)
{
    note(side_of(t), 'u');
    side_of(t)->unsent = eddy_transport_unsent(t);
}

static void lost(eddy_transport *t, int error)
{
    struct side *side = side_of(t);
    note(side, 'l');
    side->error = error;
    if (side->at_lost)
        side->at_lost(side);
    assert_true(eddy_transport_write(t, "x", 1) == EPIPE && eddy_transport_is_closing(t));
    eddy_transport_close(t);
    eddy_transport_abort(t);
    side->t = NULL;
}

static void secured(eddy_transport *t)
{
    struct side *side = side_of(t);
    note(side, 's');
    if (side->at_secured)
        side->at_secured(side);
}

static const struct eddy_protocol plain = {.made = made, .received = received, .ended = ended, .paused = paused,
                                           .resumed = resumed, .lost = lost, .secured = secured};

static char *give_room(eddy_transport *t, size_t *size)
{
    *size = sizeof side_of(t)->room;
    return side_of(t)->room;
}

static void filled(eddy_transport *t, size_t size)
{
    received(t, side_of(t)->room, size);
}

static const struct eddy_protocol with_buffer = {.made = made, .ended = ended, .lost = lost, .buffer = give_room,
                                                 .filled = filled, .secured = secured};

async(void, passes, (int, count))
{
    while (count-- > 0)
        await(eddy_sleep(0));
}

async(void, until_log, (struct side *, side), (const char *, log))
{
    while (strcmp(side->log, log) != 0) {
        CHECK(strlen(side->log) <= strlen(log));
        await(eddy_sleep(0.0005));
    }
    CHECK(!side->called_inside);
}

static __attribute__((unused)) int open_side(struct side *side, int fd, const struct eddy_protocol *protocol)
{
    side->in_call = true;
    int error = eddy_transport_open(&side->t, fd, protocol, side);
    side->in_call = false;
    return error;
}

static void close_side(struct side *side)
{
    side->in_call = true;
    eddy_transport_close(side->t);
    side->in_call = false;
}

static __attribute__((unused)) void put(int fd, const char *text)
{
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* More than a socket or a pipe takes at once. */
enum { MUCH = 3000000 };
static __attribute__((unused)) char much[MUCH];

#endif
