/* SPDX-License-Identifier: MIT */
/* connection.c - one side of a connection by OpenSSL, and the engine's table of functions; see engine.h. */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "tls/openssl.h"

enum { BURST = 65536 }; /* plaintext that is encrypted before it is passed down */

/* ==== life ==== */

static bool open_connection(struct tls_connection *c)
{
    SSL *ssl = SSL_new(c->context->ssl);
    BIO *bio = ssl ? tls_bio_new(c) : NULL;
    if (bio)
        SSL_set_bio(ssl, bio, bio);
    if (!bio || !SSL_set_app_data(ssl, c)) { /* reporting needs memory as well */
        SSL_free(ssl);
        return false;
    }
    if (c->context->is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    c->ssl = ssl;
    return true;
}

static void close_connection(struct tls_connection *c)
{
    SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* otherwise the session is dropped */
    SSL_free(c->ssl);
}

/* ==== the handshake ==== */

static bool is_address(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static bool expect(struct tls_connection *c, const char *host, bool verified)
{
    bool address = is_address(host);
    char name[256];
    int length = snprintf(name, sizeof name, "%s", host);
    if (length < 1 || (size_t)length >= sizeof name)
        return false;
    if (name[length - 1] == '.')
        name[length - 1] = 0; /* a certificate's name has no final dot */
    if (!address && !SSL_set_tlsext_host_name(c->ssl, name))
        return false;
    if (!verified)
        return true;
    SSL_set_hostflags(c->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), name) : SSL_set1_host(c->ssl, name);
}

static bool handshake(struct tls_connection *c, struct tls_problem *problem)
{
    *problem = (struct tls_problem){0, ""};
    ERR_clear_error();
    int done = SSL_do_handshake(c->ssl);
    if (done != 1 && SSL_get_error(c->ssl, done) != SSL_ERROR_WANT_READ)
        tls_problem_of(problem, c);
    return done == 1;
}

static unsigned alpn(const struct tls_connection *c, const unsigned char **name)
{
    unsigned size;
    SSL_get0_alpn_selected(c->ssl, name, &size);
    return size;
}

/* ==== bytes ==== */

static int64_t failure(const struct tls_connection *c, struct tls_problem *problem)
{
    tls_problem_of(problem, c);
    return -problem->code;
}

static int64_t encrypt(struct tls_connection *c, const void *data, size_t size, struct tls_problem *problem)
{
    size_t count = 0;
    ERR_clear_error();
    if (SSL_write_ex(c->ssl, data, size < BURST ? size : BURST, &count))
        return (int64_t)count;
    return failure(c, problem);
}

/* Why nothing could be read. */
static int64_t nothing_read(const struct tls_connection *c, struct tls_problem *problem)
{
    int why = SSL_get_error(c->ssl, 0);
    if (why == SSL_ERROR_WANT_READ)
        return -EAGAIN;
    return why == SSL_ERROR_ZERO_RETURN ? 0 : failure(c, problem);
}

static int64_t decrypt(struct tls_connection *c, void *data, size_t size, struct tls_problem *problem)
{
    size_t count = 0;
    ERR_clear_error();
    return SSL_read_ex(c->ssl, data, size, &count) ? (int64_t)count : nothing_read(c, problem);
}

static int64_t peek(struct tls_connection *c, struct tls_problem *problem)
{
    size_t count = 0;
    char byte;
    ERR_clear_error();
    return SSL_peek_ex(c->ssl, &byte, 1, &count) ? (int64_t)count : nothing_read(c, problem);
}

static size_t pending(const struct tls_connection *c)
{
    return (size_t)SSL_pending(c->ssl);
}

static bool was_ended(const struct tls_connection *c)
{
    return SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN;
}

static bool say_end(struct tls_connection *c, struct tls_problem *problem)
{
    ERR_clear_error();
    if (SSL_shutdown(c->ssl) >= 0)
        return true;
    tls_problem_of(problem, c);
    return false;
}

/* ==== facts ==== */

static const char *version_name(const struct tls_connection *c)
{
    return SSL_get_version(c->ssl);
}

static const char *cipher_name(const struct tls_connection *c)
{
    return SSL_get_cipher_name(c->ssl);
}

static const char *server_name(const struct tls_connection *c)
{
    return SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
}

static bool resumed(const struct tls_connection *c)
{
    return SSL_session_reused(c->ssl);
}

static int version_number(const struct tls_connection *c)
{
    return SSL_version(c->ssl);
}

/* In the form of RFC 2253, in memory that OpenSSL allocates. */
static void print_subject(BIO *bio, const struct tls_connection *c)
{
    X509 *certificate = SSL_get0_peer_certificate(c->ssl);
    if (certificate)
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static size_t peer_subject(const struct tls_connection *c, char *buffer, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (!bio)
        return 0;
    print_subject(bio, c);
    long length = BIO_get_mem_data(bio, &text);
    if (length > 0 && size)
        snprintf(buffer, size, "%.*s", (int)length, text);
    BIO_free(bio);
    return length > 0 ? (size_t)length : 0;
}

/* ==== the table ==== */

const struct tls_engine tls_openssl = {
    .version = EDDY_VERSION,
    .connection_size = sizeof(struct tls_connection),
    .context_new = tls_context_new,
    .context_free = tls_context_free,
    .add_certificate = tls_context_add_certificate,
    .open = open_connection,
    .close = close_connection,
    .expect = expect,
    .resume = tls_session_resume,
    .handshake = handshake,
    .alpn = alpn,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .peek = peek,
    .pending = pending,
    .was_ended = was_ended,
    .say_end = say_end,
    .version_name = version_name,
    .cipher_name = cipher_name,
    .server_name = server_name,
    .resumed = resumed,
    .peer_subject = peer_subject,
    .version_number = version_number,
};
#endif
