/* SPDX-License-Identifier: MIT */
/* none.c - the functions of <eddy/tls.h> in a library that was built without OpenSSL. */
#ifndef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <eddy.h>
#include <errno.h>

static const char sentence[] = "this library was built without OpenSSL, and so without TLS";

static void refuse(eddy_error *err)
{
    if (err)
        eddy_error_set(err, ENOSYS, "%s", sentence);
}

eddy_tls *(eddy_tls_client_new)(const eddy_tls_options *options, eddy_error *err)
{
    (void)options;
    refuse(err);
    return NULL;
}

eddy_tls *(eddy_tls_server_new)(const eddy_tls_options *options, eddy_error *err)
{
    (void)options;
    refuse(err);
    return NULL;
}

bool eddy_tls_add_certificate(eddy_tls *tls, const char *certificate_file, const char *key_file, eddy_error *err)
{
    (void)tls;
    (void)certificate_file;
    (void)key_file;
    refuse(err);
    return false;
}

void eddy_tls_free(eddy_tls *tls)
{
    (void)tls;
}

struct eddy_start_server eddy_over_tls(struct eddy_start_server start, eddy_tls *tls)
{
    (void)tls;
    start.refused = ENOSYS;
    return start;
}

eddy_async_define(eddy_stream *, eddy_open_tls_connection, (const char *, host), (int, port), (eddy_tls *, tls))
{
    (void)tls;
    eddy_raise(ENOSYS, "eddy_open_tls_connection(\"%s\", %d): %s", host ? host : "", port, sentence);
}

eddy_async_define(void, eddy_start_tls, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host))
{
    (void)s;
    (void)tls;
    (void)host;
    eddy_raise(ENOSYS, "eddy_start_tls: %s", sentence);
}

int eddy_transport_start_tls(eddy_transport *t, eddy_tls *tls, const char *host)
{
    (void)t;
    (void)tls;
    (void)host;
    return ENOSYS;
}

int eddy_listener_set_tls(eddy_listener *listener, eddy_tls *tls)
{
    (void)listener;
    (void)tls;
    return ENOSYS;
}

bool eddy_transport_tls_facts(const eddy_transport *t, struct eddy_tls_facts *facts)
{
    (void)t;
    (void)facts;
    return false;
}

size_t eddy_transport_tls_peer_subject(const eddy_transport *t, char *buffer, size_t size)
{
    (void)t;
    if (size)
        buffer[0] = 0;
    return 0;
}

const char *eddy_tls_version(const eddy_stream *s)
{
    (void)s;
    return NULL;
}

const char *eddy_tls_cipher(const eddy_stream *s)
{
    (void)s;
    return NULL;
}

const char *eddy_tls_alpn(const eddy_stream *s)
{
    (void)s;
    return NULL;
}

const char *eddy_tls_server_name(const eddy_stream *s)
{
    (void)s;
    return NULL;
}

bool eddy_tls_resumed(const eddy_stream *s)
{
    (void)s;
    return false;
}

size_t eddy_tls_peer_subject(const eddy_stream *s, char *buffer, size_t size)
{
    (void)s;
    if (size)
        buffer[0] = 0;
    return 0;
}
#endif
