/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - from a host's name to its addresses.
 *
 * Numeric addresses are answered at once, names by getaddrinfo on a thread of the loop's pool.  Everything travels
 * by value: a cancelled wait leaves the copy to the thread, and nothing is owned by either.
 */
#ifndef EDDY_IO_RESOLVE_H
#define EDDY_IO_RESOLVE_H

#include "io/socket.h"

enum { RESOLVE_MOST = 16, RESOLVE_NAME = 256 };

struct address_list {
    int code;           /* 0, or an errno value: why there is none */
    const char *reason; /* what getaddrinfo says to it; static */
    size_t count;
    union address items[RESOLVE_MOST]; /* those beyond are dropped: nobody tries that many */
};

/* host NULL or "": this machine (passive: each of its addresses).  Never fails but by cancellation. */
eddy_async_declare(struct address_list, resolve_host, (const char *, host), (int, port), (bool, passive));

#endif
