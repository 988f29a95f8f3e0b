/* SPDX-License-Identifier: MIT */
/* test_nats.c - rules of <eddy/nats.h>, against a server that does what a test says. */
#include "fake.h"

/* Starts the server and a client, and stops both at the end of the block. */
struct with {
    struct eddy_manager manager;
    eddy_nats *value;
    struct fake *fake;
    const eddy_nats_options *options;
};

static void with_enter(struct eddy_manager *manager, eddy_error *err)
{
    struct with *self = (struct with *)(void *)manager;
    eddy_await(fake_start(self->fake, 0), err);
    if (!err->code)
        self->value = eddy_await(eddy_nats_open(self->fake->url, self->options), err);
}

static void with_exit(struct eddy_manager *manager, eddy_error *err)
{
    struct with *self = (struct with *)(void *)manager;
    eddy_error closing;
    eddy_await(eddy_nats_close(self->value), &closing);
    if (self->fake->server)
        eddy_await(fake_stop(self->fake), &closing);
    (void)err;
}

static struct with with_client(struct fake *fake, const eddy_nats_options *options)
{
    return (struct with){.manager = {.enter = with_enter, .exit = with_exit}, .fake = fake, .options = options};
}

/* The next message has this text; it is after a gap, or not. */
async(void, comes, (eddy_nats_subscription *, s), (const char *, text), (bool, after_gap))
{
    eddy_nats_message *m = await(eddy_nats_receive(s));
    defer(eddy_nats_message_free, m);
    CHECK(strcmp(m->data.data, text) == 0 && m->data.size == strlen(text) && m->after_gap == after_gap);
}

async(void, wait_for_connections, (struct fake *, fake), (int, count))
{
    while (fake->connections < count)
        await(eddy_sleep(0.01));
}

/* ==== pieces and nonsense ==== */

async(void, reads_crumbs)
{
    struct fake fake = {0};
    char text[512];
    async_with (n, with_client(&fake, NULL)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a"));
        defer(eddy_nats_unsubscribe, s);
        await(eddy_nats_flush(n));
        snprintf(text, sizeof text, "MSG a %ld 5\r\nhello\r\nPING\r\n+OK\r\nINFO {\"max_payload\":900}\r\n"
                                    "HMSG a %ld 17 20\r\nNATS/1.0\r\nA:b\r\n\r\nxyz\r\n",
                 fake.subs[1].sid, fake.subs[1].sid);
        await(eddy_nats_publish(n, "CRUMBS", text));
        await(comes(s, "hello", false));
        await(comes(s, "xyz", false));
        CHECK(eddy_nats_message_limit(n) == 900 && fake.connections == 1);
        await(eddy_nats_publish(n, "RAW", "HTTP/1.1 400 Bad Request\r\n"));
        await(wait_for_connections(&fake, 2));
        await(eddy_nats_publish(n, "a", "again"));
        await(comes(s, "again", true));
    }
}

static void bytes_may_come_one_by_one_and_nonsense_ends_the_connection(void **state)
{
    (void)state;
    RUN_CLEAN(reads_crumbs());
}

/* Each byte of a message is changed: it comes, or is dropped, or the connection is made again; never a crash. */
async(void, survives_changes)
{
    struct fake fake = {0};
    eddy_error err;
    async_with (n, with_client(&fake, NULL)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a"));
        defer(eddy_nats_unsubscribe, s);
        for (size_t at = 0; at < 18; at++) {
            char text[64];
            snprintf(text, sizeof text, "MSG a 2 5\r\nhello\r\n");
            text[at] ^= 0x15;
            await(eddy_nats_publish(n, "RAW", text));
            await(eddy_nats_publish(n, "RAW", "PING\r\n"));
            await_for(eddy_nats_flush(n), 1, &err);
        }
        while (s && err.code) /* it is in order again */
            await_for(eddy_nats_flush(n), 1, &err);
    }
}

static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    RUN_CLEAN(survives_changes());
}

/* ==== requests ==== */

