/* SPDX-License-Identifier: MIT */
/* test_copy.c - COPY and notifications of <eddy/pg.h>, and PostgreSQL itself: PG_URL, which with_pg.py sets. */
#include <eddy/pg.h>

#include "unit/run_clean.h"

#define URL getenv("PG_URL")

async(int64_t, number_of, (eddy_pg *, db), (const char *, sql))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql));
    defer(eddy_pg_rows_free, rows);
    return eddy_pg_integer(rows, 0, 0);
}

/* ==== COPY ==== */

// [copy]
async(int64_t, fill, (eddy_pg *, db), (int, rows))
{
    char row[64];
    int64_t count = 0;
    async_with (data, eddy_pg_copy(db, "copy c from stdin")) {
        for (int i = 0; i < rows; i++)
            await(eddy_pg_write(data, row, (size_t)snprintf(row, sizeof row, "%d\trow %d\n", i, i)));
        count = await(eddy_pg_finish(data));
    }
    return count;
}

/* A row is a piece that ends with a line feed. */
async(size_t, weigh, (eddy_pg *, db), (size_t *, rows))
{
    size_t bytes = 0;
    async_with (data, eddy_pg_copy(db, "copy c to stdout"))
        async_for (piece, eddy_pg_pieces(data)) {
            bytes += piece.size;
            ++*rows;
        }
    return bytes;
}
// [copy]

async(void, copies)
{
    size_t rows = 0;
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table c(i int, t text)"));
        CHECK(await(fill(db, 100000)) == 100000);
        CHECK(await(number_of(db, "select sum(i) from c")) == 4999950000);
        CHECK(await(weigh(db, &rows)) == 1577780 && rows == 100000);
        async_with (data, eddy_pg_copy(db, "copy c from stdin")) { /* a row in parts, and ended by the block */
            await(eddy_pg_write(data, "5\thal", 5));
            await(eddy_pg_write(data, "f\n", 2));
        }
        CHECK(await(number_of(db, "select count(*) from c where t = 'half'")) == 1);
        await(eddy_pg_script(db, "drop table c"));
    }
}

static void rows_are_copied_in_and_out(void **state)
{
    (void)state;
    RUN_CLEAN(copies());
}

async(void, copies_badly, (eddy_pg *, db), (const char *, sql), (const char *, bytes), (bool, throws))
{
    async_with (data, eddy_pg_copy(db, sql)) {
        await(eddy_pg_write(data, bytes, strlen(bytes)));
        if (throws)
            throw(EIO, "no more");
    }
}

async(int, copy_code, (eddy_pg *, db), (const char *, sql), (const char *, bytes), (const char *, words))
{
    eddy_error err;
    await(copies_badly(db, sql, bytes, !*words), &err);
    if (err.code && !strstr(err.message, words))
        throw(EDDY_INVALID_STATE, "\"%s\" does not say \"%s\"", err.message, words);
    return err.code;
}

async(void, fails_to_copy)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    async_with (db, eddy_pg_open(URL, &options)) {
        await(eddy_pg_script(db, "create table d(i int)"));
        int64_t session = await(number_of(db, "select pg_backend_pid()"));
        CHECK(await(copy_code(db, "copy nowhere from stdin", "", "42P01")) == ENOENT);
        CHECK(await(copy_code(db, "copy d from stdin", "1\nx\n", "22P02")) == EINVAL);
        CHECK(await(copy_code(db, "select 1", "", "neither COPY")) == EINVAL);
        CHECK(await(copy_code(db, "copy d to stdout", "1\n", "nothing can be written")) == EINVAL);
        CHECK(await(copy_code(db, NULL, "", "no statement")) == EINVAL);
        eddy_error err;
        await(eddy_pg_script(db, "insert into d values(1); copy d from stdin; select 1"), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "eddy_pg_copy"));
        CHECK(await(copy_code(db, "copy d from stdin; copy d from stdin", "1\n", "one statement")) == EINVAL);
        CHECK(await(copy_code(db, "select 1; copy d from stdin", "1\n", "COPY")) == EINVAL);
        CHECK(await(number_of(db, "select count(*) from d")) == 0);
        session = await(number_of(db, "select pg_backend_pid()"));
        CHECK(await(copy_code(db, "copy d from stdin", "1\n", "")) == EIO);
        CHECK(await(number_of(db, "select count(*) from d")) == 0);
        CHECK(await(number_of(db, "select pg_backend_pid()")) == session);
        await(eddy_pg_script(db, "drop table d"));
    }
}

static void a_copy_that_fails_leaves_no_rows_and_a_good_connection(void **state)
{
    (void)state;
    RUN_CLEAN(fails_to_copy());
}

static const char endless[] = "copy (select generate_series(1, 100000000)) to stdout";

async(void, reads_some, (eddy_pg *, db), (int, pieces))
{
    eddy_slice bytes;
    async_with (data, eddy_pg_copy(db, endless))
        for (int i = 0; i < pieces; i++)
            CHECK(await(eddy_pg_read(data, &bytes)) && atoi(bytes.data) == i + 1);
}

