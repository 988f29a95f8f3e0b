/* SPDX-License-Identifier: MIT */
/* address.h - the servers, how to log in, and the limits: what a URL and the options say. */
#ifndef EDDY_NATS_ADDRESS_H
#define EDDY_NATS_ADDRESS_H

#include "eddy/nats.h"

enum { MOST_SERVERS = 32, PORT = 4222 };

struct server {
    char *host;
    int port;
    bool has_tls;
    char label[160];           /* for messages: "nats://localhost:4222"; never a password */
};

struct address {
    struct server servers[MOST_SERVERS]; /* those of the URL, then those that a server has told of */
    size_t count;
    size_t at;                 /* the server that was tried last */
    char *user, *password, *token, *seed, *jwt, *name; /* NULL: none */
    eddy_nats_options limits;  /* the numbers, with the defaults filled in, and tls */
};

/* NULL: *code is an errno value, and *why says what is wrong. */
struct address *address_new(const char *url, const eddy_nats_options *options, int *code, const char **why);
/* A server of the same cluster, "host:port", unless it is known. False: no memory. */
bool address_add(struct address *address, const char *server);
void address_free(struct address *address);

#endif
