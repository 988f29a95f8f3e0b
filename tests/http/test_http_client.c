/* SPDX-License-Identifier: MIT */
/* test_http_client.c - rules of the client of <eddy/http.h>, with our own server and one that is told what to say. */
#include <eddy/http.h>

#include "unit/run_clean.h"
#include "url.h"

/* ==== a server ==== */

static int connections; /* that the server has accepted */

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    const char *auth = eddy_http_field(request->fields, "Authorization");
    const char *agent = eddy_http_field(request->fields, "User-Agent");
    eddy_slice body = await(eddy_http_read_all(request->body));
    eddy_http_add_field(response, "X-Auth", auth ? auth : "none");
    eddy_http_printf(response, "%s %s %s %s %lld ", request->method, request->path,
                     request->query ? request->query : "-", agent ? agent : "-", (long long)request->size);
    eddy_http_append(response, body.data, body.size);
}

async(void, redirect, (eddy_http_request *, request), (eddy_http_response *, response))
{
    response->status = atoi(eddy_http_param(request, "status"));
    eddy_http_add_field(response, "Location", request->query ? request->query : "../../echo/there?x");
    eddy_http_append(response, "elsewhere", 9);
}

async(void, text, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    for (int i = 0; i < 10000; i++)
        eddy_http_printf(response, "%d all the same ", i);
}

async(void, pieces, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    for (int i = 0; i < 3; i++)
        await(eddy_http_write(response, "piece ", 6));
}

async(void, stall, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request, (void)response;
    await(eddy_sleep(1000));
}

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE(NULL, "/echo/*", echo)},       {EDDY_HTTP_ROUTE(NULL, "/to/:status/*", redirect)},
    {EDDY_HTTP_ROUTE("GET", "/text", text)},        {EDDY_HTTP_ROUTE("GET", "/pieces", pieces)},
    {EDDY_HTTP_ROUTE("GET", "/stall", stall)},      {0},
};

/* A server and a client of it. */
struct pair {
    eddy_http_server *server;
    eddy_http_client *client;
    char url[64];
};

async(void, begin, (struct pair *, pair), (eddy_http_client_options, options))
{
    pair->server = await(eddy_http_start_server(
        &(eddy_http_server_options){.host = "127.0.0.1", .routes = routes, .gzip = true, .max_body = 1 << 24}));
    snprintf(pair->url, sizeof pair->url, "http://127.0.0.1:%d", eddy_server_port(eddy_http_server_of(pair->server)));
    pair->client = await(eddy_http_open(pair->url, &options));
}

async(void, end, (struct pair *, pair))
{
    await(eddy_http_close(pair->client));
    await(eddy_http_server_close(pair->server, 1));
}

/* True: a reply with this status and this body came. */
async(bool, gives, (struct pair *, pair), (const char *, url), (eddy_http_call, call), (int, status),
      (const char *, body))
{
    eddy_http_reply *reply = await(eddy_http_send(pair->client, url, &call));
    defer(eddy_http_reply_free, reply);
    eddy_slice got = await(eddy_http_read_all(reply->body));
    if (reply->status == status && strcmp(got.data, body) == 0)
        return true;
    print_error("%s: %d \"%.200s\", not %d \"%s\"\n", url, reply->status, got.data, status, body);
    return false;
}

#define CALL(...) ((eddy_http_call){__VA_ARGS__})
#define TEST(name, body) \
    static void name(void **state) \
    { \
        (void)state; \
        RUN_CLEAN(body()); \
    }

/* ==== requests ==== */

async(void, count_up, (eddy_http_upload *, upload), (void *, argument))
{
    for (int i = 0; i < *(int *)argument; i++)
        await(eddy_http_upload_write(upload, "0123456789", 10));
}

/* Gives a part up before any of it is sent, and goes on. */
async(void, give_up, (eddy_http_upload *, upload), (void *, argument))
{
    static const char much[100000];
    eddy_error err;
    (void)argument;
    await(eddy_http_upload_write(upload, "begin", 5));
    eddy_cancel(eddy_current_task());
    await_always(eddy_http_upload_write(upload, much, sizeof much), &err);
    CHECK(err.code == ECANCELED);
    await(eddy_http_upload_write(upload, "end", 3), &err);
    CHECK(err.code == EDDY_WRITE_CUT);
}

/* Tries to give more than the size of the call, which is ten bytes. */
async(void, give_too_much, (eddy_http_upload *, upload), (void *, argument))
{
    eddy_error err;
    (void)argument;
    await(eddy_http_upload_write(upload, "0123456", 7));
    await(eddy_http_upload_write(upload, "????", 4), &err);
    CHECK(err.code == EMSGSIZE);
    await(eddy_http_upload_write(upload, "789", 3));
    await(eddy_http_upload_write(upload, "?", 1), &err);
    CHECK(err.code == EMSGSIZE);
}

