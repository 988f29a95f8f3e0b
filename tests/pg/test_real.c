/* SPDX-License-Identifier: MIT */
/* test_real.c - <eddy/pg.h> and PostgreSQL itself: PG_URL and PG_TLS_URL, which with_pg.py sets. */
#include <eddy/pg.h>

#include <unistd.h>

#include "pg/query.h"
#include "unit/run_clean.h"

#define URL getenv("PG_URL")

/* ==== values ==== */

static const char types[] =
    "create temporary table t(i int, l bigint, s smallint, r float8, f real, b bool, n numeric, c text, d bytea,"
    " j json, a int[], w timestamp)";

async(void, keeps_values, (eddy_pg *, db))
{
    eddy_slice bytes = {"\\x\0\377a", 5}, empty = {NULL, 0};
    char text[] = "o'ne $1 % \303\244";
    const char *nothing = NULL;
    eddy_pg_value row[] = {ed_pg_signed(-7), ed_pg_signed(INT64_MIN), ed_pg_signed(3), ed_pg_real(0.1),
                           ed_pg_real(-2.5), ed_pg_boolean(true), ed_pg_text("12345678901234567890.25"),
                           ed_pg_text(text), ed_pg_bytes(bytes), ed_pg_text("{\"a\": [1]}"), ed_pg_text("{1,2}"),
                           ed_pg_text("2026-01-02 03:04:05")};
    eddy_pg_rows *rows = await(eddy_pg_query_array(
        db, "insert into t values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning *", row, 12));
    CHECK(rows->count == 1 && rows->columns == 12 && rows->changes == 1 && strcmp(rows->tag, "INSERT 0 1") == 0);
    CHECK(eddy_pg_integer(rows, 0, 0) == -7 && eddy_pg_integer(rows, 0, 1) == INT64_MIN);
    CHECK(eddy_pg_real(rows, 0, 3) == 0.1 && eddy_pg_integer(rows, 0, 4) == -2 && eddy_pg_boolean(rows, 0, 5));
    CHECK(strcmp(eddy_pg_text(rows, 0, 6), "12345678901234567890.25") == 0);
    CHECK(strcmp(eddy_pg_text(rows, 0, 7), text) == 0);
    eddy_slice back = eddy_pg_bytes(rows, 0, 8);
    CHECK(back.size == 5 && memcmp(back.data, bytes.data, 6) == 0);
    CHECK(strcmp(eddy_pg_text(rows, 0, 9), "{\"a\": [1]}") == 0);
    CHECK(strcmp(eddy_pg_text(rows, 0, 10), "{1,2}") == 0);
    CHECK(rows->column[1].kind == EDDY_PG_INTEGER && rows->column[6].kind == EDDY_PG_TEXT);
    CHECK(rows->column[8].kind == EDDY_PG_BYTES && rows->column[8].type == 17);
    CHECK(eddy_pg_find_column(rows, "n") == 6 && eddy_pg_find_column(rows, "N") == -1);
    eddy_pg_rows_free(rows);
    rows = await(eddy_pg_query(db, "select $1::text is null, $2::bytea, $3::bytea, $4::int8, $5::bool, $6::float8",
                               nothing, empty, nothing, 18446744073709551615ull >> 1, false, 2.5f));
    CHECK(eddy_pg_boolean(rows, 0, 0) && eddy_pg_bytes(rows, 0, 1).size == 0 && !eddy_pg_is_null(rows, 0, 1));
    CHECK(eddy_pg_is_null(rows, 0, 2) && eddy_pg_bytes(rows, 0, 2).size == 0 && *eddy_pg_text(rows, 0, 2) == '\0');
    CHECK(eddy_pg_integer(rows, 0, 3) == INT64_MAX && !eddy_pg_boolean(rows, 0, 4) && eddy_pg_real(rows, 0, 5) == 2.5);
    eddy_pg_rows_free(rows);
    rows = await(eddy_pg_query(db, "select $1::text", NULL));
    CHECK(eddy_pg_is_null(rows, 0, 0));
    eddy_pg_rows_free(rows);
}

async(void, keeps_all_values)
{
    async_with (db, eddy_pg_open(URL))
        async_with (own, eddy_pg_acquire(db)) {
            await(eddy_pg_execute(own, types));
            await(keeps_values(own));
            await(eddy_pg_execute(own, "set bytea_output = 'escape'"));
            CHECK(await(code_of(own, "select d from t", "bytea_output")) == EBADMSG);
        }
}

