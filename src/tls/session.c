/* SPDX-License-Identifier: MIT */
/*
 * session.c - sessions that a client's context keeps, one for each peer.
 *
 * A session keeps the verdict on the certificate of its first handshake; the label contains the host's name, so that a
 * session is never resumed under another name.  One of TLS 1.3 is used once, as RFC 8446 would have it.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <string.h>

#include "os/memory.h"
#include "tls/tls.h"

static void clear(struct tls_session *place)
{
    SSL_SESSION_free(place->session);
    memory_free(place->label);
    *place = (struct tls_session){NULL, NULL};
}

/* OpenSSL's callback: 1: the session was taken over. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    struct tls_transport *t = SSL_get_app_data(ssl);
    struct eddy_tls *tls = t->tls;
    char *label = memory_copy_string(t->label);
    if (!label)
        return 0;
    pthread_mutex_lock(&tls->mutex);
    struct tls_session *place = &tls->sessions[tls->next_session++ % TLS_SESSIONS];
    clear(place);
    *place = (struct tls_session){label, session};
    pthread_mutex_unlock(&tls->mutex);
    return 1;
}

void tls_session_keep(struct eddy_tls *tls)
{
    SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls->context, keep);
}

/* The newest with that label, and still good; NULL: none. */
static struct tls_session *find(struct eddy_tls *tls, const char *label)
{
    for (size_t i = 1; i <= TLS_SESSIONS; i++) {
        struct tls_session *place = &tls->sessions[(tls->next_session - i) % TLS_SESSIONS];
        if (place->session && strcmp(place->label, label) == 0) {
            if (SSL_SESSION_is_resumable(place->session))
                return place;
            clear(place);
        }
    }
    return NULL;
}

void tls_session_resume(struct tls_transport *t)
{
    pthread_mutex_lock(&t->tls->mutex);
    struct tls_session *place = find(t->tls, t->label);
    if (place && SSL_set_session(t->ssl, place->session) &&
        SSL_SESSION_get_protocol_version(place->session) >= TLS1_3_VERSION)
        clear(place);
    pthread_mutex_unlock(&t->tls->mutex);
}

void tls_session_drop(struct eddy_tls *tls)
{
    for (size_t i = 0; i < TLS_SESSIONS; i++)
        clear(&tls->sessions[i]);
}
#endif
