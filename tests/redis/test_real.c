/* SPDX-License-Identifier: MIT */
/* test_real.c - <eddy/redis.h> against Redis itself, which with_redis.py has started. */
#include <eddy/redis.h>

#include "unit/run_clean.h"

#define URL getenv("REDIS_URL")

/* Runs a command, and compares its reply as text. */
async(void, expect, (eddy_redis *, r), (struct eddy_redis_words, words), (const char *, text))
{
    eddy_redis_reply *reply = await(eddy_redis_command_words(r, words));
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)eddy_redis_integer(reply));
    bool is_same = strcmp(reply->kind == EDDY_REDIS_TEXT ? eddy_redis_text(reply) : number, text) == 0;
    eddy_redis_reply_free(reply);
    CHECK(is_same);
}
#define EXPECT(r, text, ...) await(expect(r, ED_REDIS_WORDS(__VA_ARGS__), text))

/* ==== commands ==== */

async(void, keeps_values, (int, protocol))
{
    eddy_redis_options options = {.size = sizeof options, .protocol = protocol, .name = "test"};
    eddy_error err;
    async_with (r, eddy_redis_open(URL, &options)) {
        EXPECT(r, "OK", "FLUSHALL");
        EXPECT(r, "test", "CLIENT", "GETNAME");
        EXPECT(r, "OK", "SET", "a key with %s", eddy_redis_bytes("a\0b", 3));
        EXPECT(r, "3", "STRLEN", "a key with %s");
        EXPECT(r, "1.5", "INCRBYFLOAT", "real", 1.5);
        EXPECT(r, "18446744073709551615", "ECHO", UINT64_MAX);
        EXPECT(r, "2", "HSET", "h", "one", 1, "two", "zwei");
        eddy_redis_reply *all = await(eddy_redis_command(r, "HGETALL", "h"));
        CHECK(all->kind == (protocol == 2 ? EDDY_REDIS_ARRAY : EDDY_REDIS_MAP) && all->count == 4);
        CHECK(strcmp(eddy_redis_text(eddy_redis_field(all, "two")), "zwei") == 0);
        eddy_redis_reply_free(all);
        EXPECT(r, "1", "ZADD", "z", 2.25, "member");
        eddy_redis_reply *score = await(eddy_redis_command(r, "ZSCORE", "z", "member"));
        CHECK(eddy_redis_real(score) == 2.25 && score->kind == (protocol == 2 ? EDDY_REDIS_TEXT : EDDY_REDIS_REAL));
        eddy_redis_reply_free(score);
        eddy_redis_reply *none = await(eddy_redis_command(r, "GET", "nothing"));
        CHECK(eddy_redis_is_null(none));
        eddy_redis_reply_free(none);
        await(eddy_redis_execute(r, "LPUSH", "z", 1), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "LPUSH: WRONGTYPE") && strstr(err.message, "unix://"));
    }
}

static void commands_have_typed_replies(void **state)
{
    (void)state;
    RUN_CLEAN(keeps_values(2));
    RUN_CLEAN(keeps_values(0));
}

async(void, counts, (eddy_redis *, r), (int, times))
{
    for (int i = 0; i < times; i++)
        await(eddy_redis_execute(r, "INCR", "n"));
}

/* Some tasks give up in between. */
async(void, is_shared)
{
    eddy_error err;
    async_with (r, eddy_redis_open(URL)) {
        EXPECT(r, "OK", "FLUSHALL");
        async_with (g, eddy_task_group()) {
            for (int i = 0; i < 64; i++)
                eddy_group_spawn(g, counts(r, 200));
            for (int i = 0; i < 50; i++) {
                await_for(eddy_redis_execute(r, "ECHO", "given up"), 0.0001, &err);
                CHECK(err.code == 0 || err.code == ETIMEDOUT);
            }
        }
        EXPECT(r, "12800", "GET", "n");
        char *large = malloc(5 << 20);
        CHECK(large);
        defer(free, large);
        memset(large, 'x', 5 << 20);
        await(eddy_redis_execute(r, "SET", "large", eddy_redis_bytes(large, 5 << 20)));
        eddy_redis_reply *reply = await(eddy_redis_command(r, "GET", "large"));
        bool is_whole = reply->text.size == 5 << 20 && memcmp(reply->text.data, large, 5 << 20) == 0;
        eddy_redis_reply_free(reply);
        CHECK(is_whole);
    }
}

static void many_tasks_share_a_connection(void **state)
{
    (void)state;
    RUN_CLEAN(is_shared());
}

