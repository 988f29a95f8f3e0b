/* SPDX-License-Identifier: MIT */
/* test_pg.c - rules of <eddy/pg.h>, with a server of the test's own. */
#include "fake.h"

#include <unistd.h>

/* async_with (db, with_fake(fake, options)): a client of a fake server. */
struct with_fake {
    struct eddy_manager manager;
    eddy_pg *value;
    struct fake *fake;
    const eddy_pg_options *options;
};

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct with_fake *self = (struct with_fake *)(void *)manager;
    eddy_await(fake_start(self->fake), err);
    if (!err->code)
        self->value = eddy_await(eddy_pg_open(self->fake->url, self->options), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct with_fake *self = (struct with_fake *)(void *)manager;
    eddy_error closing;
    (void)err;
    eddy_await(eddy_pg_close(self->value), &closing);
    eddy_await(fake_stop(self->fake), &closing);
}

static struct with_fake with_fake(struct fake *fake, const eddy_pg_options *options)
{
    return (struct with_fake){{.enter = enter, .exit = leave}, .fake = fake, .options = options};
}

async(int, code_of, (eddy_pg *, db), (const char *, sql), (const char *, words))
{
    eddy_error err;
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql), &err);
    if (!err.code)
        eddy_pg_rows_free(rows);
    CHECK(!err.code || strstr(err.message, words));
    return err.code;
}

async(int, open_code, (const char *, url), (const eddy_pg_options *, options), (const char *, words))
{
    eddy_error err;
    eddy_pg *db = await(eddy_pg_open(url, options), &err);
    if (!err.code)
        eddy_pg_free(db);
    CHECK(!err.code || strstr(err.message, words));
    CHECK(!err.code || !strstr(err.message, "sesame"));
    return err.code;
}

async(bool, echoes, (eddy_pg *, db), (const char *, sql), (const char *, value))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, sql, value));
    defer(eddy_pg_rows_free, rows);
    CHECK(rows->count == 1 && rows->columns == 1);
    return strcmp(eddy_pg_text(rows, 0, 0), value) == 0;
}

/* ==== opening ==== */

async(void, opens)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .user = "you", .password = "sesame"};
    async_with (db, with_fake(&fake, &options)) {
        CHECK(fake.connections == 1 && strstr(fake.settings, "user you ") && strstr(fake.settings, "database shop "));
        CHECK(await(echoes(db, "echo", "a%")));
        CHECK(await(code_of(db, "select", "")) == 0);
    }
    CHECK(fake.closed == 1);
}

static void a_client_logs_in_and_leaves(void **state)
{
    (void)state;
    RUN_CLEAN(opens());
}

async(void, refuses_urls)
{
    eddy_pg_options wrong = {.size = 1000000};
    CHECK(await(open_code("nonsense", NULL, "missing \"=\"")) == EINVAL);
    CHECK(await(open_code("mysql://me:sesame@host/", NULL, "begins with postgresql://")) == EINVAL);
    CHECK(await(open_code(NULL, NULL, "no URL")) == EINVAL);
    CHECK(await(open_code("postgresql://me:sesame@host:x/", NULL, "")) == EINVAL);
    CHECK(await(open_code("postgresql://me:sesame@[::1/", NULL, "IPv6")) == EINVAL);
    CHECK(await(open_code("postgresql://me:%sesame@host/", NULL, "percent-encoded")) == EINVAL);
    CHECK(await(open_code("host=a password=open sesame", NULL, "missing \"=\"")) == EINVAL);
    CHECK(await(open_code("service=shop", NULL, "service")) == EINVAL);
    CHECK(await(open_code("host=a,b hostaddr=127.0.0.1", NULL, "same number")) == EINVAL);
    CHECK(await(open_code("host=127.0.0.1 port=1,2", NULL, "same number")) == EINVAL);
    CHECK(await(open_code("host=127.0.0.1", &wrong, "eddy_pg_options.size")) == EINVAL);
    CHECK(await(open_code("postgresql:///x?host=/nowhere/at/all", NULL, "/nowhere/at/all")) == ENOENT);
}

static void urls_are_checked(void **state)
{
    (void)state;
    RUN_CLEAN(refuses_urls());
}

