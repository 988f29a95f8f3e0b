/* SPDX-License-Identifier: MIT */
/* test_redis.c - rules of <eddy/redis.h>, against a server that does what a test says. */
#include "fake.h"

#include <math.h>
#include <unistd.h>

/* Starts the server and a client, and stops both at the end of the block. */
struct with {
    struct eddy_manager manager;
    eddy_redis *value;
    struct fake *fake;
    const eddy_redis_options *options;
};

static void with_enter(struct eddy_manager *manager, eddy_error *err)
{
    struct with *self = (struct with *)(void *)manager;
    eddy_await(fake_start(self->fake), err);
    if (!err->code)
        self->value = eddy_await(eddy_redis_open(self->fake->url, self->options), err);
}

static void with_exit(struct eddy_manager *manager, eddy_error *err)
{
    struct with *self = (struct with *)(void *)manager;
    eddy_error closing;
    eddy_await(eddy_redis_close(self->value), &closing);
    if (self->fake->server)
        eddy_await(fake_stop(self->fake), &closing);
    (void)err;
}

static struct with with_client(struct fake *fake, const eddy_redis_options *options)
{
    return (struct with){.manager = {.enter = with_enter, .exit = with_exit}, .fake = fake, .options = options};
}

async(eddy_redis_reply *, raw, (eddy_redis *, r), (const char *, text))
{
    return await(eddy_redis_command(r, "RAW", text));
}

async(int, code_of, (eddy_redis *, r), (const char *, name), (const char *, word), (const char *, words))
{
    eddy_error err;
    eddy_redis_reply *reply = await(eddy_redis_command(r, name, word), &err);
    if (err.code == 0)
        eddy_redis_reply_free(reply);
    else if (!strstr(err.message, words))
        throw(EDDY_INVALID_STATE, "\"%s\" does not say \"%s\"", err.message, words);
    return err.code;
}

/* ==== replies ==== */

async(void, reads_replies, (eddy_redis *, r))
{
    eddy_redis_reply *reply = await(raw(r, "+fine\r\n"));
    CHECK(reply->kind == EDDY_REDIS_TEXT && strcmp(eddy_redis_text(reply), "fine") == 0);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, ":-9223372036854775808\r\n"));
    CHECK(reply->kind == EDDY_REDIS_INTEGER && reply->integer == INT64_MIN && eddy_redis_real(reply) == -0x1p63);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "$-1\r\n"));
    CHECK(eddy_redis_is_null(reply) && eddy_redis_integer(reply) == 0 && strcmp(eddy_redis_text(reply), "") == 0);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "_\r\n"));
    CHECK(eddy_redis_is_null(reply));
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "$0\r\n\r\n"));
    CHECK(reply->kind == EDDY_REDIS_TEXT && reply->text.size == 0 && *reply->text.data == '\0');
    eddy_redis_reply_free(reply);
    reply = await(raw(r, ",2.5e3\r\n"));
    CHECK(reply->kind == EDDY_REDIS_REAL && reply->real == 2500 && eddy_redis_integer(reply) == 2500);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, ",inf\r\n"));
    CHECK(isinf(eddy_redis_real(reply)) && eddy_redis_integer(reply) == INT64_MAX);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "#t\r\n"));
    CHECK(reply->kind == EDDY_REDIS_BOOLEAN && eddy_redis_integer(reply) == 1);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "(3492890328409238509324850943850943825024385\r\n"));
    CHECK(reply->kind == EDDY_REDIS_TEXT && reply->text.size == 43);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "=8\r\ntxt:text\r\n"));
    CHECK(strcmp(eddy_redis_text(reply), "text") == 0 && reply->text.size == 4);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "$3\r\n2.5\r\n"));
    CHECK(eddy_redis_real(reply) == 2.5 && eddy_redis_integer(reply) == 2);
    eddy_redis_reply_free(reply);
}