async(void, refuses_too_much)
{
    struct pair p;
    eddy_http_call call = {.size = 10, .source = eddy_async_as(eddy_http_source, give_too_much)};
    await(begin(&p, (eddy_http_client_options){0}));
    CHECK(await(gives(&p, "/echo/", call, 200, "POST /echo/ - eddy 10 0123456789")));
    await(end(&p));
}
TEST(a_part_that_is_too_long_for_a_request_does_not_harm_it, refuses_too_much)

async(void, cuts_a_request)
{
    struct pair p;
    eddy_error err;
    await(begin(&p, (eddy_http_client_options){0}));
    for (size_t size = 0; size < 200000; size += 100005) { /* in chunks, and by its size */
        eddy_http_call call = {.size = size, .source = eddy_async_as(eddy_http_source, give_up)};
        __auto_type sending = spawn(eddy_http_send(p.client, "/echo/", &call));
        await(sending, &err);
        CHECK(err.code == EDDY_WRITE_CUT);
        CHECK(await(gives(&p, "/echo/", CALL(.body = "abc", .size = 3), 200, "POST /echo/ - eddy 3 abc")));
    }
    await(end(&p));
}
TEST(a_request_of_which_a_part_was_given_up_fails, cuts_a_request)

async(void, sends_requests)
{
    struct pair p;
    int times = 2;
    const char *const fields[] = {"User-Agent2: x", "Authorization: me", NULL}, *const bad[] = {"X: a\r\nY: b", NULL},
                      *const ours[] = {"Host: b", NULL};
    eddy_error err;
    await(begin(&p, (eddy_http_client_options){0}));
    CHECK(await(gives(&p, "/echo/a?b", CALL(0), 200, "GET /echo/a b eddy 0 ")));
    CHECK(await(gives(&p, "/echo/a#f", CALL(.body = "abc", .size = 3), 200, "POST /echo/a - eddy 3 abc")));
    CHECK(await(gives(&p, "/echo/", CALL(.method = "PUT"), 200, "PUT /echo/ - eddy 0 ")));
    CHECK(await(gives(&p, "/echo/", CALL(.source = eddy_async_as(eddy_http_source, count_up), .argument = &times), 200,
                      "POST /echo/ - eddy -1 01234567890123456789")));
    CHECK(await(gives(&p, "/echo/", CALL(.size = 20, .source = eddy_async_as(eddy_http_source, count_up),
                                         .argument = &times), 200, "POST /echo/ - eddy 20 01234567890123456789")));
    CHECK(await(gives(&p, "/pieces", CALL(0), 200, "piece piece piece ")));
    CHECK(await(gives(&p, "/none", CALL(0), 404, "404 Not Found\n")));
    CHECK(await(gives(&p, "/echo/", CALL(.method = "HEAD"), 200, "")));
    CHECK(eddy_server_connections(eddy_http_server_of(p.server)) == 1); /* all over one connection */
    eddy_http_reply *reply = await(eddy_http_send(p.client, "/echo/", &(eddy_http_call){.fields = fields}));
    CHECK(strcmp(eddy_http_field(reply->fields, "x-auth"), "me") == 0 && reply->version == 11 && reply->redirects == 0);
    eddy_http_reply_free(reply); /* its body was not read: the connection ends */
    await(eddy_http_send(p.client, "/echo/", &(eddy_http_call){.fields = bad}), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_send(p.client, "/echo/", &(eddy_http_call){.fields = ours}), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_send(p.client, "/echo/", &(eddy_http_call){.method = "A B"}), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_get(p.client, "/a b"), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_get(p.client, "http://127.0.0.1:1/"), &err);
    CHECK(err.code == ECONNREFUSED);
    await(eddy_http_open("ftp://a/"), &err);
    CHECK(err.code == EINVAL);
    await(end(&p));
}
TEST(requests_are_sent_over_kept_connections, sends_requests)

