/* SPDX-License-Identifier: MIT */
/*
 * handshake.c - beginning TLS on a stream: eddy_start_tls, and connecting and listening with it.
 *
 * Invariant: from the moment that the first byte of the handshake may have been sent, the stream has TLS or is closed.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "io/turn.h"
#include "os/memory.h"
#include "tls/tls.h"

static const double usual_seconds = 60;

/* ==== the exchange of handshake messages ==== */

/* A peer that has disconnected may have sent an alert first: so its bytes are read even if this side's cannot be
 * sent. */
eddy_async(struct tls_problem, shake_hands, (struct tls_transport *, t))
{
    struct tls_problem problem;
    for (;;) {
        bool done = t->tls->engine->handshake(&t->connection, &problem);
        tls_forget_input(t);
        int64_t result = eddy_await(tls_flush(t));
        if (problem.code)
            return problem;
        bool reset = result == -ECONNRESET; /* reported once: afterwards a read finds only the end */
        if (!done && (result >= 0 || result == -EPIPE || reset))
            result = eddy_await(tls_fetch(t));
        if (result == 0 && reset)
            result = -ECONNRESET;
        if (result < 0)
            problem.code = (int)-result;
        if (done || result < 0)
            return problem;
    }
}

static bool take_alpn(struct tls_transport *t)
{
    const unsigned char *name;
    unsigned size = t->tls->engine->alpn(&t->connection, &name);
    if (!size)
        return true;
    t->alpn = memory_alloc_zeroed(size + 1);
    if (t->alpn)
        memcpy(t->alpn, name, size);
    return t->alpn;
}

/* ==== making a stream use TLS ==== */

/* Closes the stream if the handshake failed, and releases it to other tasks. */
struct beginning {
    struct eddy_stream *s;
    bool succeeded;
};

static void end_beginning(struct beginning *beginning)
{
    if (!beginning->succeeded)
        stream_close(beginning->s);
    stream_release(beginning->s);
}

/* Bytes that a server has read after the last plaintext command are the client's hello.  False: no memory. */
static bool take_what_came(struct eddy_stream *s, struct tls_transport *t)
{
    size_t size = stream_buffered(s);
    if (size)
        t->early = t->connection.cipher = stream_take_buffered(s, &t->connection.cipher_size);
    return !size || t->early;
}

/* Gives the stream its new transport.  Returns 0, or the code of the failure. */
static int change_transport(struct eddy_stream *s, struct eddy_tls *tls, const char *host, const char *label,
                            struct tls_transport **result)
{
    struct tls_transport *t = tls_transport_new(tls, stream_transport(s), label);
    if (!t)
        return ENOMEM;
    if (!tls->is_server && host && !tls->engine->expect(&t->connection, host, tls->verify == EDDY_TLS_VERIFY_ALL)) {
        tls_transport_free(t);
        return EINVAL;
    }
    if (!tls->is_server)
        tls->engine->resume(&t->connection);
    if (!take_what_came(s, t)) {
        tls_transport_free(t);
        return ENOMEM;
    }
    stream_set_transport(s, &t->transport);
    *result = t;
    return 0;
}

/* Called before anything is sent. Returns 0, with the stream seized, or the code for why TLS cannot begin. */
static int begin(struct eddy_stream *s, struct eddy_tls *tls, const char *host, const char *label,
                 struct tls_transport **result)
{
    if (!tls->is_server && !host && tls->verify == EDDY_TLS_VERIFY_ALL)
        return EINVAL;
    int error = stream_seize(s);
    if (error)
        return error;
    /* For a client: an attacker may have sent them, rather than the peer that answers in TLS later. */
    bool refused = stream_buffered(s) && !tls->is_server;
    error = refused ? EDDY_TLS_FAILED : change_transport(s, tls, host, label, result);
    if (error)
        stream_release(s);
    return error;
}

static const char *words_for(int code)
{
    return code == EDDY_TLS_FAILED ? ": plaintext bytes have arrived that were not read"
           : code == EINVAL        ? ": no valid host name given to verify the certificate against"
                                   : "";
}

