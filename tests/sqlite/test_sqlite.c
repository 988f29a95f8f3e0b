/* SPDX-License-Identifier: MIT */
/* test_sqlite.c - rules of <eddy/sqlite.h>. */
#include <eddy/sqlite.h>

#include <unistd.h>

#include "unit/run_clean.h"

static const char schema[] = "create table t(id integer primary key, name text unique, size real, data blob)";
/* Many rows without a table; it takes seconds. */
static const char endless[] =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

async(eddy_sqlite *, open_memory)
{
    eddy_sqlite *db = await(eddy_sqlite_open(":memory:"));
    await(eddy_sqlite_execute(db, schema));
    return db;
}

async(int, code_of, (eddy_sqlite *, db), (const char *, sql), (const char *, words))
{
    eddy_error err;
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, sql), &err);
    if (err.code == 0)
        eddy_sqlite_rows_free(rows);
    CHECK(err.code == 0 || strstr(err.message, words));
    return err.code;
}

/* ==== values ==== */

async(void, keeps_values)
{
    eddy_sqlite *db = await(open_memory());
    eddy_slice blob = {"a\0b", 3};
    char name[] = "one";
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, "insert into t values(?, ?, ?, ?)", 7, name, 2.5, blob));
    CHECK(rows->changes == 1 && rows->last_id == 7 && rows->count == 0);
    eddy_sqlite_rows_free(rows);
    rows = await(eddy_sqlite_query(db, "insert into t values(?, ?, ?, ?)", INT64_MAX, (const char *)NULL, 1.0f, ""));
    eddy_sqlite_rows_free(rows);
    rows = await(eddy_sqlite_query(db, "select * from t order by id"));
    CHECK(rows->count == 2 && rows->columns == 4 && rows->changes == 0 && strcmp(rows->names[3], "data") == 0);
    CHECK(eddy_sqlite_integer(rows, 0, 0) == 7 && eddy_sqlite_integer(rows, 1, 0) == INT64_MAX);
    CHECK(strcmp(eddy_sqlite_text(rows, 0, 1), "one") == 0 && eddy_sqlite_is_null(rows, 1, 1));
    CHECK(eddy_sqlite_real(rows, 0, 2) == 2.5 && eddy_sqlite_real(rows, 0, 0) == 7);
    CHECK(rows->values[3].kind == EDDY_SQLITE_BLOB && rows->values[3].u.bytes.size == 3);
    CHECK(memcmp(rows->values[3].u.bytes.data, "a\0b", 4) == 0);
    CHECK(rows->values[7].kind == EDDY_SQLITE_TEXT && rows->values[7].u.bytes.size == 0);
    CHECK(strcmp(eddy_sqlite_text(rows, 0, 0), "") == 0 && eddy_sqlite_integer(rows, 0, 1) == 0);
    eddy_sqlite_rows_free(rows);
    rows = await(eddy_sqlite_query(db, "select ?, ?, ?, ?, ?, ?, ?, ?", 1, 2, 3, 4, 5, 6, 7, "8"));
    CHECK(eddy_sqlite_integer(rows, 0, 6) == 7 && eddy_sqlite_integer(rows, 0, 7) == 8);
    eddy_sqlite_rows_free(rows);
    rows = await(eddy_sqlite_query(db, "select ?", NULL));
    CHECK(eddy_sqlite_is_null(rows, 0, 0));
    eddy_sqlite_rows_free(rows);
    await(eddy_sqlite_close(db));
}

async(int64_t, changes_of, (eddy_sqlite *, db), (const char *, sql))
{
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, sql));
    int64_t changes = rows->changes;
    eddy_sqlite_rows_free(rows);
    return changes;
}

async(void, counts_changes)
{
    eddy_sqlite *db = await(open_memory());
    CHECK(await(changes_of(db, "insert into t(name) values('a'), ('b'), ('c')")) == 3);
    CHECK(await(changes_of(db, "create table u(i)")) == 0);
    CHECK(await(changes_of(db, "update t set size = 1 where name = 'x'")) == 0);
    CHECK(await(changes_of(db, "insert into t(name) values('d') returning id")) == 1);
    CHECK(await(changes_of(db, "delete from t")) == 4);
    CHECK(await(changes_of(db, "drop table t")) == 0);
    await(eddy_sqlite_close(db));
}

static void changes_are_those_of_the_statement(void **state)
{
    (void)state;
    RUN_CLEAN(counts_changes());
}

static void values_come_back_as_they_were(void **state)
{
    (void)state;
    RUN_CLEAN(keeps_values());
}

/* ==== errors ==== */

