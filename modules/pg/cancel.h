/* SPDX-License-Identifier: MIT */
/* cancel.h - requests to the server to give up what a connection does, which go beside that connection. */
#ifndef EDDY_PG_CANCEL_H
#define EDDY_PG_CANCEL_H

#include <libpq-fe.h>
#include <stdio.h>

#include "eddy/pg.h"

/* What the server has told a connection, for requests to cancel. */
struct key {
    unsigned process, secret;
    bool is_known;
};

/* Notes the key while the connection logs in. The result goes to key_noted. NULL: no memory, and no key is noted. */
FILE *key_note(struct key *key, PGconn *pg);
void key_noted(PGconn *pg, FILE *trace);

/* Asks, and waits until the server has taken the request, so that it can hit nothing that is sent later. pg may be
 * closed meanwhile. Fails with ETIMEDOUT after so many seconds. *was_sent after a failure: the request may still
 * arrive. */
eddy_async_declare(void, cancel_ask, (PGconn *, pg), (struct key, key), (double, seconds), (bool *, was_sent));

#endif
