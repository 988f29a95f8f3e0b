/* SPDX-License-Identifier: MIT */
/* rows.h - the result of a statement, as programs see it. */
#ifndef EDDY_PG_ROWS_H
#define EDDY_PG_ROWS_H

#include <libpq-fe.h>

#include "eddy/pg.h"

/* Takes the result over. NULL: *why says why not: there is no memory, or bytea_output is not hex (*code: EBADMSG). */
eddy_pg_rows *rows_new(PGresult *result, int *code, const char **why);

#endif
