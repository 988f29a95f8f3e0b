/* SPDX-License-Identifier: MIT */
/* failure.h - libpq's and the server's errors as errno values and words. */
#ifndef EDDY_PG_FAILURE_H
#define EDDY_PG_FAILURE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct failure {
    int code;        /* an errno value; 0: none */
    char state[6];   /* SQLSTATE, or "" */
    char words[512]; /* "23505: duplicate key value ..." */
};

/* Fills it if the result is an error. */
void failure_read(struct failure *failure, const PGresult *result);
/* The errno value for the message of a connection that was not made. */
int failure_of_connecting(const char *message);
/* Copies a message of libpq into one line; returns buffer. */
const char *failure_words(const char *message, char *buffer, size_t size);

#endif
