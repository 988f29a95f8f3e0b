/* SPDX-License-Identifier: MIT */
/*
 * test_cancel.c - what requests to cancel may do to a connection of <eddy/pg.h>, and what its prepared statements and
 * savepoints are after that, with PostgreSQL itself: PG_URL, which with_pg.py sets.
 *
 * The client goes through a proxy, which holds its requests to cancel until the test lets them go.
 */
#include <eddy/pg.h>

#include <arpa/inet.h>
#include <unistd.h>

#include "cancel.h"
#include "pg/query.h"
#include "unit/run_clean.h"

#define URL getenv("PG_URL")

enum { HEAD = 8, CANCEL_REQUEST = 80877102 };

/* ==== the proxy ==== */

struct proxy {
    eddy_server *server;
    char path[200]; /* of PostgreSQL's Unix socket */
    char url[100];
    eddy_event go;  /* requests to cancel are passed on */
    int cancels;
};

async(void, pass_on, (eddy_stream *, from), (eddy_stream *, to))
{
    eddy_slice bytes;
    while (await(eddy_stream_read_some(from, &bytes)) > 0)
        await(eddy_stream_write(to, bytes.data, bytes.size));
    await(eddy_stream_write_eof(to));
}

async(void, serve_proxy, (eddy_stream *, s), (struct proxy *, proxy))
{
    char head[HEAD];
    uint32_t code;
    eddy_error err;
    await(eddy_stream_read_exactly(s, head, HEAD));
    memcpy(&code, head + 4, 4);
    if (ntohl(code) == CANCEL_REQUEST) {
        proxy->cancels++;
        await(eddy_event_wait(&proxy->go));
    }
    eddy_stream *server = await(eddy_open_unix_connection(proxy->path));
    defer(eddy_stream_abort, server);
    await(eddy_stream_write(server, head, HEAD));
    __auto_type back = spawn(pass_on(server, s));
    await(pass_on(s, server), &err);
    eddy_cancel(back);
    await(back, &err);
}

/* async_with (proxy, with_proxy(&proxy)) */
struct with_proxy {
    struct eddy_manager manager;
    struct proxy *value;
};

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct proxy *proxy = ((struct with_proxy *)(void *)manager)->value;
    char folder[150] = "";
    int port = 0;
    sscanf(URL, "postgresql://eddy@/postgres?host=%149[^&]&port=%d", folder, &port);
    snprintf(proxy->path, sizeof proxy->path, "%s/.s.PGSQL.%d", folder, port);
    proxy->server = eddy_await(eddy_start_server(serve_proxy, proxy, "127.0.0.1", 0), err);
    snprintf(proxy->url, sizeof proxy->url, "postgresql://eddy@127.0.0.1:%d/postgres?sslmode=disable",
             err->code ? 0 : eddy_server_port(proxy->server));
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct proxy *proxy = ((struct with_proxy *)(void *)manager)->value;
    eddy_error closing;
    (void)err;
    eddy_await(eddy_server_close(proxy->server, 0), &closing);
}

static struct with_proxy with_proxy(struct proxy *proxy)
{
    return (struct with_proxy){{.enter = enter, .exit = leave}, proxy};
}

/* ==== what the tests ask ==== */

async(void, wait_until_locked, (eddy_pg *, watch), (const char *, statement))
{
    bool is_locked = false;
    while (!is_locked) {
        eddy_pg_rows *rows = await(eddy_pg_query(
            watch, "select count(*) from pg_stat_activity where query like $1 and wait_event_type = 'Lock'",
            statement));
        is_locked = eddy_pg_integer(rows, 0, 0) > 0;
        eddy_pg_rows_free(rows);
        await(eddy_sleep(0.002));
    }
}

/* ==== COMMIT ==== */

/* Of a transaction: it commits when `end` is set. */
struct block {
    eddy_pg *tx;
    eddy_event begun, end;
};

async(void, insert_and_commit, (eddy_pg *, db), (struct block *, block))
{
    async_with (tx, eddy_pg_transaction(db)) {
        await(eddy_pg_execute(tx, "insert into hit values(1)"));
        block->tx = tx;
        eddy_event_set(&block->begun);
        await(eddy_event_wait(&block->end));
    }
}

