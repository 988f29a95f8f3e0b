/* SPDX-License-Identifier: MIT */
/* query.h - what one statement comes to: an error and its words, or a number. */
#ifndef TESTS_PG_QUERY_H
#define TESTS_PG_QUERY_H

#include <eddy/keywords.h>
#include <eddy/pg.h>
#include <string.h>

async(int, code_of, (eddy_pg *, db), (const char *, sql), (const char *, words))
{
    eddy_error err;
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql), &err);
    if (!err.code)
        eddy_pg_rows_free(rows);
    else if (!strstr(err.message, words))
        throw(EDDY_INVALID_STATE, "\"%s\" does not say \"%s\"", err.message, words);
    return err.code;
}

async(int64_t, number_of, (eddy_pg *, db), (const char *, sql))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql));
    defer(eddy_pg_rows_free, rows);
    return eddy_pg_integer(rows, 0, 0);
}

#endif