static void values_come_back_as_they_were(void **state)
{
    (void)state;
    RUN_CLEAN(keeps_all_values());
}

async(void, reports_errors)
{
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        CHECK(await(code_of(db, "selec", "42601: syntax error at or near \"selec\"")) == EINVAL);
        CHECK(await(code_of(db, "select * from nowhere", "42P01: relation \"nowhere\"")) == ENOENT);
        CHECK(await(code_of(db, "select 1 / 0", "22012: division by zero")) == EINVAL);
        CHECK(await(code_of(db, "select 1; select 2", "cannot insert multiple commands")) == EINVAL);
        CHECK(await(code_of(db, "", "no statement")) == EINVAL);
        CHECK(await(code_of(db, "select $1::int", "")) == EINVAL);
        await(eddy_pg_script(db, "create table u(i int primary key); insert into u values(1)"));
        await(eddy_pg_execute(db, "insert into u values($1)", 1), &err);
        CHECK(err.code == EEXIST && eddy_pg_is_state(&err, "23505") && strstr(err.message, "(Key (i)=(1)"));
        await(eddy_pg_script(db, "insert into u values(2); insert into u values(1); insert into u values(3)"), &err);
        CHECK(err.code == EEXIST && await(number_of(db, "select count(*) from u")) == 1);
        CHECK(await(eddy_pg_execute(db, "update u set i = i + 5")) == 1);
        await(eddy_pg_script(db, "drop table u"));
        async_with (own, eddy_pg_acquire(db)) {
            await(eddy_pg_execute(own, "set statement_timeout = 10"));
            CHECK(await(code_of(own, "select pg_sleep(10)", "57014")) == ETIMEDOUT);
        }
        CHECK(await(number_of(db, "select 1 from pg_settings where name like 'statement_t%' and setting = '0'")) == 1);
    }
}

static void errors_have_codes_and_the_words_of_the_server(void **state)
{
    (void)state;
    RUN_CLEAN(reports_errors());
}

/* ==== tasks ==== */

async(void, counts, (eddy_pg *, db), (int, times))
{
    for (int i = 0; i < times; i++) {
        await(eddy_pg_execute(db, "update n set i = i + 1"));
        CHECK(await(number_of(db, "select 5")) == 5);
    }
}

async(void, is_shared)
{
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table n(i int); insert into n values(0)"));
        async_with (g, eddy_task_group())
            for (int i = 0; i < 20; i++)
                eddy_group_spawn(g, counts(db, 20));
        CHECK(await(number_of(db, "select i from n")) == 400);
        await(eddy_pg_execute(db, "drop table n"));
    }
}

static void many_tasks_share_a_few_connections(void **state)
{
    (void)state;
    RUN_CLEAN(is_shared());
}

async(int64_t, waits_with, (eddy_pg *, db), (eddy_slice, bytes))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, "select length($1::bytea) from pg_advisory_lock(7)", bytes));
    defer(eddy_pg_rows_free, rows);
    return eddy_pg_integer(rows, 0, 0);
}

/* libpq takes the answer to the first statement while the second one does not fit into the socket. */
async(void, sends_much, (eddy_slice, much))
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    async_with (other, eddy_pg_open(URL))
        async_with (db, eddy_pg_open(URL, &options))
            async_with (own, eddy_pg_acquire(other)) {
                await(eddy_pg_execute(own, "select pg_advisory_lock(7)"));
                __auto_type first = spawn(number_of(db, "select 5"));
                await(eddy_sleep(0));
                usleep(100000); /* the loop does not see that the answer comes */
                __auto_type second = eddy_spawn_eager(waits_with(db, much));
                CHECK(await(first) == 5);
                await(eddy_pg_execute(own, "select pg_advisory_unlock(7)"));
                CHECK(await(second) == (int64_t)much.size);
            }
}

static void a_long_statement_does_not_keep_the_rows_of_others(void **state)
{
    eddy_slice much = {calloc(1, 32 << 20), 32 << 20};
    (void)state;
    assert_non_null(much.data);
    RUN_CLEAN(sends_much(much));
    free((void *)(uintptr_t)much.data);
}

