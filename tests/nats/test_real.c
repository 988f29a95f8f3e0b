/* SPDX-License-Identifier: MIT */
/* test_real.c - <eddy/nats.h> against NATS itself, which with_nats.py has started. */
#include <eddy/nats.h>
#include <signal.h>

#include "unit/run_clean.h"

#define URL getenv("NATS_URL")
#define SEED "SUAACCAPCYOSIKZSHFAEOTSVLRRWU4LYP6DI3FE3UKU3BN56YXGNHWVCJA"

static bool has_data(const eddy_nats_message *m, const char *text)
{
    return m->data.size == strlen(text) && memcmp(m->data.data, text, m->data.size) == 0;
}

/* The next message has this text. */
async(void, comes, (eddy_nats_subscription *, s), (const char *, text))
{
    eddy_nats_message *m = await(eddy_nats_receive(s));
    defer(eddy_nats_message_free, m);
    CHECK(has_data(m, text));
}

/* ==== messages ==== */

async(void, publishes)
{
    async_with (n, eddy_nats_open(URL)) {
        eddy_nats_subscription *all = await(eddy_nats_subscribe(n, "news.>"));
        defer(eddy_nats_unsubscribe, all);
        eddy_nats_subscription *a = await(eddy_nats_subscribe(n, "news.*", "group"));
        defer(eddy_nats_unsubscribe, a);
        eddy_nats_subscription *b = await(eddy_nats_subscribe(n, "news.*", "group"));
        defer(eddy_nats_unsubscribe, b);
        for (int i = 0; i < 100; i++)
            await(eddy_nats_publish(n, "news.one", "text"));
        await(eddy_nats_flush(n));
        for (int i = 0; i < 100; i++)
            await(comes(all, "text"));
        eddy_nats_header headers[] = {{"Kind", "a b"}, {"Other", ""}};
        await(eddy_nats_send(n, &(eddy_nats_outgoing){.subject = "news.two", .data = {"a\0b", 3}, .headers = headers,
                                                      .header_count = 2, .reply = "x"}));
        eddy_nats_message *m = await(eddy_nats_receive(all));
        CHECK(m->data.size == 3 && memcmp(m->data.data, "a\0b", 4) == 0 && strcmp(m->reply, "x") == 0);
        CHECK(strcmp(eddy_nats_header_of(m, "kind"), "a b") == 0 && strcmp(eddy_nats_header_of(m, "other"), "") == 0);
        CHECK(!eddy_nats_header_of(m, "none") && strcmp(m->subject, "news.two") == 0);
        eddy_nats_message_free(m);
        eddy_error err;
        int got = 0;
        for (eddy_nats_subscription *s = a; s; s = s == a ? b : NULL)
            for (err.code = 0; !err.code; got += !err.code) {
                eddy_nats_message *one = await_for(eddy_nats_receive(s), 0.05, &err);
                if (!err.code)
                    eddy_nats_message_free(one);
            }
        CHECK(got == 101); /* one of the two gets each */
    }
}

static void messages_come_to_subscribers_and_once_to_a_queue_group(void **state)
{
    (void)state;
    RUN_CLEAN(publishes());
}

async(void, answers, (eddy_nats *, n))
{
    eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "square", "workers"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        char text[32];
        snprintf(text, sizeof text, "%d", atoi(m->data.data) * atoi(m->data.data));
        await(eddy_nats_respond(m, text));
    }
}

async(void, asks, (eddy_nats *, n), (int, number))
{
    char text[32];
    snprintf(text, sizeof text, "%d", number);
    eddy_nats_message *m = await(eddy_nats_request(n, "square", text));
    defer(eddy_nats_message_free, m);
    CHECK(atoi(m->data.data) == number * number);
}

