/* SPDX-License-Identifier: MIT */
/* facts.c - facts about a stream's TLS: version, cipher, names. */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <stdio.h>

#include "tls/tls.h"

const char *eddy_tls_version(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? SSL_get_version(t->ssl) : NULL;
}

const char *eddy_tls_cipher(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? SSL_get_cipher_name(t->ssl) : NULL;
}

const char *eddy_tls_alpn(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? t->alpn : NULL;
}

const char *eddy_tls_server_name(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name) : NULL;
}

bool eddy_tls_resumed(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t && SSL_session_reused(t->ssl);
}

/* By RFC 2253; into memory of OpenSSL's. */
static void print_subject(BIO *bio, const struct tls_transport *t)
{
    X509 *certificate = SSL_get0_peer_certificate(t->ssl);
    if (certificate)
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

size_t eddy_tls_peer_subject(const eddy_stream *s, char *buffer, size_t size)
{
    const struct tls_transport *t = tls_of(s);
    BIO *bio = t ? BIO_new(BIO_s_mem()) : NULL;
    char *text = NULL;
    if (size)
        buffer[0] = 0;
    if (!bio)
        return 0;
    print_subject(bio, t);
    long length = BIO_get_mem_data(bio, &text);
    if (length > 0 && size)
        snprintf(buffer, size, "%.*s", (int)length, text);
    BIO_free(bio);
    return length > 0 ? (size_t)length : 0;
}
#endif
