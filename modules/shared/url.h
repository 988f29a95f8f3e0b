/* SPDX-License-Identifier: MIT */
/* url.h - parts of a URL, and the first thing that is wrong with it. */
#ifndef EDDY_MODULES_URL_H
#define EDDY_MODULES_URL_H

#include <stddef.h>

struct url_problem {
    int code;        /* 0: nothing is wrong */
    const char *why;
};

/* Only the first problem is kept. */
void url_refuse(struct url_problem *problem, int code, const char *why);
/* A copy of a part, with %XX replaced; the caller frees it. NULL: no memory. */
char *url_part(struct url_problem *problem, const char *from, size_t size);
/* A number from 0 to `most`; if it is none, `why` is the problem. */
int url_number(struct url_problem *problem, const char *text, size_t size, int most, const char *why);

struct url_host {
    char *name; /* the caller frees it */
    int port;
};

/* HOST, HOST:PORT, [HOST], [HOST]:PORT. Without a name the host is localhost; port: if none is written. */
struct url_host url_host(struct url_problem *problem, const char *text, size_t size, int port);

#endif