async(void, requests)
{
    eddy_error err;
    async_with (n, eddy_nats_open(URL)) {
        __auto_type server = spawn(answers(n));
        await(eddy_sleep(0));
        async_with (group, eddy_task_group())
            for (int i = 0; i < 500; i++)
                eddy_group_spawn(group, asks(n, i));
        await(eddy_nats_request(n, "nobody", ""), &err);
        CHECK(err.code == EHOSTUNREACH && strstr(err.message, "nobody"));
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "silent"));
        defer(eddy_nats_unsubscribe, s);
        await_for(eddy_nats_request(n, "silent", "x"), 0.05, &err);
        CHECK(err.code == ETIMEDOUT);
        await(asks(n, 9));
        await(eddy_nats_publish(n, "two words", ""), &err);
        CHECK(err.code == EINVAL);
        size_t size = eddy_nats_message_limit(n) + 1;
        char *large = calloc(1, size);
        defer(free, large);
        await(eddy_nats_publish(n, "x", (eddy_slice){large, size}), &err);
        CHECK(err.code == EMSGSIZE);
        eddy_cancel(server);
        await_always(server, &err);
    }
}

static void requests_get_their_own_answers(void **state)
{
    (void)state;
    RUN_CLEAN(requests());
}

/* ==== logins ==== */

async(int, code_of_login, (const char *, url), (const eddy_nats_options *, options))
{
    eddy_error err;
    eddy_nats *n = await(eddy_nats_open(url, options), &err);
    if (!err.code)
        await(eddy_nats_close(n));
    return err.code;
}

async(void, logs_in)
{
    eddy_nats_options options = {.size = sizeof options, .user = "me", .password = "se:cret"};
    eddy_error err;
    char url[128];
    snprintf(url, sizeof url, "nats://me:se%%3Acret@%s", URL + 7);
    CHECK(await(code_of_login(url, NULL)) == 0);
    snprintf(url, sizeof url, "nats://me:secret@%s", URL + 7);
    CHECK(await(code_of_login(url, NULL)) == EACCES);
    async_with (n, eddy_nats_open(URL, &options)) {
        await(eddy_nats_publish(n, "forbidden", ""));
        await(eddy_nats_flush(n), &err);
        CHECK(err.code == EACCES && strstr(err.message, "forbidden"));
        await(eddy_nats_flush(n));
        await(eddy_nats_request(n, "forbidden", ""), &err);
        CHECK(err.code == EACCES);
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "forbidden"));
        await(eddy_nats_receive(s), &err);
        CHECK(err.code == EACCES);
        eddy_nats_unsubscribe(s);
    }
    eddy_nats_options nkey = {.size = sizeof nkey, .nkey_seed = SEED};
    CHECK(await(code_of_login(URL, &nkey)) == 0);
    nkey.nkey_seed = "SUAACCAPCYOSIKZSHFAEOTSVLRRWU4LYP6DI3FE3UKU3BN56YXGNHXVCJA";
    CHECK(await(code_of_login(URL, &nkey)) == EINVAL);
}

static void logins_are_by_password_token_and_nkey(void **state)
{
    (void)state;
    RUN_CLEAN(logs_in());
}

async(void, uses_tls)
{
    const char *url = getenv("NATS_TLS_URL");
    eddy_tls_options trust = {.size = sizeof trust, .ca_file = getenv("NATS_CA")};
    eddy_tls *tls = eddy_tls_client_new(&trust);
    defer(eddy_tls_free, tls);
    eddy_nats_options options = {.size = sizeof options, .token = "se:cret", .tls = tls};
    async_with (n, eddy_nats_open(url, &options)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "x"));
        defer(eddy_nats_unsubscribe, s);
        await(eddy_nats_publish(n, "x", "secret"));
        await(comes(s, "secret"));
    }
    options.token = "other";
    CHECK(await(code_of_login(url, &options)) == EACCES);
    options.tls = NULL;
    CHECK(await(code_of_login(url, &options)) == EDDY_TLS_CERTIFICATE);
}

static void tls_is_begun_after_the_servers_greeting(void **state)
{
    (void)state;
    RUN_CLEAN(uses_tls());
}

/* ==== JetStream ==== */

static eddy_nats_stream_options work = {
    .size = sizeof work, .name = "WORK", .subjects = {"work.>"}, .retention = EDDY_NATS_WORK_QUEUE};

async(void, store_some, (eddy_nats *, n), (int, count))
{
    for (int i = 0; i < count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        eddy_nats_stored stored = await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.a", .id = text,
                                                                                 .data = {text, strlen(text)}}));
        CHECK(stored.sequence > 0);
    }
}