static const char slow_commit[] =
    "create table hit(i int); create function lock_9() returns trigger language plpgsql as $$"
    "  begin perform pg_advisory_xact_lock(9); return null; end $$;"
    "create constraint trigger t after insert on hit deferrable initially deferred"
    "  for each row execute function lock_9()";

/* The statement is given up after COMMIT was sent; the request arrives while COMMIT waits for lock 9. */
async(void, hits_commit, (eddy_pg *, db), (eddy_pg *, locks), (struct proxy *, proxy))
{
    struct block block = {.tx = NULL};
    eddy_error err;
    await(eddy_pg_execute(locks, "select pg_advisory_lock(8), pg_advisory_lock(9)"));
    __auto_type transaction = spawn(insert_and_commit(db, &block));
    await(eddy_event_wait(&block.begun));
    __auto_type given_up = spawn(eddy_pg_query(block.tx, "select pg_advisory_xact_lock(8)"));
    await(wait_until_locked(locks, "%lock(8)"));
    eddy_event_set(&block.end);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_cancel(given_up);
    await(given_up, &err);
    while (!proxy->cancels)
        await(eddy_sleep(0.002));
    await(eddy_pg_execute(locks, "select pg_advisory_unlock(8)"));
    await(wait_until_locked(locks, "commit"));
    eddy_event_set(&proxy->go);
    await(transaction, &err);
    CHECK(err.code == ETIMEDOUT && eddy_pg_is_state(&err, "57014"));
    CHECK(await(number_of(locks, "select count(*) from hit")) == 0);
}

async(void, a_commit_is_hit)
{
    struct proxy proxy = {.cancels = 0};
    async_with (other, eddy_pg_open(URL))
        async_with (p, with_proxy(&proxy))
            async_with (db, eddy_pg_open(p->url)) {
                await(eddy_pg_script(other, slow_commit));
                async_with (locks, eddy_pg_acquire(other))
                    await(hits_commit(db, locks, p));
                await(eddy_pg_script(other, "drop table hit; drop function lock_9()"));
            }
}

static void a_commit_that_a_cancellation_hits_has_failed(void **state)
{
    (void)state;
    RUN_CLEAN(a_commit_is_hit());
}

async(void, fails_at_the_end)
{
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table late(i int unique deferrable initially deferred)"));
        CHECK(await(code_of(db, "insert into late values(1), (1)", "23505")) == EEXIST);
        CHECK(await(number_of(db, "select count(*) from late")) == 0);
        await(eddy_pg_script(db, "drop table late"));
    }
}

static void a_statement_that_fails_when_it_is_committed_has_failed(void **state)
{
    (void)state;
    RUN_CLEAN(fails_at_the_end());
}

/* ==== requests that nobody answers ==== */

async(void, asks_in_vain)
{
    struct proxy proxy = {.cancels = 0};
    eddy_pg_options options = {.size = sizeof options, .connect_seconds = 0.3};
    eddy_error err;
    async_with (other, eddy_pg_open(URL))
        async_with (p, with_proxy(&proxy))
            async_with (db, eddy_pg_open(p->url, &options))
                async_with (own, eddy_pg_acquire(db))
                    async_with (locks, eddy_pg_acquire(other)) {
                        await(eddy_pg_execute(locks, "select pg_advisory_lock(8)"));
                        await_for(eddy_pg_query(own, "select pg_advisory_lock(8)"), 0.05, &err);
                        CHECK(err.code == ETIMEDOUT);
                        while (!p->cancels)
                            await(eddy_sleep(0.002));
                        await(eddy_pg_execute(locks, "select pg_advisory_unlock(8)"));
                        CHECK(await_for(number_of(own, "select 7"), 30) == 7);
                    }
}

static void a_request_to_cancel_that_is_not_answered_is_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(asks_in_vain());
}

/* ==== cancellations of the server's own ==== */

