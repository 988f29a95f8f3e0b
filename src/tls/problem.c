/* SPDX-License-Identifier: MIT */
/* problem.c - OpenSSL's errors as codes and words for people. */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "tls/openssl.h"

static bool is_of_memory(unsigned long error)
{
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

void tls_problem_take(struct tls_problem *problem, int code)
{
    unsigned long error = ERR_peek_error(); /* the first is the cause, the rest are callers that passed it on */
    const char *words = error ? ERR_reason_error_string(error) : NULL;
    problem->code = is_of_memory(error) ? ENOMEM : code;
    if (ERR_SYSTEM_ERROR(error)) {
        problem->code = ERR_GET_REASON(error);
        words = NULL; /* the code already says it */
    }
    snprintf(problem->text, sizeof problem->text, "%s", words ? words : "");
    ERR_clear_error();
}

/* The error in the peer's certificate. */
static void judge_certificate(struct tls_problem *problem, const SSL *ssl)
{
    long result = SSL_get_verify_result(ssl);
    problem->code = EDDY_TLS_CERTIFICATE;
    snprintf(problem->text, sizeof problem->text, "%s", X509_verify_cert_error_string(result));
}

void tls_problem_of(struct tls_problem *problem, const struct tls_connection *c)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    tls_problem_take(problem, EDDY_TLS_FAILED);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        judge_certificate(problem, c->ssl);
    else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        *problem = (struct tls_problem){EDDY_TLS_CERTIFICATE, "the peer did not show a certificate"};
    else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING && c->established)
        *problem = (struct tls_problem){EDDY_TLS_TRUNCATED, ""};
    else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        *problem = (struct tls_problem){EDDY_TLS_FAILED, "the peer ended the connection"};
    else if (!error && !problem->text[0])
        *problem = (struct tls_problem){ENOMEM, ""}; /* this side could not store what was written */
}
#endif