async(void, reads_arrays, (eddy_redis *, r))
{
    eddy_redis_reply *reply = await(raw(r, "*3\r\n:1\r\n*2\r\n$1\r\na\r\n-ERR part\r\n*0\r\n"));
    CHECK(reply->kind == EDDY_REDIS_ARRAY && reply->count == 3 && eddy_redis_integer(eddy_redis_item(reply, 0)) == 1);
    const eddy_redis_reply *inner = eddy_redis_item(reply, 1);
    CHECK(inner->count == 2 && strcmp(eddy_redis_text(&inner->items[0]), "a") == 0);
    CHECK(inner->items[1].kind == EDDY_REDIS_ERROR && strcmp(eddy_redis_text(&inner->items[1]), "ERR part") == 0);
    CHECK(reply->items[2].kind == EDDY_REDIS_ARRAY && reply->items[2].count == 0);
    CHECK(eddy_redis_is_null(eddy_redis_item(reply, 3)) && eddy_redis_is_null(eddy_redis_item(reply, SIZE_MAX)));
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n:5\r\n:6\r\n"));
    CHECK(reply->kind == EDDY_REDIS_MAP && reply->count == 4 && eddy_redis_integer(eddy_redis_field(reply, "a")) == 1);
    CHECK(eddy_redis_field(reply, "b")->kind == EDDY_REDIS_SET && eddy_redis_field(reply, "b")->count == 2);
    CHECK(eddy_redis_is_null(eddy_redis_field(reply, "c")));
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n*0\r\n"));
    CHECK(eddy_redis_integer(eddy_redis_field(reply, "a")) == 1);
    CHECK(eddy_redis_field(reply, "b")->kind == EDDY_REDIS_ARRAY);
    CHECK(eddy_redis_is_null(eddy_redis_field(reply, "c")));
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "|1\r\n+ttl\r\n*1\r\n:3\r\n*2\r\n:1\r\n|1\r\n+x\r\n+y\r\n:2\r\n"));
    CHECK(reply->count == 2 && eddy_redis_integer(eddy_redis_item(reply, 1)) == 2);
    eddy_redis_reply_free(reply);
    reply = await(raw(r, "*-1\r\n"));
    CHECK(eddy_redis_is_null(reply));
    eddy_redis_reply_free(reply);
}

async(void, types)
{
    struct fake fake = {.hello = resp3_hello};
    async_with (r, with_client(&fake, NULL)) {
        await(reads_replies(r));
        await(reads_arrays(r));
        CHECK(fake.connections == 1);
    }
}

static void replies_have_the_types_of_the_protocol(void **state)
{
    (void)state;
    RUN_CLEAN(types());
}

/* ==== words ==== */

async(void, sends_words)
{
    struct fake fake = {.hello = resp3_hello};
    char name[] = "TYPES";
    async_with (r, with_client(&fake, NULL)) {
        fake.log[0] = '\0';
        await(eddy_redis_execute(r, name, 1, -2L, INT64_MIN, UINT64_MAX, 0.1, 2.5f, "%s %n", "", 'a'));
        CHECK(strcmp(fake.log, "TYPES 1 -2 -9223372036854775808 18446744073709551615 0.1 2.5 %s %n  97\n") == 0);
        eddy_redis_reply *reply = await(eddy_redis_command(r, "ECHO", eddy_redis_bytes("a\0\r\nb", 5)));
        CHECK(reply->text.size == 5 && memcmp(reply->text.data, "a\0\r\nb", 6) == 0);
        eddy_redis_reply_free(reply);
        const eddy_slice words[] = {{"ECHO", 4}, {"array", 5}};
        reply = await(eddy_redis_command_array(r, words, 2));
        CHECK(strcmp(eddy_redis_text(reply), "array") == 0);
        eddy_redis_reply_free(reply);
        eddy_error err;
        await(eddy_redis_execute(r, "SET", "key", (const char *)NULL), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "a word of the command is NULL"));
        await(eddy_redis_execute(r, 5, "key"), &err);
        CHECK(err.code == EINVAL);
    }
}

static void words_are_sent_as_they_are(void **state)
{
    (void)state;
    RUN_CLEAN(sends_words());
}

/* ==== errors ==== */