async(void, reads_replies)
{
    struct pair p;
    await(begin(&p, (eddy_http_client_options){0}));
    eddy_http_reply *reply = await(eddy_http_get(p.client, "/text"));
    CHECK(strcmp(eddy_http_field(reply->fields, "Content-Encoding"), "gzip") == 0 && reply->size == -1);
    eddy_slice all = await(eddy_http_read_all(reply->body));
    CHECK(all.size == 178890 && strcmp(all.data + all.size - 18, "9999 all the same ") == 0);
    eddy_http_reply_free(reply);
    async_with (client, eddy_http_open(p.url, &(eddy_http_client_options){.plain = true, .max_body = 1000})) {
        eddy_error err;
        eddy_http_reply *plain = await(eddy_http_get(client, "/text"));
        defer(eddy_http_reply_free, plain);
        CHECK(!eddy_http_field(plain->fields, "Content-Encoding") && plain->size == 178890);
        await(eddy_http_read_all(plain->body), &err);
        CHECK(err.code == EMSGSIZE);
    }
    await(end(&p));
}
TEST(replies_are_read_and_unpacked, reads_replies)

async(void, follows)
{
    struct pair p;
    const char *const fields[] = {"Authorization: me", NULL};
    char url[200];
    eddy_error err;
    await(begin(&p, (eddy_http_client_options){.max_redirects = 3}));
    CHECK(await(gives(&p, "/to/301/a", CALL(0), 200, "GET /echo/there x eddy 0 ")));
    CHECK(await(gives(&p, "/to/302/a", CALL(.body = "b", .size = 1), 200, "GET /echo/there x eddy 0 ")));
    CHECK(await(gives(&p, "/to/303/a", CALL(.method = "PUT", .body = "b", .size = 1), 200,
                      "GET /echo/there x eddy 0 ")));
    CHECK(await(gives(&p, "/to/307/a", CALL(.body = "b", .size = 1), 200, "POST /echo/there x eddy 1 b")));
    snprintf(url, sizeof url, "/to/308/a?//127.0.0.1:%d/echo/", eddy_server_port(eddy_http_server_of(p.server)));
    CHECK(await(gives(&p, url, CALL(0), 200, "GET /echo/ - eddy 0 ")));
    await(eddy_http_get(p.client, "/to/301/a?/to/301/a?/to/301/a?/to/301/a?/to/301/a?/"), &err);
    CHECK(err.code == ELOOP);
    /* another name is another server: it does not get what is meant for the first */
    snprintf(url, sizeof url, "/to/302/a?http://localhost:%d/echo/", eddy_server_port(eddy_http_server_of(p.server)));
    eddy_http_reply *reply = await(eddy_http_send(p.client, url, &(eddy_http_call){.fields = fields}));
    CHECK(strcmp(eddy_http_field(reply->fields, "X-Auth"), "none") == 0 && reply->redirects == 1);
    CHECK(strstr(reply->url, "http://localhost:"));
    eddy_http_reply_free(reply);
    await(end(&p));
    await(begin(&p, (eddy_http_client_options){.max_redirects = -1}));
    CHECK(await(gives(&p, "/to/301/a", CALL(0), 301, "elsewhere")));
    await(end(&p));
}
TEST(redirects_are_followed_within_limits, follows)

async(void, waits_not_for_ever)
{
    struct pair p;
    eddy_error err;
    await(begin(&p, (eddy_http_client_options){.head_seconds = 0.05}));
    await(eddy_http_get(p.client, "/stall"), &err);
    CHECK(err.code == ETIMEDOUT);
    __auto_type waiting = spawn(eddy_http_get(p.client, "/stall"));
    await(eddy_sleep(0.01));
    eddy_cancel(waiting);
    await(waiting, &err);
    CHECK(err.code == ECANCELED);
    await(end(&p));
}
TEST(a_silent_server_is_given_up, waits_not_for_ever)

/* ==== a server that says what it is told ==== */

/* A piece of it for each connection. */
async(void, say, (eddy_stream *, s), (const char *const *, words))
{
    eddy_slice head;
    const char *own = words[connections++];
    while (own && *own) {
        await(eddy_stream_read_until(s, "\r\n\r\n", &head));
        const char *next = strchr(own, '|');
        size_t size = next ? (size_t)(next - own) : strlen(own);
        await(eddy_stream_write(s, own, size));
        own += size + (next != NULL);
    }
}

async(int, code_of, (const char *const *, words), (const char *, method), (char *, text))
{
    eddy_error err;
    char url[64];
    connections = 0;
    *text = 0;
    eddy_server *server = await(eddy_start_server(say, words, "127.0.0.1", 0));
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
    eddy_http_client *client = await(eddy_http_open(url));
    for (int i = 0; i < 2; i++) { /* the second time over the same connection, if it is kept */
        eddy_http_reply *reply = await(eddy_http_send(client, "/", &(eddy_http_call){.method = method}), &err);
        if (err.code)
            break;
        eddy_slice got = await(eddy_http_read_all(reply->body), &err);
        snprintf(text + strlen(text), 100 - strlen(text), "%d %s;", reply->status, err.code ? "-" : got.data);
        eddy_http_reply_free(reply);
        if (err.code)
            break;
    }
    int code = err.code;
    await(eddy_http_close(client));
    await(eddy_server_close(server, 1));
    return code;
}

