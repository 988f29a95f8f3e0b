/* SPDX-License-Identifier: MIT */
/*
 * transport.c - TLS as a transport: plaintext above, ciphertext below; see tls.h.
 *
 * While it waits for ciphertext it holds no buffer: the buffer for plaintext is made when there is ciphertext to
 * decrypt. Ciphertext to send lies in two buffers: one is filled while the other is being sent, so that a cancelled
 * flush loses nothing.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "os/memory.h"
#include "tls/tls.h"

enum {
    SMALL = 4096,      /* parts smaller than this are put together into one record */
    LEAST_ROOM = 256   /* size of a buffer for plaintext */
};

/* Seconds for a slow peer to take close_notify. */
static const double last_words_seconds = 5.0;
/* Seconds to wait for the server's close_notify after the client's. */
static const double linger_seconds = 1.0;

static struct tls_transport *self_of(const struct transport *t)
{
    return (struct tls_transport *)(uintptr_t)t;
}

/* ==== errors ==== */

/* Used if there was no memory for a problem. */
static struct tls_problem no_memory = {ENOMEM, ""};

/* From now on every operation fails. */
static void break_down(struct tls_transport *t, const struct tls_problem *problem)
{
    t->broken = memory_alloc(sizeof *t->broken);
    if (t->broken)
        *t->broken = *problem;
    else
        t->broken = &no_memory;
}

static void forget_trouble(struct tls_transport *t)
{
    if (t->broken != &no_memory)
        memory_free(t->broken);
}

/* Returns the result, or raises it as a failure if a problem has words for it. */
eddy_async(int64_t, judge, (struct tls_transport *, t), (int64_t, result))
{
    if (result < 0 && t->broken && t->broken->text[0])
        eddy_raise((int)-result, "tls with %s: %s", t->label, t->broken->text);
    return result;
}

/* ==== sending ==== */

static bool has_output(const struct tls_transport *t)
{
    return t->connection.filling.end || t->sending.end;
}

static void clear(struct tls_output *output)
{
    memory_free(output->data);
    *output = (struct tls_output){NULL, 0, 0, 0};
}

eddy_async_define(int64_t, tls_flush, (struct tls_transport *, t))
{
    if (!has_output(t))
        return 0;
    eddy_await(eddy_lock_acquire(&t->flushing));
    eddy_defer(eddy_lock_release, &t->flushing);
    while (has_output(t)) {
        if (!t->sending.end) {
            t->sending = t->connection.filling;
            t->connection.filling = (struct tls_output){NULL, 0, 0, 0};
        }
        struct iovec part = {t->sending.data + t->sending.begin, t->sending.end - t->sending.begin};
        int64_t result = eddy_await(transport_send(t->transport.below, &part, 1));
        if (result < 0)
            return result;
        t->sending.begin += (size_t)result;
        EDDY_INVARIANT(t->sending.begin <= t->sending.end);
        if (t->sending.begin == t->sending.end)
            clear(&t->sending);
    }
    return 0;
}

/* Returns the number of bytes taken, or a negative code. */
static int64_t encrypt(struct tls_transport *t, const void *data, size_t size)
{
    struct tls_problem problem;
    if (t->broken)
        return -t->broken->code;
    if (t->said_end)
        return -EPIPE;
    int64_t result = t->tls->engine->encrypt(&t->connection, data, size, &problem);
    if (result < 0)
        break_down(t, &problem);
    return result;
}

/* Small parts are joined into one record. */
static int64_t encrypt_together(struct tls_transport *t, const struct iovec *parts, int count)
{
    char *all = memory_alloc(TLS_RECORD);
    size_t size = 0;
    if (!all)
        return -ENOMEM;
    for (int i = 0; i < count && size < TLS_RECORD; i++) {
        size_t next = parts[i].iov_len < TLS_RECORD - size ? parts[i].iov_len : TLS_RECORD - size;
        memcpy(all + size, parts[i].iov_base, next);
        size += next;
    }
    int64_t result = encrypt(t, all, size);
    memory_free(all);
    return result;
}

/* Ciphertext of an earlier, cancelled write goes first. Bytes that were taken count: a stopped write reports their
 * number. */
eddy_async(int64_t, send_parts, (struct tls_transport *, t), (const struct iovec *, parts), (int, count))
{
    int64_t flushed = eddy_await(tls_flush(t));
    if (flushed < 0)
        return flushed;
    int64_t taken = count > 1 && parts[0].iov_len < SMALL ? encrypt_together(t, parts, count)
                                                          : encrypt(t, parts[0].iov_base, parts[0].iov_len);
    if (taken < 0)
        return eddy_await(judge(t, taken));
    t->taken = (size_t)taken;
    flushed = eddy_await(tls_flush(t));
    return flushed < 0 && flushed != -ECANCELED ? flushed : taken;
}

/* ==== receiving ==== */

