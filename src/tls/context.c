/* SPDX-License-Identifier: MIT */
/*
 * context.c - eddy_tls: what it trusts, its certificate, and the protocols it speaks.
 *
 * Invariant: it is set up before it is used, and then only its sessions change; OpenSSL's contexts are safe on any
 * thread.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "os/memory.h"
#include "tls/tls.h"

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

struct eddy_tls *tls_new(const struct eddy_tls_options *options, bool is_server)
{
    struct eddy_tls *tls = memory_alloc_zeroed(sizeof *tls);
    if (!tls)
        return NULL;
    tls->options = *options;
    tls->options.certificate_file = tls->options.key_file = tls->options.key_password = NULL;
    tls->options.ca_file = tls->options.ca_directory = tls->options.alpn = NULL;
    tls->is_server = is_server;
    tls->references = 1;
    pthread_mutex_init(&tls->mutex, NULL);
    tls->context = new_context(is_server);
    if (tls->context)
        return tls;
    eddy_tls_free(tls);
    return NULL;
}

struct eddy_tls *tls_ref(struct eddy_tls *tls)
{
    __atomic_fetch_add(&tls->references, 1, __ATOMIC_RELAXED);
    return tls;
}

void eddy_tls_free(eddy_tls *tls)
{
    if (!tls || __atomic_sub_fetch(&tls->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    tls_session_drop(tls);
    for (size_t i = 0; i < tls->other_count; i++)
        SSL_CTX_free(tls->others[i]);
    memory_free(tls->others);
    SSL_CTX_free(tls->context);
    memory_free(tls->alpn);
    pthread_mutex_destroy(&tls->mutex);
    memory_free(tls);
}

/* ==== who one is ==== */

/* Called by OpenSSL.  Returns the length; -1: no password is known (OpenSSL would else ask on the terminal). */
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

/* Only the certificate is another's: protocols, versions and the clients' verification stay those of the context. */
static bool use_certificate_of(SSL *ssl, SSL_CTX *other)
{
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(other, &chain);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(other), SSL_CTX_get0_privatekey(other), chain, 1) == 1;
}

/* Called by OpenSSL: a client asks for a name, which may have several certificates, with different kinds of keys. */
static int choose_certificate(SSL *ssl, int *alert, void *argument)
{
    const struct eddy_tls *tls = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    bool found = false;
    for (size_t i = 0; name && i < tls->other_count; i++) {
        if (X509_check_host(SSL_CTX_get0_certificate(tls->others[i]), name, 0, 0, NULL) != 1)
            continue;
        if (!found)
            SSL_certs_clear(ssl);
        found = true;
        if (!use_certificate_of(ssl, tls->others[i])) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ==== which protocols ==== */

/* Turns "h2,http/1.1" into lengths and names.  Returns 0 or an errno value. */
static int set_alpn(struct eddy_tls *tls, const char *list)
{
    size_t size = strlen(list) + 1;
    tls->alpn = memory_alloc(size);
    if (!tls->alpn)
        return ENOMEM;
    tls->alpn_size = (unsigned)size;
    for (size_t begin = 0; begin < size;) {
        size_t length = strcspn(list + begin, ",");
        if (length < 1 || length > 255)
            return EINVAL;
        tls->alpn[begin] = (unsigned char)length;
        memcpy(tls->alpn + begin + 1, list + begin, length);
        begin += length + 1;
    }
    return 0;
}

/* Called by OpenSSL: chooses the first of our protocols that the client speaks, too. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *theirs,
                           unsigned size, void *argument)
{
    const struct eddy_tls *tls = argument;
    unsigned char *found = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&found, length, tls->alpn, tls->alpn_size, theirs, size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* ==== what is trusted ==== */

static bool names_authority(const struct eddy_tls_options *options)
{
    return options->ca_file || options->ca_directory;
}

static bool set_trust(struct eddy_tls *tls, const struct eddy_tls_options *options)
{
    SSL_CTX *context = tls->context;
    int mode = SSL_VERIFY_PEER;
    if (options->verify == EDDY_TLS_VERIFY_NOTHING || (tls->is_server && !names_authority(options)))
        return true;
    if (tls->is_server && options->require_client_certificate)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, NULL);
    if (!names_authority(options))
        return SSL_CTX_set_default_verify_paths(context) == 1;
    if (SSL_CTX_load_verify_locations(context, options->ca_file, options->ca_directory) != 1)
        return false;
    if (tls->is_server && options->ca_file)
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options->ca_file));
    return true;
}

/* ==== making one ==== */

/* 0, or why the options are none; *words: to that. */
static int contradiction(const struct eddy_tls_options *options, bool is_server, const char **words)
{
    int most = options->max_version ? options->max_version : EDDY_TLS_1_3;
    *words = NULL;
    if (is_server && !options->certificate_file)
        *words = "a server needs a certificate";
    else if (options->key_file && !options->certificate_file)
        *words = "a key without its certificate";
    else if (options->require_client_certificate && (!is_server || !names_authority(options) ||
                                                     options->verify == EDDY_TLS_VERIFY_NOTHING))
        *words = "require_client_certificate is for a server that trusts a ca_file or ca_directory";
    else if (most > EDDY_TLS_1_3 || most < EDDY_TLS_1_2 || options->min_version > most ||
             (options->min_version && options->min_version < EDDY_TLS_1_2))
        *words = "there is no such version of TLS between min_version and max_version";
    return *words ? EINVAL : 0;
}