async(void, reports_errors)
{
    eddy_sqlite *db = await(open_memory());
    eddy_error err;
    CHECK(await(code_of(db, "insert into t(name) values('a')", "")) == 0);
    CHECK(await(code_of(db, "insert into t(name) values('a')", "UNIQUE constraint failed: t.name")) == EEXIST);
    CHECK(await(code_of(db, "selec", "near \"selec\": syntax error")) == EINVAL);
    CHECK(await(code_of(db, "select ?", "1 places for values, 0 were given")) == EINVAL);
    CHECK(await(code_of(db, " ", "no statement")) == EINVAL);
    CHECK(await(code_of(db, "select 1; select 2", "several statements")) == EINVAL);
    CHECK(await(code_of(db, "select 1; select", "several statements")) == EINVAL);
    CHECK(await(code_of(db, "select 1; ", "")) == 0);
    CHECK(await(code_of(db, "-- one\nselect 1; ; -- two\n /* three */ ;", "")) == 0);
    await(eddy_sqlite_execute(db, "insert into t(name) values('b'); selec"), &err);
    CHECK(err.code == EINVAL);
    CHECK(await(code_of(db, "insert into t(name) values('b')", "UNIQUE")) == EEXIST); /* the first was run */
    await(eddy_sqlite_close(db));
    await(eddy_sqlite_open("/nowhere/at/all.db"), &err);
    CHECK(err.code == ENOENT && strstr(err.message, "/nowhere/at/all.db"));
    await(eddy_sqlite_open("/proc/self/exe/all.db"), &err);
    CHECK(err.code == ENOTDIR);
    db = await(eddy_sqlite_open("/proc/self/exe"));
    CHECK(await(code_of(db, "select * from sqlite_master", "not a database")) == EBADMSG);
    await(eddy_sqlite_close(db));
}

static void errors_have_codes_and_the_words_of_sqlite(void **state)
{
    (void)state;
    RUN_CLEAN(reports_errors());
}

/* ==== tasks ==== */

async(void, counts, (eddy_sqlite *, db), (int, times))
{
    for (int i = 0; i < times; i++)
        eddy_sqlite_rows_free(await(eddy_sqlite_query(db, "update t set size = size + 1 where id = ?", 1)));
}

async(void, is_shared)
{
    eddy_sqlite *db = await(open_memory());
    eddy_sqlite_rows_free(await(eddy_sqlite_query(db, "insert into t values(1, 'n', 0, null)")));
    async_with (g, eddy_task_group())
        for (int i = 0; i < 10; i++)
            eddy_group_spawn(g, counts(db, 20));
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, "select size from t"));
    CHECK(eddy_sqlite_integer(rows, 0, 0) == 200);
    eddy_sqlite_rows_free(rows);
    await(eddy_sqlite_close(db));
}

static void tasks_take_turns_on_one_connection(void **state)
{
    (void)state;
    RUN_CLEAN(is_shared());
}

async(void, is_interrupted)
{
    eddy_sqlite *db = await(open_memory());
    eddy_error err;
    __auto_type slow = spawn(eddy_sqlite_query(db, endless));
    __auto_type queued = spawn(eddy_sqlite_query(db, "insert into t(name) values('x')"));
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_cancel(queued);
    eddy_cancel(slow);
    await(slow, &err);
    CHECK(err.code == ECANCELED);
    await(queued, &err);
    CHECK(err.code == ECANCELED);
    CHECK(await(code_of(db, "select 1", "")) == 0); /* the connection goes on */
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, "select count(*) from t"));
    CHECK(eddy_sqlite_integer(rows, 0, 0) == 0);
    eddy_sqlite_rows_free(rows);
    await(eddy_sqlite_close(db));
}

/* The thread may have taken the statement and not begun it yet. */
async(void, is_interrupted_early)
{
    eddy_sqlite *db = await(open_memory());
    eddy_error err;
    for (int i = 0; i < 2000; i++) {
        __auto_type slow = spawn(eddy_sqlite_query(db, endless));
        await(eddy_sleep(0));
        for (volatile int pause = 0; pause < i * 10; pause++) {
        }
        eddy_cancel(slow);
        await(slow, &err);
        CHECK(err.code == ECANCELED);
    }
    await(eddy_sqlite_close(db));
}

static void a_request_before_the_first_step_arrives(void **state)
{
    (void)state;
    RUN_CLEAN(is_interrupted_early());
}

static void a_cancelled_statement_is_interrupted(void **state)
{
    (void)state;
    RUN_CLEAN(is_interrupted());
}

