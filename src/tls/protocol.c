/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - TLS between a transport that calls a protocol and its socket; see io/protocol.h.
 *
 * Invariants: until the handshake is done, what is written stays in `plain`. After close_notify, or a failure, nothing
 * is encrypted. No function of the protocol is called by eddy_transport_start_tls.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/impl.h"
#include "io/protocol.h"
#include "os/clock.h"
#include "os/memory.h"
#include "tls/tls.h"

enum {
    KEPT = 4096,             /* room for written bytes that an idle transport keeps */
    MOST_OF_ANSWERS = 65536  /* bytes that wait to be sent, beside the program's */
};

static const double usual_seconds = 60;
/* Seconds to wait for the server's close_notify after the client's has been sent. */
static const double linger_seconds = 1;

struct tls_filter {
    struct protocol_filter filter;
    struct eddy_tls *tls;
    struct tls_connection connection;
    struct timer timer;     /* of the handshake; of lingering */
    eddy_buffer plain;      /* written before the handshake was done */
    size_t answers;         /* bytes of answers that wait with what is sent next... */
    unsigned answered_in;   /* ...which is this of the transport's `sends` */
    bool ends;              /* close_notify follows what was written */
    bool said_end;          /* close_notify was made */
    bool failed;            /* nothing more can be encrypted or decrypted */
    bool heard;             /* plaintext has arrived */
    bool lingers;           /* closing: waits for the server's close_notify */
    bool shut;              /* the socket's way out is shut down */
    char *alpn;             /* the protocol that was agreed on; NULL: there is none */
    char label[];           /* the peer's name, for messages */
};

static struct tls_filter *self_of(const struct protocol_filter *filter)
{
    return container_of(filter, struct tls_filter, filter);
}

static struct timers *timers_of(const struct tls_filter *f)
{
    return &f->filter.transport->loop->timers;
}

/* ==== sending ==== */

/* Ciphertext becomes what the transport sends next: usually its memory changes hands. */
static void flush(struct tls_filter *f)
{
    struct tls_output *made = &f->connection.filling;
    eddy_buffer *waiting = &f->filter.transport->waiting, before = *waiting;
    if (!made->end)
        return;
    if (waiting->size == 0) {
        *waiting = (eddy_buffer){.data = made->data, .size = made->end, .capacity = made->room};
        *made = (struct tls_output){.data = before.data, .room = before.capacity};
    } else if (eddy_buffer_append(waiting, made->data, made->end)) {
        made->end = 0;
    } else {
        protocol_break_off(f->filter.transport, ENOMEM);
        return;
    }
    protocol_send(f->filter.transport);
}

/* The alert for the peer is sent, unless other bytes wait before it: a peer that does not read them would hold up the
 * end. */
static void fail(struct tls_filter *f, const struct tls_problem *problem)
{
    struct eddy_transport *t = f->filter.transport;
    bool is_idle = !t->writes && t->waiting.size == 0;
    char words[TLS_LABEL + sizeof problem->text + 16];
    f->failed = true;
    timer_cancel(timers_of(f), &f->timer);
    if (is_idle)
        flush(f);
    snprintf(words, sizeof words, "tls with %s: %s", f->label,
             problem->text[0] ? problem->text : eddy_error_text(problem->code));
    protocol_fail(t, problem->code, words);
    if (!is_idle)
        protocol_break_off(t, problem->code);
}

/* Returns 0, or EPIPE after a failure. */
static int encrypt(struct tls_filter *f, const char *data, size_t size)
{
    struct tls_problem problem;
    while (size > 0) {
        int64_t taken = f->tls->engine->encrypt(&f->connection, data, size, &problem);
        if (taken < 0) {
            fail(f, &problem);
            return EPIPE;
        }
        data += taken;
        size -= (size_t)taken;
    }
    flush(f);
    return 0;
}

static int encrypt_plain(struct tls_filter *f)
{
    int error = encrypt(f, f->plain.data, f->plain.size);
    f->plain.size = 0;
    if (f->plain.capacity > KEPT)
        eddy_buffer_free(&f->plain);
    return error;
}

/* Parts are joined, so that small ones are one record. */
static int write_plain(struct protocol_filter *filter, const eddy_slice *parts, size_t count)
{
    struct tls_filter *f = self_of(filter);
    size_t before = f->plain.size;
    if (f->failed || f->said_end)
        return EPIPE;
    if (f->connection.established && count == 1)
        return encrypt(f, parts[0].data, parts[0].size);
    for (size_t i = 0; i < count; i++)
        if (!eddy_buffer_append(&f->plain, parts[i].data, parts[i].size)) {
            f->plain.size = before;
            return ENOMEM;
        }
    return f->connection.established ? encrypt_plain(f) : 0;
}

