/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - datagram sockets that call the functions of a protocol, made of operations without a task.
 *
 * Invariant: of each direction one operation is in flight at most.  What is to be sent waits in a list, the first is
 * being sent while `sends`.  The functions of a protocol are called in passes, but for `paused`, which a send may call.
 * `lost` is the last of them: it is called from a turn of the endpoint's own, when no operation is in flight, and the
 * endpoint is freed then.
 */
#define EDDY_LIBRARY
#include "eddy/endpoint.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "eddy/operation.h"
#include "io/limits.h"
#include "io/protocol.h"
#include "os/memory.h"

enum { ROOM = 65536, OVERHEAD = 8 }; /* bytes: no datagram is longer; OVERHEAD counts for each, as in asyncio */

struct datagram {
    struct list_link link;
    eddy_address to; /* size 0: the peer */
    size_t size;
    char data[];
};

struct eddy_endpoint {
    const struct eddy_datagram_protocol *protocol;
    void *argument;             /* the program's */
    struct eddy_loop *loop;
    int fd;
    bool has_peer;              /* it is connected */
    bool is_made, is_lost;      /* `made` was called, `lost` was called */
    bool receives, sends;       /* that operation is in flight */
    bool told_to_pause;         /* `paused` was called, and `resumed` not yet */
    bool closing;               /* nothing more is received or taken; `lost` follows */
    bool broken;                /* nothing more is sent, either */
    int error;                  /* for `lost` */
    struct eddy_operation receive, send;
    struct msghdr received, sent; /* of these operations, as are the next three */
    struct iovec room, bytes;
    eddy_address from;
    struct list waiting;        /* list of struct datagram */
    size_t unsent;              /* bytes of these, with the overhead */
    struct limits limits;       /* of what is unsent */
    struct loop_call turn;      /* queued: something is to be called in the next pass */
    struct loop_closer closer;
    char memory[ROOM];          /* that a datagram is received into */
};

static void take_turn_later(struct eddy_endpoint *e)
{
    if (!e->turn.ready.queued && !e->is_lost)
        sched_add(&e->loop->ready, &e->turn.ready);
}

/* ==== the end ==== */

static void drop_first(struct eddy_endpoint *e)
{
    struct datagram *first = LIST_FIRST(&e->waiting, struct datagram, link);
    list_remove(&e->waiting, &first->link);
    e->unsent -= first->size + OVERHEAD;
    memory_free(first);
}

static void drop_all(struct eddy_endpoint *e)
{
    while (!list_is_empty(&e->waiting))
        drop_first(e);
}

static bool is_over(const struct eddy_endpoint *e)
{
    return e->closing && !e->receives && !e->sends && list_is_empty(&e->waiting);
}

/* After each change: asks for the end of what is not wanted any more. */
static void settle(struct eddy_endpoint *e)
{
    if (!e->closing)
        return;
    if (e->receives)
        eddy_operation_cancel(&e->receive);
    if (e->broken && e->sends)
        eddy_operation_cancel(&e->send);
    else if (e->broken)
        drop_all(e);
    if (is_over(e))
        take_turn_later(e);
}

static void end(struct eddy_endpoint *e)
{
    list_remove(&e->loop->enders, &e->closer.link);
    e->is_lost = true;
    if (e->protocol->lost)
        e->protocol->lost(e, e->error);
    socket_close(e->loop, e->fd);
    call_free(&e->turn);
    memory_free(e);
}

/* error 0: the program wants it so. */
static void break_off(struct eddy_endpoint *e, int error)
{
    if (!e->broken)
        e->error = error;
    e->closing = e->broken = true;
    settle(e);
}

void eddy_endpoint_close(struct eddy_endpoint *e)
{
    e->closing = true;
    settle(e);
}

void eddy_endpoint_abort(struct eddy_endpoint *e)
{
    break_off(e, 0);
}

bool eddy_endpoint_is_closing(const struct eddy_endpoint *e)
{
    return e->closing;
}

static void tell_failure(struct eddy_endpoint *e, int error)
{
    if (e->protocol->failed)
        e->protocol->failed(e, error);
}

/* ==== receiving ==== */