async(void, is_asked)
{
    struct fake fake = {0};
    eddy_error err;
    async_with (n, with_client(&fake, NULL)) {
        await(eddy_nats_request(n, "nobody", "x"), &err);
        CHECK(err.code == EHOSTUNREACH && strstr(err.message, fake.url));
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "square"));
        defer(eddy_nats_unsubscribe, s);
        __auto_type first = spawn(eddy_nats_request(n, "square", "1"));
        __auto_type second = spawn(eddy_nats_request(n, "square", "2"));
        eddy_nats_message *a = await(eddy_nats_receive(s)), *b = await(eddy_nats_receive(s));
        await(eddy_nats_respond(b, "4"));
        await(eddy_nats_respond(a, "1"));
        eddy_nats_message_free(a);
        eddy_nats_message_free(b);
        a = await(first);
        b = await(second);
        CHECK(*a->data.data == '1' && *b->data.data == '4');
        eddy_nats_message_free(a);
        eddy_nats_message_free(b);
        await_for(eddy_nats_request(n, "square", "late"), 0.01, &err);
        CHECK(err.code == ETIMEDOUT);
        a = await(eddy_nats_receive(s));
        await(eddy_nats_respond(a, "nobody waits any more"));
        eddy_nats_message_free(a);
        __auto_type lost = spawn(eddy_nats_request(n, "square", "3"));
        eddy_nats_message_free(await(eddy_nats_receive(s)));
        await(eddy_nats_publish(n, "DIE", ""));
        await(lost, &err);
        CHECK(err.code == ECONNRESET && strstr(err.message, "may have arrived"));
        eddy_detach(spawn(eddy_nats_request(n, "square", "5"))); /* nobody takes the answer */
        a = await(eddy_nats_receive(s));
        await(eddy_nats_respond(a, "25"));
        eddy_nats_message_free(a);
        await(eddy_nats_flush(n));
    }
}

static void each_request_gets_its_answer_or_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(is_asked());
}

/* ==== what the server refuses ==== */

async(void, is_refused)
{
    struct fake fake = {0};
    eddy_error err;
    async_with (n, with_client(&fake, NULL)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "secret"));
        defer(eddy_nats_unsubscribe, s);
        eddy_nats_subscription *q = await(eddy_nats_subscribe(n, "quiet"));
        defer(eddy_nats_unsubscribe, q);
        __auto_type asked = spawn(eddy_nats_request(n, "quiet", "x"));
        await(eddy_nats_publish(n, "RAW", "-ERR 'Permissions Violation for Subscription to \"secret\"'\r\n"));
        await(eddy_nats_receive(s), &err);
        CHECK(err.code == EACCES && strstr(err.message, "secret"));
        await(eddy_nats_publish(n, "RAW", "-ERR 'Permissions Violation for Publish to \"quiet\"'\r\n"));
        await(asked, &err);
        CHECK(err.code == EACCES);
        await(eddy_nats_flush(n), &err);
        CHECK(err.code == EACCES && strstr(err.message, "Publish to \"quiet\""));
        await(eddy_nats_flush(n));
        await(eddy_nats_publish(n, "RAW", "-ERR 'Stale Connection'\r\n"));
        await(wait_for_connections(&fake, 2));
        static const char *const wrong[] = {"", "a b", ".a", "a.", "a..b", "a.*", "a\n"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            await(eddy_nats_publish(n, wrong[i], ""), &err);
            CHECK(err.code == EINVAL);
        }
        eddy_nats_header header = {"A", "b\r\nC: d"};
        await(eddy_nats_send(n, &(eddy_nats_outgoing){.subject = "a", .headers = &header, .header_count = 1}), &err);
        CHECK(err.code == EINVAL);
        char large[1001] = "";
        await(eddy_nats_publish(n, "a", (eddy_slice){large, sizeof large}), &err);
        CHECK(err.code == EMSGSIZE);
    }
}

static void refusals_reach_those_whom_they_concern(void **state)
{
    (void)state;
    RUN_CLEAN(is_refused());
}

/* ==== connections ==== */

async(void, comes_back)
{
    struct fake fake = {0}, other = {0};
    char urls[160];
    await(fake_start(&fake, 0));
    await(fake_start(&other, 0));
    snprintf(urls, sizeof urls, "%s,%s", fake.url, other.url);
    async_with (n, eddy_nats_open(urls)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a"));
        defer(eddy_nats_unsubscribe, s);
        eddy_nats_subscription *gone = await(eddy_nats_subscribe(n, "b", "group"));
        await(eddy_nats_flush(n));
        eddy_nats_unsubscribe(gone);
        await(eddy_nats_flush(n));
        CHECK(fake.connections == 1 && strstr(fake.log, "SUB b group 3\nUNSUB 3\n"));
        await(fake_stop(&fake)); /* the other one takes over */
        await(eddy_nats_publish(n, "a", "elsewhere"));
        await(comes(s, "elsewhere", true));
        CHECK(other.connections == 1 && eddy_nats_reconnects(n) == 1);
        CHECK(strstr(other.log, "SUB a 2\n") && !strstr(other.log, "SUB b"));
        int port = eddy_server_port(other.server);
        await(fake_stop(&other));
        while (eddy_nats_reconnects(n) == 1 && !other.server) { /* nobody is there for a while */
            await(eddy_sleep(0.2));
            await(eddy_nats_publish(n, "a", "kept"));
            await(fake_start(&other, port));
        }
        await(comes(s, "kept", true));
    }
    await(fake_stop(&other));
}

