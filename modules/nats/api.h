/* SPDX-License-Identifier: MIT */
/* api.h - requests to JetStream, and its answers, which are JSON. */
#ifndef EDDY_NATS_API_H
#define EDDY_NATS_API_H

#include "json.h"
#include "line.h"

/* Codes of JetStream's own, in error.err_code. */
enum { API_STREAM_EXISTS = 10058, API_WRONG_SEQUENCE = 10071, API_NO_MESSAGE = 10037 };

/* The errno value for an answer that is an error; 0: it is none. */
int api_error(const eddy_nats_message *answer);
/* Asks JetStream, and does not look whether the answer is an error. */
eddy_async_declare(eddy_nats_message *, api_ask, (eddy_nats *, n), (const char *, name), (const char *, json));
/* The message for a failed await: who refused what. */
void api_words(const eddy_nats_message *answer, char *to, size_t size);

/* NULL: it may be the name of a stream, a consumer or a bucket. */
const char *name_problem(const char *name);

/* Appends ,"name":value unless the value is 0 (NULL). False: no memory. */
bool api_add_number(eddy_buffer *json, const char *name, uint64_t value);
bool api_add_seconds(eddy_buffer *json, const char *name, double seconds);
bool api_add_text(eddy_buffer *json, const char *name, const char *text);

#endif