async(void, works_off, (eddy_nats *, n), (eddy_nats_consumer *, c), (int, count))
{
    for (int i = 0; i < count; i++) {
        eddy_nats_message *m = await(eddy_nats_next(c));
        defer(eddy_nats_message_free, m);
        CHECK(atoi(m->data.data) == i && eddy_nats_delivery_of(m).deliveries == 1);
        await(eddy_nats_ack_surely(m));
    }
    eddy_nats_stream_state state = await(eddy_nats_stream_info(n, "WORK"));
    CHECK(state.messages == 0 && state.last >= (uint64_t)count);
}

async(void, acknowledges, (eddy_nats *, n), (eddy_nats_consumer *, c))
{
    eddy_error err;
    await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.b", .data = {"again", 5}}));
    eddy_nats_message *m = await(eddy_nats_next(c));
    CHECK(eddy_nats_nak(m, 0) == 0);
    eddy_nats_message_free(m);
    m = await(eddy_nats_next(c));
    CHECK(eddy_nats_delivery_of(m).deliveries == 2 && has_data(m, "again"));
    eddy_nats_message_free(m); /* no sign of life: after ack_wait it comes again */
    m = await(eddy_nats_next(c));
    CHECK(eddy_nats_delivery_of(m).deliveries == 3);
    for (int i = 0; i < 3; i++) {
        CHECK(eddy_nats_progress(m) == 0);
        await_for(eddy_nats_next(c), 0.25, &err);
        CHECK(err.code == ETIMEDOUT);
    }
    CHECK(eddy_nats_terminate(m) == 0);
    eddy_nats_message_free(m);
    await_for(eddy_nats_next(c), 0.8, &err);
    CHECK(err.code == ETIMEDOUT);
}

async(void, has_streams)
{
    eddy_error err;
    async_with (n, eddy_nats_open(URL)) {
        await(eddy_nats_stream_create(n, &work));
        await(eddy_nats_stream_create(n, &work));
        await(store_some(n, 20));
        eddy_nats_stored again = await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.a", .id = "3"}));
        CHECK(again.duplicate && again.sequence == 4);
        eddy_nats_message *m = await(eddy_nats_stream_get(n, "WORK", 4));
        CHECK(has_data(m, "3") && strcmp(eddy_nats_header_of(m, "Nats-Msg-Id"), "3") == 0);
        eddy_nats_message_free(m);
        CHECK(!await(eddy_nats_stream_get(n, "WORK", 400)));
        eddy_nats_consumer_options options = {.size = sizeof options, .stream = "WORK", .name = "w", .ack_wait = 0.5};
        eddy_nats_consumer *c = await(eddy_nats_consume(n, &options));
        defer(eddy_nats_consumer_free, c);
        await(works_off(n, c, 20));
        await(acknowledges(n, c));
        eddy_nats_stored one = await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.c"}));
        CHECK(await(eddy_nats_stream_remove(n, "WORK", one.sequence)));
        CHECK(!await(eddy_nats_stream_remove(n, "WORK", one.sequence)));
        await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "no.stream"}), &err);
        CHECK(err.code == EHOSTUNREACH);
        (void)await(eddy_nats_stream_info(n, "NONE"), &err);
        CHECK(err.code == ENOENT);
        await(eddy_nats_stream_purge(n, "WORK", "work.>"));
        await(eddy_nats_consumer_delete(n, "WORK", "w"));
        for (err.code = 0; !err.code;) { /* the message that was removed may have come before */
            m = await(eddy_nats_next(c), &err);
            if (!err.code)
                eddy_nats_message_free(m);
        }
        CHECK(err.code == ENOENT && strstr(err.message, "no consumer w"));
        await(eddy_nats_stream_delete(n, "WORK"));
    }
}

static void streams_keep_messages_until_they_are_acknowledged(void **state)
{
    (void)state;
    RUN_CLEAN(has_streams());
}

