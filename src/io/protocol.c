/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - transports that call the functions of a protocol, made of operations without a task.
 *
 * Invariant: of each direction one operation is in flight at most; its memory stays until it has completed.  The
 * functions of a protocol are called in passes, but for `paused`, which a write may call.  `lost` is the last of them:
 * it is called from a turn of the transport's own, when no operation is in flight, and the transport is freed then.
 *
 * A filter (TLS) may stand between the protocol and the socket: what it makes of the written bytes is put into
 * `waiting`, and what is received is the filter's, which delivers.
 *
 * Pipes and terminals are read and written, sockets received from and sent to. The end of a pipe that only writes waits
 * for the reader to go away, in the place of a receive.
 */
#define EDDY_LIBRARY
#include "io/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/memory.h"

enum { KEPT = 4096, CHUNK = 16384 }; /* bytes; KEPT: room that an idle transport keeps for writing; CHUNK: of a pipe,
                                        read at a time */

static void take_turn_later(struct eddy_transport *t)
{
    if (!t->turn.ready.queued && t->stage != LOST)
        sched_add(&t->loop->ready, &t->turn.ready);
}

/* ==== the end ==== */

static bool has_to_send(const struct eddy_transport *t)
{
    return !t->broken && (t->writes || t->waiting.size > 0);
}

/* TLS shakes hands, or waits for the peer's last words. */
static bool filter_reads_on(const struct eddy_transport *t)
{
    return t->filter && t->filter->reads_on;
}

/* What is left is to call `lost`. */
static bool is_over(const struct eddy_transport *t)
{
    return t->closing && !t->reads && !t->writes && !has_to_send(t) && !t->connector && !filter_reads_on(t);
}

/* The bytes that `read` has brought are of no use any more. */
static void drop_received(struct eddy_transport *t)
{
    t->holds = false;
    if (t->filter)
        t->filter->fed = false;
    eddy_operation_give_back(&t->read);
    memory_free(t->own);
    t->own = NULL;
}

static void stop_reading(struct eddy_transport *t)
{
    if (t->reads)
        eddy_operation_cancel(&t->read);
    else if (!t->delivers)
        drop_received(t);
}

void protocol_settle(struct eddy_transport *t)
{
    if (!t->closing)
        return;
    if (!filter_reads_on(t))
        stop_reading(t);
    else if (!has_to_send(t))
        t->filter->type->flushed(t->filter);
    if (t->writes && t->broken)
        eddy_operation_cancel(&t->write);
    if (t->connector)
        t->connector->stop(t->connector);
    if (is_over(t))
        take_turn_later(t);
}

/* The peer has a part of what was written: it must not read an ordinary end after it. */
static bool is_cut(const struct eddy_transport *t)
{
    return t->has_sent && !t->is_pipe && (t->dropped || t->sent < t->sending.size);
}

static void end(struct eddy_transport *t)
{
    list_remove(&t->loop->enders, &t->closer.link);
    t->broken = true;
    t->stage = LOST;
    if (t->protocol->lost)
        t->protocol->lost(t, t->error);
    if (t->filter)
        t->filter->type->free(t->filter);
    t->filter = NULL;
    if (is_cut(t) && t->fd >= 0)
        net_reset(t->loop->driver, t->fd);
    if (t->fd >= 0)
        socket_close(t->loop, t->fd);
    eddy_buffer_free(&t->sending);
    eddy_buffer_free(&t->waiting);
    drop_received(t);
    memory_free(t->reason);
    call_free(&t->turn);
    memory_free(t);
}

void protocol_break_off(struct eddy_transport *t, int error)
{
    if (!t->broken && !t->error)
        t->error = error;
    t->closing = t->broken = true;
    t->dropped |= t->waiting.size > 0;
    if (t->filter)
        t->filter->reads_on = false;
    eddy_buffer_free(&t->waiting);
    protocol_settle(t);
}

void protocol_fail(struct eddy_transport *t, int error, const char *words)
{
    if (t->broken || t->error)
        return;
    t->error = error;
    t->reason = words && words[0] ? memory_copy_string(words) : NULL;
    t->closing = true;
    if (t->filter)
        t->filter->reads_on = false;
    protocol_settle(t);
}