/* A time limit cancels a statement that counts how often it ran. */
async(int64_t, runs_of_a_slow_one, (eddy_pg *, own))
{
    eddy_error err;
    int64_t before = await(number_of(own, "select nextval('runs')"));
    await(eddy_pg_execute(own, "set statement_timeout = 50"));
    eddy_pg_rows *rows = await(eddy_pg_query(own, "select nextval('runs'), pg_sleep(60)"), &err);
    CHECK(err.code == ETIMEDOUT && eddy_pg_is_state(&err, "57014"));
    if (!err.code)
        eddy_pg_rows_free(rows);
    await(eddy_pg_execute(own, "set statement_timeout = 0"));
    return await(number_of(own, "select nextval('runs')")) - before - 1;
}

/* proxy: the request must reach it; NULL: there is none. */
async(void, gives_up, (eddy_pg *, own), (eddy_pg *, locks), (struct proxy *, proxy))
{
    eddy_error err;
    await(eddy_pg_execute(own, "create temporary sequence runs"));
    await(eddy_pg_execute(locks, "select pg_advisory_lock(8)"));
    await_for(eddy_pg_query(own, "select pg_advisory_lock(8)"), 0.05, &err);
    CHECK(err.code == ETIMEDOUT);
    while (proxy && !proxy->cancels)
        await(eddy_sleep(0.002));
    await(eddy_pg_execute(locks, "select pg_advisory_unlock(8)"));
}

async(void, is_cancelled_in_doubt)
{
    struct proxy proxy = {.cancels = 0};
    eddy_pg_options options = {.size = sizeof options, .connect_seconds = 0.3};
    async_with (other, eddy_pg_open(URL))
        async_with (p, with_proxy(&proxy))
            async_with (db, eddy_pg_open(p->url, &options))
                async_with (own, eddy_pg_acquire(db))
                    async_with (locks, eddy_pg_acquire(other)) {
                        await(gives_up(own, locks, p));
                        CHECK(await(runs_of_a_slow_one(own)) == 2); /* once for a request that may have come */
                        CHECK(await(runs_of_a_slow_one(own)) == 1);
                        CHECK(p->cancels == 1);
                    }
}

static void a_request_that_was_not_answered_is_in_doubt_once(void **state)
{
    (void)state;
    RUN_CLEAN(is_cancelled_in_doubt());
}

/* A link to PostgreSQL's socket, which is gone when the request is to be sent. */
async(void, is_cancelled_by_nobody, (char *, folder))
{
    char real[150] = "", link[100], target[200], url[200];
    int port = 0;
    sscanf(URL, "postgresql://eddy@/postgres?host=%149[^&]&port=%d", real, &port);
    snprintf(target, sizeof target, "%s/.s.PGSQL.%d", real, port);
    snprintf(link, sizeof link, "%s/.s.PGSQL.%d", folder, port);
    snprintf(url, sizeof url, "postgresql://eddy@/postgres?host=%s&port=%d", folder, port);
    CHECK(symlink(target, link) == 0);
    async_with (other, eddy_pg_open(URL))
        async_with (db, eddy_pg_open(url))
            async_with (own, eddy_pg_acquire(db))
                async_with (locks, eddy_pg_acquire(other)) {
                    CHECK(await(number_of(own, "select 1")) == 1);
                    CHECK(unlink(link) == 0);
                    await(gives_up(own, locks, NULL));
                    CHECK(await(runs_of_a_slow_one(own)) == 1);
                }
}

static void a_request_that_was_not_sent_casts_no_doubt(void **state)
{
    char folder[] = "/tmp/eddy-pg-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    RUN_CLEAN(is_cancelled_by_nobody(folder));
    rmdir(folder);
}

/* ==== requests that cannot be sent ==== */

/* The descriptor of a connection is now that of a socket without a peer. */
async(void, asks_a_peer_that_is_not_there)
{
    struct proxy proxy = {.cancels = 0};
    eddy_error err;
    bool was_sent = true;
    eddy_event_set(&proxy.go);
    async_with (p, with_proxy(&proxy)) {
        PGconn *pg = PQconnectStart(p->url);
        int apart = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(PQsocket(pg) >= 0 && dup2(apart, PQsocket(pg)) >= 0);
        close(apart);
        await(cancel_ask(pg, (struct key){1, 2, true}, 30, &was_sent), &err);
        PQfinish(pg);
        CHECK(err.code == ENOTCONN && !was_sent && !p->cancels);
    }
}