static void say_end(struct tls_filter *f)
{
    struct tls_problem problem;
    if (f->said_end || f->failed)
        return;
    f->said_end = true;
    if (f->tls->engine->say_end(&f->connection, &problem))
        flush(f);
    else
        fail(f, &problem);
}

static void write_end(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    f->ends = true;
    if (f->connection.established)
        say_end(f);
}

static size_t unsent(const struct protocol_filter *filter)
{
    return self_of(filter)->plain.size;
}

/* ==== the handshake ==== */

static bool take_alpn(struct tls_filter *f)
{
    const unsigned char *name;
    unsigned size = f->tls->engine->alpn(&f->connection, &name);
    if (!size)
        return true;
    f->alpn = memory_alloc_zeroed(size + 1);
    if (f->alpn)
        memcpy(f->alpn, name, size);
    return f->alpn;
}

static void tell(struct eddy_transport *t)
{
    if (!t->is_made)
        protocol_make(t);
    else if (t->protocol->secured)
        t->protocol->secured(t);
}

static void establish(struct tls_filter *f)
{
    f->connection.established = true;
    f->filter.reads_on = false;
    timer_cancel(timers_of(f), &f->timer);
    if (!take_alpn(f)) {
        fail(f, &(struct tls_problem){ENOMEM, ""});
        return;
    }
    encrypt_plain(f);
    if (f->ends)
        say_end(f);
    if (!f->failed && !f->filter.transport->closing)
        tell(f->filter.transport);
}

/* True: it is done. */
static bool shake(struct tls_filter *f)
{
    struct tls_problem problem;
    bool done = f->tls->engine->handshake(&f->connection, &problem);
    if (problem.code) {
        fail(f, &problem);
        return false;
    }
    flush(f);
    if (done)
        establish(f);
    return done;
}

static void takes_too_long(struct timer *timer)
{
    struct tls_filter *f = container_of(timer, struct tls_filter, timer);
    fail(f, &(struct tls_problem){ETIMEDOUT, "the handshake takes too long"});
    protocol_break_off(f->filter.transport, ETIMEDOUT);
}

static bool set_timer(struct tls_filter *f, double seconds, void (*fire)(struct timer *))
{
    int64_t when = clock_after(driver_now(f->filter.transport->loop->driver), seconds);
    return timer_set(timers_of(f), &f->timer, when, fire);
}

static void begin(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    double seconds = f->tls->handshake_seconds > 0 ? f->tls->handshake_seconds : usual_seconds;
    if (set_timer(f, seconds, takes_too_long))
        shake(f);
    else
        fail(f, &(struct tls_problem){ENOMEM, ""});
}

/* ==== receiving ==== */

static void end_lingering(struct tls_filter *f)
{
    timer_cancel(timers_of(f), &f->timer);
    f->lingers = f->filter.reads_on = false;
    protocol_settle(f->filter.transport);
}

static void feed_cipher(struct protocol_filter *filter, const char *data, size_t size)
{
    struct tls_filter *f = self_of(filter);
    f->connection.cipher = (char *)(uintptr_t)data; /* only read */
    f->connection.cipher_size = size;
}

static void take_verdict(struct tls_filter *f, int64_t result, const struct tls_problem *problem)
{
    if (f->lingers && result != -EAGAIN)
        end_lingering(f);
    else if (result == 0)
        protocol_take_end(f->filter.transport);
    else if (result != -EAGAIN)
        fail(f, problem);
}

/* Sends what decrypting has made: answers, to requests for a new key. A peer that reads none must not fill the
 * memory. */
static void answer(struct tls_filter *f)
{
    const struct eddy_transport *t = f->filter.transport;
    if (f->answered_in != t->sends)
        f->answers = 0;
    f->answered_in = t->sends;
    f->answers += f->connection.filling.end;
    flush(f);
    if (f->answers > MOST_OF_ANSWERS)
        fail(f, &(struct tls_problem){EDDY_TLS_FAILED, "the peer asks again and again, and reads no answer"});
}

/* True: there is plaintext. */
static bool judge(struct tls_filter *f, int64_t result, const struct tls_problem *problem)
{
    if (result >= 0 || result == -EAGAIN)
        answer(f);
    if (f->failed)
        return false;
    if (result <= 0)
        take_verdict(f, result, problem);
    f->heard |= result > 0;
    return result > 0;
}

