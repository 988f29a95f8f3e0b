/* SPDX-License-Identifier: MIT */
/* openssl.h - shared by the files of the engine (engine.h): its context, and the words of OpenSSL's errors. */
#ifndef EDDY_TLS_OPENSSL_H
#define EDDY_TLS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "tls/engine.h"

enum { TLS_SESSIONS = 64 }; /* how many sessions a client's context keeps */

/* A session of an earlier connection, which a connection with the same label can resume. */
struct tls_session {
    char *label;
    SSL_SESSION *session;   /* NULL: the place is free */
};

struct tls_context {
    SSL_CTX *ssl;
    SSL_CTX **others;       /* for names (SNI) that have another certificate */
    size_t other_count;
    unsigned char *alpn;    /* in the form in which it is sent; NULL: no protocol is offered */
    unsigned alpn_size;
    bool is_server;
    pthread_mutex_t mutex;  /* protects the sessions */
    struct tls_session sessions[TLS_SESSIONS];
    size_t next_session;    /* the session whose place is taken next */
};

/* ==== context.c ==== */

struct tls_context *tls_context_new(const struct eddy_tls_options *options, bool is_server,
                                    struct tls_problem *problem);
void tls_context_free(struct tls_context *context);
bool tls_context_add_certificate(struct tls_context *context, const char *certificate, const char *key,
                                 struct tls_problem *problem);

/* ==== session.c ==== */

/* A client's context keeps the sessions that servers offer. */
void tls_session_keep(struct tls_context *context);
void tls_session_resume(struct tls_connection *c);
void tls_session_drop(struct tls_context *context);

/* ==== problem.c ==== */

/* The error of the last call of OpenSSL, with its own words; `code` if OpenSSL gives none. */
void tls_problem_take(struct tls_problem *problem, int code);
/* The same for a handshake or a transfer that failed. */
void tls_problem_of(struct tls_problem *problem, const struct tls_connection *c);

/* ==== bio.c ==== */

/* The object that OpenSSL reads from and writes to; NULL: no memory. */
BIO *tls_bio_new(struct tls_connection *c);

#endif
