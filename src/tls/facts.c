/* SPDX-License-Identifier: MIT */
/* facts.c - facts about a stream's TLS: version, cipher, names. */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include "tls/tls.h"

const char *eddy_tls_version(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? t->tls->engine->version_name(&t->connection) : NULL;
}

const char *eddy_tls_cipher(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? t->tls->engine->cipher_name(&t->connection) : NULL;
}

const char *eddy_tls_alpn(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? t->alpn : NULL;
}

const char *eddy_tls_server_name(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t ? t->tls->engine->server_name(&t->connection) : NULL;
}

bool eddy_tls_resumed(const eddy_stream *s)
{
    const struct tls_transport *t = tls_of(s);
    return t && t->tls->engine->resumed(&t->connection);
}

size_t eddy_tls_peer_subject(const eddy_stream *s, char *buffer, size_t size)
{
    const struct tls_transport *t = tls_of(s);
    if (size)
        buffer[0] = 0;
    return t ? t->tls->engine->peer_subject(&t->connection, buffer, size) : 0;
}
#endif
