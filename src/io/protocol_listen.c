/* SPDX-License-Identifier: MIT */
/* protocol_listen.c - listeners whose connections are transports.  Invariant: an accept is in flight, or a pause. */
#define EDDY_LIBRARY
#include <errno.h>

#include "eddy/operation.h"
#include "io/listen.h"
#include "io/protocol.h"
#include "os/clock.h"
#include "os/memory.h"

struct eddy_listener {
    struct eddy_operation accept;
    struct timer pause;          /* set: it accepts again then */
    struct loop_closer closer;   /* in loop->enders */
    struct eddy_loop *loop;
    struct listening listening;
    const struct eddy_protocol *protocol; /* of its connections, as is the next */
    void *argument;
    int (*begin)(struct eddy_transport *t, void *begin_argument); /* for each connection; NULL: nothing to begin with */
    void *begin_argument;
    void (*release)(void *begin_argument);
    bool closing;                /* freed when the accept has ended */
};

static void release_beginning(struct eddy_listener *l)
{
    if (l->release)
        l->release(l->begin_argument);
}

static void free_listener(struct eddy_listener *l)
{
    release_beginning(l);
    list_remove(&l->loop->enders, &l->closer.link);
    listen_close(l->loop, &l->listening);
    memory_free(l);
}

static void accept_next(struct eddy_listener *l)
{
    if (eddy_operation_accept(&l->accept, l->listening.fd) != 0) /* the driver has failed: the loop ends */
        free_listener(l);
}

static void pause_is_over(struct timer *timer)
{
    accept_next(container_of(timer, struct eddy_listener, pause));
}

/* Out of descriptors or memory: the next try would fail at once, too. */
static void accept_later(struct eddy_listener *l)
{
    int64_t when = clock_add(driver_now(l->loop->driver), CLOCK_SECOND);
    if (!timer_set(&l->loop->timers, &l->pause, when, pause_is_over))
        accept_next(l);
}

/* As of a connect that failed: `lost` is called alone. */
static void give_up(struct eddy_transport *t, int error)
{
    t->stage = CONNECTING;
    protocol_break_off(t, error);
}

static void take(struct eddy_listener *l, int fd)
{
    driver_adopt(l->loop->driver, fd);
    struct eddy_transport *t = protocol_begin(l->loop, fd, l->protocol, l->argument);
    if (!t) {
        socket_close(l->loop, fd);
        return;
    }
    int error = l->begin ? l->begin(t, l->begin_argument) : 0;
    if (error)
        give_up(t, error);
}

void listener_set_beginning(struct eddy_listener *l, int (*begin)(struct eddy_transport *t, void *argument),
                            void *argument, void (*release)(void *argument))
{
    release_beginning(l);
    l->begin = begin;
    l->begin_argument = argument;
    l->release = release;
}

static void accepted(struct eddy_operation *op)
{
    struct eddy_listener *l = op->argument;
    if (op->result >= 0)
        take(l, (int)op->result);
    if (l->closing)
        free_listener(l);
    else if (op->result >= 0 || op->result == -ECONNABORTED || op->result == -EDDY_GIVEN_UP)
        accept_next(l);
    else
        accept_later(l);
}

void eddy_listener_close(struct eddy_listener *l)
{
    if (!l || l->closing)
        return;
    l->closing = true;
    if (eddy_operation_cancel(&l->accept))
        return;
    timer_cancel(&l->loop->timers, &l->pause);
    free_listener(l);
}

static void end_with_loop(struct loop_closer *closer)
{
    eddy_listener_close(container_of(closer, struct eddy_listener, closer));
}

const struct eddy_address *eddy_listener_address(const struct eddy_listener *l)
{
    return &l->listening.own;
}

static struct eddy_listener *new_listener(struct eddy_loop *loop, const struct eddy_protocol *protocol, void *argument)
{
    struct eddy_listener *l = memory_alloc_zeroed(sizeof *l);
    if (!l)
        return NULL;
    l->accept = (struct eddy_operation){.complete = accepted, .argument = l};
    l->closer.close = end_with_loop;
    l->loop = loop;
    l->protocol = protocol;
    l->argument = argument;
    return l;
}

int eddy_transport_listen(struct eddy_listener **listener, const eddy_address *address,
                          const struct eddy_protocol *protocol, void *argument)
{
    struct eddy_loop *loop = current.loop;
    int error = protocol_refusal(loop, "eddy_transport_listen");
    if (error || !address || address->size == 0)
        return error ? error : EINVAL;
    struct eddy_listener *l = new_listener(loop, protocol, argument);
    if (!l)
        return ENOMEM;
    error = listen_at(loop, &l->listening, address, &(struct listen_options){.backlog = 0});
    if (error) {
        memory_free(l);
        return error;
    }
    list_add_last(&loop->enders, &l->closer.link);
    accept_next(l);
    if (listener)
        *listener = l;
    return 0;
}