static void drop_input(struct tls_transport *t)
{
    transport_give_back(t->transport.below, &t->chunk);
    memory_free(t->early);
    t->early = NULL;
}

void tls_forget_input(struct tls_transport *t)
{
    if (!t->connection.cipher_size)
        drop_input(t);
}

/* True: something can be decrypted or reported without waiting. */
static bool has_input(const struct tls_transport *t)
{
    const struct tls_connection *c = &t->connection;
    const struct tls_engine *engine = t->tls->engine;
    return t->broken || c->cipher_size || c->ended || engine->pending(c) > 0 || engine->was_ended(c);
}

/* Returns the number of bytes; 0 at the end; -EAGAIN: more ciphertext is needed first; or a negative code. */
static int64_t decrypt(struct tls_transport *t, void *data, size_t size)
{
    struct tls_problem problem = {0, ""};
    if (t->broken)
        return -t->broken->code;
    size_t before = t->connection.filling.end;
    int64_t result = t->tls->engine->decrypt(&t->connection, data, size, &problem);
    tls_forget_input(t);
    t->answers |= t->connection.filling.end != before;
    t->heard |= result > 0;
    if (problem.code)
        break_down(t, &problem);
    return result;
}

/* An answer to the peer's own messages (a new key) is sent before more is waited for.  Ciphertext of a cancelled
 * write is not: a peer that does not read may still be sending. */
eddy_async_define(int64_t, tls_fetch, (struct tls_transport *, t))
{
    struct chunk chunk = {NULL, 0};
    if (t->answers && !eddy_lock_locked(&t->flushing)) {
        t->answers = false;
        int64_t flushed = eddy_await(tls_flush(t));
        if (flushed == -ECANCELED)
            return flushed;
    }
    int64_t result = eddy_await(transport_receive(t->transport.below, &chunk));
    if (result > 0) {
        t->chunk = chunk;
        t->connection.cipher = chunk.data;
        t->connection.cipher_size = (size_t)result;
    }
    t->connection.ended |= result == 0;
    return result;
}

/* After an error the peer is sent the alert; it does not matter whether it arrives. */
eddy_async(int64_t, end_of_reading, (struct tls_transport *, t), (int64_t, result))
{
    if (result < 0)
        eddy_await(tls_flush(t));
    return eddy_await(judge(t, result));
}

/* The plaintext is never longer than its ciphertext. */
static size_t room_for_input(const struct tls_transport *t)
{
    size_t pending = t->tls->engine->pending(&t->connection), size = pending ? pending : t->connection.cipher_size;
    return size < LEAST_ROOM ? LEAST_ROOM : size > TLS_RECORD ? TLS_RECORD : size;
}

/* -EAGAIN: more ciphertext is needed first. */
static int64_t decrypt_chunk(struct tls_transport *t, struct chunk *chunk)
{
    size_t room = room_for_input(t);
    char *data = memory_alloc(room);
    if (!data)
        return -ENOMEM;
    int64_t result = decrypt(t, data, room);
    if (result > 0)
        *chunk = (struct chunk){data, 0};
    else
        memory_free(data);
    return result;
}

eddy_async(int64_t, receive_chunk, (struct tls_transport *, t), (struct chunk *, chunk))
{
    int64_t result = -EAGAIN;
    while (result == -EAGAIN) {
        int64_t fetched = has_input(t) ? 1 : eddy_await(tls_fetch(t));
        result = fetched < 0 ? fetched : decrypt_chunk(t, chunk);
    }
    return result > 0 ? result : eddy_await(end_of_reading(t, result));
}

/* Takes the available plaintext; the next call then meets the end or the error. */
static int64_t decrypt_all(struct tls_transport *t, char *data, size_t size)
{
    size_t count = 0;
    int64_t result;
    do {
        result = decrypt(t, data + count, size - count);
        count += result > 0 ? (size_t)result : 0;
    } while (result > 0 && count < size && has_input(t));
    return count ? (int64_t)count : result;
}

eddy_async(int64_t, receive_into_room, (struct tls_transport *, t), (char *, data), (size_t, size))
{
    int64_t result = -EAGAIN;
    while (result == -EAGAIN) {
        int64_t fetched = has_input(t) ? 1 : eddy_await(tls_fetch(t));
        result = fetched < 0 ? fetched : decrypt_all(t, data, size);
    }
    return result > 0 ? result : eddy_await(end_of_reading(t, result));
}

/* ==== ending ==== */

static void say_end(struct tls_transport *t)
{
    if (t->said_end || t->broken)
        return;
    struct tls_problem problem;
    if (!t->tls->engine->say_end(&t->connection, &problem))
        break_down(t, &problem);
    t->said_end = true;
}

eddy_async(int64_t, end_sending, (struct tls_transport *, t))
{
    say_end(t);
    if (t->broken)
        return eddy_await(judge(t, -t->broken->code));
    return eddy_await(tls_flush(t));
}