/* The other statement goes on meanwhile. */
async(void, leaves_the_queue)
{
    eddy_sqlite *db = await(open_memory());
    eddy_error err;
    __auto_type slow = spawn(eddy_sqlite_query(db, endless));
    __auto_type first = spawn(eddy_sqlite_query(db, "select 1"));
    __auto_type second = spawn(eddy_sqlite_query(db, "select 2"));
    __auto_type third = spawn(eddy_sqlite_query(db, "select 3"));
    await(eddy_sleep(0));
    eddy_cancel(second);
    eddy_cancel(third);
    for (int i = 0; i < 10; i++)
        await(eddy_sleep(0));
    CHECK(eddy_done(second) && eddy_done(third) && !eddy_done(slow) && !eddy_done(first));
    await(second, &err);
    CHECK(err.code == ECANCELED);
    await(third, &err);
    CHECK(err.code == ECANCELED);
    eddy_cancel(slow);
    await(slow, &err);
    eddy_sqlite_rows *rows = await(first);
    CHECK(eddy_sqlite_integer(rows, 0, 0) == 1);
    eddy_sqlite_rows_free(rows);
    await(eddy_sqlite_close(db));
}

static void a_cancelled_statement_leaves_the_queue_at_once(void **state)
{
    (void)state;
    RUN_CLEAN(leaves_the_queue());
}

async(void, check_items, (eddy_sqlite *, db), (const char *, items))
{
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, "select group_concat(i) from t"));
    defer(eddy_sqlite_rows_free, rows);
    CHECK(strcmp(eddy_sqlite_text(rows, 0, 0), items) == 0);
}

/* body(path), with an empty file of its own. */
#define RUN_WITH_FILE(body)                                                                                          \
    do {                                                                                                             \
        char path_[] = "/tmp/eddy-sqlite-XXXXXX";                                                                    \
        close(mkstemp(path_));                                                                                       \
        RUN_CLEAN(body(path_));                                                                                      \
        unlink(path_);                                                                                               \
    } while (0)

async(void, waits_for_a_lock, (const char *, path))
{
    eddy_sqlite *first = await(eddy_sqlite_open(path)), *second = await(eddy_sqlite_open(path));
    await(eddy_sqlite_execute(first, "create table t(i); begin immediate"));
    __auto_type other = spawn(eddy_sqlite_query(second, "insert into t values(?)", 2)); /* it waits on its thread */
    eddy_sqlite_rows_free(await(eddy_sqlite_query(first, "insert into t values(?)", 1)));
    await(eddy_sqlite_execute(first, "commit"));
    eddy_sqlite_rows_free(await(other));
    await(check_items(first, "1,2"));
    await(eddy_sqlite_close(second));
    await(eddy_sqlite_close(first));
}

static void a_lock_of_another_connection_is_waited_for(void **state)
{
    (void)state;
    RUN_WITH_FILE(waits_for_a_lock);
}

/* Cancelled at different moments: before the thread tries, and while it waits. */
async(void, gives_up_a_lock, (const char *, path))
{
    eddy_sqlite *first = await(eddy_sqlite_open(path)), *second = await(eddy_sqlite_open(path));
    eddy_error err;
    await(eddy_sqlite_execute(first, "create table t(i); begin immediate"));
    for (int i = 0; i < 20; i++) {
        __auto_type other = spawn(eddy_sqlite_query(second, "insert into t values(1)"));
        await(eddy_sleep(0));
        usleep((useconds_t)i * 500); /* for the thread; the simulated clock stands */
        eddy_cancel(other);
        await(other, &err);
        CHECK(err.code == ECANCELED);
    }
    await(eddy_sqlite_execute(first, "commit"));
    eddy_sqlite_rows_free(await(eddy_sqlite_query(second, "insert into t values(2)")));
    await(check_items(first, "2"));
    await(eddy_sqlite_close(second));
    await(eddy_sqlite_close(first));
}

static void waiting_for_a_lock_can_be_cancelled(void **state)
{
    (void)state;
    RUN_WITH_FILE(gives_up_a_lock);
}

/* ==== the end ==== */

async(void, leaves_it, (eddy_sqlite **, db))
{
    *db = await(open_memory());
    eddy_detach(spawn(eddy_sqlite_open(":memory:"))); /* nobody takes it */
    await(eddy_sleep(0));
}

static void a_connection_may_outlive_its_loop(void **state)
{
    eddy_sqlite *db = NULL;
    (void)state;
    assert_int_equal(eddy_run(leaves_it(&db)), 0);
    eddy_sqlite_free(db);
    eddy_sqlite_free(NULL);
    eddy_sqlite_rows_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_were),
        cmocka_unit_test(changes_are_those_of_the_statement),
        cmocka_unit_test(errors_have_codes_and_the_words_of_sqlite),
        cmocka_unit_test(tasks_take_turns_on_one_connection),
        cmocka_unit_test(a_cancelled_statement_is_interrupted),
        cmocka_unit_test(a_request_before_the_first_step_arrives),
        cmocka_unit_test(a_cancelled_statement_leaves_the_queue_at_once),
        cmocka_unit_test(a_lock_of_another_connection_is_waited_for),
        cmocka_unit_test(waiting_for_a_lock_can_be_cancelled),
        cmocka_unit_test(a_connection_may_outlive_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