async(void, is_refused, (const char *, refusal), (int, code))
{
    struct fake fake = {.refusal = refusal};
    await(fake_start(&fake));
    CHECK(await(open_code(fake.url, NULL, refusal + 6)) == code);
    await(fake_stop(&fake));
}

static void refused_logins_have_codes(void **state)
{
    (void)state;
    RUN_CLEAN(is_refused("28P01 password authentication failed for user \"me\"", EACCES));
    RUN_CLEAN(is_refused("28000 role \"me\" does not exist", EACCES));
    RUN_CLEAN(is_refused("3D000 database \"shop\" does not exist", ENOENT));
    RUN_CLEAN(is_refused("53300 sorry, too many clients already", EAGAIN));
    RUN_CLEAN(is_refused("57P03 the database system is starting up", EAGAIN));
    RUN_CLEAN(is_refused("XX000 something else", EIO));
}

async(void, is_silent)
{
    struct fake fake = {.is_silent = true};
    eddy_pg_options options = {.size = sizeof options, .connect_seconds = 0.05};
    await(fake_start(&fake));
    CHECK(await(open_code(fake.url, &options, "within 0.05 seconds")) == ETIMEDOUT);
    eddy_event_set(&fake.go);
    await(fake_stop(&fake));
    CHECK(await(open_code(fake.url, NULL, "Connection refused Is the server")) == ECONNREFUSED); /* no tab */
}

static void a_silent_server_is_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(is_silent());
}

/* ==== statements ==== */

async(int64_t, run, (eddy_pg *, db), (const char *, sql))
{
    return await(eddy_pg_execute(db, sql));
}

async(void, prepares)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1, .statements = 2};
    async_with (db, with_fake(&fake, &options)) {
        for (int i = 0; i < 10; i++)
            await(run(db, i % 2 ? "select 1" : "select 2"));
        CHECK(fake.parses == 2 && fake.statements == 10);
        await(run(db, "select 3")); /* the oldest one is given back: two are parsed, "deallocate" and this */
        CHECK(fake.parses == 4 && strstr(fake.log, "deallocate eddy1\nselect 3\n"));
        await(run(db, "select 1"));
        CHECK(fake.parses == 4); /* it was the newer one of the two */
        await(run(db, "select 2"));
        CHECK(fake.parses == 6);
        await(run(db, "create"));
        await(run(db, "create"));
        CHECK(fake.parses == 8); /* it would be of no use */
    }
}

static void statements_are_prepared_once(void **state)
{
    (void)state;
    RUN_CLEAN(prepares());
}

async(void, prepares_again)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    async_with (db, with_fake(&fake, &options)) {
        await(run(db, "select 1"));
        fake.forgets = true;
        CHECK(await(code_of(db, "select 1", "26000")) == EINVAL); /* it is tried again, but not for ever */
        CHECK(fake.parses == 3);
        fake.forgets = false;
        CHECK(await(code_of(db, "select 1", "")) == 0);
    }
    options.keeps_no_statements = true;
    fake = (struct fake){.forgets = true};
    async_with (db, with_fake(&fake, &options))
        await(run(db, "select 1"));
}

static void a_statement_that_the_server_forgot_is_prepared_again(void **state)
{
    (void)state;
    RUN_CLEAN(prepares_again());
}

async(void, fails)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, with_fake(&fake, &options)) {
        CHECK(await(code_of(db, "bad", ": 42601: it is bad")) == EINVAL);
        CHECK(await(code_of(db, "fails", ": 23505: it is there already")) == EEXIST);
        await(eddy_pg_execute(db, "fails"), &err);
        CHECK(eddy_pg_is_state(&err, "23505") && !eddy_pg_is_state(&err, "42601"));
        CHECK(await(code_of(db, "/* x */ -- y\n ; ( SET x = 1", "eddy_pg_acquire")) == EINVAL);
        CHECK(await(code_of(db, "copy t from stdin", "eddy_pg_copy")) == EINVAL);
        CHECK(await(code_of(db, "/* /* */ x */ -- y\rcopy t from stdin", "eddy_pg_copy")) == EINVAL);
        err = (eddy_error){.code = EINVAL, .message = "label: 22P02: invalid: \"x: 23505: y\""};
        CHECK(eddy_pg_is_state(&err, "22P02") && !eddy_pg_is_state(&err, "23505"));
        CHECK(await(code_of(db, NULL, "no statement")) == EINVAL);
        await(eddy_pg_query_array(db, "select", NULL, 65536), &err);
        CHECK(err.code == EINVAL && fake.connections == 1);
        CHECK(await(code_of(db, "sets", "")) == 0);
        CHECK(await(echoes(db, "echo", "it goes on")));
    }
}