#define OK(text) "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" text

static const struct {
    const char *words[4], *method;
    int code;
    const char *text;
} talks[] = {
    {{OK("a|") OK("b")}, "GET", 0, "200 a;200 b;"},
    {{OK("a"), OK("b")}, "GET", 0, "200 a;200 b;"},
    {{OK("a"), OK("b")}, "POST",
     EDDY_INCOMPLETE_READ, "200 a;"},
    {{"HTTP/1.1 200 OK\r\n\r\nall", "HTTP/1.0 200 OK\r\n\r\nmore"}, "GET", 0, "200 all;200 more;"},
    {{"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n|"
      "HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n"},
     "GET", 0, "204 ;304 ;"},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}, "GET", EDDY_INCOMPLETE_READ, "200 -;"},
    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}, "GET", EDDY_INCOMPLETE_READ, "200 -;"},
    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n"}, "GET", EBADMSG, "200 -;"},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"}, "GET", EBADMSG, ""},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}, "GET", EBADMSG, ""},
    {{"HTTP/1.1 101 Switching\r\n\r\n"}, "GET", EBADMSG, ""},
    {{"SSH-2.0-OpenSSH\r\n"}, "GET", EDDY_INCOMPLETE_READ, ""},
    {{"220 mail\r\n\r\n"}, "GET", EBADMSG, ""},
    {{""}, "GET", EDDY_INCOMPLETE_READ, ""},
    {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"}, "GET", EBADMSG, "200 -;"},
};

async(void, is_strict)
{
    char text[100];
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        int code = await(code_of(talks[i].words, talks[i].method, text));
        if (code == talks[i].code && strcmp(text, talks[i].text) == 0)
            continue;
        print_error("%s gives %s \"%s\"\n", talks[i].words[0], eddy_error_name(code), text);
        throw(EDDY_INVALID_STATE, "not \"%s\"", talks[i].text);
    }
}
TEST(replies_are_read_strictly, is_strict)

/* ==== URLs ==== */

static void assert_url(const char *base, const char *reference, const char *wanted, const char *host, int port)
{
    struct url at = {0}, url;
    assert_int_equal(url_make(&at, NULL, base), 0);
    assert_int_equal(url_make(&url, &at, reference), 0);
    assert_string_equal(url.text, wanted);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    url_free(&url);
    url_free(&at);
}

static void urls_are_joined(void **state)
{
    static const char *const bad[] = {"", "a", "http://", "http:///a", "ftp://a", "http://u@a/", "http://a:b/",
                                      "http://a:0/",
                                      "http://a:65536/", "http://a b/", "http://a/b c", "http://a/\n", "http://[::1/"};
    static const char *const foreign[] = {"ftp://b/", "mailto:c", "host:80/d"};
    struct url url, base;
    (void)state;
    assert_url("http://h/a/b?c", "d", "http://h/a/d", "h", 80);
    assert_url("http://h/a/b?c", "?d", "http://h/a/b?d", "h", 80);
    assert_url("http://h/a/b?c", "", "http://h/a/b", "h", 80);
    assert_url("http://h/a/b", "../../../d/./e", "http://h/d/e", "h", 80);
    assert_url("http://h/a/b", "/d?e=/../f", "http://h/d?e=/../f", "h", 80);
    assert_url("http://h", "/", "http://h/", "h", 80);
    assert_url("http://h?a", "#f", "http://h/", "h", 80);
    assert_url("https://h:8443/a", "//i/b", "https://i/b", "i", 443);
    assert_url("http://h/", "HTTPS://[::1]:444/x/..", "HTTPS://[::1]:444/", "::1", 444);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(url_make(&url, NULL, bad[i]), EINVAL);
    assert_int_equal(url_make(&base, NULL, "http://a:80/"), 0);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) /* they are no paths */
        assert_int_equal(url_make(&url, &base, foreign[i]), EINVAL);
    assert_int_equal(url_make(&url, &base, "./c:d"), 0);
    assert_string_equal(url.place, "a");
    assert_string_equal(url.target, "/c:d");
    url_free(&url);
    url_free(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_which_a_part_was_given_up_fails),
        cmocka_unit_test(a_part_that_is_too_long_for_a_request_does_not_harm_it),
        cmocka_unit_test(requests_are_sent_over_kept_connections),
        cmocka_unit_test(replies_are_read_and_unpacked),
        cmocka_unit_test(redirects_are_followed_within_limits),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(replies_are_read_strictly),
        cmocka_unit_test(urls_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