static void a_lost_connection_is_made_again_with_its_subscriptions(void **state)
{
    (void)state;
    RUN_CLEAN(comes_back());
}

/* What was given up without a connection is not sent over the next one; what was not is. */
async(void, gives_up_early)
{
    struct fake fake = {0}, again = {0};
    eddy_error err;
    await(fake_start(&fake, 0));
    int port = eddy_server_port(fake.server);
    async_with (n, eddy_nats_open(fake.url)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a"));
        defer(eddy_nats_unsubscribe, s);
        await(eddy_nats_flush(n));
        await(fake_stop(&fake));
        await(eddy_sleep(0.05));
        __auto_type first = spawn(eddy_nats_request(n, "a", "first"));
        __auto_type given_up = spawn(eddy_nats_request(n, "a", "given up"));
        __auto_type last = spawn(eddy_nats_request(n, "a", "last"));
        await(eddy_sleep(0.01));
        eddy_cancel(given_up);
        await(given_up, &err);
        CHECK(err.code == ECANCELED);
        await(fake_start(&again, port));
        await(comes(s, "first", true));
        await(comes(s, "last", false));
        eddy_cancel(first);
        eddy_cancel(last);
        await(first, &err);
        await(last, &err);
    }
    await(fake_stop(&again));
}

static void a_request_that_was_given_up_before_it_was_sent_is_not_sent(void **state)
{
    (void)state;
    RUN_CLEAN(gives_up_early());
}

async(void, is_silent)
{
    struct fake fake = {.is_silent = true};
    eddy_nats_options options = {.size = sizeof options, .ping_seconds = 0.05, .name = "test", .no_echo = true};
    async_with (n, with_client(&fake, &options)) {
        CHECK(strstr(fake.log, "\"name\":\"test\"") && strstr(fake.log, "\"echo\":false"));
        await(wait_for_connections(&fake, 3));
        fake.is_silent = false;
        while (eddy_nats_reconnects(n) < 2)
            await(eddy_sleep(0.01));
        await(eddy_nats_flush(n));
    }
}

static void a_server_that_does_not_answer_is_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(is_silent());
}

/* It takes the login and nothing after it: the next attempts come later and later. */
async(void, is_patient)
{
    struct fake fake = {.refuses_subs = true};
    async_with (n, with_client(&fake, NULL)) {
        await(eddy_sleep(0.5));
        CHECK(fake.connections >= 2 && fake.connections < 10);
        fake.refuses_subs = false;
        await(eddy_nats_flush(n));
    }
}

static void a_server_that_refuses_what_follows_the_login_is_not_stormed(void **state)
{
    (void)state;
    RUN_CLEAN(is_patient());
}

/* ==== slow consumers ==== */

async(void, is_slow)
{
    struct fake fake = {0};
    eddy_nats_options options = {.size = sizeof options, .pending_limit = 600, .unsent_limit = 300};
    async_with (n, with_client(&fake, &options)) {
        eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a"));
        defer(eddy_nats_unsubscribe, s);
        for (int i = 0; i < 50; i++) {
            char text[100];
            snprintf(text, sizeof text, "%099d", i);
            await(eddy_nats_publish(n, "a", text));
        }
        await(eddy_nats_flush(n));
        uint64_t got = 0, missed = 0;
        for (eddy_error err = {0}; !err.code;) {
            eddy_nats_message *m = await_for(eddy_nats_receive(s), 0.01, &err);
            if (!err.code) {
                got++;
                missed += m->missed;
                eddy_nats_message_free(m);
            }
        }
        await(eddy_nats_publish(n, "a", "last"));
        eddy_nats_message *m = await(eddy_nats_receive(s));
        CHECK(got > 0 && got + missed + m->missed == 50 && m->missed > 0);
        eddy_nats_message_free(m);
    }
}

static void what_a_slow_consumer_misses_is_counted(void **state)
{
    (void)state;
    RUN_CLEAN(is_slow());
}

