/* SPDX-License-Identifier: MIT */
/*
 * tls.h - TLS 1.2 and 1.3 under an eddy_stream, by OpenSSL 3.
 *
 * A context (eddy_tls) holds this side's certificate and the trusted authorities; any number of streams share it. A
 * peer is trusted only if its certificate is valid, comes from a known authority and names the host; weaker checks
 * are options. eddy_open_tls_connection and eddy_start_tls, which are awaited, stand in io.h.
 *
 * The stream is read and written like any other. eddy_stream_write_eof sends TLS's own end (close_notify), and so
 * does eddy_stream_close; a peer that ends without it gives EDDY_TLS_TRUNCATED. A cancelled read loses nothing;
 * bytes that a cancelled write had encrypted are sent before anything that is written later, so that the stream
 * remains whole.
 *
 * In a library that was built without OpenSSL the functions fail with ENOSYS.
 */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include "server.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shared by streams: certificates, keys, trusted authorities, sessions that can be resumed. Any thread may use it. */
typedef struct eddy_tls eddy_tls;

/* How much of the peer's certificate is checked. */
enum eddy_tls_verify {
    EDDY_TLS_VERIFY_ALL,       /* name and authority; a server asks for a certificate only if it has authorities */
    EDDY_TLS_VERIFY_AUTHORITY, /* the host's name is not checked */
    EDDY_TLS_VERIFY_NOTHING    /* an attacker may sit in between: for tests */
};

/* For eddy_tls_options.min_version and max_version. */
enum eddy_tls_version_number { EDDY_TLS_1_2 = 0x0303, EDDY_TLS_1_3 = 0x0304 };

/* For eddy_tls_client_new and eddy_tls_server_new; all zero: a client with the system's trust.  Python:
 * ssl.SSLContext.  Since 0.1. */
typedef struct eddy_tls_options {
    size_t size;                   /* sizeof(eddy_tls_options) */
    const char *certificate_file;  /* PEM: this side's, then those between it and the authority; NULL: none */
    const char *key_file;          /* PEM: the private key; NULL: it is in certificate_file */
    const char *key_password;      /* password of key_file; NULL: it is not encrypted */
    const char *ca_file;           /* PEM: authorities that are trusted, instead of the system's; NULL: no file */
    const char *ca_directory;      /* the same as a folder, with the file names of c_rehash */
    const char *alpn;              /* protocols, best first: "h2,http/1.1"; NULL: ALPN is not used */
    enum eddy_tls_verify verify;   /* checks of the peer's certificate; 0: all of them */
    bool require_client_certificate; /* server, with ca_file or ca_directory: clients without a trusted certificate
                                        are refused (else they are asked for one, and may have none) */
    bool no_resumption;            /* sessions are not resumed: each handshake is a full one */
    int min_version, max_version;  /* values of enum eddy_tls_version_number; 0: TLS 1.2, and the newest */
    double handshake_seconds;      /* seconds for the handshake of a stream; 0: 60 */
    /* Server: called for a connection whose handshake failed and which has been closed, on its task. NULL: no call. */
    void (*on_failure)(const eddy_error *err, void *argument);
    void *on_failure_argument;
} eddy_tls_options;

/*
 * A context for the side that connects (options NULL: as all zero), or for the side that accepts, which needs a
 * certificate. Returns NULL if it cannot be made, and *err says why: ENOENT, EACCES (a file), EDDY_TLS_FAILED (its
 * contents), EINVAL (options that contradict each other), ENOMEM, ENOSYS; ELIBACC, EDDY_VERSION_MISMATCH:
 * libeddy-tls.so, which the shared library loads now, is missing or belongs to another build. err may be left out.
 * Reads the files; never suspends. The caller frees the context by eddy_tls_free. Python:
 * ssl.create_default_context. Since 0.1.
 */
EDDY_API eddy_tls *eddy_tls_client_new(const eddy_tls_options *options, eddy_error *err);
EDDY_API eddy_tls *eddy_tls_server_new(const eddy_tls_options *options, eddy_error *err);
/*
 * eddy_tls_client_new(&options), eddy_tls_client_new(&options, &err): implemented by functions with any number of
 * arguments, so that &(eddy_tls_options){...} with its commas may stand there.
 */
static inline eddy_tls *ed_tls_client_new(const eddy_tls_options *options, eddy_error *err, ...)
{
    return eddy_tls_client_new(options, err);
}
static inline eddy_tls *ed_tls_server_new(const eddy_tls_options *options, eddy_error *err, ...)
{
    return eddy_tls_server_new(options, err);
}
#define eddy_tls_client_new(...) ed_tls_client_new(__VA_ARGS__, NULL, NULL)
#define eddy_tls_server_new(...) ed_tls_server_new(__VA_ARGS__, NULL, NULL)

/*
 * Adds another certificate to a server's context, for clients that ask for one of its names (SNI); all others get
 * the certificate of the options. Call it before the context is used. key_file NULL: it is in certificate_file.
 * False: as for eddy_tls_server_new; err may be NULL. Python: SSLContext.sni_callback. Since 0.1.
 */
EDDY_API bool eddy_tls_add_certificate(eddy_tls *tls, const char *certificate_file, const char *key_file,
                                       eddy_error *err);
/* Gives the context up; it lives on while a stream or a server uses it. NULL is allowed. Any thread. Since 0.1. */
EDDY_API void eddy_tls_free(eddy_tls *tls);

/*
 * await(eddy_over_tls(eddy_start_server(...), tls)): the same server with TLS. The handler is called when the
 * handshake has succeeded; when the handler returns without an error, the stream ends by close_notify. tls NULL or
 * for a client: EINVAL. Python: start_server(ssl=...). Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_start_server eddy_over_tls(struct eddy_start_server start, eddy_tls *tls);

/* ---- facts of a stream, valid until it is closed; NULL (false, 0) for a stream without TLS ---- */

/* "TLSv1.3".  Python: SSLObject.version.  Since 0.1. */
EDDY_API const char *eddy_tls_version(const eddy_stream *s);
/* "TLS_AES_256_GCM_SHA384".  Python: SSLObject.cipher.  Since 0.1. */
EDDY_API const char *eddy_tls_cipher(const eddy_stream *s);
/* The protocol that was agreed on, "h2"; NULL: none.  Python: selected_alpn_protocol.  Since 0.1. */
EDDY_API const char *eddy_tls_alpn(const eddy_stream *s);
/* The name that the client asked for (SNI); NULL: none.  Since 0.1. */
EDDY_API const char *eddy_tls_server_name(const eddy_stream *s);
/* True: an earlier session shortened the handshake. Python: SSLObject.session_reused. Since 0.1. */
EDDY_API bool eddy_tls_resumed(const eddy_stream *s);
/* The subject of the peer's certificate, "CN=example.org"; returns the length as snprintf does, 0: the peer
 * showed none. Python: SSLObject.getpeercert. Since 0.1. */
EDDY_API size_t eddy_tls_peer_subject(const eddy_stream *s, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
