/* SPDX-License-Identifier: MIT */
/* link.h - connections of libpq that do not block, for tasks that wait for them. */
#ifndef EDDY_PG_LINK_H
#define EDDY_PG_LINK_H

#include <libpq-fe.h>

#include "address.h"
#include "cancel.h"

/* Connects and logs in, within connect_seconds. The caller gives the result to PQfinish. key: NULL, or is set. */
eddy_async_declare(PGconn *, link_open, (const struct address *, address), (struct key *, key));
/* Waits for the next result; NULL: all have come. The caller clears it. For a connection that no line reads. */
eddy_async_declare(PGresult *, link_result, (PGconn *, pg));
/* A COPY has begun. Until it has ended, libpq gives this result again and again. */
bool link_is_copying(const PGresult *result);
/* Sends what libpq has not sent yet. */
eddy_async_declare(void, link_flush, (PGconn *, pg));
/* Runs statements without values. Fails with the server's error, and with EINVAL at a COPY, which has begun then. */
eddy_async_declare(void, link_run, (PGconn *, pg), (const char *, sql), (const char *, label));

/* Seconds to wait before an attempt to connect, after so many that have failed. */
double link_delay(const struct address *address, unsigned failures);

#endif
