/* SPDX-License-Identifier: MIT */
/* address.h - an address of a socket: an IPv4 or IPv6 address with a port, or the name of a Unix socket. */
#ifndef EDDY_ADDRESS_H
#define EDDY_ADDRESS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A plain value; data is a struct sockaddr for the system's own calls. */
typedef struct eddy_address {
    unsigned size;     /* bytes of data in use; 0: no address is set */
    uint64_t data[16];
} eddy_address;

/* Sets an IP address. host: numeric ("127.0.0.1", "::1", "fe80::1%eth0"); no name is looked up. Returns 0 or EINVAL.
 * Never suspends. Python: the tuple (host, port). Since 0.1. */
EDDY_API int eddy_address_ip(eddy_address *address, const char *host, int port);
/* Sets the path of a Unix socket; "@name" is an abstract name, without a file. Returns 0 or ENAMETOOLONG. Python:
 * the path. Since 0.1. */
EDDY_API int eddy_address_unix(eddy_address *address, const char *path);
/* Writes "127.0.0.1:80", "[::1]:80", "/run/x", "@name" or "an unnamed socket"; returns the length as snprintf does.
 * Since 0.1. */
EDDY_API size_t eddy_address_format(const eddy_address *address, char *buffer, size_t size);
/* The port; 0 if the address has none. Since 0.1. */
EDDY_API int eddy_address_port(const eddy_address *address);
/* True: both have the same address and port, or the same name. Since 0.1. */
EDDY_API bool eddy_address_equal(const eddy_address *a, const eddy_address *b);

#ifdef __cplusplus
}
#endif
#endif