/* The code of a failed handshake. After a cancellation or a timeout the stream tells whether it was closed, or its own
 * deadline has passed. */
static int code_of(struct eddy_stream *s, const eddy_error *err, const struct tls_problem *problem)
{
    int code = err->code ? err->code : problem->code;
    return code == ECANCELED || code == ETIMEDOUT ? stream_error(s, -code) : code;
}

eddy_async(void, start_with_label, (struct eddy_stream *, s), (struct eddy_tls *, tls), (const char *, host),
           (const char *, label))
{
    struct tls_transport *t;
    eddy_error err;
    int error = begin(s, tls, host, label, &t);
    if (error) {
        TURN_IF(true);
        eddy_raise(error, "eddy_start_tls(%s)%s", label, words_for(error));
    }
    struct beginning beginning = {s, false};
    eddy_defer(end_beginning, &beginning);
    double seconds = tls->handshake_seconds > 0 ? tls->handshake_seconds : usual_seconds;
    struct tls_problem problem = eddy_await_for(shake_hands(t), seconds, &err);
    if (!err.code && !problem.code && !take_alpn(t))
        problem.code = ENOMEM;
    t->connection.established = !err.code && !problem.code;
    if (!t->connection.established)
        eddy_raise(code_of(s, &err, &problem), "tls handshake with %s%s%s", label, problem.text[0] ? ": " : "",
                   problem.text);
    beginning.succeeded = true;
}

/* The given context, or the default context if it is NULL. */
eddy_async(struct eddy_tls *, given_or_default, (struct eddy_tls *, tls))
{
    struct tls_problem problem;
    TURN_IF_DUE();
    if (!tls)
        tls = tls_default(&problem);
    if (!tls)
        eddy_raise(problem.code, "the system's certificates cannot be loaded for a TLS client%s%s",
                   problem.text[0] ? ": " : "", problem.text);
    return tls;
}

eddy_async_define(void, eddy_start_tls, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host))
{
    tls = eddy_await(given_or_default(tls));
    eddy_await(start_with_label(s, tls, host, !tls->is_server && host ? host : stream_peer(s)));
}

/* ==== TLS from the start: connecting and listening ==== */

static void drop(eddy_stream **s)
{
    eddy_stream_abort(*s);
}

eddy_async_define(eddy_stream *, eddy_open_tls_connection, (const char *, host), (int, port), (eddy_tls *, tls))
{
    char label[TLS_LABEL];
    tls = eddy_await(given_or_default(tls));
    if (tls->is_server)
        eddy_raise(EINVAL, "eddy_open_tls_connection(\"%s\", %d): the context is a server's", host ? host : "", port);
    eddy_stream *s = eddy_await(eddy_open_connection(host, port));
    eddy_defer(drop, &s);
    snprintf(label, sizeof label, "%s:%d", host ? host : "", port);
    eddy_await(start_with_label(s, tls, host, label));
    eddy_stream *result = s;
    s = NULL;
    return result;
}

eddy_async_free(eddy_open_tls_connection, eddy_stream_abort);

/* The server's upgrade; it runs on the task of the handler. */
static bool upgrade(eddy_stream *s, void *argument, struct eddy_failure **failure)
{
    struct eddy_tls *tls = argument;
    eddy_error err;
    struct eddy_start_tls start = eddy_start_tls(s, tls, NULL);
    struct eddy_failure *why = eddy_run_here(&start.awaitable);
    if (!why)
        return true;
    if (eddy_failure_is_own_cancellation(why)) {
        *failure = why;
        return false;
    }
    failure_lend(why, &err);
    if (tls->on_failure)
        tls->on_failure(&err, tls->on_failure_argument);
    failure_unref(why);
    return false;
}

static void release(void *tls)
{
    eddy_tls_free(tls);
}

struct eddy_start_server eddy_over_tls(struct eddy_start_server start, eddy_tls *tls)
{
    if (!tls || !tls->is_server) {
        start.refused = EINVAL;
        return start;
    }
    start.upgrade = upgrade;
    start.upgrade_argument = tls_ref(tls);
    start.upgrade_release = release;
    return start;
}
#endif