async(void, reports_errors)
{
    struct fake fake = {.hello = resp3_hello};
    async_with (r, with_client(&fake, NULL)) {
        CHECK(await(code_of(r, "RAW", "-ERR syntax error\r\n", "RAW: ERR syntax error")) == EINVAL);
        CHECK(await(code_of(r, "RAW", "-ERR syntax error\r\n", fake.url)) == EINVAL);
        CHECK(await(code_of(r, "RAW", "-NOAUTH Authentication required.\r\n", "NOAUTH")) == EACCES);
        CHECK(await(code_of(r, "RAW", "-OOM command not allowed\r\n", "OOM")) == ENOSPC);
        CHECK(await(code_of(r, "RAW", "-READONLY You can't\r\n", "READONLY")) == EROFS);
        CHECK(await(code_of(r, "RAW", "!5\r\nBUSY!\r\n", "BUSY!")) == EINVAL);
        CHECK(await(code_of(r, "RAW", "-BUSY Redis is busy\r\n", "BUSY")) == EAGAIN);
        CHECK(await(code_of(r, "MULTI", "", "eddy_redis_acquire")) == EINVAL);
        CHECK(await(code_of(r, "subscribe", "news", "eddy_redis_subscribe")) == EINVAL);
        CHECK(await(code_of(r, "CLIENT", "REPLY", "other replies")) == EINVAL);
        CHECK(await(code_of(r, "QUIT", "now", "eddy_redis_close")) == EINVAL);
        CHECK(await(code_of(r, "hello", "3", "URL")) == EINVAL);
        CHECK(await(code_of(r, "CLIENT", "LIST", "")) == 0);
        CHECK(fake.connections == 1);
    }
}

static void errors_have_codes_and_the_words_of_the_server(void **state)
{
    (void)state;
    RUN_CLEAN(reports_errors());
}

static const struct {
    const char *text;
    int code;
    const char *words;
} wrong[] = {
    {"hello\r\n", EBADMSG, "not the protocol of Redis"}, {"$5\r\nabcdefg\r\n", EBADMSG, "longer than its length"},
    {":12a\r\n", EBADMSG, "not the protocol"}, {":99999999999999999999\r\n", EBADMSG, "not the protocol"},
    {",\r\n1\r\n", EBADMSG, "not the protocol"}, {", 1\r\n", EBADMSG, "not the protocol"},
    {"$-2\r\n", EBADMSG, "negative"}, {"*-2\r\n", EBADMSG, "negative"}, {"%-1\r\n", EBADMSG, "negative"},
    {"$2000\r\n", EMSGSIZE, "reply_limit"}, {"*999999999\r\n", EMSGSIZE, "reply_limit"},
    {"*9223372036854775807\r\n", EMSGSIZE, "reply_limit"}, {"$9223372036854775807\r\n", EMSGSIZE, "reply_limit"},
    {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
     "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
     EBADMSG, "too deep"},
    {"+two\r\n+replies\r\n", 0, ""}};

/* Each ends the connection, and the next command gets another one. */
async(void, refuses_nonsense)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_redis_options options = {.size = sizeof options, .reply_limit = 1000};
    int count = (int)(sizeof wrong / sizeof wrong[0]);
    async_with (r, with_client(&fake, &options)) {
        for (int i = 0; i < count; i++) {
            CHECK(await(code_of(r, "RAW", wrong[i].text, wrong[i].words)) == wrong[i].code);
            while (fake.connections == i + 1) { /* the second reply may come a pass later */
                eddy_error err;
                await(eddy_redis_execute(r, "PING"), &err);
                CHECK(err.code == 0 || err.code == EBADMSG);
            }
        }
        CHECK(fake.connections == count + 1);
    }
}

static void what_is_no_reply_ends_the_connection(void **state)
{
    (void)state;
    RUN_CLEAN(refuses_nonsense());
}

/* ==== many tasks ==== */

async(void, echoes, (eddy_redis *, r), (int, number), (int, times))
{
    for (int i = 0; i < times; i++) {
        eddy_redis_reply *reply = await(eddy_redis_command(r, "ECHO", number * 1000 + i));
        int64_t value = eddy_redis_integer(reply);
        eddy_redis_reply_free(reply);
        CHECK(value == number * 1000 + i);
    }
}

async(void, is_shared)
{
    struct fake fake = {.hello = resp3_hello};
    async_with (r, with_client(&fake, NULL)) {
        async_with (g, eddy_task_group())
            for (int i = 0; i < 200; i++)
                eddy_group_spawn(g, echoes(r, i, 10));
        CHECK(fake.connections == 1 && fake.commands == 2001);
    }
}

