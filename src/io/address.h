/* SPDX-License-Identifier: MIT */
/* address.h - addresses of sockets, from text and to text. */
#ifndef EDDY_IO_ADDRESS_H
#define EDDY_IO_ADDRESS_H

#include <eddy/address.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* An address of a host: what getaddrinfo gives for TCP. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

socklen_t address_size(const union address *address);
void address_set_port(union address *address, int port);
/* "127.0.0.1:80", "[::1]:80"; as snprintf. */
size_t address_format(const union address *address, char *buffer, size_t size);
struct eddy_address address_public(const union address *address);
/* The struct sockaddr that an address holds. */
static inline struct sockaddr *address_any(const struct eddy_address *address)
{
    return (struct sockaddr *)(uintptr_t)address->data;
}

#endif