/* ==== opening and closing ==== */

async(int, opening_fails, (const char *, url), (eddy_nats_options *, options), (const char *, words))
{
    eddy_error err;
    if (options)
        options->size = sizeof *options;
    eddy_nats *n = await(eddy_nats_open(url, options), &err);
    if (!err.code)
        await(eddy_nats_close(n));
    else if (!strstr(err.message, words) || strstr(err.message, "secret"))
        throw(EDDY_INVALID_STATE, "\"%s\" does not say \"%s\"", err.message, words);
    return err.code;
}

async(void, opens)
{
    struct fake fake = {.refuses = true};
    CHECK(await(opening_fails("http://x", NULL, "begins with nats://")) == EINVAL);
    CHECK(await(opening_fails(NULL, NULL, "begins with nats://")) == EINVAL);
    CHECK(await(opening_fails("nats://:secret@x:70000", NULL, "port")) == EINVAL);
    CHECK(await(opening_fails("nats://[::1", NULL, "closing bracket")) == EINVAL);
    CHECK(await(opening_fails("nats://[::1]x", NULL, "only a port may follow")) == EINVAL);
    CHECK(await(opening_fails("nats://a%zz@x", NULL, "two hexadecimal digits")) == EINVAL);
    CHECK(await(opening_fails("nats://x/y", NULL, "the URL ends")) == EINVAL);
    CHECK(await(opening_fails("nats://x", &(eddy_nats_options){.credentials = "/nowhere"}, "credentials")) == ENOENT);
    await(fake_start(&fake, 0));
    CHECK(await(opening_fails(fake.url, NULL, "Authorization Violation")) == EACCES);
    CHECK(await(opening_fails(fake.url, &(eddy_nats_options){.nkey_seed = "secret"}, "seed")) == EINVAL);
    fake.info = "+HELLO\r\n";
    CHECK(await(opening_fails(fake.url, NULL, "protocol of NATS")) == EBADMSG);
    fake.info = "PING\r\n";
    CHECK(await(opening_fails(fake.url, NULL, "INFO")) == EBADMSG);
    fake.info = "INFO {\"tls_required\":true}\r\nPONG\r\n";
    CHECK(await(opening_fails(fake.url, NULL, "in plain text")) == EBADMSG);
    fake.info = "";
    CHECK(await(opening_fails(fake.url, &(eddy_nats_options){.connect_seconds = 0.05}, "within")) == ETIMEDOUT);
    await(fake_stop(&fake));
    CHECK(await(opening_fails(fake.url, NULL, fake.url)) == ECONNREFUSED);
}

async(void, closes)
{
    struct fake fake = {0};
    eddy_error err;
    await(fake_start(&fake, 0));
    eddy_nats *n = await(eddy_nats_open(fake.url)), *watcher = await(eddy_nats_open(fake.url));
    eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "a")), *w = await(eddy_nats_subscribe(watcher, "b"));
    await(eddy_nats_flush(watcher));
    __auto_type asked = spawn(eddy_nats_request(n, "a", "x"));
    __auto_type waits = spawn(eddy_nats_receive(s));
    eddy_nats_message_free(await(waits));
    await(eddy_nats_publish(n, "b", "last words"));
    await(eddy_nats_close(n));
    await(asked, &err);
    CHECK(err.code == ECONNABORTED);
    await(eddy_nats_receive(s), &err);
    CHECK(err.code == ECONNABORTED);
    eddy_nats_unsubscribe(s);
    await(comes(w, "last words", false)); /* what was published before is sent */
    eddy_nats_unsubscribe(w);
    eddy_nats_free(watcher);
    eddy_nats_free(NULL);
    eddy_nats_unsubscribe(NULL);
    eddy_nats_consumer_free(NULL);
    eddy_detach(spawn(eddy_nats_open(fake.url))); /* nobody takes it */
    await(eddy_sleep(0.01));
    await(fake_stop(&fake));
}

/* The server is away when the client is closed, and comes back. */
async(void, closes_late)
{
    struct fake fake = {0}, again = {0};
    await(fake_start(&fake, 0));
    int port = eddy_server_port(fake.server);
    eddy_nats *n = await(eddy_nats_open(fake.url));
    await(eddy_nats_flush(n));
    await(fake_stop(&fake));
    await(eddy_sleep(0.1));
    await(eddy_nats_publish(n, "a", "last words"));
    struct eddy_nats_close *closing = spawn(eddy_nats_close(n));
    await(eddy_sleep(0.01));
    await(fake_start(&again, port));
    await(closing);
    CHECK(again.connections == 1);
    await(fake_stop(&again));
}

