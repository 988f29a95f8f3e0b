/* SPDX-License-Identifier: MIT */
/* json.h - reads single values of the JSON that a NATS server writes, and writes strings of JSON. */
#ifndef EDDY_NATS_JSON_H
#define EDDY_NATS_JSON_H

#include "eddy/nats.h"

/* The raw text of a value, by its path: "error.code". False: there is none, or it is not JSON. */
bool json_find(const char *json, const char *path, eddy_slice *value);
/* The bytes of a string, its escapes replaced; cut at size. False: there is no such string. */
bool json_text(const char *json, const char *path, char *to, size_t size);
bool json_bool(const char *json, const char *path);
/* The next string of an array of strings that json_find has found; *array becomes the rest. */
bool json_next_text(eddy_slice *array, char *to, size_t size);
/* Appends a string with its quotes. False: no memory. */
bool json_append_text(eddy_buffer *to, const char *text);
/* Appends a formatted text. False: no memory. */
bool json_append(eddy_buffer *to, const char *format, ...) EDDY_PRINTF(2, 3);

#endif