static void errors_have_codes_and_the_words_of_the_server(void **state)
{
    (void)state;
    RUN_CLEAN(fails());
}

/* ==== tasks ==== */

async(void, echoes_often, (eddy_pg *, db), (int, number))
{
    char text[32];
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "%d of %d", i, number);
        CHECK(await(echoes(db, i % 3 ? "echo" : "echo again", text)));
        if (i % 7 == number % 7)
            CHECK(await(code_of(db, "fails", "23505")) == EEXIST);
    }
}

async(void, is_shared, (size_t, connections))
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = connections};
    async_with (db, with_fake(&fake, &options)) {
        async_with (g, eddy_task_group())
            for (int i = 0; i < 50; i++)
                eddy_group_spawn(g, echoes_often(db, i));
        CHECK(fake.connections == (int)connections);
    }
}

static void tasks_share_the_connections_and_get_their_own_rows(void **state)
{
    (void)state;
    RUN_CLEAN(is_shared(1));
    RUN_CLEAN(is_shared(4));
}

/* ==== cancelling ==== */

async(void, cancels)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, with_fake(&fake, &options)) {
        __auto_type slow = spawn(eddy_pg_query(db, "hang"));
        __auto_type second = spawn(eddy_pg_query(db, "echo", "b"));
        __auto_type third = spawn(eddy_pg_query(db, "echo", "c"));
        while (fake.statements < 1)
            await(eddy_sleep(0.001));
        eddy_cancel(third); /* it was sent, and is not the server's work yet */
        eddy_cancel(slow);
        await(slow, &err);
        CHECK(err.code == ECANCELED);
        eddy_pg_rows_free(await(second)); /* after the server has given up the first one */
        await(third, &err);
        CHECK(err.code == ECANCELED && fake.cancels > 0);
        CHECK(await(echoes(db, "echo", "d")));
    }
}

static void a_cancelled_statement_is_cancelled_on_the_server(void **state)
{
    (void)state;
    RUN_CLEAN(cancels());
}

/* The request arrives when the statement that it is for has ended, and the next one runs. */
async(void, hits_another)
{
    struct fake fake = {.url = "", .cancels_late = true};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, with_fake(&fake, &options)) {
        __auto_type first = spawn(eddy_pg_query(db, "select hang", "a"));
        __auto_type second = spawn(eddy_pg_query(db, "select hang", "b"));
        while (fake.statements < 1)
            await(eddy_sleep(0.001));
        eddy_cancel(first);
        await(first, &err);
        CHECK(err.code == ECANCELED);
        while (fake.statements < 3) /* the second one was hit, and is sent again */
            await(eddy_sleep(0.001));
        eddy_event_set(&fake.go);
        eddy_pg_rows *rows = await(second);
        CHECK(strcmp(eddy_pg_text(rows, 0, 0), "b") == 0);
        eddy_pg_rows_free(rows);
    }
}

static void a_statement_that_another_ones_cancellation_hits_is_sent_again(void **state)
{
    (void)state;
    RUN_CLEAN(hits_another());
}

async(void, cancels_its_own)
{
    struct fake fake = {.url = ""};
    eddy_error err;
    async_with (db, with_fake(&fake, NULL)) {
        async_with (own, eddy_pg_acquire(db)) {
            await_for(eddy_pg_query(own, "hang"), 0.02, &err);
            CHECK(err.code == ETIMEDOUT);
            CHECK(await(echoes(own, "echo", "x"))); /* it is sent after that has ended */
            CHECK(strcmp(fake.log, "hang\necho\n") == 0 && fake.cancels == 1);
            __auto_type waits = spawn(eddy_pg_query(own, "hang"));
            await(eddy_sleep(0.01));
            eddy_cancel(waits);
            await(waits, &err);
            __auto_type held = spawn(eddy_pg_query(own, "echo", "y"));
            await(eddy_sleep(0));
            eddy_cancel(held);
            await(held, &err);
            CHECK(err.code == ECANCELED);
        }
        CHECK(fake.connections == 1);
    }
}

