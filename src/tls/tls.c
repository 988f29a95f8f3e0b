/* SPDX-License-Identifier: MIT */
/* tls.c - eddy_tls: an engine's context, and the options for its connections; see tls.h. */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/memory.h"
#include "tls/tls.h"

/* ==== making one ==== */

/* Returns 0, or the code for why the options are not valid; *words gets a sentence. */
static int contradiction(const struct eddy_tls_options *options, bool is_server, const char **words)
{
    int most = options->max_version ? options->max_version : EDDY_TLS_1_3;
    *words = NULL;
    if (options->size == 0 || options->size > sizeof *options)
        *words = "eddy_tls_options.size must be sizeof(eddy_tls_options)";
    else if (options->verify > EDDY_TLS_VERIFY_NOTHING || options->verify < EDDY_TLS_VERIFY_ALL)
        *words = "verify is none of the values of eddy_tls_verify";
    else if (is_server && !options->certificate_file)
        *words = "a server needs a certificate";
    else if (options->key_file && !options->certificate_file)
        *words = "a key without its certificate";
    else if (options->require_client_certificate && (!is_server || !tls_names_authority(options) ||
                                                     options->verify == EDDY_TLS_VERIFY_NOTHING))
        *words = "require_client_certificate is for a server that trusts a ca_file or ca_directory";
    else if (most > EDDY_TLS_1_3 || most < EDDY_TLS_1_2 || options->min_version > most ||
             (options->min_version && options->min_version < EDDY_TLS_1_2))
        *words = "there is no such version of TLS between min_version and max_version";
    return *words ? EINVAL : 0;
}

/* Applies the options; NULL: *problem says why. */
static struct eddy_tls *set_up(struct eddy_tls *tls, const struct eddy_tls_options *options, bool is_server,
                               struct tls_problem *problem)
{
    tls->engine = tls_engine(problem);
    if (tls->engine)
        tls->context = tls->engine->context_new(options, is_server, problem);
    if (tls->context)
        return tls;
    memory_free(tls);
    return NULL;
}

static struct eddy_tls *make(const struct eddy_tls_options *options, bool is_server, struct tls_problem *problem)
{
    struct eddy_tls_options all = {.size = sizeof all};
    const char *words;
    if (options)
        all.size = options->size;
    if (options && options->size <= sizeof all)
        memcpy(&all, options, options->size);
    *problem = (struct tls_problem){contradiction(&all, is_server, &words), ""};
    if (problem->code) {
        snprintf(problem->text, sizeof problem->text, "%s", words);
        return NULL;
    }
    struct eddy_tls *tls = memory_alloc_zeroed(sizeof *tls);
    if (!tls) {
        problem->code = ENOMEM;
        return NULL;
    }
    tls->verify = all.verify;
    tls->handshake_seconds = all.handshake_seconds;
    tls->on_failure = all.on_failure;
    tls->on_failure_argument = all.on_failure_argument;
    tls->is_server = is_server;
    tls->references = 1;
    return set_up(tls, &all, is_server, problem);
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
    struct tls_problem problem;
    bool added = tls->engine->add_certificate(tls->context, certificate_file, key_file, &problem);
    tell(err, "eddy_tls_add_certificate", &problem);
    return added;
}

/* ==== life ==== */

struct eddy_tls *tls_ref(struct eddy_tls *tls)
{
    __atomic_fetch_add(&tls->references, 1, __ATOMIC_RELAXED);
    return tls;
}

void eddy_tls_free(eddy_tls *tls)
{
    if (!tls || __atomic_sub_fetch(&tls->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    tls->engine->context_free(tls->context);
    memory_free(tls);
}

/* ==== the default context ==== */

/* The default context of a loop, freed with it. */
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