static void tasks_share_one_connection_and_get_their_own_replies(void **state)
{
    (void)state;
    RUN_CLEAN(is_shared());
}

async(void, gives_up)
{
    struct fake fake = {.hello = resp3_hello};
    async_with (r, with_client(&fake, NULL)) {
        eddy_error err;
        eddy_redis_reply *reply;
        __auto_type late = spawn(eddy_redis_command(r, "HOLD", "late"));
        __auto_type next = spawn(eddy_redis_command(r, "ECHO", "next"));
        __auto_type given_up = spawn(eddy_redis_command(r, "ECHO", "given up"));
        __auto_type last = spawn(eddy_redis_command(r, "ECHO", "last"));
        while (fake.commands < 2) /* HELLO, HOLD */
            await(eddy_sleep(0.001));
        eddy_cancel(late);
        await(late, &err);
        CHECK(err.code == ECANCELED);
        eddy_cancel(given_up);
        await(given_up, &err);
        CHECK(err.code == ECANCELED);
        eddy_event_set(&fake.go);
        reply = await(next);
        CHECK(strcmp(eddy_redis_text(reply), "next") == 0);
        eddy_redis_reply_free(reply);
        reply = await(last);
        CHECK(strcmp(eddy_redis_text(reply), "last") == 0);
        eddy_redis_reply_free(reply);
        eddy_event_clear(&fake.go);
        await_for(eddy_redis_execute(r, "HOLD", "late"), 0.001, &err);
        CHECK(err.code == ETIMEDOUT);
        eddy_event_set(&fake.go);
        reply = await(eddy_redis_command(r, "ECHO", "after"));
        CHECK(strcmp(eddy_redis_text(reply), "after") == 0 && fake.connections == 1);
        eddy_redis_reply_free(reply);
    }
}

static void a_cancelled_command_does_not_shift_the_replies(void **state)
{
    (void)state;
    RUN_CLEAN(gives_up());
}

/* ==== lost connections ==== */

async(void, comes_back)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_error err;
    async_with (r, with_client(&fake, NULL)) {
        __auto_type due = spawn(eddy_redis_command(r, "DIE"));
        __auto_type after = spawn(eddy_redis_command(r, "INCR", "x"));
        await(due, &err);
        CHECK(err.code == ECONNRESET && strstr(err.message, fake.url) && strstr(err.message, "may have been executed"));
        await(after, &err);
        CHECK(err.code == ECONNRESET);
        eddy_redis_reply *reply = await(eddy_redis_command(r, "INCR", "x"));
        CHECK(eddy_redis_integer(reply) == 1 && fake.connections == 2);
        eddy_redis_reply_free(reply);
    }
}

static void a_lost_connection_is_made_again(void **state)
{
    (void)state;
    RUN_CLEAN(comes_back());
}

/* Such a command may be written before the reader has seen the end of the connection. */
async(void, asks_after, (eddy_redis *, r), (int, passes))
{
    eddy_error err;
    for (int i = 0; i < passes; i++)
        await(eddy_sleep(0));
    await(eddy_redis_execute(r, "PING"), &err);
    CHECK(err.code == 0 || err.code == ECONNRESET);
}

async(void, asks_while_it_is_lost, (bool, of_unix))
{
    char path[64];
    struct fake fake = {.hello = resp3_hello, .path = of_unix ? path : NULL};
    snprintf(path, sizeof path, "@eddy-redis-%d", (int)getpid());
    async_with (r, with_client(&fake, NULL))
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, asks_after(r, 0));
            eddy_detach(spawn(eddy_redis_execute(r, "DIE")));
            for (int i = 0; i < 30; i++)
                eddy_group_spawn(group, asks_after(r, i));
        }
}

static void a_command_of_a_lost_connection_has_one_code(void **state)
{
    (void)state;
    RUN_CLEAN(asks_while_it_is_lost(false));
    RUN_CLEAN(asks_while_it_is_lost(true));
}

