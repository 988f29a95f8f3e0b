/* SPDX-License-Identifier: MIT */
/* client.h - one transfer: an easy handle and the data received so far. */
#ifndef EDDY_CURL_CLIENT_H
#define EDDY_CURL_CLIENT_H

#include <curl/curl.h>
#include <string.h>

#include "eddy/curl.h"

/* Bytes that arrive; a 0 byte follows the last one. */
struct bytes {
    char *data;
    size_t size, capacity;
};

struct transfer {
    struct transfer *next, **link; /* all transfers in progress on this loop */
    CURL *easy;
    char *url;                  /* a copy, for messages */
    struct eddy_curl_get *self; /* the awaitable that gets the result */
    struct curl_slist *lines;   /* the lines of the request's header */
    struct bytes headers, body;
    size_t size_limit;           /* of body */
    int refused;                 /* why a callback has stopped it: ENOMEM, EMSGSIZE; 0: it was not stopped */
    char error[CURL_ERROR_SIZE]; /* libcurl's message */
};

/* NULL: no memory. */
struct transfer *transfer_new(struct eddy_curl_get *self);
void transfer_free(struct transfer *transfer);
/* Completes the awaitable and frees the transfer, which libcurl does not use any more. */
void transfer_finish(struct transfer *transfer, CURLcode code);

#endif
