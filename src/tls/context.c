/* SPDX-License-Identifier: MIT */
/*
 * context.c - what a context trusts, its certificate, and its protocols. Invariant: it is set up before it is used,
 * and then only its sessions change; OpenSSL's contexts are safe on any thread.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "os/memory.h"
#include "tls/openssl.h"

/* ==== life ==== */

static SSL_CTX *new_context(bool is_server)
{
    static const unsigned char name[] = "eddy";
    SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (!context)
        return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* an idle connection holds none */
    SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    tls_session_drop(context);
    for (size_t i = 0; i < context->other_count; i++)
        SSL_CTX_free(context->others[i]);
    memory_free(context->others);
    SSL_CTX_free(context->ssl);
    memory_free(context->alpn);
    pthread_mutex_destroy(&context->mutex);
    memory_free(context);
}

/* ==== its own certificate ==== */

/* Called by OpenSSL.  Returns the length; -1: no password is known (otherwise OpenSSL would ask on the terminal). */
static int give_password(char *buffer, int size, int writing, void *password)
{
    (void)writing;
    size_t length = password ? strlen(password) : 0;
    if (!password || length > (size_t)size)
        return -1;
    memcpy(buffer, password, length);
    return (int)length;
}

static bool use_certificate(SSL_CTX *context, const char *certificate, const char *key, const char *password)
{
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)password);
    bool used = SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey_file(context, key ? key : certificate, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_check_private_key(context) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    return used;
}

/* Only the certificate changes: protocols, versions and the verification of clients remain those of the context. */
static bool use_certificate_of(SSL *ssl, SSL_CTX *other)
{
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(other, &chain);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(other), SSL_CTX_get0_privatekey(other), chain, 1) == 1;
}

/* Called by OpenSSL: a client asks for a name, which may have several certificates, with different kinds of keys. */
static int choose_certificate(SSL *ssl, int *alert, void *argument)
{
    const struct tls_context *context = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    bool found = false;
    for (size_t i = 0; name && i < context->other_count; i++) {
        if (X509_check_host(SSL_CTX_get0_certificate(context->others[i]), name, 0, 0, NULL) != 1)
            continue;
        if (!found)
            SSL_certs_clear(ssl);
        found = true;
        if (!use_certificate_of(ssl, context->others[i])) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ==== which protocols ==== */

/* Turns "h2,http/1.1" into lengths and names.  Returns 0 or an errno value. */
static int set_alpn(struct tls_context *context, const char *list)
{
    size_t size = strlen(list) + 1;
    context->alpn = memory_alloc(size);
    if (!context->alpn)
        return ENOMEM;
    context->alpn_size = (unsigned)size;
    for (size_t begin = 0; begin < size;) {
        size_t length = strcspn(list + begin, ",");
        if (length < 1 || length > 255)
            return EINVAL;
        context->alpn[begin] = (unsigned char)length;
        memcpy(context->alpn + begin + 1, list + begin, length);
        begin += length + 1;
    }
    return 0;
}

/* Called by OpenSSL: chooses the first of the context's protocols that the client supports. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *theirs,
                           unsigned size, void *argument)
{
    const struct tls_context *context = argument;
    unsigned char *found = NULL;
    (void)ssl;
    int chosen_how = SSL_select_next_proto(&found, length, context->alpn, context->alpn_size, theirs, size);
    if (chosen_how != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* ==== what is trusted ==== */

static bool set_trust(struct tls_context *context, const struct eddy_tls_options *options)
{
    int mode = SSL_VERIFY_PEER;
    if (options->verify == EDDY_TLS_VERIFY_NOTHING || (context->is_server && !tls_names_authority(options)))
        return true;
    if (context->is_server && options->require_client_certificate)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context->ssl, mode, NULL);
    if (!tls_names_authority(options))
        return SSL_CTX_set_default_verify_paths(context->ssl) == 1;
    if (SSL_CTX_load_verify_locations(context->ssl, options->ca_file, options->ca_directory) != 1)
        return false;
    if (context->is_server && options->ca_file)
        SSL_CTX_set_client_CA_list(context->ssl, SSL_load_client_CA_file(options->ca_file));
    return true;
}

/* ==== making one ==== */

static void fail(struct tls_problem *problem, const char *file)
{
    char words[sizeof problem->text];
    tls_problem_take(problem, EDDY_TLS_FAILED);
    snprintf(words, sizeof words, "%s", problem->text);
    snprintf(problem->text, sizeof problem->text, "%.100s%s%.90s", file, words[0] ? ": " : "", words);
}

static void set_server(struct tls_context *context, const struct eddy_tls_options *options)
{
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF); /* clients store their own sessions: tickets */
    SSL_CTX_set_tlsext_servername_callback(context->ssl, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(context->ssl, context);
    if (context->alpn)
        SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, context);
    if (options->no_resumption) {
        SSL_CTX_set_options(context->ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context->ssl, 0);
    }
}

static void set_client(struct tls_context *context, const struct eddy_tls_options *options)
{
    if (context->alpn)
        SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_size);
    if (!options->no_resumption)
        tls_session_keep(context);
}

/* Applies the options; *problem is set if that fails. */
static void set_up(struct tls_context *context, const struct eddy_tls_options *options, struct tls_problem *problem)
{
    SSL_CTX_set_min_proto_version(context->ssl, options->min_version ? options->min_version : EDDY_TLS_1_2);
    SSL_CTX_set_max_proto_version(context->ssl, options->max_version);
    if (options->certificate_file &&
        !use_certificate(context->ssl, options->certificate_file, options->key_file, options->key_password))
        fail(problem, options->certificate_file);
    else if (!set_trust(context, options))
        fail(problem, options->ca_file ? options->ca_file : options->ca_directory);
    else if (options->alpn && (problem->code = set_alpn(context, options->alpn)) != 0)
        snprintf(problem->text, sizeof problem->text, "alpn \"%.100s\"", options->alpn);
    else if (context->is_server)
        set_server(context, options);
    else
        set_client(context, options);
}

/* NULL: no memory. */
static struct tls_context *new_empty(bool is_server)
{
    struct tls_context *context = memory_alloc_zeroed(sizeof *context);
    if (!context)
        return NULL;
    context->is_server = is_server;
    pthread_mutex_init(&context->mutex, NULL);
    context->ssl = new_context(is_server);
    if (context->ssl)
        return context;
    tls_context_free(context);
    return NULL;
}

struct tls_context *tls_context_new(const struct eddy_tls_options *options, bool is_server,
                                    struct tls_problem *problem)
{
    *problem = (struct tls_problem){0, ""};
    ERR_clear_error();
    struct tls_context *context = new_empty(is_server);
    if (!context)
        problem->code = ENOMEM;
    else
        set_up(context, options, problem);
    ERR_clear_error();
    if (!context || !problem->code)
        return context;
    tls_context_free(context);
    return NULL;
}

bool tls_context_add_certificate(struct tls_context *context, const char *certificate, const char *key,
                                 struct tls_problem *problem)
{
    *problem = (struct tls_problem){0, ""};
    ERR_clear_error();
    SSL_CTX *ssl = new_context(true);
    SSL_CTX **others = memory_grow(context->others, (context->other_count + 1) * sizeof *others);
    if (others)
        context->others = others;
    if (!ssl || !others)
        problem->code = ENOMEM;
    else if (!use_certificate(ssl, certificate, key, NULL))
        fail(problem, certificate);
    if (problem->code)
        SSL_CTX_free(ssl);
    else
        context->others[context->other_count++] = ssl;
    ERR_clear_error();
    return !problem->code;
}
#endif