void eddy_transport_close(struct eddy_transport *t)
{
    bool is_first = !t->closing;
    t->closing = true;
    if (t->stage == CONNECTING)
        protocol_break_off(t, 0);
    else if (is_first && t->filter && t->stage == OPEN && !t->filter->type->close(t->filter))
        protocol_break_off(t, 0);
    protocol_settle(t);
}

void eddy_transport_abort(struct eddy_transport *t)
{
    protocol_break_off(t, 0);
}

bool eddy_transport_is_closing(const struct eddy_transport *t)
{
    return t->closing;
}

/* ==== receiving ==== */

static void *give_memory(struct eddy_operation *op, size_t *size)
{
    struct eddy_transport *t = op->argument;
    if (t->protocol->buffer && !t->filter)
        return t->into = t->protocol->buffer(t, size);
    *size = CHUNK;
    return t->own = t->into = t->is_pipe || t->filter ? memory_alloc(CHUNK) : NULL;
}

static int begin_to_receive(struct eddy_transport *t)
{
    if (t->only_writes)
        return eddy_operation_poll(&t->read, t->fd, 0); /* POLLERR: there is no reader any more */
    if (t->is_pipe)
        return eddy_operation_read_into(&t->read, t->fd, give_memory);
    if (t->protocol->buffer && !t->filter)
        return eddy_operation_recv_into(&t->read, t->fd, give_memory);
    return eddy_operation_recv_lent(&t->read, t->fd);
}

static bool wants_bytes(const struct eddy_transport *t)
{
    return filter_reads_on(t) || (!t->paused && !t->closing);
}

void protocol_receive(struct eddy_transport *t)
{
    if (t->stage != OPEN || !wants_bytes(t) || t->ended || t->reads || t->delivers || t->holds)
        return;
    t->into = NULL;
    int error = begin_to_receive(t);
    t->reads = !error;
    if (error)
        protocol_break_off(t, error);
}

/* Bytes that were received for `received`, and the protocol is another one since. It may change again. */
static void copy_into(struct eddy_transport *t, const char *data, size_t size)
{
    const struct protocol_filter *before = t->filter;
    for (size_t room = 0, part; size > 0 && !t->closing; data += part, size -= part) {
        if (t->filter != before) {
            protocol_fail(t, EDDY_TLS_FAILED, "plaintext bytes have arrived that were not read");
            return;
        }
        if (!t->protocol->buffer) {
            protocol_deliver(t, data, size);
            return;
        }
        char *to = t->protocol->buffer(t, &room);
        if (!to || room == 0) {
            protocol_break_off(t, ENOBUFS);
            return;
        }
        part = room < size ? room : size;
        memcpy(to, data, part);
        if (t->protocol->filled)
            t->protocol->filled(t, part);
    }
}

void protocol_deliver(struct eddy_transport *t, const char *data, size_t size)
{
    bool is_in_place = !t->filter && t->into && !t->own;
    if (t->protocol->buffer && !is_in_place)
        copy_into(t, data, size);
    else if (t->protocol->buffer && t->protocol->filled)
        t->protocol->filled(t, size);
    else if (!t->protocol->buffer && t->protocol->received)
        t->protocol->received(t, data, size);
}

/* True: all of it has been used. */
static bool go_through(struct protocol_filter *filter, const char *data, size_t size)
{
    if (!filter->fed)
        filter->type->feed(filter, data, size);
    filter->fed = true;
    return filter->type->go_on(filter);
}

static void use_received(struct eddy_transport *t)
{
    size_t size = (size_t)t->read.result;
    const char *data = t->into ? t->into : t->read.data;
    bool is_used = true;
    t->delivers = true;
    if (t->filter)
        is_used = go_through(t->filter, data, size);
    else
        protocol_deliver(t, data, size);
    t->delivers = false;
    t->holds = !is_used;
    if (is_used)
        drop_received(t);
}

static void socket_ended(struct eddy_transport *t)
{
    if (t->filter)
        t->filter->type->feed_end(t->filter);
    else
        protocol_take_end(t);
}

void protocol_take_end(struct eddy_transport *t)
{
    t->ended = true;
    if (!t->protocol->ended || !t->protocol->ended(t))
        eddy_transport_close(t);
}