/* ==== cancelling ==== */

/* The next server is not tried: it would answer. */
async(void, is_cancelled_while_it_opens)
{
    struct fake deaf = {.info = ""}, other = {0};
    eddy_error err;
    char url[160];
    await(fake_start(&deaf, 0));
    await(fake_start(&other, 0));
    snprintf(url, sizeof url, "%s,%s", deaf.url, other.url);
    __auto_type opening = spawn(eddy_nats_open(url));
    await(wait_for_connections(&deaf, 1));
    eddy_cancel(opening);
    (void)await(opening, &err);
    CHECK(err.code == ECANCELED && other.connections == 0);
    await(fake_stop(&deaf));
    await(fake_stop(&other));
}

/* Closed while it waits for one server to speak; the next one would. */
async(void, is_closed_while_it_connects_again)
{
    struct fake first = {0}, deaf = {.info = ""}, last = {0};
    char url[240];
    await(fake_start(&first, 0));
    await(fake_start(&deaf, 0));
    await(fake_start(&last, 0));
    snprintf(url, sizeof url, "%s,%s,%s", first.url, deaf.url, last.url);
    eddy_nats *n = await(eddy_nats_open(url));
    await(fake_stop(&first));
    await(wait_for_connections(&deaf, 1));
    await_for(eddy_nats_close(n), 20);
    CHECK(last.connections == 0);
    await(fake_stop(&deaf));
    await(fake_stop(&last));
}

/* Nobody answers for its consumer, nor whether it exists: it is asked again. Then it is cancelled. */
async(void, is_cancelled_while_it_looks_for_its_consumer)
{
    struct fake fake = {0};
    eddy_error err;
    async_with (n, with_client(&fake, NULL)) {
        eddy_nats_subscription *made = await(eddy_nats_subscribe(n, "$JS.API.CONSUMER.DURABLE.CREATE.S.c"));
        eddy_nats_subscription *sought = await(eddy_nats_subscribe(n, "$JS.API.CONSUMER.INFO.S.c"));
        defer(eddy_nats_unsubscribe, made);
        defer(eddy_nats_unsubscribe, sought);
        eddy_nats_consumer_options options = {.size = sizeof options, .stream = "S", .name = "c"};
        __auto_type making = spawn(eddy_nats_consume(n, &options));
        eddy_nats_message *m = await(eddy_nats_receive(made));
        await(eddy_nats_respond(m, "{\"name\":\"c\"}"));
        eddy_nats_message_free(m);
        eddy_nats_consumer *c = await(making);
        defer(eddy_nats_consumer_free, c);
        __auto_type next = spawn(eddy_nats_next(c));
        eddy_nats_message_free(await(eddy_nats_receive(sought)));
        const char *driver = getenv("EDDY_DRIVER");
        if (driver && strcmp(driver, "sim") == 0) /* elsewhere it takes five seconds */
            eddy_nats_message_free(await_for(eddy_nats_receive(sought), 60));
        eddy_cancel(next);
        (void)await_for(next, 20, &err);
        CHECK(err.code == ECANCELED);
    }
}

static void a_cancelled_task_does_nothing_more(void **state)
{
    (void)state;
    RUN_CLEAN(is_cancelled_while_it_opens());
    RUN_CLEAN(is_closed_while_it_connects_again());
    RUN_CLEAN(is_cancelled_while_it_looks_for_its_consumer());
}

static void opening_and_closing_say_what_is_wrong(void **state)
{
    (void)state;
    RUN_CLEAN(opens());
    RUN_CLEAN(closes());
    RUN_CLEAN(closes_late());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_may_come_one_by_one_and_nonsense_ends_the_connection),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(each_request_gets_its_answer_or_an_error),
        cmocka_unit_test(refusals_reach_those_whom_they_concern),
        cmocka_unit_test(a_lost_connection_is_made_again_with_its_subscriptions),
        cmocka_unit_test(a_request_that_was_given_up_before_it_was_sent_is_not_sent),
        cmocka_unit_test(a_server_that_does_not_answer_is_given_up),
        cmocka_unit_test(a_server_that_refuses_what_follows_the_login_is_not_stormed),
        cmocka_unit_test(what_a_slow_consumer_misses_is_counted),
        cmocka_unit_test(opening_and_closing_say_what_is_wrong),
        cmocka_unit_test(a_cancelled_task_does_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