async(void, changes_plans)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1, .statements = 3};
    char sql[64];
    async_with (db, eddy_pg_open(URL, &options)) {
        await(eddy_pg_script(db, "create table p(i int)"));
        await(eddy_pg_execute(db, "select * from p"));
        await(eddy_pg_script(db, "alter table p add j int"));
        eddy_pg_rows *rows = await(eddy_pg_query(db, "select * from p")); /* prepared when it had one column */
        CHECK(rows->columns == 2);
        eddy_pg_rows_free(rows);
        await(eddy_pg_script(db, "drop table p; deallocate all"));
        CHECK(await(number_of(db, "select 1")) == 1);
        for (int i = 0; i < 20; i++) {
            snprintf(sql, sizeof sql, "select %d", i % 7);
            CHECK(await(number_of(db, sql)) == i % 7);
        }
        CHECK(await(number_of(db, "select count(*) from pg_prepared_statements")) <= 4);
    }
}

static void prepared_statements_follow_their_tables(void **state)
{
    (void)state;
    RUN_CLEAN(changes_plans());
}

/* ==== cancelling ==== */

async(bool, is_running, (eddy_pg *, db), (const char *, mark))
{
    eddy_pg_rows *rows = await(eddy_pg_query(
        db, "select count(*) from pg_stat_activity where state = 'active' and query like $1"
            " and pid <> pg_backend_pid()", mark));
    defer(eddy_pg_rows_free, rows);
    return eddy_pg_integer(rows, 0, 0) > 0;
}

async(void, is_cancelled)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (watch, eddy_pg_open(URL, &options))
        async_with (db, eddy_pg_open(URL, &options)) {
            __auto_type slow = spawn(eddy_pg_query(db, "select pg_sleep(3600) /* marked */"));
            while (!await(is_running(watch, "%marked%")))
                await(eddy_sleep(0.002));
            __auto_type next = spawn(number_of(db, "select 7"));
            await(eddy_sleep(0));
            eddy_cancel(slow);
            await(slow, &err);
            CHECK(err.code == ECANCELED && await(next) == 7);
            CHECK(!await(is_running(watch, "%marked%")));
        }
}

async(void, is_cancelled_in_a_script)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (watch, eddy_pg_open(URL, &options))
        async_with (db, eddy_pg_open(URL, &options)) {
            __auto_type slow = spawn(eddy_pg_script(db, "select 1; select pg_sleep(3600) /* written */"));
            while (!await(is_running(watch, "%written%")))
                await(eddy_sleep(0.002));
            eddy_cancel(slow);
            await(slow, &err);
            CHECK(err.code == ECANCELED && await(number_of(db, "select 7")) == 7);
            while (await(is_running(watch, "%written%")))
                await(eddy_sleep(0.002));
        }
}

static void a_cancelled_statement_ends_on_the_server(void **state)
{
    (void)state;
    RUN_CLEAN(is_cancelled());
    RUN_CLEAN(is_cancelled_in_a_script());
}

/* Requests to cancel hit what they are for, or what is sent again: nobody else sees them. */
async(void, works, (eddy_pg *, db), (int, times))
{
    for (int i = 0; i < times; i++)
        CHECK(await(number_of(db, "select 9 from pg_sleep(0.0005)")) == 9);
}

async(void, disturbs, (eddy_pg *, db), (int, times))
{
    eddy_error err;
    for (int i = 0; i < times; i++) {
        await_for(eddy_pg_query(db, "select pg_sleep(0.003)"), 0.001 + 0.0004 * (i % 7), &err);
        CHECK(err.code == ETIMEDOUT || err.code == 0);
    }
}

async(void, is_disturbed)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 2};
    async_with (db, eddy_pg_open(URL, &options))
        async_with (g, eddy_task_group()) {
            for (int i = 0; i < 4; i++)
                eddy_group_spawn(g, works(db, 60));
            eddy_group_spawn(g, disturbs(db, 40));
        }
}

static void a_cancellation_harms_no_other_task(void **state)
{
    (void)state;
    RUN_CLEAN(is_disturbed());
}

/* ==== transactions ==== */

async(void, moves, (eddy_pg *, db), (int, how))
{
    eddy_error err;
    async_with (tx, eddy_pg_transaction(db)) {
        await(eddy_pg_execute(tx, "update m set i = i + 1"));
        if (how == 0)
            throw(EIO, "it fails");
        if (how == 1)
            await(code_of(tx, "selec", "42601"));
        if (how == 2)
            await(moves(tx, 0), &err); /* this part alone is rolled back */
        if (how == 3)
            await_for(eddy_pg_query(tx, "select pg_sleep(3600)"), 0.05);
    }
}

