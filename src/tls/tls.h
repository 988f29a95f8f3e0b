/* SPDX-License-Identifier: MIT */
/*
 * tls.h - a context, and a stream's TLS, for the files of this folder.
 *
 * Invariant: ciphertext is sent in the order in which it was made, even if tasks are cancelled meanwhile.
 */
#ifndef EDDY_TLS_TLS_H
#define EDDY_TLS_TLS_H

#ifdef EDDY_WITH_TLS

#include "io/stream.h"
#include "tls/engine.h"

enum {
    TLS_RECORD = 16384,   /* the greatest size of a record's plaintext */
    TLS_LABEL = 300       /* length of the name of a peer, for messages */
};

struct eddy_tls {
    const struct tls_engine *engine;
    struct tls_context *context;
    enum eddy_tls_verify verify; /* this member and the next ones have the meaning of the options */
    double handshake_seconds;
    void (*on_failure)(const eddy_error *err, void *argument);
    void *on_failure_argument;
    bool is_server;
    int references;         /* atomic */
};

struct tls_transport {
    struct transport transport;
    struct eddy_tls *tls;
    struct tls_connection connection;
    struct chunk chunk;     /* ciphertext that the transport below has lent; without data: there is none */
    char *early;            /* ciphertext that the stream had read before TLS began; NULL: none */
    bool said_end;          /* close_notify was made */
    bool answers;           /* reading has made ciphertext that must be sent */
    bool heard;             /* plaintext has arrived */
    size_t taken;           /* number of bytes of plaintext that the current send has taken */
    struct tls_output sending; /* the former connection.filling, until it is sent */
    eddy_lock flushing;     /* held by the task that sends ciphertext: one at a time */
    struct tls_problem *broken; /* why nothing can be read or written any more; NULL: no error */
    char *alpn;             /* the protocol that was agreed on; NULL: there is none */
    char label[];           /* the peer's name, for messages */
};

/* ==== tls.c ==== */

struct eddy_tls *tls_ref(struct eddy_tls *tls);
/* The running loop's default context, with the system's trust; NULL: *problem says why. */
struct eddy_tls *tls_default(struct tls_problem *problem);

/* ==== transport.c ==== */

/* A TLS transport over `below`, which belongs to the caller until the handshake is begun; NULL: no memory. */
struct tls_transport *tls_transport_new(struct eddy_tls *tls, struct transport *below, const char *label);
/* Frees it, but not the transport below. */
void tls_transport_free(struct tls_transport *t);
/* NULL: the stream has no TLS, or is closed. */
struct tls_transport *tls_of(const struct eddy_stream *s);
/* Gives back the memory of the ciphertext that was received, if all of it has been read. */
void tls_forget_input(struct tls_transport *t);
/* Receives more ciphertext. Returns 1; 0 at the end; or a negative code. */
eddy_async_declare(int64_t, tls_fetch, (struct tls_transport *, t));
/* Sends all ciphertext that was made. Returns 0 or a negative code. */
eddy_async_declare(int64_t, tls_flush, (struct tls_transport *, t));

#endif
#endif
