/* SPDX-License-Identifier: MIT */
/*
 * curl.h - HTTP requests that are awaited: libcurl's transfers on Eddy's loop.
 *
 *     eddy_curl_response *page = await(eddy_curl_get("https://example.org/"));
 *     defer(eddy_curl_response_free, page);
 *
 * A response of any status is a result; an error means that no complete response arrived. Transfers of a loop that
 * run at the same time share connections and data about hosts. A cancelled await (a timeout around it, too) aborts
 * the transfer. libcurl uses the real clock, even if Eddy's is simulated.
 */
#ifndef EDDY_CURL_H
#define EDDY_CURL_H

#include <eddy.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_curl_response {
    int status;       /* 200, 404, ...: of the last response, if redirects were followed */
    int redirects;    /* how many were */
    char *url;        /* the final URL of the response */
    char *headers;    /* its header lines, "Name: value\r\n" each; the status line is the first */
    char *body;       /* decoded; a 0 byte follows the last */
    size_t size;      /* of body */
    double seconds;   /* seconds from the start of the request to the end of the response */
} eddy_curl_response;

/* Zero is the default of every member. The data that the pointers refer to are read when the await begins. */
typedef struct eddy_curl_options {
    const char *method;             /* NULL: "GET", or "POST" if there is a body */
    const char *const *headers;     /* lines "Name: value", followed by NULL */
    const void *body;               /* sent with the request */
    size_t body_size;
    double timeout;                 /* seconds for the whole request; 0: 60, below 0: no limit */
    double connect_timeout;         /* seconds for the connection; 0: 30 */
    int max_redirects;              /* greatest number of redirects; 0: 10, below 0: a redirect is a result */
    size_t size_limit;              /* greatest size of a body in bytes; 0: 64 MiB */
} eddy_curl_options;

/* Frees it; NULL is allowed.  Since 0.1. */
EDDY_API void eddy_curl_response_free(eddy_curl_response *response);
/* The value of a header of the response, without regard to case; {NULL, 0} if it has none.  Since 0.1. */
EDDY_API eddy_slice eddy_curl_header(const eddy_curl_response *response, const char *name);
/* "Not Found"; "" for an unknown status.  Since 0.1. */
EDDY_API const char *eddy_curl_status_text(int status);
/* The reference of a link on page `base` as an absolute URL, which the caller frees; NULL: no URL can be made of it,
 * or there is no memory. Python: urllib.parse.urljoin. Since 0.1. */
EDDY_API char *eddy_curl_join(const char *base, const char *reference);

struct eddy_curl_get {
    struct eddy_awaitable awaitable;
    eddy_curl_response *result;
    const char *url;
    struct eddy_curl_options options;
    void *transfer; /* the module's transfer, while it is in progress */
};
/*
 * await(eddy_curl_get(url)), await(eddy_curl_get(url, &options)): the response, which the caller frees.
 * Fails with EINVAL (not an http or https URL), ENOENT (no such host), ECONNREFUSED, ECONNRESET, ETIMEDOUT,
 * ELOOP (too many redirects), EDDY_INCOMPLETE_READ (the connection ended before the response did), EMSGSIZE (larger
 * than size_limit), EDDY_HTTP_FAILED (the answer is not HTTP, no trust in the certificate, ...), ECANCELED, ENOMEM;
 * the message has libcurl's words. Python: aiohttp's session.request. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_curl_get eddy_curl_get_with(const char *url, const eddy_curl_options *options,
                                                               size_t options_size);

#ifndef __cplusplus
/* Variadic: &(eddy_curl_options){.method = "HEAD", .timeout = 5} is several macro arguments. */
#define eddy_curl_get(...) ED_CAT(ED_CURL_GET_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_CURL_GET_1(url) eddy_curl_get_with((url), NULL, 0)
#define ED_CURL_GET_M(url, ...) eddy_curl_get_with((url), (__VA_ARGS__), sizeof(eddy_curl_options))
#endif

/* The names that these had before <eddy/http.h> was there; they go with the next release. A program that includes
 * both headers uses the new ones. */
#if !defined EDDY_HTTP_H && !defined EDDY_NO_OLD_NAMES
#define eddy_http_get eddy_curl_get
#define eddy_http_get_with eddy_curl_get_with
#define eddy_http_header eddy_curl_header
#define eddy_http_join eddy_curl_join
#define eddy_http_options eddy_curl_options
#define eddy_http_response eddy_curl_response
#define eddy_http_response_free eddy_curl_response_free
#define eddy_http_status_text eddy_curl_status_text
#endif

#ifdef __cplusplus
}
#endif
#endif
