/* SPDX-License-Identifier: MIT */
/*
 * engine.h - TLS by OpenSSL: bytes in, bytes out; it does not depend on streams or tasks.
 *
 * Only the engine's files include OpenSSL's headers.  The static library contains them (linked.c); the shared one
 * loads them as an object of their own when the first context is made (loaded.c), so that other programs start without
 * OpenSSL.
 *
 * Invariants:
 *   1. OpenSSL's error queue belongs to the thread: it is cleared before each call that may fill it, and read into a
 *   problem
 *      before the call returns.
 *   2. OpenSSL never waits: it reads received ciphertext, and writes into `filling`, which takes everything.
 */
#ifndef EDDY_TLS_ENGINE_H
#define EDDY_TLS_ENGINE_H

#include "eddy/tls.h"

struct ssl_st; /* OpenSSL's SSL */

/* Why something did not work: a code, 0 for no problem, and a sentence. */
struct tls_problem {
    int code;
    char text[200];
};

/* Ciphertext that has to be sent. */
struct tls_output {
    char *data;             /* NULL: nothing */
    size_t begin, end, room;
};

/* Shared by connections: certificates, keys, trusted authorities, sessions. */
struct tls_context;

/* One side of a TLS connection. */
struct tls_connection {
    struct ssl_st *ssl;
    struct tls_context *context;
    const char *label;      /* the peer's name: sessions are kept under it */
    char *cipher;           /* ciphertext that OpenSSL has not read yet */
    size_t cipher_size;
    struct tls_output filling;
    bool ended;             /* the connection below has ended: no more ciphertext will arrive */
    bool established;       /* the handshake has succeeded */
};

struct tls_engine {
    int version;            /* EDDY_VERSION, and the size of a connection: of the same build as the library */
    size_t connection_size;

    /* Reads the files that the options name; the strings are not kept.  NULL: *problem says why. */
    struct tls_context *(*context_new)(const struct eddy_tls_options *options, bool is_server,
                                       struct tls_problem *problem);
    void (*context_free)(struct tls_context *context);
    /* False: *problem says why. */
    bool (*add_certificate)(struct tls_context *context, const char *certificate, const char *key,
                            struct tls_problem *problem);

    /* Begins with the context and the label set, and the rest zero. False: no memory. */
    bool (*open)(struct tls_connection *c);
    void (*close)(struct tls_connection *c);
    /* Sets the name that is asked for (SNI), and that the certificate must contain if `verified`.  False: no memory, or
     * no valid name. */
    bool (*expect)(struct tls_connection *c, const char *host, bool verified);
    /* Resumes the last session with the same label, if there is one. */
    void (*resume)(struct tls_connection *c);
    /* Continues the handshake. True: it is done; else more ciphertext is needed, or *problem has a code. */
    bool (*handshake)(struct tls_connection *c, struct tls_problem *problem);
    /* The protocol that was agreed on, without a 0 at its end.  Returns its size; 0: none. */
    unsigned (*alpn)(const struct tls_connection *c, const unsigned char **name);

    /* Returns the number of bytes taken, or a negative code with its *problem. */
    int64_t (*encrypt)(struct tls_connection *c, const void *data, size_t size, struct tls_problem *problem);
    /* Returns the number of bytes; 0 at the end; -EAGAIN: more ciphertext is needed first; or a negative code with
     * its *problem. */
    int64_t (*decrypt)(struct tls_connection *c, void *data, size_t size, struct tls_problem *problem);
    /* The same for one byte, which stays: whether decrypt would give any. */
    int64_t (*peek)(struct tls_connection *c, struct tls_problem *problem);
    /* Returns the number of bytes of plaintext of a record that was decrypted and not taken. */
    size_t (*pending)(const struct tls_connection *c);
    /* The peer has sent close_notify. */
    bool (*was_ended)(const struct tls_connection *c);
    /* Makes close_notify.  False: *problem says why. */
    bool (*say_end)(struct tls_connection *c, struct tls_problem *problem);

    /* Facts, as eddy_tls_version and its like give them. */
    const char *(*version_name)(const struct tls_connection *c);
    const char *(*cipher_name)(const struct tls_connection *c);
    const char *(*server_name)(const struct tls_connection *c);
    bool (*resumed)(const struct tls_connection *c);
    size_t (*peer_subject)(const struct tls_connection *c, char *buffer, size_t size);
    /* a value of enum eddy_tls_version_number */
    int (*version_number)(const struct tls_connection *c);
};

/* True: authorities are named, instead of those of the system. */
static inline bool tls_names_authority(const struct eddy_tls_options *options)
{
    return options->ca_file || options->ca_directory;
}

/* The engine itself. */
extern const struct tls_engine tls_openssl;

/* Returns the engine, and loads it if necessary; NULL: *problem says why. Any thread. */
const struct tls_engine *tls_engine(struct tls_problem *problem);

/* The functions that a loaded engine takes from the library that has loaded it. */
struct tls_host {
    void *(*alloc)(size_t size);
    void *(*alloc_zeroed)(size_t size);
    void *(*grow)(void *block, size_t size);
    char *(*copy_string)(const char *text);
    void (*free)(void *block);
};

/* The only name that such an engine exports, and its file. */
#define TLS_ENTRY "eddy_tls_engine"
#define TLS_OBJECT "libeddy-tls.so"
typedef const struct tls_engine *tls_entry(const struct tls_host *host);

#endif
