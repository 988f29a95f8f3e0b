/* SPDX-License-Identifier: MIT */
/* address.h - where a server is, how to log in, and the limits: what a URL and the options say. */
#ifndef EDDY_REDIS_ADDRESS_H
#define EDDY_REDIS_ADDRESS_H

#include "eddy/redis.h"

/* Shared by a client, its further connections and its subscriptions, on one thread; never changed. */
struct address {
    size_t uses;
    char *host;               /* NULL: a Unix socket */
    char *path;               /* of the Unix socket */
    char *user, *password;    /* NULL: none */
    char *name;               /* for CLIENT LIST; NULL: none */
    int port;
    int database;
    bool has_tls;
    eddy_redis_options limits; /* the numbers, with the defaults filled in, and tls */
    char label[160];          /* for messages: "redis://localhost:6379"; never a password */
};

/* NULL: *code is EINVAL or ENOMEM, and *why says what is wrong. */
struct address *address_new(const char *url, const eddy_redis_options *options, int *code, const char **why);
struct address *address_use(struct address *address);
void address_drop(struct address *address);

#endif