async(void, is_transacted)
{
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table m(i int); insert into m values(0)"));
        await(moves(db, 0), &err);
        CHECK(err.code == EIO && await(number_of(db, "select i from m")) == 0);
        await(moves(db, 1), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "rolled back") && await(number_of(db, "select i from m")) == 0);
        await(moves(db, 2));
        CHECK(await(number_of(db, "select i from m")) == 1);
        await(moves(db, 3), &err);
        CHECK(err.code == ETIMEDOUT && await(number_of(db, "select i from m")) == 1);
        async_with (g, eddy_task_group())
            for (int i = 0; i < 20; i++)
                eddy_group_spawn(g, moves(db, 4));
        CHECK(await(number_of(db, "select i from m")) == 21);
        async_with (tx, eddy_pg_transaction(db, "isolation level serializable read only"))
            CHECK(await(code_of(tx, "update m set i = 0", "25006")) == EROFS);
    }
}

async(void, is_transacted_and_more)
{
    eddy_error err;
    await(is_transacted(), &err);
    CHECK(err.code == EINVAL); /* the last one had failed inside */
    async_with (db, eddy_pg_open(URL))
        await(eddy_pg_script(db, "drop table m"));
}

static void transactions_commit_or_roll_back(void **state)
{
    (void)state;
    RUN_CLEAN(is_transacted_and_more());
}

async(void, leaves_things)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    async_with (db, eddy_pg_open(URL, &options)) {
        async_with (own, eddy_pg_acquire(db)) {
            await(eddy_pg_script(own, "create temporary table x(i int); select pg_advisory_lock(1); begin"));
            await(eddy_pg_execute(own, "set search_path = 'nowhere'"));
        }
        CHECK(await(number_of(db, "select count(*) from pg_locks where locktype = 'advisory'")) == 0);
        CHECK(await(code_of(db, "select * from x", "42P01")) == ENOENT);
        async_with (tx, eddy_pg_transaction(db))
            await(eddy_pg_execute(tx, "create temporary table x(i int)"));
        CHECK(await(code_of(db, "select * from x", "42P01")) == ENOENT);
    }
}

static void a_connection_of_its_own_is_as_new_afterwards(void **state)
{
    (void)state;
    RUN_CLEAN(leaves_things());
}

/* ==== logging in, losing ==== */

async(void, logs_in)
{
    eddy_error err;
    eddy_pg_options options = {.size = sizeof options, .user = "locked", .password = "secret"};
    async_with (db, eddy_pg_open(URL, &options))
        CHECK(await(number_of(db, "select count(*) from pg_settings where current_user = 'locked'")) > 0);
    options.password = "wrong";
    await(eddy_pg_open(URL, &options), &err);
    CHECK(err.code == EACCES && !strstr(err.message, "wrong"));
    options.user = "nobody";
    await(eddy_pg_open(URL, &options), &err);
    CHECK(err.code == EACCES);
    async_with (db, eddy_pg_open(getenv("PG_TLS_URL")))
        CHECK(await(number_of(db, "select count(*) from pg_stat_ssl where pid = pg_backend_pid() and ssl")) == 1);
}

static void passwords_and_certificates_are_checked(void **state)
{
    (void)state;
    RUN_CLEAN(logs_in());
}

async(void, is_killed)
{
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, eddy_pg_open(URL, &options)) {
        await(eddy_pg_query(db, "select pg_terminate_backend(pg_backend_pid())"), &err);
        CHECK(err.code == ECONNRESET && strstr(err.message, "57P01"));
        CHECK(await(number_of(db, "select 3")) == 3);
        async_with (tx, eddy_pg_transaction(db))
            await(code_of(tx, "select pg_terminate_backend(pg_backend_pid())", "57P01"));
    }
}

async(void, is_killed_twice)
{
    eddy_error err;
    await(is_killed(), &err);
    CHECK(err.code == ECONNRESET);
}

static void killed_connections_are_made_again(void **state)
{
    (void)state;
    RUN_CLEAN(is_killed_twice());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_were),
        cmocka_unit_test(errors_have_codes_and_the_words_of_the_server),
        cmocka_unit_test(many_tasks_share_a_few_connections),
        cmocka_unit_test(a_long_statement_does_not_keep_the_rows_of_others),
        cmocka_unit_test(prepared_statements_follow_their_tables),
        cmocka_unit_test(a_cancelled_statement_ends_on_the_server),
        cmocka_unit_test(a_cancellation_harms_no_other_task),
        cmocka_unit_test(transactions_commit_or_roll_back),
        cmocka_unit_test(a_connection_of_its_own_is_as_new_afterwards),
        cmocka_unit_test(passwords_and_certificates_are_checked),
        cmocka_unit_test(killed_connections_are_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
