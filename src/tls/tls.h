/* SPDX-License-Identifier: MIT */
/*
 * tls.h - a context, and a stream's TLS, for the files of this folder.
 *
 * Invariants:
 *   1. OpenSSL's error queue is the thread's: it is cleared before each call that may fill it, and read into a problem
 *      before anything is awaited.
 *   2. OpenSSL never waits: it reads ciphertext that has come, and writes into `filling`, which takes all it is given.
 *   3. Ciphertext that was made is sent, in order, before what is made later, whoever was cancelled meanwhile.
 */
#ifndef EDDY_TLS_TLS_H
#define EDDY_TLS_TLS_H

#ifdef EDDY_WITH_TLS

#include <openssl/ssl.h>
#include <pthread.h>

#include "io/stream.h"

enum {
    TLS_RECORD = 16384,   /* most plaintext that one record has */
    TLS_SESSIONS = 64,    /* that a client's context keeps */
    TLS_LABEL = 300       /* length of the name of a peer, for messages */
};

/* Why something did not work: a code, 0 for nothing, and words to it. */
struct tls_problem {
    int code;
    char text[200];
};

/* Of an earlier connection, for one of the same label to resume. */
struct tls_session {
    char *label;
    SSL_SESSION *session; /* NULL: the place is free */
};

struct eddy_tls {
    SSL_CTX *context;
    SSL_CTX **others;       /* for names (SNI) that have a certificate of their own */
    size_t other_count;
    struct eddy_tls_options options; /* the strings are not kept: they belong to the caller */
    unsigned char *alpn;    /* as it goes over the wire; NULL: none */
    unsigned alpn_size;
    bool is_server;
    int references;         /* atomic */
    pthread_mutex_t mutex;  /* of the sessions */
    struct tls_session sessions[TLS_SESSIONS];
    size_t next_session;    /* whose place is taken next */
};

/* What has to be sent. */
struct tls_output {
    char *data;            /* NULL: nothing */
    size_t begin, end, room;
};

struct tls_transport {
    struct transport transport;
    struct eddy_tls *tls;
    SSL *ssl;
    struct chunk chunk;     /* ciphertext, lent from below; without data: none */
    char *early;            /* ciphertext that the stream had read before TLS began; NULL: none */
    char *cipher;           /* bytes of either that were not read yet */
    size_t cipher_size;
    bool ended;             /* below: nothing more will come */
    bool said_end;          /* close_notify was made */
    bool answers;           /* reading has made something that is to be sent */
    bool established;       /* the handshake has succeeded */
    bool heard;             /* plaintext has come */
    size_t taken;           /* plaintext, by the send under way */
    struct tls_output filling, sending;
    eddy_lock flushing;     /* held by the task that sends ciphertext: one at a time */
    struct tls_problem *broken; /* why nothing can be read or written any more; NULL: it works */
    char *alpn;             /* agreed on; NULL: none */
    char label[];           /* the peer's name, for messages */
};

/* ==== context.c ==== */

/* A context without certificate and trust, with one reference; NULL: no memory. */
struct eddy_tls *tls_new(const struct eddy_tls_options *options, bool is_server);
struct eddy_tls *tls_ref(struct eddy_tls *tls);
/* The running loop's default context, with the system's trust; NULL: *problem says why. */
struct eddy_tls *tls_default(struct tls_problem *problem);

/* ==== session.c ==== */

/* A client's context keeps the sessions that servers offer. */
void tls_session_keep(struct eddy_tls *tls);
/* Resumes the last session with the same label, if there is one. */
void tls_session_resume(struct tls_transport *t);
void tls_session_drop(struct eddy_tls *tls);

/* ==== problem.c ==== */

/* The error of the last call of OpenSSL, with its own words; `code` if OpenSSL gives none. */
void tls_problem_take(struct tls_problem *problem, int code);
/* The same of a handshake or a transfer that failed. */
void tls_problem_of(struct tls_problem *problem, const struct tls_transport *t);

/* ==== transport.c ==== */

/* A TLS transport over `below`, which belongs to the caller until the handshake is begun; NULL: no memory. */
struct tls_transport *tls_transport_new(struct eddy_tls *tls, struct transport *below, const char *label);
/* Frees it, but not the transport below. */
void tls_transport_free(struct tls_transport *t);
/* NULL: the stream has no TLS, or is closed. */
struct tls_transport *tls_of(const struct eddy_stream *s);
/* More ciphertext: 1, 0 at the end, or a negative code. */
eddy_async_declare(int64_t, tls_fetch, (struct tls_transport *, t));
/* Sends all that was made: 0, or a negative code. */
eddy_async_declare(int64_t, tls_flush, (struct tls_transport *, t));

/* ==== bio.c ==== */

/* What OpenSSL reads from and writes to; NULL: no memory. */
BIO *tls_bio_new(struct tls_transport *t);
/* Gives back the memory of the ciphertext that was received: all of it has been read. */
void tls_forget_input(struct tls_transport *t);

#endif
#endif