static void on_a_connection_of_its_own_a_task_waits_until_a_cancelled_statement_has_ended(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_its_own());
}

/* ==== connections of tasks' own ==== */

async(void, holds, (eddy_pg *, db), (int *, most), (int *, now))
{
    async_with (own, eddy_pg_acquire(db)) {
        if (++*now > *most)
            *most = *now;
        CHECK(await(echoes(own, "echo", "own")));
        await(eddy_sleep(0.005));
        --*now;
    }
}

async(void, is_acquired, (size_t, connections), (int, wanted))
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = connections};
    int most = 0, now = 0;
    async_with (db, with_fake(&fake, &options)) {
        async_with (g, eddy_task_group()) {
            for (int i = 0; i < 12; i++)
                eddy_group_spawn(g, holds(db, &most, &now));
            for (int i = 0; i < 5; i++)
                CHECK(await(echoes(db, "echo", "shared")));
        }
        CHECK(most == wanted && fake.connections == (int)connections);
        CHECK(strstr(fake.log, "discard all"));
    }
}

static void tasks_have_connections_of_their_own_and_one_remains_for_all(void **state)
{
    (void)state;
    RUN_CLEAN(is_acquired(1, 1));
    RUN_CLEAN(is_acquired(3, 2));
}

async(void, gives_up_waiting)
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    int most = 0, now = 0;
    async_with (db, with_fake(&fake, &options)) {
        async_with (own, eddy_pg_acquire(db)) {
            await_for(holds(db, &most, &now), 0.01, &err);
            CHECK(err.code == ETIMEDOUT && most == 0);
            await_for(eddy_pg_query(db, "echo"), 0.01, &err);
            CHECK(err.code == ETIMEDOUT && fake.statements == 0);
            await(run(own, "set x = 1"));
        }
        await(holds(db, &most, &now));
        CHECK(most == 1 && fake.connections == 1);
    }
}

static void waiting_for_a_connection_can_be_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(gives_up_waiting());
}

async(void, pays, (eddy_pg *, db), (int, how))
{
    eddy_error err;
    async_with (tx, eddy_pg_transaction(db, "read only")) {
        await(run(tx, "pay"));
        async_with (part, eddy_pg_transaction(tx))
            await(run(part, "part"));
        if (how == 1)
            throw(EIO, "no money");
        if (how == 2)
            return;
        await(code_of(tx, "fails", ""), &err);
    }
}

async(void, commits)
{
    struct fake fake = {.url = ""};
    eddy_error err;
    async_with (db, with_fake(&fake, NULL)) {
        await(pays(db, 0));
        CHECK(strcmp(fake.log, "begin read only\npay\nsavepoint eddy1\npart\nrelease savepoint eddy1\nfails\n"
                               "commit\ndiscard all\n") == 0); /* nobody knows what "pay" has left */
        fake.log[0] = '\0';
        await(pays(db, 1), &err);
        CHECK(err.code == EIO && strstr(fake.log, "release savepoint eddy1\nrollback\n"));
        fake.log[0] = '\0';
        await(pays(db, 2));
        CHECK(strstr(fake.log, "release savepoint eddy1\ncommit\n") && fake.connections == 1);
    }
}

static void transactions_begin_and_end_with_their_blocks(void **state)
{
    (void)state;
    RUN_CLEAN(commits());
}

/* ==== losing ==== */

async(void, is_lost, (const char *, statement), (int, code))
{
    struct fake fake = {.url = ""};
    eddy_pg_options options = {.size = sizeof options, .connections = 1};
    eddy_error err;
    async_with (db, with_fake(&fake, &options)) {
        __auto_type sent = spawn(eddy_pg_query(db, statement));
        __auto_type after = spawn(eddy_pg_query(db, "echo", "x"));
        await(sent, &err);
        CHECK(err.code == code);
        await(after, &err);
        CHECK(err.code == ECONNRESET && strstr(err.message, "may have been executed"));
        CHECK(await(echoes(db, "echo", "again")) && fake.connections == 2);
        async_with (own, eddy_pg_acquire(db)) {
            CHECK(await(code_of(own, statement, "")) == code);
            CHECK(await(code_of(own, "echo", "leave the block")) == ECONNRESET);
        }
        CHECK(await(echoes(db, "echo", "again")) && fake.connections == 3);
    }
}