static void reader_is_gone(struct eddy_transport *t)
{
    protocol_break_off(t, eddy_transport_unsent(t) > 0 ? EPIPE : 0);
}

/* A reset while the filter waits for the peer's last words is no error: all has been sent. */
static void fail_to_receive(struct eddy_transport *t, int error)
{
    bool is_done = t->closing && filter_reads_on(t) && !has_to_send(t);
    protocol_break_off(t, is_done ? 0 : error);
}

static void received(struct eddy_operation *op)
{
    struct eddy_transport *t = op->argument;
    t->reads = false;
    if (t->is_pipe && op->result == -EIO) /* a terminal whose other side is closed */
        op->result = 0;
    if (op->result > 0 && t->only_writes)
        reader_is_gone(t);
    else if (op->result > 0 && wants_bytes(t))
        use_received(t);
    else if (op->result > 0 && !t->closing)
        t->holds = true;
    else if (op->result == 0 && (!t->closing || filter_reads_on(t)))
        socket_ended(t);
    else if (op->result < 0 && op->result != -ECANCELED)
        fail_to_receive(t, (int)-op->result);
    if (!t->holds)
        drop_received(t);
    protocol_receive(t);
    protocol_settle(t);
}

void eddy_transport_pause(struct eddy_transport *t)
{
    t->paused = true;
    if (t->reads && !filter_reads_on(t))
        eddy_operation_cancel(&t->read);
}

void protocol_go_on(struct eddy_transport *t)
{
    if (t->holds)
        take_turn_later(t);
    else
        protocol_receive(t);
}

void eddy_transport_resume(struct eddy_transport *t)
{
    t->paused = false;
    protocol_go_on(t);
}

bool eddy_transport_is_reading(const struct eddy_transport *t)
{
    return !t->paused && !t->closing && !t->ended;
}

/* ==== sending ==== */

size_t eddy_transport_unsent(const struct eddy_transport *t)
{
    size_t kept = t->filter ? t->filter->type->unsent(t->filter) : 0;
    return t->broken ? 0 : t->sending.size - t->sent + t->waiting.size + kept;
}

static void send_more(struct eddy_transport *t)
{
    const char *data = t->sending.data + t->sent;
    size_t size = t->sending.size - t->sent;
    int error = t->is_pipe ? eddy_operation_write(&t->write, t->fd, data, size)
                           : eddy_operation_send(&t->write, t->fd, data, size, 0);
    t->writes = !error;
    if (error)
        protocol_break_off(t, error);
}

/* What was written becomes what is being sent, in one piece. */
void protocol_send(struct eddy_transport *t)
{
    struct eddy_buffer sent = t->sending;
    if (t->writes || t->broken || t->stage != OPEN)
        return;
    if (sent.capacity > KEPT)
        eddy_buffer_free(&sent);
    sent.size = t->sent = 0;
    t->sending = t->waiting;
    t->waiting = sent;
    t->sends++;
    if (t->sending.size > 0)
        send_more(t);
}

static void send_eof(struct eddy_transport *t)
{
    if (!t->eof || t->filter || t->stage != OPEN || t->broken || has_to_send(t))
        return;
    if (t->only_writes)
        eddy_transport_close(t); /* the only way to end a pipe */
    else if (!t->is_pipe)
        net_shutdown(t->loop->driver, t->fd, SHUT_WR);
}

static void resume_writer(struct eddy_transport *t)
{
    if (!t->told_to_pause || t->broken || eddy_transport_unsent(t) > t->limits.low)
        return;
    t->told_to_pause = false;
    if (t->protocol->resumed)
        t->protocol->resumed(t);
}

static void pause_writer(struct eddy_transport *t)
{
    if (t->told_to_pause || t->broken || eddy_transport_unsent(t) <= t->limits.high)
        return;
    t->told_to_pause = true;
    if (t->protocol->paused)
        t->protocol->paused(t);
}

static void sent(struct eddy_operation *op)
{
    struct eddy_transport *t = op->argument;
    t->writes = false;
    if (op->result < 0 && !t->broken)
        protocol_break_off(t, (int)-op->result);
    if (op->result > 0)
        t->sent += (size_t)op->result;
    t->has_sent |= op->result > 0;
    if (!t->broken && t->sent < t->sending.size)
        send_more(t);
    else
        protocol_send(t);
    send_eof(t);
    resume_writer(t);
    protocol_settle(t);
}