async(void, closes_while_it_is_lost, (const char *, path), (int, passes))
{
    struct fake fake = {.hello = resp3_hello, .path = path};
    async_with (r, with_client(&fake, NULL))
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, eddy_redis_execute(r, "DIE"));
            for (int i = 0; i < 30; i++)
                eddy_group_spawn(group, asks_after(r, i));
            for (int i = 0; i < passes; i++)
                await(eddy_sleep(0));
            throw(ECANCELED); /* the client is closed at once */
        }
}

async(void, closes_in_every_pass)
{
    char path[64];
    eddy_error err;
    snprintf(path, sizeof path, "@eddy-redis-%d", (int)getpid());
    for (int i = 0; i < 20; i++) {
        await(closes_while_it_is_lost(NULL, i), &err);
        await(closes_while_it_is_lost(path, i), &err);
    }
}

/* The loss of the connection and the request to end may reach the keeper in the same pass. */
static void a_client_closes_while_its_connection_is_lost(void **state)
{
    (void)state;
    RUN_CLEAN(closes_in_every_pass());
}

async(void, server_is_away)
{
    char path[64];
    struct fake fake = {.hello = resp3_hello, .path = path};
    eddy_redis_options options = {.size = sizeof options, .first_delay = 0.01, .longest_delay = 0.02};
    eddy_error err;
    snprintf(path, sizeof path, "@eddy-redis-%d", (int)getpid());
    async_with (r, with_client(&fake, &options)) {
        await(fake_stop(&fake));
        await(eddy_redis_execute(r, "PING"), &err);
        CHECK(err.code == ECONNREFUSED || err.code == ECONNRESET);
        for (int i = 0; i < 5; i++) {
            await(eddy_redis_execute(r, "PING"), &err);
            CHECK(err.code == ECONNREFUSED && strstr(err.message, fake.url));
        }
        await_for(eddy_redis_execute(r, "PING"), 0, &err); /* it waits for the next attempt */
        CHECK(err.code == ETIMEDOUT);
        fake.server = await(eddy_start_unix_server(serve_redis, &fake, path));
        await(eddy_redis_execute(r, "PING"));
        CHECK(fake.connections == 2);
    }
    await(eddy_redis_open(fake.url), &err);
    CHECK(err.code == ECONNREFUSED && strstr(err.message, fake.url));
}

static void without_a_server_commands_fail_and_it_is_found_again(void **state)
{
    (void)state;
    RUN_CLEAN(server_is_away());
}

async(void, is_silent)
{
    struct fake fake = {.hello = resp3_hello};
    /* On the other drivers a slow machine is silent, too. */
    bool is_simulated = strcmp(eddy_loop_driver(eddy_current_loop()), "sim") == 0;
    eddy_redis_options options = {.size = sizeof options, .reply_seconds = is_simulated ? 0.05 : 2};
    eddy_error err;
    async_with (r, with_client(&fake, &options)) {
        await(eddy_sleep(is_simulated ? 1 : 0)); /* nothing is due */
        await(eddy_redis_execute(r, "PING"));
        CHECK(fake.connections == 1);
        await(eddy_redis_execute(r, "HOLD", "never"), &err);
        CHECK(err.code == ETIMEDOUT && strstr(err.message, fake.url));
        await(eddy_redis_execute(r, "PING"));
        CHECK(fake.connections == 2);
    }
}

static void a_server_that_does_not_reply_is_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(is_silent());
}

/* ==== several commands ==== */