static void a_lost_connection_is_made_again(void **state)
{
    (void)state;
    RUN_CLEAN(is_lost("die", ECONNRESET));
    RUN_CLEAN(is_lost("torn", ECONNRESET));
    RUN_CLEAN(is_lost("noise", ECONNRESET));
}

async(void, is_away, (const char *, path))
{
    struct fake fake = {.path = path};
    eddy_pg_options options = {.size = sizeof options, .first_delay = 0.02, .longest_delay = 0.04};
    await(fake_start(&fake));
    async_with (db, eddy_pg_open(fake.url, &options)) {
        await(fake_stop(&fake));
        await(eddy_sleep(0.01));
        CHECK(await(code_of(db, "echo", "")) != 0);
        CHECK(await(code_of(db, "echo", path)) != 0);
        double before = eddy_time();
        CHECK(await(code_of(db, "echo", path)) != 0);
        CHECK(eddy_time() - before > 0.01); /* it waits between attempts */
        await(fake_start(&fake));
        CHECK(await(echoes(db, "echo", "back")));
    }
    await(fake_stop(&fake));
}

static void a_server_that_is_away_is_asked_with_delays(void **state)
{
    char path[] = "/tmp/eddy-pg-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(path));
    RUN_CLEAN(is_away(path));
    rmdir(path);
}

/* ==== the end ==== */

async(void, closes_early)
{
    struct fake fake = {.url = ""};
    eddy_error err;
    await(fake_start(&fake));
    eddy_pg *db = await(eddy_pg_open(fake.url));
    __auto_type waits = spawn(eddy_pg_query(db, "hang"));
    await(eddy_sleep(0.01));
    await(eddy_pg_close(db));
    await(waits, &err);
    CHECK(err.code == ECONNABORTED);
    eddy_event_set(&fake.go);
    db = await(eddy_pg_open(fake.url));
    CHECK(await(code_of(db, "die", "")) == ECONNRESET);
    eddy_event_clear(&fake.go);
    fake.is_silent = true;
    waits = spawn(eddy_pg_query(db, "echo")); /* for a connection */
    await(eddy_sleep(0.01));
    await(eddy_pg_close(db));
    await(waits, &err);
    CHECK(err.code == ECONNABORTED);
    eddy_event_set(&fake.go);
    await(fake_stop(&fake));
}

static void closing_fails_the_statements_that_wait(void **state)
{
    (void)state;
    RUN_CLEAN(closes_early());
}

async(void, leaves_it, (struct fake *, fake), (eddy_pg **, db))
{
    await(fake_start(fake));
    *db = await(eddy_pg_open(fake->url));
    eddy_detach(spawn(eddy_pg_open(fake->url))); /* nobody takes it */
    await(echoes(*db, "echo", "x"));
    await(eddy_sleep(0.01));
    await(fake_stop(fake));
}

static void a_client_may_outlive_its_loop(void **state)
{
    struct fake fake = {.url = ""};
    eddy_pg *db = NULL;
    (void)state;
    assert_int_equal(eddy_run(leaves_it(&fake, &db)), 0);
    eddy_pg_free(db);
    eddy_pg_free(NULL);
    eddy_pg_rows_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_logs_in_and_leaves),
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(refused_logins_have_codes),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(statements_are_prepared_once),
        cmocka_unit_test(a_statement_that_the_server_forgot_is_prepared_again),
        cmocka_unit_test(errors_have_codes_and_the_words_of_the_server),
        cmocka_unit_test(tasks_share_the_connections_and_get_their_own_rows),
        cmocka_unit_test(a_cancelled_statement_is_cancelled_on_the_server),
        cmocka_unit_test(a_statement_that_another_ones_cancellation_hits_is_sent_again),
        cmocka_unit_test(on_a_connection_of_its_own_a_task_waits_until_a_cancelled_statement_has_ended),
        cmocka_unit_test(tasks_have_connections_of_their_own_and_one_remains_for_all),
        cmocka_unit_test(waiting_for_a_connection_can_be_given_up),
        cmocka_unit_test(transactions_begin_and_end_with_their_blocks),
        cmocka_unit_test(a_lost_connection_is_made_again),
        cmocka_unit_test(a_server_that_is_away_is_asked_with_delays),
        cmocka_unit_test(closing_fails_the_statements_that_wait),
        cmocka_unit_test(a_client_may_outlive_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