/* Errors that are reported by the next call on the socket, or pass, and after which it goes on. */
static bool is_of_the_network(int error)
{
    switch (error) {
    case ECONNREFUSED: case ECONNRESET: case EHOSTUNREACH: case EHOSTDOWN: case ENETUNREACH: case ENETDOWN:
    case EPROTO: case ENOPROTOOPT: case EOPNOTSUPP: case EMSGSIZE: case EPERM: case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static void receive_next(struct eddy_endpoint *e)
{
    if (e->receives || e->closing)
        return;
    e->from.size = 0;
    e->room = (struct iovec){.iov_base = e->memory, .iov_len = ROOM};
    e->received = (struct msghdr){.msg_name = e->from.data, .msg_namelen = sizeof e->from.data, .msg_iov = &e->room,
                                  .msg_iovlen = 1};
    int error = eddy_operation_recvmsg(&e->receive, e->fd, &e->received, 0);
    e->receives = !error;
    if (error)
        break_off(e, error);
}

static void received(struct eddy_operation *op)
{
    struct eddy_endpoint *e = op->argument;
    int error = op->result < 0 ? (int)-op->result : 0;
    e->receives = false;
    e->from.size = e->received.msg_namelen;
    if (e->closing || error == ECANCELED)
        error = 0;
    else if (is_of_the_network(error))
        tell_failure(e, error);
    else if (error)
        break_off(e, error);
    else if (e->protocol->received)
        e->protocol->received(e, e->memory, (size_t)op->result, &e->from);
    receive_next(e);
    settle(e);
}

/* ==== sending ==== */

static void pause_or_resume(struct eddy_endpoint *e)
{
    bool pauses = !e->told_to_pause && e->unsent > e->limits.high;
    if (e->broken || (!pauses && !(e->told_to_pause && e->unsent <= e->limits.low)))
        return;
    e->told_to_pause = pauses;
    void (*tell)(struct eddy_endpoint *) = pauses ? e->protocol->paused : e->protocol->resumed;
    if (tell)
        tell(e);
}

static void send_next(struct eddy_endpoint *e)
{
    struct datagram *first = LIST_FIRST(&e->waiting, struct datagram, link);
    if (!first || e->sends || e->broken || !e->is_made)
        return;
    e->bytes = (struct iovec){.iov_base = first->data, .iov_len = first->size};
    e->sent = (struct msghdr){.msg_iov = &e->bytes, .msg_iovlen = 1};
    if (first->to.size)
        e->sent.msg_name = first->to.data, e->sent.msg_namelen = first->to.size;
    int error = eddy_operation_sendmsg(&e->send, e->fd, &e->sent, 0);
    e->sends = !error;
    if (error)
        break_off(e, error);
}

static void sent(struct eddy_operation *op)
{
    struct eddy_endpoint *e = op->argument;
    e->sends = false;
    drop_first(e);
    if (op->result < 0 && !e->broken)
        tell_failure(e, (int)-op->result);
    send_next(e);
    pause_or_resume(e);
    settle(e);
}

static bool is_of_peer(const struct eddy_endpoint *e, const eddy_address *to)
{
    eddy_address peer = {.size = 0};
    return socket_name(e->loop->driver, e->fd, true, &peer) == 0 && eddy_address_equal(&peer, to);
}

static struct datagram *new_datagram(const void *data, size_t size, const eddy_address *to)
{
    struct datagram *d = memory_alloc(sizeof *d + size);
    if (!d)
        return NULL;
    *d = (struct datagram){.size = size};
    if (to)
        d->to = *to;
    if (size)
        memcpy(d->data, data, size);
    return d;
}

int eddy_endpoint_send(struct eddy_endpoint *e, const void *data, size_t size, const eddy_address *to)
{
    if (e->closing)
        return EPIPE;
    if (size >= ROOM)
        return EMSGSIZE;
    if (e->has_peer ? to && !is_of_peer(e, to) : !to || to->size == 0)
        return EINVAL;
    struct datagram *d = new_datagram(data, size, e->has_peer ? NULL : to);
    if (!d)
        return ENOMEM;
    list_add_last(&e->waiting, &d->link);
    e->unsent += size + OVERHEAD;
    send_next(e);
    pause_or_resume(e);
    return 0;
}

size_t eddy_endpoint_unsent(const struct eddy_endpoint *e)
{
    return e->broken ? 0 : e->unsent;
}

int eddy_endpoint_set_limits(struct eddy_endpoint *e, size_t low, size_t high)
{
    int error = limits_set(&e->limits, low, high);
    if (!error)
        pause_or_resume(e);
    return error;
}

/* ==== turns ==== */

static void take_turn(void *endpoint)
{
    struct eddy_endpoint *e = endpoint;
    if (e->is_made && is_over(e)) {
        end(e);
        return;
    }
    if (!e->is_made) {
        e->is_made = true;
        if (e->protocol->made)
            e->protocol->made(e);
    }
    send_next(e);
    receive_next(e);
    settle(e);
}

static void end_with_loop(struct loop_closer *closer)
{
    break_off(container_of(closer, struct eddy_endpoint, closer), ECANCELED);
}

/* ==== making one ==== */

static struct eddy_endpoint *new_endpoint(struct eddy_loop *loop, int fd,
                                          const struct eddy_datagram_protocol *protocol, void *argument)
{
    struct eddy_endpoint *e = memory_alloc(sizeof *e); /* not zeroed: its last member need not be */
    if (!e)
        return NULL;
    memset(e, 0, offsetof(struct eddy_endpoint, memory));
    eddy_address peer;
    e->protocol = protocol;
    e->argument = argument;
    e->loop = loop;
    e->fd = fd;
    e->has_peer = socket_name(loop->driver, fd, true, &peer) == 0;
    e->limits = limits_default;
    e->receive = (struct eddy_operation){.complete = received, .argument = e};
    e->send = (struct eddy_operation){.complete = sent, .argument = e};
    call_init(&e->turn, take_turn, e);
    e->closer.close = end_with_loop;
    list_add_last(&loop->enders, &e->closer.link);
    take_turn_later(e);
    return e;
}

static bool is_datagram_socket(struct driver *driver, int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return net_get_option(driver, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

int eddy_endpoint_take(struct eddy_endpoint **endpoint, int fd, const struct eddy_datagram_protocol *protocol,
                       void *argument)
{
    int error = protocol_refusal(current.loop, "eddy_endpoint_take");
    if (!error)
        error = eddy_adopt(fd);
    if (error)
        return error;
    struct eddy_endpoint *e = NULL;
    bool fits = is_datagram_socket(current.loop->driver, fd);
    if (fits)
        e = new_endpoint(current.loop, fd, protocol, argument);
    if (!e) {
        eddy_release(fd);
        return fits ? ENOMEM : EINVAL;
    }
    if (endpoint)
        *endpoint = e;
    return 0;
}

static int bind_and_connect(struct driver *driver, int fd, const eddy_address *local, const eddy_address *peer)
{
    int error = local ? net_bind(driver, fd, address_any(local), local->size) : 0;
    if (error == 0 && peer && connect(fd, address_any(peer), peer->size) != 0) /* of datagrams: never waits */
        error = -errno;
    return -error;
}

int eddy_endpoint_open(struct eddy_endpoint **endpoint, const eddy_address *local, const eddy_address *peer,
                       const struct eddy_datagram_protocol *protocol, void *argument)
{
    int error = protocol_refusal(current.loop, "eddy_endpoint_open");
    const eddy_address *one = local ? local : peer;
    if (error)
        return error;
    if (!one || one->size == 0 || (peer && address_any(peer)->sa_family != address_any(one)->sa_family))
        return EINVAL;
    struct driver *driver = current.loop->driver;
    int fd = net_open(driver, address_any(one)->sa_family, SOCK_DGRAM, 0);
    if (fd < 0)
        return -fd;
    error = bind_and_connect(driver, fd, local, peer);
    if (!error)
        error = eddy_endpoint_take(endpoint, fd, protocol, argument);
    if (error)
        socket_close(current.loop, fd);
    return error;
}

/* ==== what is known of it ==== */

void *eddy_endpoint_argument(const struct eddy_endpoint *e)
{
    return e->argument;
}

void eddy_endpoint_set_protocol(struct eddy_endpoint *e, const struct eddy_datagram_protocol *protocol, void *argument)
{
    e->protocol = protocol;
    e->argument = argument;
}

int eddy_endpoint_descriptor(const struct eddy_endpoint *e)
{
    return e->fd;
}

int eddy_endpoint_address(const struct eddy_endpoint *e, bool peer, eddy_address *address)
{
    memset(address, 0, sizeof *address);
    return -socket_name(e->loop->driver, e->fd, peer, address);
}