/* ==== transactions, scripts ==== */

// [watch]
/* The result is null if somebody has changed the balance meanwhile. */
async(eddy_redis_reply *, add_five, (eddy_redis *, r), (bool, disturbed))
{
    eddy_redis_batch batch = {.count = 0};
    defer(eddy_redis_batch_free, &batch);
    eddy_redis_reply *result = NULL;
    async_with (own, eddy_redis_acquire(r)) {
        await(eddy_redis_execute(own, "WATCH", "balance"));
        eddy_redis_reply *balance = await(eddy_redis_command(own, "GET", "balance"));
        eddy_redis_add(&batch, "SET", "balance", eddy_redis_integer(balance) + 5);
        eddy_redis_add(&batch, "INCR", "changes");
        eddy_redis_reply_free(balance);
        if (disturbed)
            await(eddy_redis_execute(r, "SET", "balance", 1000));
        result = await(eddy_redis_transaction(own, &batch));
    }
    return result;
}
// [watch]

async(void, transacts)
{
    eddy_redis_script script = {.source = "return redis.call('INCRBY', KEYS[1], ARGV[1])"};
    async_with (r, eddy_redis_open(URL)) {
        await(eddy_redis_execute(r, "SET", "balance", 10));
        await(eddy_redis_execute(r, "DEL", "changes"));
        eddy_redis_reply *done = await(add_five(r, false));
        CHECK(done->count == 2 && strcmp(eddy_redis_text(eddy_redis_item(done, 0)), "OK") == 0);
        eddy_redis_reply_free(done);
        EXPECT(r, "15", "GET", "balance");
        done = await(add_five(r, true));
        CHECK(eddy_redis_is_null(done));
        eddy_redis_reply_free(done);
        EXPECT(r, "1000", "GET", "balance");
        EXPECT(r, "1", "GET", "changes");
        for (int i = 1; i <= 3; i++) {
            eddy_redis_reply *sum = await(eddy_redis_eval(r, &script, 1, "balance", i));
            CHECK(eddy_redis_integer(sum) == 1000 + i * (i + 1) / 2);
            eddy_redis_reply_free(sum);
            if (i == 2)
                await(eddy_redis_execute(r, "SCRIPT", "FLUSH"));
        }
    }
}

static void transactions_watch_and_scripts_come_back(void **state)
{
    (void)state;
    RUN_CLEAN(transacts());
}

/* ==== streams, blocking commands, messages ==== */

async(void, reads_stream, (eddy_redis *, r))
{
    async_with (own, eddy_redis_acquire(r)) {
        eddy_redis_reply *new = await(eddy_redis_command(own, "XREAD", "BLOCK", 0, "STREAMS", "log", "$"));
        const eddy_redis_reply *streams = new->kind == EDDY_REDIS_MAP ? &new->items[1]
                                                                      : eddy_redis_item(eddy_redis_item(new, 0), 1);
        const eddy_redis_reply *entry = eddy_redis_item(eddy_redis_item(streams, 0), 1);
        CHECK(strcmp(eddy_redis_text(eddy_redis_field(entry, "what")), "began") == 0);
        eddy_redis_reply_free(new);
    }
}

async(void, blocks)
{
    eddy_error err;
    async_with (r, eddy_redis_open(URL)) {
        await(eddy_redis_execute(r, "DEL", "log", "list"));
        __auto_type reader = spawn(reads_stream(r));
        eddy_redis_reply *blocked;
        for (bool waits = false; !waits;) { /* until the reader blocks */
            await(eddy_sleep(0.005));
            blocked = await(eddy_redis_command(r, "INFO", "clients"));
            waits = strstr(eddy_redis_text(blocked), "blocked_clients:1");
            eddy_redis_reply_free(blocked);
        }
        await(eddy_redis_execute(r, "XADD", "log", "*", "what", "began"));
        await(reader);
        async_with (own, eddy_redis_acquire(r)) { /* given up: it is not used again */
            await_for(eddy_redis_execute(own, "BLPOP", "list", 0), 0.02, &err);
            CHECK(err.code == ETIMEDOUT);
        }
        async_with (own, eddy_redis_acquire(r))
            EXPECT(own, "PONG", "PING");
        await(eddy_redis_execute(r, "RPUSH", "list", 1));
        EXPECT(r, "1", "LPOP", "list"); /* and has taken nothing */
    }
}

static void blocking_commands_have_connections_of_their_own(void **state)
{
    (void)state;
    RUN_CLEAN(blocks());
}

