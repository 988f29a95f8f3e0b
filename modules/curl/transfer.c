/* SPDX-License-Identifier: MIT */
/* transfer.c - builds the request for libcurl, the response for the program, and errors with Eddy's codes. */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdlib.h>

#include "client.h"

/* ==== received data ==== */

static bool append(struct bytes *bytes, const char *data, size_t size)
{
    if (bytes->size + size >= bytes->capacity) {
        size_t capacity = bytes->capacity ? bytes->capacity * 2 : 1024;
        while (capacity <= bytes->size + size)
            capacity *= 2;
        char *grown = realloc(bytes->data, capacity);
        if (!grown)
            return false;
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    if (size)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
    return true;
}

static size_t take_body(char *data, size_t one, size_t size, void *argument)
{
    struct transfer *transfer = argument;
    (void)one;
    if (size > transfer->size_limit - transfer->body.size)
        transfer->refused = EMSGSIZE;
    else if (!append(&transfer->body, data, size))
        transfer->refused = ENOMEM;
    return transfer->refused ? 0 : size;
}

/* Each response of a chain of redirects begins anew. */
static size_t take_header(char *data, size_t one, size_t size, void *argument)
{
    struct transfer *transfer = argument;
    (void)one;
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0)
        transfer->headers.size = 0;
    if (!append(&transfer->headers, data, size)) {
        transfer->refused = ENOMEM;
        return 0;
    }
    return size;
}

/* ==== the request ==== */

static long milliseconds(double seconds, double otherwise)
{
    if (seconds < 0)
        return 0; /* none */
    return (long)((seconds > 0 ? seconds : otherwise) * 1000 + 0.999);
}

static CURLcode set_limits(CURL *easy, const eddy_curl_options *options)
{
    CURLcode code = CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    code |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    code |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options->max_redirects < 0 ? 0L : 1L);
    code |=
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, options->max_redirects > 0 ? (long)options->max_redirects : 10L);
    code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(options->timeout, 60));
    code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options->connect_timeout, 30));
    return code;
}

static CURLcode set_request(struct transfer *transfer, const char *url, const eddy_curl_options *options)
{
    CURL *easy = transfer->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, url);
    code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "eddy/" EDDY_VERSION_STRING);
    code |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    for (const char *const *line = options->headers; line && *line; line++) {
        struct curl_slist *longer = curl_slist_append(transfer->lines, *line);
        if (!longer)
            return CURLE_OUT_OF_MEMORY;
        transfer->lines = longer;
    }
    code |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->lines);
    if (options->body) {
        code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body_size);
        code |= curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body);
    }
    if (options->method && strcmp(options->method, "HEAD") == 0)
        code |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (options->method)
        code |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
    return code;
}

static CURLcode set_up(struct transfer *transfer, const struct eddy_curl_get *self)
{
    CURL *easy = transfer->easy;
    CURLcode code = set_request(transfer, self->url, &self->options);
    code |= set_limits(easy, &self->options);
    code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)transfer);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)transfer);
    code |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    code |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, (void *)transfer);
    return code;
}

struct transfer *transfer_new(struct eddy_curl_get *self)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return NULL;
    transfer->self = self;
    transfer->size_limit = self->options.size_limit ? self->options.size_limit : (size_t)64 << 20;
    transfer->url = strdup(self->url);
    transfer->easy = curl_easy_init();
    if (transfer->url && transfer->easy && append(&transfer->headers, "", 0) && append(&transfer->body, "", 0) &&
        set_up(transfer, self) == CURLE_OK)
        return transfer;
    transfer_free(transfer);
    return NULL;
}

void transfer_free(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->lines);
    free(transfer->url);
    free(transfer->headers.data);
    free(transfer->body.data);
    free(transfer);
}

/* ==== the end ==== */

/* The errno value of the system; 0: none. */
static int system_error(CURL *easy)
{
    long error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    return (int)error;
}

static bool was_connected(CURL *easy)
{
    char *address = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    return address && address[0];
}

static int code_of(const struct transfer *transfer, CURLcode code)
{
    int error = system_error(transfer->easy);
    if (transfer->refused)
        return transfer->refused;
    switch (code) {
    case CURLE_URL_MALFORMAT: return EINVAL;
    case CURLE_UNSUPPORTED_PROTOCOL: /* an error of the URL; or the answer is not HTTP */
        return was_connected(transfer->easy) ? EDDY_HTTP_FAILED : EINVAL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return ENOENT;
    case CURLE_COULDNT_CONNECT: return error ? error : ECONNREFUSED;
    case CURLE_OPERATION_TIMEDOUT: return ETIMEDOUT;
    case CURLE_TOO_MANY_REDIRECTS: return ELOOP;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING: return EDDY_INCOMPLETE_READ;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return error ? error : EDDY_HTTP_FAILED;
    case CURLE_OUT_OF_MEMORY: return ENOMEM;
    default: return EDDY_HTTP_FAILED;
    }
}

/* NULL: no memory. */
static eddy_curl_response *make_response(struct transfer *transfer)
{
    eddy_curl_response *response = calloc(1, sizeof *response);
    const char *url = NULL;
    long status = 0, redirects = 0;
    curl_off_t microseconds = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
    if (response)
        response->url = strdup(url ? url : transfer->url);
    if (!response || !response->url) {
        free(response);
        return NULL;
    }
    response->status = (int)status;
    response->redirects = (int)redirects;
    response->seconds = (double)microseconds / 1e6;
    response->headers = transfer->headers.data;
    response->body = transfer->body.data;
    response->size = transfer->body.size;
    transfer->headers.data = transfer->body.data = NULL;
    return response;
}

void transfer_finish(struct transfer *transfer, CURLcode code)
{
    struct eddy_curl_get *self = transfer->self;
    if (code == CURLE_OK)
        self->result = make_response(transfer);
    if (self->result) {
        (eddy_complete)(self);
    } else {
        int error = code == CURLE_OK ? ENOMEM : code_of(transfer, code);
        const char *text = transfer->error[0] ? transfer->error : curl_easy_strerror(code);
        (eddy_complete_error)(self, error, "eddy_curl_get(\"%s\"): %s", transfer->url,
                              error == ENOMEM ? "no memory for the response" : text);
    }
    transfer_free(transfer);
}
