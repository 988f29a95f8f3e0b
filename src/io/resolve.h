/* SPDX-License-Identifier: MIT */
/* resolve.h - from a host's name to its addresses for TCP, by value. */
#ifndef EDDY_IO_RESOLVE_H
#define EDDY_IO_RESOLVE_H

#include "io/socket.h"

enum { RESOLVE_MOST = 16 };

struct address_list {
    int code;           /* 0, or an errno value: why there are no addresses */
    char reason[96]; /* the resolver's words for the error */
    size_t count;
    union address items[RESOLVE_MOST]; /* further addresses are dropped: no connect tries that many */
};

/* host NULL or "": this machine (passive: each of its addresses). Fails only by cancellation. */
eddy_async_declare(struct address_list, resolve_host, (const char *, host), (int, port), (bool, passive));

#endif
