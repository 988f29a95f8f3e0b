/* SPDX-License-Identifier: MIT */
/* test_http_tls.c - HTTPS: server and client of <eddy/http.h> over TLS. */
#include <eddy/http.h>

#include <fcntl.h>

#include "unit/run_clean.h"

#ifdef EDDY_WITH_TLS

#include "unit/talk.h"

/* ==== a server ==== */

async(void, facts, (eddy_http_request *, request), (eddy_http_response *, response))
{
    const char *alpn = eddy_tls_alpn(request->stream), *name = eddy_tls_server_name(request->stream);
    eddy_http_printf(response, "%s %s", alpn ? alpn : "-", name ? name : "-");
}

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice bytes;
    while (await(eddy_http_read_some(request->body, &bytes)))
        await(eddy_http_write(response, bytes.data, bytes.size));
}

async(void, send_file, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_send_file(response, *(int *)request->argument, eddy_http_param(request, "*")));
}

static int root = -1;

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE("GET", "/facts", facts)},
    {EDDY_HTTP_ROUTE("POST", "/echo", echo)},
    {"GET", "/files/*", eddy_async_as(eddy_http_handler, send_file), &root},
    {0},
};

/* A server with this certificate, a client that trusts its authority, and the URL between them. */
struct pair {
    eddy_http_server *server;
    eddy_http_client *client;
    eddy_tls *tls[2];
    char url[64];
    int failures; /* of handshakes, seen by the server */
};

static void count_failure(const eddy_error *err, void *argument)
{
    (void)err;
    ++*(int *)argument;
}

async(void, begin, (struct pair *, pair), (const char *, certificate), (const char *, alpn), (const char *, offered))
{
    eddy_tls_options server_side = server_options(certificate), client_side = client_options();
    *pair = (struct pair){.failures = 0};
    server_side.alpn = alpn;
    server_side.on_failure = count_failure;
    server_side.on_failure_argument = &pair->failures;
    client_side.alpn = offered;
    pair->tls[0] = server_of(server_side);
    pair->tls[1] = client_of(client_side);
    pair->server = await(eddy_http_start_server(
        &(eddy_http_server_options){.host = "localhost", .tls = pair->tls[0], .routes = routes}));
    snprintf(pair->url, sizeof pair->url, "https://localhost:%d", eddy_server_port(eddy_http_server_of(pair->server)));
    pair->client = await(eddy_http_open(pair->url, &(eddy_http_client_options){.tls = pair->tls[1]}));
}

async(void, end, (struct pair *, pair))
{
    await(eddy_http_close(pair->client));
    await(eddy_http_server_close(pair->server, 1));
    eddy_tls_free(pair->tls[0]);
    eddy_tls_free(pair->tls[1]);
}

async(bool, gives, (struct pair *, pair), (const char *, url), (const char *, body))
{
    eddy_http_reply *reply = await(eddy_http_get(pair->client, url));
    defer(eddy_http_reply_free, reply);
    eddy_slice got = await(eddy_http_read_all(reply->body));
    return reply->status == 200 && strcmp(got.data, body) == 0;
}

#define TEST(name, body) \
    static void name(void **state) \
    { \
        (void)state; \
        RUN_CLEAN(body()); \
    }

/* ==== good connections ==== */

async(void, serves)
{
    struct pair p;
    await(begin(&p, "server", "http/1.1", "h2,http/1.1"));
    CHECK(await(gives(&p, "/facts", "http/1.1 localhost")));
    CHECK(await(gives(&p, "/facts", "http/1.1 localhost")));
    CHECK(eddy_server_connections(eddy_http_server_of(p.server)) == 1); /* it was kept */
    await(end(&p));
    await(begin(&p, "server", NULL, NULL));
    CHECK(await(gives(&p, "/facts", "- localhost")));
    await(end(&p));
    await(begin(&p, "server", "http/1.1", NULL)); /* a client that says nothing gets HTTP/1.1, too */
    CHECK(await(gives(&p, "/facts", "- localhost")));
    await(end(&p));
}
TEST(https_agrees_on_a_protocol_and_keeps_connections, serves)

async(void, send_much, (eddy_http_upload *, upload), (void *, argument))
{
    for (int i = 0; i < *(int *)argument; i++)
        await(eddy_http_upload_write(upload, "0123456789abcdef", 16));
}

async(void, carries_bodies)
{
    struct pair p;
    int times = 63; /* 1008 bytes */
    size_t size = 0;
    eddy_slice piece;
    eddy_error err;
    await(begin(&p, "server", "http/1.1", "http/1.1"));
    eddy_http_call call = {.source = eddy_async_as(eddy_http_source, send_much), .argument = &times, .size = 1000};
    await(eddy_http_send(p.client, "/echo", &call), &err);
    CHECK(err.code == EMSGSIZE);
    call.size = 0; /* in chunks */
    eddy_http_reply *reply = await(eddy_http_send(p.client, "/echo", &call));
    defer(eddy_http_reply_free, reply);
    while (await(eddy_http_read_some(reply->body, &piece)))
        size += piece.size;
    CHECK(reply->status == 200 && size == 1008);
    await(end(&p));
}
TEST(bodies_go_both_ways_over_tls, carries_bodies)