/* Decrypts once.  True: there was something. */
static bool decrypt(struct tls_filter *f, char *data, size_t size)
{
    struct tls_problem problem = {0, ""};
    int64_t result = f->tls->engine->decrypt(&f->connection, data, size, &problem);
    if (!judge(f, result, &problem))
        return false;
    if (!f->lingers)
        protocol_deliver(f->filter.transport, data, (size_t)result);
    return true;
}

static bool wants_more(const struct tls_filter *f)
{
    const struct eddy_transport *t = f->filter.transport;
    return !f->failed && !t->ended && (f->lingers || (!t->paused && !t->closing));
}

static bool has_input(const struct tls_filter *f)
{
    return f->connection.cipher_size || f->tls->engine->pending(&f->connection) > 0;
}

static bool is_plaintext_there(struct tls_filter *f)
{
    struct tls_problem problem = {0, ""};
    return f->tls->engine->pending(&f->connection) > 0 ||
           judge(f, f->tls->engine->peek(&f->connection, &problem), &problem);
}

/* Decrypts once into the protocol's memory, which is asked for when there is something. True: there was. */
static bool fill(struct tls_filter *f)
{
    struct eddy_transport *t = f->filter.transport;
    struct tls_problem problem = {0, ""};
    size_t room = 0;
    if (!is_plaintext_there(f) || t->closing)
        return false;
    char *to = t->protocol->buffer(t, &room);
    if (t->closing)
        return false;
    if (!to || room == 0) {
        protocol_break_off(t, ENOBUFS);
        return false;
    }
    int64_t result = f->tls->engine->decrypt(&f->connection, to, room, &problem);
    if (judge(f, result, &problem) && t->protocol->filled)
        t->protocol->filled(t, (size_t)result);
    return result > 0;
}

/* *own: memory for a record, made when it is needed. True: there was something. */
static bool take_record(struct tls_filter *f, char **own)
{
    if (f->filter.transport->protocol->buffer && !f->lingers)
        return fill(f);
    if (!*own)
        *own = memory_alloc(TLS_RECORD);
    if (*own)
        return decrypt(f, *own, TLS_RECORD);
    fail(f, &(struct tls_problem){ENOMEM, ""});
    return false;
}

static bool go_on(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    const struct eddy_transport *t = filter->transport;
    char *own = NULL;
    if (!f->connection.established && !shake(f))
        return true;
    while (has_input(f) && wants_more(f) && take_record(f, &own))
        continue;
    memory_free(own);
    return f->failed || t->closing || t->ended || !has_input(f);
}

static void feed_end(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    char none[1];
    f->connection.ended = true;
    if (f->connection.established)
        decrypt(f, none, sizeof none);
    else
        shake(f);
}

/* ==== the end ==== */

/* If a client of TLS 1.3 has read nothing, the server's session tickets may still be on their way: the kernel would
 * answer them by a reset, and what was written could be lost. */
static bool has_to_linger(const struct tls_filter *f)
{
    const struct eddy_transport *t = f->filter.transport;
    return !f->tls->is_server && !f->heard && !f->failed && !t->ended && !t->holds &&
           f->tls->engine->version_number(&f->connection) >= EDDY_TLS_1_3;
}

static void has_lingered(struct timer *timer)
{
    end_lingering(container_of(timer, struct tls_filter, timer));
}

static bool close_filter(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    if (!f->connection.established)
        return false;
    say_end(f);
    if (has_to_linger(f)) {
        f->lingers = f->filter.reads_on = true;
        protocol_receive(filter->transport);
    }
    return true;
}

static void flushed(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    if (f->shut || !f->lingers)
        return;
    f->shut = true;
    net_shutdown(filter->transport->loop->driver, filter->transport->fd, SHUT_WR);
    if (!set_timer(f, linger_seconds, has_lingered))
        end_lingering(f);
}

static void free_filter(struct protocol_filter *filter)
{
    struct tls_filter *f = self_of(filter);
    timer_cancel(timers_of(f), &f->timer);
    if (f->connection.ssl)
        f->tls->engine->close(&f->connection);
    memory_free(f->connection.filling.data);
    eddy_buffer_free(&f->plain);
    memory_free(f->alpn);
    eddy_tls_free(f->tls);
    memory_free(f);
}