static void a_request_to_a_place_that_is_not_known_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(asks_a_peer_that_is_not_there());
}

/* Without a key libpq asks; nobody listens there any more. */
async(void, asks_in_vain_by_libpq)
{
    struct proxy proxy = {.cancels = 0};
    eddy_error err;
    bool was_sent;
    PGconn *pg = NULL;
    async_with (p, with_proxy(&proxy))
        pg = PQconnectStart(p->url);
    await(cancel_ask(pg, (struct key){.is_known = false}, 30, &was_sent), &err);
    PQfinish(pg);
    CHECK(err.code == ECONNREFUSED && strstr(err.message, "PQcancel"));
    pg = PQconnectStart("host=/nonexistent");
    await(cancel_ask(pg, (struct key){.is_known = false}, 30, &was_sent), &err);
    PQfinish(pg);
    CHECK(err.code == ENOTCONN && !was_sent);
}

static void a_request_that_libpq_cannot_send_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(asks_in_vain_by_libpq());
}

/* ==== prepared statements ==== */

async(void, waits_for_a_table, (eddy_pg *, tx))
{
    async_with (part, eddy_pg_transaction(tx))
        await_for(eddy_pg_query(part, "select count(*) from g"), 0.05);
}

/* It is given up while the server prepares it, which needs the table. */
async(void, is_given_up_unprepared)
{
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table g(i int)"));
        async_with (tx, eddy_pg_transaction(db)) {
            async_with (other, eddy_pg_transaction(db)) {
                await(eddy_pg_execute(other, "alter table g add j int"));
                await(waits_for_a_table(tx), &err);
                CHECK(err.code == ETIMEDOUT);
            }
            CHECK(await(number_of(tx, "select count(*) from g")) == 0);
        }
        await(eddy_pg_script(db, "drop table g"));
    }
}

static void a_first_use_that_is_given_up_does_not_break_the_next_one(void **state)
{
    (void)state;
    RUN_CLEAN(is_given_up_unprepared());
}

async(size_t, columns_of, (eddy_pg *, db), (const char *, sql))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql));
    defer(eddy_pg_rows_free, rows);
    return rows->columns;
}

async(void, drops_columns, (eddy_pg *, tx))
{
    async_with (part, eddy_pg_transaction(tx)) {
        await(eddy_pg_execute(part, "alter table q drop k"));
        CHECK(await(columns_of(part, "select * from q")) == 2);
        throw(EIO, "this part is rolled back");
    }
}

async(void, changes_tables)
{
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table q(i int)"));
        async_with (tx, eddy_pg_transaction(db)) {
            CHECK(await(columns_of(tx, "select * from q")) == 1);
            await(eddy_pg_execute(tx, "alter table q add j int, add k int"));
            CHECK(await(columns_of(tx, "select * from q")) == 3);
            await(drops_columns(tx), &err);
            CHECK(err.code == EIO && await(columns_of(tx, "select * from q")) == 3);
            await(eddy_pg_execute(tx, "deallocate all"));
            CHECK(await(columns_of(tx, "select * from q")) == 3);
            await(eddy_pg_execute(tx, "drop table q"));
        }
    }
}

static void prepared_statements_follow_the_tables_of_their_transaction(void **state)
{
    (void)state;
    RUN_CLEAN(changes_tables());
}

static const char prepared[] = "select count(*) from pg_prepared_statements";

async(void, is_rolled_back, (eddy_pg *, tx))
{
    async_with (part, eddy_pg_transaction(tx)) {
        CHECK(await(number_of(part, "select 4")) == 4);
        throw(EIO, "this part is rolled back");
    }
}