static int queue(struct eddy_transport *t, const eddy_slice *parts, size_t count)
{
    size_t before = t->waiting.size;
    for (size_t i = 0; i < count; i++)
        if (!eddy_buffer_append(&t->waiting, parts[i].data, parts[i].size)) {
            t->waiting.size = before;
            return ENOMEM;
        }
    return 0;
}

int eddy_transport_writev(struct eddy_transport *t, const eddy_slice *parts, size_t count)
{
    if (t->broken || t->eof)
        return EPIPE;
    int error = t->filter ? t->filter->type->write(t->filter, parts, count) : queue(t, parts, count);
    if (error)
        return error;
    protocol_send(t);
    pause_writer(t);
    return 0;
}

int eddy_transport_write(struct eddy_transport *t, const void *data, size_t size)
{
    return eddy_transport_writev(t, &(eddy_slice){data, size}, 1);
}

int eddy_transport_write_eof(struct eddy_transport *t)
{
    if (t->broken)
        return EPIPE;
    if (t->eof)
        return 0;
    if (t->is_pipe && !t->only_writes)
        return EOPNOTSUPP;
    t->eof = true;
    if (t->filter)
        t->filter->type->write_end(t->filter);
    send_eof(t);
    return 0;
}

int eddy_transport_set_limits(struct eddy_transport *t, size_t low, size_t high)
{
    int error = limits_set(&t->limits, low, high);
    if (!error)
        pause_writer(t);
    return error;
}

void eddy_transport_limits(const struct eddy_transport *t, size_t *low, size_t *high)
{
    *low = t->limits.low;
    *high = t->limits.high;
}

/* ==== turns ==== */

void protocol_make(struct eddy_transport *t)
{
    t->is_made = true;
    if (t->protocol->made)
        t->protocol->made(t);
}

static void begin(struct eddy_transport *t)
{
    t->stage = OPEN;
    if (!t->filter)
        protocol_make(t);
    else if (t->closing)
        protocol_break_off(t, 0);
    else
        t->filter->type->begin(t->filter);
    protocol_send(t);
    send_eof(t);
    protocol_receive(t);
}

static void take_turn(void *transport)
{
    struct eddy_transport *t = transport;
    if (t->stage != TO_BE_MADE && is_over(t)) {
        end(t);
        return;
    }
    if (t->stage == TO_BE_MADE)
        begin(t);
    if (t->holds && wants_bytes(t))
        use_received(t);
    protocol_receive(t);
    protocol_settle(t);
}

static void connected(struct eddy_operation *op)
{
    struct eddy_transport *t = op->argument;
    t->writes = false;
    t->write.complete = sent;
    if (op->result < 0 && !t->broken)
        protocol_break_off(t, (int)-op->result);
    else if (!t->closing)
        begin(t);
    protocol_settle(t);
}

static void end_with_loop(struct loop_closer *closer)
{
    protocol_break_off(container_of(closer, struct eddy_transport, closer), ECANCELED);
}

/* ==== making one ==== */

struct eddy_transport *protocol_transport(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                          void *argument)
{
    struct eddy_transport *t = memory_alloc_zeroed(sizeof *t);
    if (!t)
        return NULL;
    t->protocol = protocol;
    t->argument = argument;
    t->loop = loop;
    t->fd = fd;
    t->stage = TO_BE_MADE;
    t->limits = limits_default;
    t->read = (struct eddy_operation){.complete = received, .argument = t};
    t->write = (struct eddy_operation){.complete = sent, .argument = t};
    call_init(&t->turn, take_turn, t);
    t->closer.close = end_with_loop;
    list_add_last(&loop->enders, &t->closer.link);
    return t;
}

void protocol_drop(struct eddy_transport *t)
{
    list_remove(&t->loop->enders, &t->closer.link);
    call_free(&t->turn);
    memory_free(t);
}

void protocol_begin_later(struct eddy_transport *t)
{
    t->stage = TO_BE_MADE;
    take_turn_later(t);
}