async(void, leaves_a_copy)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, eddy_pg_open(URL, &options)) {
        await(reads_some(db, 10));
        CHECK(await(number_of(db, "select 4")) == 4); /* soon, not after all rows */
        await_for(reads_some(db, 100000000), 0.05, &err);
        CHECK(err.code == ETIMEDOUT && await(number_of(db, "select 5")) == 5);
        async_with (own, eddy_pg_acquire(db)) {
            await(reads_some(own, 10));
            await_for(eddy_pg_query(own, "select pg_sleep(3600)"), 0.05, &err);
            CHECK(err.code == ETIMEDOUT && await(number_of(own, "select 6")) == 6); /* the server has given it up */
        }
        async_with (own, eddy_pg_acquire(db))
            async_with (data, eddy_pg_copy(own, "copy (select 1) to stdout")) {
                await(eddy_pg_execute(own, "select 1"), &err);
                CHECK(err.code == EBUSY);
                await(eddy_pg_finish(data), &err);
                CHECK(err.code == EINVAL);
            }
    }
}

static void a_copy_can_be_left_early(void **state)
{
    (void)state;
    RUN_CLEAN(leaves_a_copy());
}

async(void, copies_for_ever, (eddy_pg *, db), (int *, begun))
{
    eddy_slice bytes;
    async_with (data, eddy_pg_copy(db, endless))
        while (await(eddy_pg_read(data, &bytes)))
            *begun = 1;
}

async(void, closes_under_a_copy)
{
    eddy_error err;
    int begun = 0;
    eddy_pg *db = await(eddy_pg_open(URL));
    __auto_type copier = spawn(copies_for_ever(db, &begun));
    while (!begun)
        await(eddy_sleep(0.002));
    await(eddy_pg_close(db));
    await(copier, &err);
    CHECK(err.code == ECONNRESET);
}

static void closing_the_client_ends_a_copy(void **state)
{
    (void)state;
    RUN_CLEAN(closes_under_a_copy());
}

/* ==== notifications ==== */

// [listen]
async(void, listen_to, (eddy_pg_subscription *, s), (int, most), (int *, sum))
{
    int count = 0;
    async_for (n, eddy_pg_notifications(s)) {
        *sum += atoi(n.payload.data);
        if (++count == most)
            break;
    }
}
// [listen]

async(void, notifies)
{
    int sum = 0;
    async_with (db, eddy_pg_open(URL)) {
        eddy_pg_subscription *s = await(eddy_pg_listen(db, "odd \"name\"", "news"));
        defer(eddy_pg_unlisten, s);
        __auto_type listener = spawn(listen_to(s, 100, &sum));
        for (int i = 0; i < 100; i++)
            await(eddy_pg_notify(db, i % 2 ? "odd \"name\"" : "news", "7"));
        await(listener);
        CHECK(sum == 700);
        eddy_pg_notification n;
        eddy_error err;
        await_for(eddy_pg_receive(s, &n), 0.02, &err);
        CHECK(err.code == ETIMEDOUT);
        await(eddy_pg_notify(db, "news", "after"));
        CHECK(await(eddy_pg_receive(s, &n)) && strcmp(n.payload.data, "after") == 0 && !n.after_gap);
        CHECK(strcmp(n.channel.data, "news") == 0 && n.channel.size == 4 && n.sender > 0);
        await(eddy_pg_listen(db, ""), &err);
        CHECK(err.code == EINVAL);
    }
}

static void notifications_come_in_order(void **state)
{
    (void)state;
    RUN_CLEAN(notifies());
}

async(void, listens_again)
{
    async_with (db, eddy_pg_open(URL)) {
        eddy_pg_notification n;
        eddy_error err;
        eddy_pg_subscription *s = await(eddy_pg_listen(db, "news"));
        defer(eddy_pg_unlisten, s);
        __auto_type waits = spawn(eddy_pg_receive(s, &n));
        await(eddy_sleep(0));
        await(eddy_pg_receive(s, &n), &err);
        CHECK(err.code == EDDY_STREAM_BUSY);
        /* It waits for the end of the old one, which would be counted below. */
        await(eddy_pg_execute(db, "select pg_terminate_backend(pid, 60000) from pg_stat_activity "
                                  "where query like 'listen%'"));
        while (!await(number_of(db, "select count(*) from pg_stat_activity "
                                    "where query like 'listen%' and state = 'idle'")))
            await(eddy_sleep(0.005)); /* until it has come back, and listens */
        await(eddy_pg_notify(db, "news", "again"));
        await(waits);
        CHECK(n.after_gap && strcmp(n.payload.data, "again") == 0);
        await(eddy_pg_notify(db, "news", "more"));
        CHECK(await(eddy_pg_receive(s, &n)) && !n.after_gap);
    }
}

static void a_listener_that_is_killed_comes_back(void **state)
{
    (void)state;
    RUN_CLEAN(listens_again());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_copied_in_and_out),
        cmocka_unit_test(a_copy_that_fails_leaves_no_rows_and_a_good_connection),
        cmocka_unit_test(a_copy_can_be_left_early),
        cmocka_unit_test(closing_the_client_ends_a_copy),
        cmocka_unit_test(notifications_come_in_order),
        cmocka_unit_test(a_listener_that_is_killed_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