async(void, sends_batches)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_redis_batch batch = {.count = 0};
    eddy_error err;
    defer(eddy_redis_batch_free, &batch);
    async_with (r, with_client(&fake, NULL)) {
        eddy_redis_add(&batch, "INCR", "x");
        eddy_redis_add(&batch, "RAW", "-ERR in between\r\n");
        eddy_redis_add(&batch, "ECHO", 5);
        eddy_redis_reply *all = await(eddy_redis_pipeline(r, &batch));
        CHECK(all->count == 3 && eddy_redis_integer(eddy_redis_item(all, 0)) == 1);
        CHECK(eddy_redis_item(all, 1)->kind == EDDY_REDIS_ERROR && eddy_redis_integer(eddy_redis_item(all, 2)) == 5);
        eddy_redis_reply_free(all);
        all = await(eddy_redis_transaction(r, &batch));
        CHECK(all->kind == EDDY_REDIS_ARRAY && all->count == 3);
        eddy_redis_reply_free(all);
        __auto_type given_up = spawn(eddy_redis_transaction(r, &batch));
        await(eddy_sleep(0));
        await(eddy_sleep(0));
        eddy_cancel(given_up);
        await_always(given_up, &err);
        if (!err.code)
            eddy_redis_reply_free(given_up->result);
        await(echoes(r, 1, 3));
        eddy_redis_add(&batch, "NONSENSE");
        await(eddy_redis_transaction(r, &batch), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "unknown command 'NONSENSE'"));
        eddy_redis_add(&batch, "WATCH", "x");
        await(eddy_redis_pipeline(r, &batch), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "WATCH"));
        eddy_redis_batch_free(&batch);
        await(eddy_redis_pipeline(r, &batch), &err);
        CHECK(err.code == EINVAL && strstr(err.message, "empty"));
        CHECK(fake.connections == 1);
    }
}

static void batches_are_pipelines_or_transactions(void **state)
{
    (void)state;
    RUN_CLEAN(sends_batches());
}

async(void, runs_scripts)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_redis_script script = {.source = "return 1"};
    async_with (r, with_client(&fake, NULL)) {
        fake.log[0] = '\0';
        eddy_redis_reply_free(await(eddy_redis_eval(r, &script, 1, "key", 5)));
        fake.knows_script = false; /* it was started again */
        eddy_redis_reply_free(await(eddy_redis_eval(r, &script, 0)));
        eddy_redis_reply_free(await(eddy_redis_eval(r, &script, 0)));
        CHECK(strcmp(fake.log, "SCRIPT LOAD return 1\n"
                               "EVALSHA 0123456789012345678901234567890123456789 1 key 5\n"
                               "EVALSHA 0123456789012345678901234567890123456789 0\n"
                               "EVAL return 1 0\n"
                               "EVALSHA 0123456789012345678901234567890123456789 0\n") == 0);
        eddy_error err;
        await(eddy_redis_eval(r, &script, 2, "key"), &err);
        CHECK(err.code == EINVAL);
    }
}

static void scripts_are_sent_once_and_again_if_they_were_forgotten(void **state)
{
    (void)state;
    RUN_CLEAN(runs_scripts());
}

/* ==== connections of tasks' own ==== */

async(void, use_own, (eddy_redis *, r), (const char *, name))
{
    async_with (own, eddy_redis_acquire(r))
        await(eddy_redis_execute(own, name, "x"));
}

async(void, has_own)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_redis_options options = {.size = sizeof options, .connections = 2};
    eddy_error err;
    async_with (r, with_client(&fake, &options)) {
        async_with (own, eddy_redis_acquire(r)) {
            await(eddy_redis_execute(own, "WATCH", "x"));
            eddy_redis_batch batch = {.count = 0};
            eddy_redis_add(&batch, "INCR", "x");
            eddy_redis_reply_free(await(eddy_redis_transaction(own, &batch)));
            eddy_redis_batch_free(&batch);
        }
        CHECK(fake.connections == 2);
        await(use_own(r, "WATCH")); /* the same; it is left in a state that no other task may see */
        CHECK(fake.connections == 2);
        async_with (own, eddy_redis_acquire(r)) {
            CHECK(fake.connections == 3);
            await(eddy_redis_execute(own, "DIE"), &err);
            CHECK(err.code == ECONNRESET);
            await(eddy_redis_execute(own, "PING"), &err);
            CHECK(err.code == ECONNRESET && strstr(err.message, "leave the block"));
        }
        async_with (g, eddy_task_group())
            for (int i = 0; i < 6; i++)
                eddy_group_spawn(g, use_own(r, "ECHO"));
        CHECK(fake.connections == 5); /* two at a time, and they are used again */
    }
}

static void a_task_can_have_a_connection_for_itself(void **state)
{
    (void)state;
    RUN_CLEAN(has_own());
}

/* ==== publish and subscribe ==== */

