/* SPDX-License-Identifier: MIT */
/* failure.c - see failure.h. */
#define EDDY_LIBRARY
#include "failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eddy/pg.h"

/* Of the beginning of an SQLSTATE; the first that fits. */
static const struct {
    const char *state;
    int code;
} codes[] = {
    {"08P01", EINVAL},    {"08", ECONNRESET},   {"22", EINVAL},       {"23", EEXIST},    {"25006", EROFS},
    {"25", EINVAL},       {"28", EACCES},       {"34", ENOENT},       {"3D", ENOENT},    {"3F", ENOENT},
    {"40", EAGAIN},       {"42501", EACCES},    {"42P01", ENOENT},    {"42703", ENOENT}, {"42704", ENOENT},
    {"42883", ENOENT},    {"42P0", EEXIST},     {"4271", EEXIST},     {"4270", EEXIST},  {"42", EINVAL},
    {"53100", ENOSPC},    {"53", EAGAIN},       {"54", EMSGSIZE},     {"55P03", EBUSY},  {"55006", EBUSY},
    {"57014", ETIMEDOUT}, {"57P03", EAGAIN},    {"57P", ECONNRESET},  {"0", EINVAL},     {"2", EINVAL},
};

static int code_of(const char *state)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strncmp(state, codes[i].state, strlen(codes[i].state)) == 0)
            return codes[i].code;
    return EIO;
}

const char *failure_words(const char *message, char *buffer, size_t size)
{
    size_t used = 0;
    for (; *message && used + 1 < size; message++)
        if (*message != '\n' && *message != '\t')
            buffer[used++] = *message;
        else if (used && buffer[used - 1] != ' ' && message[1])
            buffer[used++] = ' ';
    buffer[used] = '\0';
    return buffer;
}

void failure_read(struct failure *failure, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE && status != PGRES_PIPELINE_ABORTED)
        return;
    snprintf(failure->state, sizeof failure->state, "%s", state ? state : "");
    failure->code = state ? code_of(state) : EIO;
    if (!state || !text) {
        failure_words(PQresultErrorMessage(result), failure->words, sizeof failure->words);
        return;
    }
    char whole[512];
    snprintf(whole, sizeof whole, detail ? "%s: %s (%s)" : "%s: %s", state, text, detail);
    failure_words(whole, failure->words, sizeof failure->words);
}

/* libpq has no codes for it, but these words; the server's are in its language, and its SQLSTATE is lost. */
int failure_of_connecting(const char *message)
{
    static const struct {
        const char *words;
        int code;
    } known[] = {
        {"Connection refused", ECONNREFUSED},    {"No such file or directory", ENOENT},
        {"password authentication failed", EACCES}, {"no password supplied", EACCES},
        {"authentication failed", EACCES},        {"no pg_hba.conf entry", EACCES},
        {"role \"", EACCES},                      {"does not exist", ENOENT},
                      {"too many", EAGAIN},
        {"remaining connection slots", EAGAIN},   {"the database system is", EAGAIN},
        {"certificate", EDDY_TLS_CERTIFICATE},    {"SSL", EDDY_TLS_FAILED},
        {"out of memory", ENOMEM},                {"timeout", ETIMEDOUT},
        {"Connection timed out", ETIMEDOUT},      {"server closed the connection", ECONNRESET},
        {"reset by peer", ECONNRESET},            {"No route to host", EHOSTUNREACH},
        {"Network is unreachable", ENETUNREACH},  {"Permission denied", EACCES},
        {"invalid", EINVAL},                      {"expected authentication", EBADMSG},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(message, known[i].words))
            return known[i].code;
    return EIO;
}

bool eddy_pg_is_state(const eddy_error *err, const char *sqlstate)
{
    char wanted[16];
    int size = snprintf(wanted, sizeof wanted, ": %.5s: ", sqlstate);
    const char *after_label = err->code ? strstr(err->message, ": ") : NULL; /* the words may quote anything */
    return after_label && strncmp(after_label, wanted, (size_t)size) == 0;
}
