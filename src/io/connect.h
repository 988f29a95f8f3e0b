/* SPDX-License-Identifier: MIT */
/* connect.h - a connected socket from a host's name and a port. */
#ifndef EDDY_IO_CONNECT_H
#define EDDY_IO_CONNECT_H

#include <eddy.h>

/* A numeric address and port, for messages. */
struct host_name {
    char text[64];
};

/* False: the size of the options is not set, or that of a later version. NULL: the usual ones. */
static inline bool connection_options_fit(const eddy_connection_options *options)
{
    return !options || (options->size > 0 && options->size <= sizeof *options);
}

/* Result: a socket of the running loop, which belongs to the caller, and *peer. Fails with a sentence that begins with
 * `call` and its arguments; options may be NULL. */
eddy_async_declare(int, connect_to_host, (const char *, call), (const char *, host), (int, port),
                   (const eddy_connection_options *, options), (struct host_name *, peer));

#endif
