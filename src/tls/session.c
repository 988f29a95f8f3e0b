/* SPDX-License-Identifier: MIT */
/*
 * session.c - sessions that a client's context keeps, one for each peer.
 *
 * A session keeps the verdict on the certificate of its first handshake; the label contains the host's name, so that
 * a session is never resumed under another name. A session of TLS 1.3 is used once, as RFC 8446 recommends.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <string.h>

#include "os/memory.h"
#include "tls/openssl.h"

static void clear(struct tls_session *place)
{
    SSL_SESSION_free(place->session);
    memory_free(place->label);
    *place = (struct tls_session){NULL, NULL};
}

/* OpenSSL's callback. Returns 1: the session was taken over. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    const struct tls_connection *c = SSL_get_app_data(ssl);
    struct tls_context *context = c->context;
    char *label = memory_copy_string(c->label);
    if (!label)
        return 0;
    pthread_mutex_lock(&context->mutex);
    struct tls_session *place = &context->sessions[context->next_session++ % TLS_SESSIONS];
    clear(place);
    *place = (struct tls_session){label, session};
    pthread_mutex_unlock(&context->mutex);
    return 1;
}

void tls_session_keep(struct tls_context *context)
{
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->ssl, keep);
}

/* The newest valid session with that label; NULL: there is none. */
static struct tls_session *find(struct tls_context *context, const char *label)
{
    for (size_t i = 1; i <= TLS_SESSIONS; i++) {
        struct tls_session *place = &context->sessions[(context->next_session - i) % TLS_SESSIONS];
        if (place->session && strcmp(place->label, label) == 0) {
            if (SSL_SESSION_is_resumable(place->session))
                return place;
            clear(place);
        }
    }
    return NULL;
}

void tls_session_resume(struct tls_connection *c)
{
    pthread_mutex_lock(&c->context->mutex);
    struct tls_session *place = find(c->context, c->label);
    if (place && SSL_set_session(c->ssl, place->session) &&
        SSL_SESSION_get_protocol_version(place->session) >= TLS1_3_VERSION)
        clear(place);
    pthread_mutex_unlock(&c->context->mutex);
}

void tls_session_drop(struct tls_context *context)
{
    for (size_t i = 0; i < TLS_SESSIONS; i++)
        clear(&context->sessions[i]);
}
#endif
