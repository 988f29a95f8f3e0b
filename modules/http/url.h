/* SPDX-License-Identifier: MIT */
/* url.h - URLs of the client: what to connect to, and what to ask for there. */
#ifndef EDDY_HTTP_URL_H
#define EDDY_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

struct url {
    char *text;         /* as a whole, without a fragment; from malloc, with room for what is below */
    char *host;         /* without brackets: what to connect to */
    int port;
    bool secure;        /* https */
    const char *place;  /* host and port as the Host field has them */
    const char *target; /* path and query, "/" at least; the end of text */
    size_t origin;      /* bytes of text before the target */
};

/*
 * Makes an absolute URL of a reference and the URL that it was found at (NULL: it must be absolute). Returns 0, EINVAL
 * or ENOMEM. url_free frees what it holds, and may be called for a struct that is all zero.
 */
int url_make(struct url *url, const struct url *base, const char *reference);
void url_free(struct url *url);
/* True: both are reached by the same connection. */
bool url_same_origin(const struct url *a, const struct url *b);

#endif