static void fail(struct tls_problem *problem, const char *file)
{
    char words[sizeof problem->text];
    tls_problem_take(problem, EDDY_TLS_FAILED);
    snprintf(words, sizeof words, "%s", problem->text);
    snprintf(problem->text, sizeof problem->text, "%.100s%s%.90s", file, words[0] ? ": " : "", words);
}

static void set_server(struct eddy_tls *tls, const struct eddy_tls_options *options)
{
    SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF); /* clients keep their own: tickets */
    SSL_CTX_set_tlsext_servername_callback(tls->context, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(tls->context, tls);
    if (tls->alpn)
        SSL_CTX_set_alpn_select_cb(tls->context, choose_protocol, tls);
    if (options->no_resumption) {
        SSL_CTX_set_options(tls->context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(tls->context, 0);
    }
}

static void set_client(struct eddy_tls *tls, const struct eddy_tls_options *options)
{
    if (tls->alpn)
        SSL_CTX_set_alpn_protos(tls->context, tls->alpn, tls->alpn_size);
    if (!options->no_resumption)
        tls_session_keep(tls);
}

/* Applies the options; *problem is set if that fails. */
static void set_up(struct eddy_tls *tls, const struct eddy_tls_options *options, struct tls_problem *problem)
{
    SSL_CTX_set_min_proto_version(tls->context, options->min_version ? options->min_version : EDDY_TLS_1_2);
    SSL_CTX_set_max_proto_version(tls->context, options->max_version);
    if (options->certificate_file &&
        !use_certificate(tls->context, options->certificate_file, options->key_file, options->key_password))
        fail(problem, options->certificate_file);
    else if (!set_trust(tls, options))
        fail(problem, options->ca_file ? options->ca_file : options->ca_directory);
    else if (options->alpn && (problem->code = set_alpn(tls, options->alpn)) != 0)
        snprintf(problem->text, sizeof problem->text, "alpn \"%.100s\"", options->alpn);
    else if (tls->is_server)
        set_server(tls, options);
    else
        set_client(tls, options);
}

static struct eddy_tls *make(const struct eddy_tls_options *options, bool is_server, struct tls_problem *problem)
{
    struct eddy_tls_options all = {.size = sizeof all};
    const char *words;
    if (options)
        memcpy(&all, options, options->size < sizeof all ? options->size : sizeof all);
    *problem = (struct tls_problem){contradiction(&all, is_server, &words), ""};
    if (problem->code) {
        snprintf(problem->text, sizeof problem->text, "%s", words);
        return NULL;
    }
    ERR_clear_error();
    struct eddy_tls *tls = tls_new(&all, is_server);
    if (!tls)
        problem->code = ENOMEM;
    else
        set_up(tls, &all, problem);
    ERR_clear_error();
    if (!problem->code)
        return tls;
    eddy_tls_free(tls);
    return NULL;
}

static void tell(eddy_error *err, const char *call, const struct tls_problem *problem)
{
    if (!err)
        return;
    *err = (eddy_error){.message = ""};
    if (problem->code)
        eddy_error_set(err, problem->code, "%s%s%s", call, problem->text[0] ? ": " : "", problem->text);
}

eddy_tls *(eddy_tls_client_new)(const eddy_tls_options *options, eddy_error *err)
{
    struct tls_problem problem;
    struct eddy_tls *tls = make(options, false, &problem);
    tell(err, "eddy_tls_client_new", &problem);
    return tls;
}

eddy_tls *(eddy_tls_server_new)(const eddy_tls_options *options, eddy_error *err)
{
    struct tls_problem problem;
    struct eddy_tls *tls = make(options, true, &problem);
    tell(err, "eddy_tls_server_new", &problem);
    return tls;
}

bool eddy_tls_add_certificate(eddy_tls *tls, const char *certificate_file, const char *key_file, eddy_error *err)
{
    struct tls_problem problem = {0, ""};
    ERR_clear_error();
    SSL_CTX *context = new_context(true);
    SSL_CTX **others = memory_grow(tls->others, (tls->other_count + 1) * sizeof *others);
    if (others)
        tls->others = others;
    if (!context || !others)
        problem.code = ENOMEM;
    else if (!use_certificate(context, certificate_file, key_file, NULL))
        fail(&problem, certificate_file);
    if (problem.code)
        SSL_CTX_free(context);
    else
        tls->others[tls->other_count++] = context;
    ERR_clear_error();
    tell(err, "eddy_tls_add_certificate", &problem);
    return !problem.code;
}

/* ==== the one that is meant by NULL ==== */

/* A loop's, freed with it. */
struct usual {
    struct loop_closer closer;
    struct eddy_tls *tls;
};

static void free_usual(struct loop_closer *closer)
{
    struct usual *usual = container_of(closer, struct usual, closer);
    list_remove(&current.loop->closers, &closer->link);
    eddy_tls_free(usual->tls);
    memory_free(usual);
}

struct eddy_tls *tls_default(struct tls_problem *problem)
{
    LIST_EACH(struct usual, one, &current.loop->closers, closer.link)
        if (one->closer.close == free_usual)
            return one->tls;
    struct usual *usual = memory_alloc_zeroed(sizeof *usual);
    if (!usual) {
        *problem = (struct tls_problem){ENOMEM, ""};
        return NULL;
    }
    usual->tls = make(NULL, false, problem);
    if (!usual->tls) {
        memory_free(usual);
        return NULL;
    }
    usual->closer.close = free_usual;
    list_add_first(&current.loop->closers, &usual->closer.link);
    return usual->tls;
}
#endif