async(void, receives)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_error err;
    async_with (r, with_client(&fake, NULL)) {
        int count = 0;
        eddy_redis_message message;
        eddy_redis_subscription *s = await(eddy_redis_subscribe(r, "news"));
        defer(eddy_redis_unsubscribe, s);
        await(eddy_redis_execute(r, "PUBLISH", "one"));
        await(eddy_redis_execute(r, "PUBLISH", "two"));
        async_for (m, eddy_redis_messages(s)) {
            CHECK(strcmp(m.payload.data, count++ ? "two" : "one") == 0 && strcmp(m.channel.data, "news") == 0);
            CHECK(!m.after_gap && m.pattern.size == 0);
            if (count == 2)
                break;
        }
        await_for(eddy_redis_receive(s, &message), 0.001, &err);
        CHECK(err.code == ETIMEDOUT);
        await(eddy_redis_execute(r, "PUBLISH", "three"));
        CHECK(await(eddy_redis_receive(s, &message)) && strcmp(message.payload.data, "three") == 0);
        __auto_type waits = spawn(eddy_redis_receive(s, &message));
        await(eddy_sleep(0));
        await(eddy_redis_receive(s, &(eddy_redis_message){.after_gap = false}), &err);
        CHECK(err.code == EDDY_STREAM_BUSY);
        eddy_stream_abort(fake.subscribers[0]); /* the server closes it, and it comes back */
        while (!fake.subscribers[0] || fake.connections < 3)
            await(eddy_sleep(0.001));
        await(eddy_redis_execute(r, "PUBLISH", "four"));
        await(waits);
        CHECK(strcmp(message.payload.data, "four") == 0 && message.after_gap);
    }
}

static void messages_come_in_order_and_a_gap_is_told(void **state)
{
    (void)state;
    RUN_CLEAN(receives());
}

/* ==== opening and closing ==== */

async(int, opening_fails, (const char *, url), (eddy_redis_options *, options), (const char *, words))
{
    eddy_error err;
    if (options)
        options->size = sizeof *options;
    eddy_redis *r = await(eddy_redis_open(url, options), &err);
    if (!err.code)
        await(eddy_redis_close(r));
    else if (!strstr(err.message, words) || strstr(err.message, "secret"))
        throw(EDDY_INVALID_STATE, "\"%s\" does not say \"%s\"", err.message, words);
    return err.code;
}

async(void, reads_urls)
{
    CHECK(await(opening_fails("http://x", NULL, "begins with redis://")) == EINVAL);
    CHECK(await(opening_fails(NULL, NULL, "begins with redis://")) == EINVAL);
    CHECK(await(opening_fails("redis://:secret@x:70000", NULL, "port")) == EINVAL);
    CHECK(await(opening_fails("redis://x:0", NULL, "port")) == EINVAL);
    CHECK(await(opening_fails("redis://x/one", NULL, "/DATABASE")) == EINVAL);
    CHECK(await(opening_fails("redis://[::1", NULL, "closing bracket")) == EINVAL);
    CHECK(await(opening_fails("redis://[::1]x", NULL, "only a port may follow")) == EINVAL);
    CHECK(await(opening_fails("redis://a%zz@x", NULL, "two hexadecimal digits")) == EINVAL);
    CHECK(await(opening_fails("redis://a%00@x", NULL, "two hexadecimal digits")) == EINVAL);
    CHECK(await(opening_fails("unix://", NULL, "no path")) == EINVAL);
    CHECK(await(opening_fails("unix:///x?database=1", NULL, "?db=")) == EINVAL);
    CHECK(await(opening_fails("redis://x", &(eddy_redis_options){.protocol = 4}, "protocol")) == EINVAL);
    CHECK(await(opening_fails("unix:///nowhere/at/all", NULL, "unix:///nowhere/at/all")) == ENOENT);
}