/* Takes as long as it needs, unless the task is cancelled. */
eddy_async(int64_t, end_sending_whole, (struct tls_transport *, t))
{
    for (;;) {
        eddy_error err;
        int64_t result = eddy_await_for(end_sending(t), last_words_seconds, &err);
        if (err.code && err.code != ETIMEDOUT)
            eddy_reraise(&err);
        if (!err.code || task_is_asked(current.task))
            return err.code ? -err.code : result;
    }
}

/*
 * A client that has not read anything leaves the server's tickets (TLS 1.3) to the kernel, which would answer them
 * by a reset, and a reset discards data that the client has sent. So the client waits for the server's end, and
 * takes the tickets.
 */
static bool has_to_linger(const struct tls_transport *t)
{
    return !t->tls->is_server && !t->heard && t->tls->engine->version_number(&t->connection) >= EDDY_TLS_1_3;
}

eddy_async(int64_t, wait_for_end, (struct tls_transport *, t))
{
    char waste[LEAST_ROOM];
    int64_t result = eddy_await(transport_send_end(t->transport.below));
    if (result == 0)
        result = -EAGAIN;
    while (result > 0 || result == -EAGAIN) {
        result = has_input(t) ? 0 : eddy_await(tls_fetch(t));
        if (result >= 0)
            result = decrypt(t, waste, sizeof waste);
    }
    return 0;
}

eddy_async(int64_t, end_well, (struct tls_transport *, t))
{
    eddy_error err;
    if (t->broken)
        return 0;
    int64_t result = eddy_await_for(end_sending(t), last_words_seconds, &err);
    if (!err.code && result >= 0 && has_to_linger(t))
        eddy_await_for(wait_for_end(t), linger_seconds, &err);
    return 0;
}

/* ==== the methods ==== */

static void receive(struct transport_op *op)
{
    struct receive_chunk inner = receive_chunk(self_of(op->transport), op->u.chunk);
    TRANSPORT_RUN(op, inner);
}

static void receive_into(struct transport_op *op)
{
    struct receive_into_room inner = receive_into_room(self_of(op->transport), op->u.room.data, op->u.room.size);
    TRANSPORT_RUN(op, inner);
}

static void give_back(struct transport *t, struct chunk *chunk)
{
    (void)t;
    memory_free(chunk->data);
}

static void send_bytes(struct transport_op *op)
{
    struct tls_transport *t = self_of(op->transport);
    struct send_parts inner = send_parts(t, op->u.bytes.parts, op->u.bytes.count);
    t->taken = 0;
    TRANSPORT_RUN(op, inner);
    if (op->awaitable.awaitable.failure)
        op->result = (int64_t)t->taken;
}

static void send_end(struct transport_op *op)
{
    struct end_sending_whole inner = end_sending_whole(self_of(op->transport));
    TRANSPORT_RUN(op, inner);
}

static void finish(struct transport_op *op)
{
    struct end_well inner = end_well(self_of(op->transport));
    TRANSPORT_RUN(op, inner);
}

static void close_all(struct transport *t)
{
    struct transport *below = t->below;
    tls_transport_free(self_of(t));
    transport_close(below);
}

/* Bytes that are written to the descriptor directly would not be encrypted. */
static int no_descriptor(const struct transport *t)
{
    (void)t;
    return -1;
}

static size_t format_name(struct transport *t, bool peer, char *buffer, size_t size)
{
    return t->below->type->format_name(t->below, peer, buffer, size);
}

static const struct transport_type tls_transport_type = {
    .name = "tls",
    .receive = receive,
    .receive_into = receive_into,
    .give_back = give_back,
    .send = send_bytes,
    .send_end = send_end,
    .finish = finish,
    .close = close_all,
    .descriptor = no_descriptor,
    .format_name = format_name,
};

/* ==== life ==== */

struct tls_transport *tls_transport_new(struct eddy_tls *tls, struct transport *below, const char *label)
{
    struct tls_transport *t = memory_alloc_zeroed(sizeof *t + strlen(label) + 1);
    if (!t)
        return NULL;
    t->transport = (struct transport){.type = &tls_transport_type, .loop = below->loop, .below = below};
    t->tls = tls_ref(tls);
    strcpy(t->label, label);
    t->connection.context = tls->context;
    t->connection.label = t->label;
    if (tls->engine->open(&t->connection))
        return t;
    tls_transport_free(t);
    return NULL;
}

void tls_transport_free(struct tls_transport *t)
{
    if (t->connection.ssl)
        t->tls->engine->close(&t->connection);
    drop_input(t);
    clear(&t->connection.filling);
    clear(&t->sending);
    forget_trouble(t);
    memory_free(t->alpn);
    eddy_tls_free(t->tls);
    memory_free(t);
}

struct tls_transport *tls_of(const struct eddy_stream *s)
{
    struct transport *t = s->transport;
    return t && t->type == &tls_transport_type ? self_of(t) : NULL;
}
#endif
