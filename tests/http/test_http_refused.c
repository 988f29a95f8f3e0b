/* SPDX-License-Identifier: MIT */
/* test_http_refused.c - the n-th allocation of a program with a server and a client is refused, for each n: an error,
 * an answer that says so, or nothing. */
#include <eddy/http.h>

#include "refused.h"
#include "unit/run_clean.h"

#include <fcntl.h>
#include <unistd.h>

/* ==== a server ==== */

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice body = await(eddy_http_read_all(request->body));
    const char *x = eddy_http_query(request, "x");
    eddy_http_add_field(response, "X-Query", x ? x : "none");
    eddy_http_append(response, body.data, body.size);
    for (int i = 0; i < 300; i++)
        eddy_http_printf(response, "%d all the same, %s\n", i, request->path);
}

async(void, pieces, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_send_file(response, *(int *)request->argument, "self/status/")); /* there is none */
}

async(void, chat, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_http_websocket *ws = await(eddy_http_websocket_accept(request, response, NULL));
    async_for (message, eddy_http_messages(ws))
        await(eddy_http_websocket_send_text(ws, message.data, message.size));
}

static int folder;

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE("POST", "/echo/:a/*", echo)},
    {"GET", "/none", eddy_async_as(eddy_http_handler, pieces), &folder},
    {EDDY_HTTP_ROUTE("GET", "/chat", chat)},
    {0},
};

/* ==== a program ==== */

static char why[300]; /* the last error */


/* What a refused allocation may lead to; the server is in this program, and may have met it. */
static bool is_expected(int code)
{
    return code == 0 || code == ENOMEM || code == ECONNRESET || code == ECONNABORTED || code == EPIPE ||
           code == EDDY_INCOMPLETE_READ || code == EDDY_HTTP_FAILED;
}

/* Keeps the first error that is none of those. */
async(void, expect, (eddy_error *, err))
{
    if (is_expected(err->code))
        return;
    snprintf(why, sizeof why, "%s", err->message);
    throw(EDDY_INVALID_STATE, "%s", why);
}

async(void, sends, (eddy_http_client *, client), (const char *, url), (const eddy_http_call *, call), (int, status))
{
    eddy_http_reply *reply = await(eddy_http_send(client, url, call));
    defer(eddy_http_reply_free, reply);
    await(eddy_http_read_all(reply->body));
    CHECK(reply->status == status || reply->status == 500 || reply->status == 503);
}

async(void, talks, (eddy_http_client *, client))
{
    eddy_http_message message;
    eddy_http_websocket *ws = await(eddy_http_websocket_open(client, "/chat", NULL));
    defer(eddy_http_websocket_free, ws);
    await(eddy_http_websocket_send(ws, "Hello"));
    await(eddy_http_websocket_receive(ws, &message));
    await(eddy_http_websocket_close(ws, 1000, "bye"));
}

async(void, uses_all, (const char *, url))
{
    eddy_error err;
    static const char body[] = "a body that is not empty";
    static const char *const fields[] = {"X-Long: 01234567890123456789012345678901234567890123456789012345678901234",
                                         "Accept: text/plain", NULL};
    eddy_http_client *client = await(eddy_http_open(url));
    defer(eddy_http_client_free, client);
    const eddy_http_call call = {.fields = fields, .body = body, .size = sizeof body - 1};
    await(sends(client, "/echo/one/two/three?x=%20y", &call, 200), &err);
    await(expect(&err));
    await(sends(client, "/none", &(eddy_http_call){0}, 404), &err);
    await(expect(&err));
    await(talks(client), &err);
    await(expect(&err));
    refused_at = 0;
    await(sends(client, "/echo/one/two/three?x=%20y", &call, 200)); /* it goes on */
}

async(void, begins, (int *, code))
{
    eddy_error err;
    char url[64];
    eddy_http_server *server = await(eddy_http_start_server(
        &(eddy_http_server_options){.host = "127.0.0.1", .routes = routes, .gzip = true}), &err);
    *code = err.code;
    if (err.code)
        return;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", eddy_server_port(eddy_http_server_of(server)));
    await(uses_all(url), &err);
    *code = err.code;
    await(eddy_http_server_close(server, 5), &err);
}

static void a_refused_allocation_is_an_error(void **state)
{
    long n = 0;
    int wrong = 0;
    (void)state;
    folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (refuse_next(&n)) {
        int code = 0;
        eddy_error err;
        eddy_loop_options options = {.size = sizeof options, .log = say_nothing};
        eddy_run_with(&options, begins(&code), &err);
        refuse_no_more();
        if (!is_expected(code) || !is_expected(err.code)) {
            fprintf(stderr, "allocation %ld: %s, %s %s\n", n, eddy_error_name(code), eddy_error_name(err.code), why);
            wrong++;
        }
    }
    close(folder);
    assert_int_equal(wrong, 0);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