async(void, has_bucket)
{
    eddy_error err;
    async_with (n, eddy_nats_open(URL)) {
        eddy_nats_kv_options options = {.size = sizeof options, .history = 3, .in_memory = true};
        eddy_nats_kv *kv = await(eddy_nats_kv_open(n, "users", &options));
        defer(eddy_nats_kv_free, kv);
        CHECK(!await(eddy_nats_kv_get(kv, "paula")));
        uint64_t revision = await(eddy_nats_kv_create(kv, "paula", "1"));
        await(eddy_nats_kv_create(kv, "paula", "2"), &err);
        CHECK(err.code == EEXIST);
        uint64_t next = await(eddy_nats_kv_update(kv, "paula", "2", revision));
        await(eddy_nats_kv_update(kv, "paula", "3", revision), &err);
        CHECK(err.code == EEXIST && next == revision + 1);
        eddy_nats_message *m = await(eddy_nats_kv_get(kv, "paula"));
        CHECK(has_data(m, "2") && eddy_nats_kv_revision(m) == next && strcmp(eddy_nats_kv_key(kv, m), "paula") == 0);
        eddy_nats_message_free(m);
        eddy_nats_consumer *watch = await(eddy_nats_kv_watch(kv, ">"));
        defer(eddy_nats_consumer_free, watch);
        m = await(eddy_nats_next(watch));
        CHECK(has_data(m, "2") && !eddy_nats_kv_is_deleted(m) && eddy_nats_kv_revision(m) == next);
        eddy_nats_message_free(m);
        await(eddy_nats_kv_delete(kv, "paula"));
        m = await(eddy_nats_next(watch));
        CHECK(eddy_nats_kv_is_deleted(m));
        eddy_nats_message_free(m);
        CHECK(!await(eddy_nats_kv_get(kv, "paula")));
        CHECK(await(eddy_nats_kv_create(kv, "paula", "4")) > next);
        CHECK(await(eddy_nats_kv_put(kv, "lewis", "5")) > next);
        await(eddy_nats_stream_delete(n, "KV_users"));
    }
}

static void buckets_keep_values_with_revisions(void **state)
{
    (void)state;
    RUN_CLEAN(has_bucket());
}

/* ==== kill -9 ==== */

static void kill_server(void)
{
    FILE *file = fopen(getenv("NATS_PIDS"), "r");
    int pid = 0;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

async(void, survives)
{
    eddy_error err;
    async_with (n, eddy_nats_open(URL)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "x"));
        defer(eddy_nats_unsubscribe, s);
        eddy_nats_subscription *silent = await(eddy_nats_subscribe(n, "silent"));
        defer(eddy_nats_unsubscribe, silent);
        await(eddy_nats_stream_create(n, &work));
        await(store_some(n, 5));
        eddy_nats_consumer_options options = {.size = sizeof options, .stream = "WORK", .name = "w", .ack_wait = 30};
        eddy_nats_consumer *c = await(eddy_nats_consume(n, &options));
        defer(eddy_nats_consumer_free, c);
        __auto_type lost = spawn(eddy_nats_request(n, "silent", "x"));
        await(eddy_nats_flush(n));
        kill_server();
        await(lost, &err);
        CHECK(err.code == ECONNRESET);
        await(eddy_nats_publish(n, "x", "while it is away"));
        await(comes(s, "while it is away"));
        CHECK(eddy_nats_reconnects(n) == 1);
        await(works_off(n, c, 5)); /* what was stored is there */
        __auto_type waits = spawn(eddy_nats_next(c));
        await(eddy_nats_flush(n));
        kill_server();
        while (eddy_nats_reconnects(n) < 2)
            await(eddy_sleep(0.01));
        await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.d", .data = {"late", 4}}), &err);
        while (err.code)
            await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = "work.d", .data = {"late", 4}}), &err);
        eddy_nats_message *m = await(waits);
        CHECK(has_data(m, "late") && eddy_nats_ack(m) == 0);
        eddy_nats_message_free(m);
        await(eddy_nats_stream_delete(n, "WORK"));
    }
}

static void a_killed_server_is_found_again_and_has_lost_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(survives());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_to_subscribers_and_once_to_a_queue_group),
        cmocka_unit_test(requests_get_their_own_answers),
        cmocka_unit_test(logins_are_by_password_token_and_nkey),
        cmocka_unit_test(tls_is_begun_after_the_servers_greeting),
        cmocka_unit_test(streams_keep_messages_until_they_are_acknowledged),
        cmocka_unit_test(buckets_keep_values_with_revisions),
        cmocka_unit_test(a_killed_server_is_found_again_and_has_lost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