async(void, logs_in)
{
    struct fake fake = {.hello = resp3_hello, .password = "se:cret"};
    char url[128];
    await(fake_start(&fake));
    snprintf(url, sizeof url, "redis://me:se%%3acret@%.40s/3", fake.url + 8);
    CHECK(await(opening_fails(url, NULL, "")) == 0);
    CHECK(strcmp(fake.log, "HELLO 3 AUTH me se:cret\nSELECT 3\n") == 0);
    CHECK(await(opening_fails(fake.url, &(eddy_redis_options){.password = "secret"}, "WRONGPASS")) == EACCES);
    fake.log[0] = '\0';
    eddy_redis_options options = {.user = "me", .password = "se:cret", .name = "test", .database = 2, .protocol = 3};
    CHECK(await(opening_fails(fake.url, &options, "")) == 0);
    CHECK(strcmp(fake.log, "HELLO 3 AUTH me se:cret SETNAME test\nSELECT 2\n") == 0);
    fake.log[0] = '\0';
    fake.hello = NULL;
    options.protocol = 0;
    CHECK(await(opening_fails(fake.url, &options, "")) == 0);
    CHECK(strcmp(fake.log, "HELLO 3 AUTH me se:cret SETNAME test\nAUTH me se:cret\nCLIENT SETNAME test\n"
                           "SELECT 2\n") == 0);
    options.protocol = 3;
    CHECK(await(opening_fails(fake.url, &options, "unknown command")) == EINVAL);
    await(fake_stop(&fake));
}

static void urls_and_options_say_where_and_as_whom(void **state)
{
    (void)state;
    RUN_CLEAN(reads_urls());
    RUN_CLEAN(logs_in());
}

async(void, is_closed)
{
    struct fake fake = {.hello = resp3_hello};
    eddy_error err;
    await(fake_start(&fake));
    async_with (r, eddy_redis_open(fake.url))
        await(echoes(r, 1, 3));
    eddy_redis *r = await(eddy_redis_open(fake.url));
    __auto_type due = spawn(eddy_redis_command(r, "HOLD", "x"));
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    await(eddy_redis_close(r));
    await(due, &err);
    CHECK(err.code == ECONNABORTED && strstr(err.message, fake.url));
    eddy_detach(spawn(eddy_redis_open(fake.url))); /* nobody takes it */
    eddy_redis_free(await(eddy_redis_open(fake.url)));
    eddy_redis_free(NULL);
    eddy_redis_reply_free(NULL);
    eddy_redis_unsubscribe(NULL);
    await(eddy_sleep(0.01));
    await(fake_stop(&fake));
}

static void closing_fails_what_is_due(void **state)
{
    (void)state;
    RUN_CLEAN(is_closed());
}

async(void, leaves_it, (struct fake *, fake), (eddy_redis **, r))
{
    await(fake_start(fake));
    *r = await(eddy_redis_open(fake->url));
    await(echoes(*r, 1, 2));
    eddy_detach(spawn(eddy_redis_command(*r, "HOLD", "x")));
    await(eddy_sleep(0));
    await(fake_stop(fake));
}

static void a_client_may_outlive_its_loop(void **state)
{
    static struct fake fake = {.hello = resp3_hello};
    eddy_redis *r = NULL;
    (void)state;
    assert_int_equal(eddy_run(leaves_it(&fake, &r)), 0);
    eddy_redis_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_have_the_types_of_the_protocol),
        cmocka_unit_test(words_are_sent_as_they_are),
        cmocka_unit_test(errors_have_codes_and_the_words_of_the_server),
        cmocka_unit_test(what_is_no_reply_ends_the_connection),
        cmocka_unit_test(tasks_share_one_connection_and_get_their_own_replies),
        cmocka_unit_test(a_cancelled_command_does_not_shift_the_replies),
        cmocka_unit_test(a_lost_connection_is_made_again),
        cmocka_unit_test(a_command_of_a_lost_connection_has_one_code),
        cmocka_unit_test(a_client_closes_while_its_connection_is_lost),
        cmocka_unit_test(without_a_server_commands_fail_and_it_is_found_again),
        cmocka_unit_test(a_server_that_does_not_reply_is_given_up),
        cmocka_unit_test(batches_are_pipelines_or_transactions),
        cmocka_unit_test(scripts_are_sent_once_and_again_if_they_were_forgotten),
        cmocka_unit_test(a_task_can_have_a_connection_for_itself),
        cmocka_unit_test(messages_come_in_order_and_a_gap_is_told),
        cmocka_unit_test(urls_and_options_say_where_and_as_whom),
        cmocka_unit_test(closing_fails_what_is_due),
        cmocka_unit_test(a_client_may_outlive_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