async(void, listens, (int, protocol))
{
    eddy_redis_options options = {.size = sizeof options, .protocol = protocol, .reply_seconds = 0.1};
    async_with (r, eddy_redis_open(URL, &options)) {
        eddy_redis_subscription *s = await(eddy_redis_psubscribe(r, "news.*", "weather"));
        defer(eddy_redis_unsubscribe, s);
        for (int i = 0; i < 100; i++)
            await(eddy_redis_execute(r, "PUBLISH", i % 2 ? "news.sport" : "weather", i));
        int count = 0;
        async_for (m, eddy_redis_messages(s)) {
            CHECK(atoi(m.payload.data) == count && strcmp(m.channel.data, count % 2 ? "news.sport" : "weather") == 0);
            CHECK(strcmp(m.pattern.data, count % 2 ? "news.*" : "weather") == 0);
            if (++count == 100)
                break;
        }
        eddy_redis_message message;
        eddy_error err;
        await_for(eddy_redis_receive(s, &message), 0.3, &err); /* it is asked by PING meanwhile */
        CHECK(err.code == ETIMEDOUT);
        await(eddy_redis_execute(r, "CLIENT", "KILL", "TYPE", "pubsub"));
        __auto_type waits = spawn(eddy_redis_receive(s, &message));
        for (int64_t heard = 0; !heard;) {
            eddy_redis_reply *reply = await(eddy_redis_command(r, "PUBLISH", "weather", "again"));
            heard = eddy_redis_integer(reply);
            eddy_redis_reply_free(reply);
            await(eddy_sleep(0.005));
        }
        await(waits);
        CHECK(message.after_gap && strcmp(message.payload.data, "again") == 0);
    }
}

static void messages_come_by_patterns_and_after_a_loss(void **state)
{
    (void)state;
    RUN_CLEAN(listens(2));
    RUN_CLEAN(listens(3));
}

/* ==== logging in, losing ==== */

async(void, logs_in)
{
    eddy_error err;
    async_with (r, eddy_redis_open(URL)) {
        await(eddy_redis_execute(r, "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+get", "+ping"));
        eddy_redis_options options = {.size = sizeof options, .user = "reader", .password = "secret", .protocol = 2};
        async_with (reader, eddy_redis_open(URL, &options)) {
            await(eddy_redis_execute(reader, "GET", "x"));
            await(eddy_redis_execute(reader, "SET", "x", 1), &err);
            CHECK(err.code == EACCES && strstr(err.message, "NOPERM"));
        }
        options.password = "wrong";
        await(eddy_redis_open(URL, &options), &err);
        CHECK(err.code == EACCES && !strstr(err.message, "wrong "));
        await(eddy_redis_execute(r, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"), &err);
        do
            await(eddy_redis_execute(r, "PING"), &err);
        while (err.code == ECONNRESET); /* it was sent on the connection that ends */
        CHECK(err.code == 0);
    }
}

static void users_are_checked_and_killed_clients_come_back(void **state)
{
    (void)state;
    RUN_CLEAN(logs_in());
}

async(void, uses_tls)
{
    eddy_tls_options trust = {.size = sizeof trust, .ca_file = getenv("REDIS_CA")};
    eddy_error err;
    eddy_tls *tls = eddy_tls_client_new(&trust);
    CHECK(tls);
    defer(eddy_tls_free, tls);
    eddy_redis_options options = {.size = sizeof options, .tls = tls};
    async_with (r, eddy_redis_open(getenv("REDIS_TLS_URL"), &options)) {
        await(eddy_redis_execute(r, "DEL", "n"));
        async_with (g, eddy_task_group())
            for (int i = 0; i < 10; i++)
                eddy_group_spawn(g, counts(r, 20));
        EXPECT(r, "200", "GET", "n");
    }
    await(eddy_redis_open(getenv("REDIS_TLS_URL")), &err);
    CHECK(err.code == EDDY_TLS_CERTIFICATE && strstr(err.message, "rediss://localhost"));
}

static void tls_is_checked(void **state)
{
    (void)state;
    RUN_CLEAN(uses_tls());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_have_typed_replies),
        cmocka_unit_test(many_tasks_share_a_connection),
        cmocka_unit_test(transactions_watch_and_scripts_come_back),
        cmocka_unit_test(blocking_commands_have_connections_of_their_own),
        cmocka_unit_test(messages_come_by_patterns_and_after_a_loss),
        cmocka_unit_test(users_are_checked_and_killed_clients_come_back),
        cmocka_unit_test(tls_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