async(void, rolls_many_parts_back, (eddy_pg *, own))
{
    eddy_error err;
    async_with (tx, eddy_pg_transaction(own))
        for (int i = 0; i < 20; i++) {
            await(is_rolled_back(tx), &err);
            CHECK(err.code == EIO && await(number_of(tx, prepared)) <= 8);
        }
}

async(void, goes_on_for_long)
{
    async_with (db, eddy_pg_open(URL))
        async_with (own, eddy_pg_acquire(db)) {
            await(eddy_pg_execute(own, "prepare mine as select 41"));
            for (int i = 0; i < 50; i++) {
                await(eddy_pg_execute(own, "notify somebody"));
                CHECK(await(number_of(own, "select 1")) == 1 && await(number_of(own, "select 2")) == 2);
            }
            CHECK(await(number_of(own, prepared)) <= 8);
            await(rolls_many_parts_back(own));
            CHECK(await(number_of(own, "execute mine")) == 41); /* it is the program's own */
            for (int i = 0; i < 4; i++)
                CHECK(await(number_of(own, "select 3")) == 3 && await(number_of(own, prepared)) <= 5);
        }
}

static void statements_that_are_not_used_any_more_are_deallocated(void **state)
{
    (void)state;
    RUN_CLEAN(goes_on_for_long());
}

async(void, outdates_columns)
{
    char sql[60];
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_execute(db, "create table outdated(c0 int)"));
        for (int i = 1; i < 10; i++) {
            CHECK(await(columns_of(db, "select * from outdated")) == (size_t)i);
            snprintf(sql, sizeof sql, "alter table outdated add c%d int", i);
            await(eddy_pg_execute(db, sql));
        }
        CHECK(await(number_of(db, prepared)) <= 4);
        await(eddy_pg_execute(db, "drop table outdated"));
    }
}

static void a_statement_with_other_columns_is_prepared_anew(void **state)
{
    (void)state;
    RUN_CLEAN(outdates_columns());
}

/* What was retired before is not deallocated a second time: that would end the transaction. */
async(void, is_told_to_deallocate, (eddy_pg *, tx), (const char *, sql))
{
    CHECK(await(number_of(tx, "select 1")) == 1 && await(number_of(tx, "select 2")) == 2);
    await(eddy_pg_execute(tx, "notify somebody"));
    await(eddy_pg_execute(tx, sql));
    CHECK(await(number_of(tx, "select 1")) == 1 && await(number_of(tx, prepared)) == 2);
}

async(void, deallocates_all)
{
    async_with (db, eddy_pg_open(URL))
        async_with (own, eddy_pg_acquire(db)) {
            async_with (tx, eddy_pg_transaction(own)) {
                await(is_told_to_deallocate(tx, "deallocate all"));
                await(is_told_to_deallocate(tx, "/* all */ DEALLOCATE prepare -- \n ALL;"));
            }
            await(is_told_to_deallocate(own, "discard all"));
        }
}

static void the_program_may_deallocate_all_statements_itself(void **state)
{
    (void)state;
    RUN_CLEAN(deallocates_all());
}

/* Its preparation fails after it was retired, and a transaction has been begun that an error would end. */
async(void, fails_to_prepare)
{
    async_with (db, eddy_pg_open(URL))
        async_with (own, eddy_pg_acquire(db)) {
            __auto_type missing = spawn(code_of(own, "select i from missing", "missing"));
            __auto_type notifies = spawn(eddy_pg_execute(own, "notify somebody"));
            __auto_type begins = spawn(eddy_pg_execute(own, "begin"));
            __auto_type five = spawn(number_of(own, "select 5"));
            CHECK(await(missing) != 0);
            await(notifies);
            await(begins);
            CHECK(await(five) == 5);
            await(eddy_pg_execute(own, "commit"));
        }
}

static void what_was_not_prepared_is_not_deallocated(void **state)
{
    (void)state;
    RUN_CLEAN(fails_to_prepare());
}

/* ==== savepoints ==== */

async(void, fails_in_parts, (eddy_pg *, tx))
{
    async_with (part, eddy_pg_transaction(tx)) {
        await(eddy_pg_execute(part, "insert into parts values(1)"));
        async_with (smaller, eddy_pg_transaction(part))
            await(eddy_pg_execute(smaller, "select 1 / 0"));
    }
}