static const struct protocol_filter_type tls_filter_type = {
    .begin = begin,
    .feed = feed_cipher,
    .go_on = go_on,
    .feed_end = feed_end,
    .write = write_plain,
    .write_end = write_end,
    .close = close_filter,
    .flushed = flushed,
    .unsent = unsent,
    .free = free_filter,
};

/* ==== starting ==== */

/* NULL: no memory. */
static struct tls_filter *new_filter(struct eddy_transport *t, struct eddy_tls *tls, const char *label)
{
    struct tls_filter *f = memory_alloc_zeroed(sizeof *f + strlen(label) + 1);
    if (!f)
        return NULL;
    f->filter = (struct protocol_filter){.type = &tls_filter_type, .transport = t, .reads_on = true};
    f->tls = tls_ref(tls);
    strcpy(f->label, label);
    f->connection.context = tls->context;
    f->connection.label = f->label;
    if (tls->engine->open(&f->connection))
        return f;
    free_filter(&f->filter);
    return NULL;
}

/* Why TLS cannot be started: an errno value; 0: it can. */
static int refusal(const struct eddy_transport *t)
{
    if (t->filter)
        return EDDY_INVALID_STATE;
    if (t->is_pipe)
        return EOPNOTSUPP;
    return t->closing || t->eof || t->ended ? EPIPE : 0;
}

static int make_filter(struct tls_filter **filter, struct eddy_transport *t, struct eddy_tls *tls, const char *host)
{
    char label[TLS_LABEL] = "a peer";
    eddy_address peer;
    if (!tls->is_server && !host && tls->verify == EDDY_TLS_VERIFY_ALL)
        return EINVAL;
    if (host)
        snprintf(label, sizeof label, "%s", host);
    else if (eddy_transport_address(t, true, &peer) == 0)
        eddy_address_format(&peer, label, sizeof label);
    struct tls_filter *f = *filter = new_filter(t, tls, label);
    if (!f)
        return ENOMEM;
    if (tls->is_server)
        return 0;
    if (host && !tls->engine->expect(&f->connection, host, tls->verify == EDDY_TLS_VERIFY_ALL)) {
        free_filter(&f->filter);
        return EINVAL;
    }
    tls->engine->resume(&f->connection);
    return 0;
}

/* A receive into the memory of the protocol would bring ciphertext there. */
static void put_under(struct eddy_transport *t, struct tls_filter *f)
{
    t->filter = &f->filter;
    if (t->reads && t->protocol->buffer)
        eddy_operation_cancel(&t->read);
    if (t->stage != OPEN)
        return;
    begin(t->filter);
    protocol_go_on(t);
}

int eddy_transport_start_tls(struct eddy_transport *t, eddy_tls *tls, const char *host)
{
    struct tls_problem problem;
    struct tls_filter *f;
    int error = refusal(t);
    if (error)
        return error;
    if (!tls)
        tls = tls_default(&problem);
    if (!tls)
        return problem.code;
    error = make_filter(&f, t, tls, host);
    if (!error)
        put_under(t, f);
    return error;
}

static int begin_with_tls(struct eddy_transport *t, void *tls)
{
    return eddy_transport_start_tls(t, tls, NULL);
}

static void release(void *tls)
{
    eddy_tls_free(tls);
}

int eddy_listener_set_tls(eddy_listener *listener, eddy_tls *tls)
{
    if (!tls || !tls->is_server)
        return EINVAL;
    listener_set_beginning(listener, begin_with_tls, tls_ref(tls), release);
    return 0;
}

/* ==== facts ==== */

static struct tls_filter *established_of(const struct eddy_transport *t)
{
    struct tls_filter *f = t->filter && t->filter->type == &tls_filter_type ? self_of(t->filter) : NULL;
    return f && f->connection.established ? f : NULL;
}

bool eddy_transport_tls_facts(const eddy_transport *t, struct eddy_tls_facts *facts)
{
    struct tls_filter *f = established_of(t);
    if (!f || facts->size < sizeof *facts)
        return false;
    const struct tls_engine *engine = f->tls->engine;
    facts->version = engine->version_name(&f->connection);
    facts->cipher = engine->cipher_name(&f->connection);
    facts->alpn = f->alpn;
    facts->server_name = engine->server_name(&f->connection);
    facts->resumed = engine->resumed(&f->connection);
    return true;
}

size_t eddy_transport_tls_peer_subject(const eddy_transport *t, char *buffer, size_t size)
{
    struct tls_filter *f = established_of(t);
    if (size)
        buffer[0] = 0;
    return f ? f->tls->engine->peer_subject(&f->connection, buffer, size) : 0;
}
#endif