async(void, sends_files)
{
    struct pair p;
    await(begin(&p, "server", NULL, NULL));
    eddy_http_reply *reply = await(eddy_http_get(p.client, "/files/large"));
    defer(eddy_http_reply_free, reply);
    eddy_slice all = await(eddy_http_read_all(reply->body));
    CHECK(reply->status == 200 && all.size == 100000 && all.data[0] == 'z' && all.data[99999] == 'z');
    await(end(&p));
}
TEST(files_are_sent_over_tls, sends_files)

/* ==== bad ones ==== */

async(int, code_of, (struct pair *, pair), (const char *, url))
{
    eddy_error err;
    eddy_http_reply *reply = await(eddy_http_get(pair->client, url), &err);
    if (!err.code)
        eddy_http_reply_free(reply);
    return err.code;
}

async(void, refuses)
{
    static const char *const wrong[] = {"unnamed", "expired", "self"};
    struct pair p;
    for (int i = 0; i < 3; i++) {
        await(begin(&p, wrong[i], NULL, NULL));
        CHECK(await(code_of(&p, "/facts")) == EDDY_TLS_CERTIFICATE);
        await(end(&p));
    }
    await(begin(&p, "server", NULL, NULL));
    async_with (stranger, eddy_http_open(p.url)) { /* the system's trust, which does not know the authority */
        eddy_error err;
        await(eddy_http_get(stranger, "/facts"), &err);
        CHECK(err.code == EDDY_TLS_CERTIFICATE);
    }
    CHECK(await(gives(&p, "/facts", "- localhost"))); /* the others go on */
    await(end(&p));
    await(begin(&p, "server", "http/1.1", "h2")); /* nothing that both speak */
    int code = await(code_of(&p, "/facts"));
    CHECK(code == EDDY_TLS_FAILED || code == ECONNRESET || code == EDDY_INCOMPLETE_READ);
    await(end(&p));
}
TEST(a_certificate_of_another_name_is_refused_by_the_client, refuses)

async(void, meets_plain_text)
{
    struct pair p;
    char plain[64];
    eddy_slice bytes;
    size_t size = 0;
    eddy_error err;
    await(begin(&p, "server", NULL, NULL));
    int port = eddy_server_port(eddy_http_server_of(p.server));
    snprintf(plain, sizeof plain, "http://localhost:%d/facts", port);
    CHECK(await(code_of(&p, plain)) != 0);
    eddy_stream *s = await(eddy_open_connection("localhost", port));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, "GET /facts HTTP/1.1\r\nHost: a\r\n\r\n", 32));
    while (await(eddy_stream_read_some(s, &bytes), &err) && !err.code)
        size += bytes.size;
    CHECK(size < 20); /* an alert at most: nothing of the site */
    CHECK(p.failures == 2);
    CHECK(await(gives(&p, "/facts", "- localhost")));
    await(end(&p));
}
TEST(a_plain_request_on_the_tls_port_gets_no_answer, meets_plain_text)

async(void, meets_tls)
{
    struct pair p;
    char url[64];
    await(begin(&p, "server", NULL, NULL));
    eddy_http_server *plain =
        await(eddy_http_start_server(&(eddy_http_server_options){.host = "localhost", .routes = routes}));
    snprintf(url, sizeof url, "https://localhost:%d/facts", eddy_server_port(eddy_http_server_of(plain)));
    int code = await(code_of(&p, url));
    CHECK(code == EDDY_TLS_FAILED || code == ECONNRESET);
    await(eddy_http_server_close(plain, 1));
    await(end(&p));
}
TEST(tls_on_a_plain_port_is_an_error, meets_tls)

async(void, closes)
{
    struct pair p;
    await(begin(&p, "server", NULL, NULL));
    CHECK(await(gives(&p, "/facts", "- localhost")));
    double began = eddy_time();
    await(eddy_http_server_close(p.server, 1000)); /* the kept connection is idle */
    p.server = NULL;
    CHECK(eddy_time() - began < 30);
    await(end(&p));
}
TEST(closing_ends_idle_connections_of_tls_at_once, closes)

/* ==== files ==== */

static int make_all(void **state)
{
    if (certificates_make(state) != 0 || (root = open(certificate_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    char bytes[1000];
    memset(bytes, 'z', sizeof bytes);
    int fd = openat(root, "large", O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 100; i++)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    return close(fd);
}

static int remove_all(void **state)
{
    unlinkat(root, "large", 0);
    close(root);
    return certificates_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_agrees_on_a_protocol_and_keeps_connections),
        cmocka_unit_test(bodies_go_both_ways_over_tls),
        cmocka_unit_test(files_are_sent_over_tls),
        cmocka_unit_test(a_certificate_of_another_name_is_refused_by_the_client),
        cmocka_unit_test(a_plain_request_on_the_tls_port_gets_no_answer),
        cmocka_unit_test(tls_on_a_plain_port_is_an_error),
        cmocka_unit_test(closing_ends_idle_connections_of_tls_at_once),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}

#else

int main(void)
{
    return 0;
}

#endif