struct eddy_transport *protocol_begin(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                      void *argument)
{
    struct eddy_transport *t = protocol_transport(loop, fd, protocol, argument);
    if (t)
        take_turn_later(t);
    return t;
}

/* A descriptor that a transport can be made of; one that is not open is refused by eddy_adopt. */
static bool is_of_a_kind(int fd)
{
    struct stat facts;
    int type = SOCK_STREAM;
    socklen_t size = sizeof type;
    if (fstat(fd, &facts) != 0 || S_ISFIFO(facts.st_mode) || isatty(fd))
        return true;
    if (!S_ISSOCK(facts.st_mode) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return false;
    return type == SOCK_STREAM || type == SOCK_SEQPACKET;
}

static void find_ways(struct eddy_transport *t)
{
    struct stat facts;
    if (fstat(t->fd, &facts) != 0 || (!S_ISFIFO(facts.st_mode) && !isatty(t->fd)))
        return;
    int mode = fcntl(t->fd, F_GETFL) & O_ACCMODE;
    t->is_pipe = true;
    t->eof = mode == O_RDONLY;
    t->only_writes = mode == O_WRONLY;
}

int eddy_transport_open(struct eddy_transport **transport, int fd, const struct eddy_protocol *protocol,
                        void *argument)
{
    int error = protocol_refusal(current.loop, "eddy_transport_open");
    if (!error && !is_of_a_kind(fd))
        error = EINVAL;
    if (!error)
        error = eddy_adopt(fd);
    if (error)
        return error;
    struct eddy_transport *t = protocol_begin(current.loop, fd, protocol, argument);
    if (!t) {
        eddy_release(fd);
        return ENOMEM;
    }
    find_ways(t);
    if (transport)
        *transport = t;
    return 0;
}

/* The socket is closed if there is no memory. */
static struct eddy_transport *begin_to_connect(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                               void *argument)
{
    struct eddy_transport *t = protocol_transport(loop, fd, protocol, argument);
    if (!t) {
        socket_close(loop, fd);
        return NULL;
    }
    t->stage = CONNECTING;
    t->write.complete = connected;
    return t;
}

int eddy_transport_connect(struct eddy_transport **transport, const eddy_address *address,
                           const struct eddy_protocol *protocol, void *argument)
{
    int error = protocol_refusal(current.loop, "eddy_transport_connect");
    if (error || !address || address->size == 0)
        return error ? error : EINVAL;
    int fd = socket_open(address_any(address)->sa_family);
    if (fd < 0)
        return -fd;
    struct eddy_transport *t = begin_to_connect(current.loop, fd, protocol, argument);
    if (!t)
        return ENOMEM;
    t->address = *address;
    error = eddy_operation_connect(&t->write, fd, address_any(&t->address), t->address.size);
    EDDY_INVARIANT(!error); /* protocol_refusal would have said so */
    t->writes = true;
    if (transport)
        *transport = t;
    return 0;
}

int protocol_refusal(struct eddy_loop *loop, const char *call)
{
    if (!loop)
        wrong_loop_say("%s on a thread that runs no loop does nothing: call it on the loop's, by "
                       "eddy_call_soon_threadsafe(loop, function, argument)",
                       call);
    return callback_operations_refusal(loop);
}

/* ==== what is known of it ==== */

void *eddy_transport_argument(const struct eddy_transport *t)
{
    return t->argument;
}

const struct eddy_protocol *eddy_transport_protocol(const struct eddy_transport *t)
{
    return t->protocol;
}

/* A receive for the one kind of protocol is none for the other. */
void eddy_transport_set_protocol(struct eddy_transport *t, const struct eddy_protocol *protocol, void *argument)
{
    if (t->reads && !t->filter && !protocol->buffer != !t->protocol->buffer)
        eddy_operation_cancel(&t->read);
    t->protocol = protocol;
    t->argument = argument;
}

const char *eddy_transport_reason(const struct eddy_transport *t)
{
    return t->reason ? t->reason : "";
}

int eddy_transport_descriptor(const struct eddy_transport *t)
{
    return t->fd;
}

int eddy_transport_address(const struct eddy_transport *t, bool peer, eddy_address *address)
{
    memset(address, 0, sizeof *address);
    return -socket_name(t->loop->driver, t->fd, peer, address);
}
