/* SPDX-License-Identifier: MIT */
/* address.h - where a server is and how to log in: what a URL, the options and the environment say, for libpq. */
#ifndef EDDY_PG_ADDRESS_H
#define EDDY_PG_ADDRESS_H

#include "eddy/pg.h"

enum { MOST_SETTINGS = 64 };

/* Shared by a client and its subscriptions, on one thread; never changed. */
struct address {
    size_t uses;
    char *names[MOST_SETTINGS];   /* libpq's names of what was set, but for host, hostaddr and port */
    char *values[MOST_SETTINGS];
    size_t count;
    char *hosts, *numbers, *ports; /* lists with commas; "" and NULL: there is none */
    eddy_pg_options limits;        /* the numbers, with the defaults filled in, and notice */
    char label[160];               /* for messages: "postgresql://localhost:5432/shop"; never a password */
};

/* Where to connect, for libpq, which looks no names up then. */
struct place {
    eddy_buffer hosts, numbers, ports; /* lists with commas, of `count` elements */
    size_t count;
};

/* NULL: *code is EINVAL or ENOMEM, and why[] says what is wrong. */
struct address *address_new(const char *url, const eddy_pg_options *options, int *code, char why[256]);
struct address *address_use(struct address *address);
void address_drop(struct address *address);

/* Looks the hosts up. place: empty; place_free frees it, also after a failure. */
eddy_async_declare(void, address_find, (const struct address *, address), (struct place *, place));
void place_free(struct place *place);

#endif