async(void, rolls_parts_back)
{
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        await(eddy_pg_script(db, "create table parts(i int)"));
        async_with (tx, eddy_pg_transaction(db)) {
            await(eddy_pg_execute(tx, "insert into parts values(5)"));
            await(fails_in_parts(tx), &err);
            CHECK(err.code == EINVAL && eddy_pg_is_state(&err, "22012"));
            CHECK(await(number_of(tx, "select sum(i) from parts")) == 5);
            await(eddy_pg_execute(tx, "savepoint mine"));
            CHECK(await(code_of(tx, "release savepoint eddy1", "3B001")) != 0); /* nothing is left of the part */
            await(eddy_pg_execute(tx, "rollback to savepoint mine"));
        }
        CHECK(await(number_of(db, "select sum(i) from parts")) == 5);
        await(eddy_pg_script(db, "drop table parts"));
    }
}

static void parts_that_failed_leave_no_savepoint(void **state)
{
    (void)state;
    RUN_CLEAN(rolls_parts_back());
}

/* ==== sizes ==== */

/* One text forty times. */
async(int, code_of_texts, (eddy_pg *, db), (const char *, text))
{
    eddy_pg_value values[40];
    eddy_error err;
    for (int i = 0; i < 40; i++)
        values[i] = ed_pg_text(text);
    eddy_pg_rows_free(await(eddy_pg_query_array(db, "select $1", values, 40), &err));
    return err.code;
}

async(void, sends_too_much, (char *, much), (size_t, size))
{
    eddy_slice bytes = {much, 600 << 20}; /* nobody looks at them */
    eddy_error err;
    async_with (db, eddy_pg_open(URL)) {
        int64_t session = await(number_of(db, "select pg_backend_pid()"));
        await(eddy_pg_execute(db, "select $1::bytea, $2::bytea", bytes, bytes), &err);
        CHECK(err.code == EMSGSIZE && strstr(err.message, "1 GiB"));
        bytes.size = SIZE_MAX / 2;
        await(eddy_pg_execute(db, "select $1::bytea", bytes), &err);
        CHECK(err.code == EMSGSIZE);
        memset(much, '1', size);
        CHECK(await(code_of_texts(db, much)) == EMSGSIZE);
        CHECK(await(code_of(db, "select 1", "")) == 0 && await(number_of(db, "select pg_backend_pid()")) == session);
    }
}

static void values_above_one_gibibyte_are_refused_before_they_are_sent(void **state)
{
    enum { SIZE = 32 << 20 };
    char *much = calloc(1, SIZE + 1);
    (void)state;
    assert_non_null(much);
    RUN_CLEAN(sends_too_much(much, SIZE));
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_a_cancellation_hits_has_failed),
        cmocka_unit_test(a_statement_that_fails_when_it_is_committed_has_failed),
        cmocka_unit_test(a_request_to_cancel_that_is_not_answered_is_given_up),
        cmocka_unit_test(a_request_that_was_not_answered_is_in_doubt_once),
        cmocka_unit_test(a_request_that_was_not_sent_casts_no_doubt),
        cmocka_unit_test(a_request_to_a_place_that_is_not_known_is_an_error),
        cmocka_unit_test(a_request_that_libpq_cannot_send_is_an_error),
        cmocka_unit_test(a_first_use_that_is_given_up_does_not_break_the_next_one),
        cmocka_unit_test(prepared_statements_follow_the_tables_of_their_transaction),
        cmocka_unit_test(statements_that_are_not_used_any_more_are_deallocated),
        cmocka_unit_test(a_statement_with_other_columns_is_prepared_anew),
        cmocka_unit_test(the_program_may_deallocate_all_statements_itself),
        cmocka_unit_test(what_was_not_prepared_is_not_deallocated),
        cmocka_unit_test(parts_that_failed_leave_no_savepoint),
        cmocka_unit_test(values_above_one_gibibyte_are_refused_before_they_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
