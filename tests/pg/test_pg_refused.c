/* SPDX-License-Identifier: MIT */
/* test_pg_refused.c - the n-th allocation of a program with a client is refused, for each n: an error, or nothing. */
#include "fake.h"
#include "refused.h"

/* What a refused allocation may lead to; the server is in this program, and may have met it. */
static bool is_expected(int code)
{
    return code == 0 || code == ENOMEM || code == ECONNRESET || code == ECONNABORTED || code == EPIPE || code == EIO ||
           code == ETIMEDOUT || code == EDDY_INCOMPLETE_READ;
}

async(void, transacts, (eddy_pg *, db))
{
    async_with (tx, eddy_pg_transaction(db))
        await(eddy_pg_execute(tx, "insert", 1, 2.5, "text"));
}

async(void, uses_all, (eddy_pg *, db))
{
    eddy_error err;
    eddy_pg_value values[20] = {{.kind = EDDY_PG_NULL}};
    eddy_pg_rows_free(await(eddy_pg_query(db, "echo", "x"), &err));
    CHECK(is_expected(err.code));
    eddy_pg_rows_free(await(eddy_pg_query_array(db, "select", values, 20), &err));
    CHECK(is_expected(err.code));
    __auto_type first = spawn(eddy_pg_query(db, "echo", "y"));
    __auto_type second = spawn(eddy_pg_query(db, "hang"));
    eddy_pg_rows_free(await(first, &err));
    CHECK(is_expected(err.code));
    eddy_cancel(second);
    await(second, &err);
    CHECK(is_expected(err.code) || err.code == ECANCELED);
    await(transacts(db), &err);
    CHECK(is_expected(err.code));
    async_with (own, eddy_pg_acquire(db))
        await(eddy_pg_execute(own, "set"));
}

async(void, begins, (struct fake *, fake))
{
    eddy_error err;
    await(fake_start(fake));
    eddy_pg_options options = {.size = sizeof options, .user = "u", .password = "p",
                               .connections = 2, .connect_seconds = 1};
    eddy_pg *db = await(eddy_pg_open(fake->url, &options));
    defer(eddy_pg_free, db);
    await(uses_all(db), &err);
    CHECK(is_expected(err.code));
    refused_at = 0;
    do /* it goes on, if need be on another connection */
        await(eddy_pg_execute(db, "select"), &err);
    while (err.code == ECONNRESET);
    CHECK(err.code == 0);
}

#include "refused_fake.h"
