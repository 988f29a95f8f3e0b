/* SPDX-License-Identifier: MIT */
/* test_http_server.c - rules of the server of <eddy/http.h>, seen by a client that writes bytes. */
#include <eddy/http.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/run_clean.h"

/* ==== handlers ==== */

async(void, hello, (eddy_http_request *, request), (eddy_http_response *, response))
{
    const char *name = eddy_http_param(request, "name");
    eddy_http_printf(response, "Hello, %s\n", name ? name : "world");
}

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice body = await(eddy_http_read_all(request->body));
    eddy_http_append(response, body.data, body.size);
}

/* Each piece of the body as a chunk of its own. */
async(void, relay, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice bytes;
    while (await(eddy_http_read_some(request->body, &bytes)))
        await(eddy_http_write(response, bytes.data, bytes.size));
}

async(void, show, (eddy_http_request *, request), (eddy_http_response *, response))
{
    const char *agent = eddy_http_field(request->fields, "user-agent"), *x = eddy_http_query(request, "x");
    eddy_http_printf(response, "%s %s %s %s %d %s %s %s", request->method, request->path,
                     request->query ? request->query : "-", request->host, request->version, agent ? agent : "-",
                     x ? x : "-", (const char *)request->argument);
}

async(void, breaks, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    eddy_http_append(response, "lost", 4);
    throw(EIO, "the disk is gone");
}

async(void, breaks_late, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    await(eddy_http_write(response, "half", 4));
    throw(EIO, "the disk is gone");
}

async(void, sized, (eddy_http_request *, request), (eddy_http_response *, response))
{
    response->size = 6;
    response->type = "application/json";
    response->status = 201;
    eddy_http_add_field(response, "X-Request", request->method);
    await(eddy_http_write(response, "[1,", 3));
    await(eddy_http_write(response, "2]\n", 3));
}

async(void, bad_field, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    if (eddy_http_add_field(response, "X", "a\r\nSet-Cookie: b"))
        throw(EDDY_INVALID_STATE, "a field with a line end is taken");
}

async(void, empty, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    response->status = 204;
}

async(void, slow, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    await(eddy_sleep(3));
    eddy_http_append(response, "slept", 5);
}

async(void, text, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    for (int i = 0; i < 100; i++)
        eddy_http_append(response, "all the same ", 13);
}

async(void, file, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_send_file(response, *(int *)request->argument, eddy_http_param(request, "*")));
}

/* A part of the response is given up before any of it is sent, and the handler goes on. */
async(void, gives_up, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    static const char much[100000];
    eddy_error err;
    await(eddy_http_write(response, "begin\n", 6));
    eddy_cancel(eddy_current_task());
    await_always(eddy_http_write(response, much, sizeof much), &err);
    if (err.code != ECANCELED)
        throw(EDDY_INVALID_STATE, "it was not given up");
    await(eddy_http_write(response, "end\n", 4), &err);
    if (err.code != EDDY_WRITE_CUT)
        throw(EDDY_INVALID_STATE, "the handler is not told");
}

static int folder = -1; /* of the files */

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE("GET", "/", hello)},
    {EDDY_HTTP_ROUTE("GET", "/hello/:name", hello)},
    {EDDY_HTTP_ROUTE("POST", "/echo", echo)},
    {EDDY_HTTP_ROUTE("PUT", "/echo", echo)},
    {EDDY_HTTP_ROUTE("POST", "/relay", relay)},
    {NULL, "/show/*", eddy_async_as(eddy_http_handler, show), "route"},
    {EDDY_HTTP_ROUTE(NULL, "/show2", show)},
    {EDDY_HTTP_ROUTE("GET", "/fail", breaks)},
    {EDDY_HTTP_ROUTE("GET", "/fail-late", breaks_late)},
    {EDDY_HTTP_ROUTE("GET", "/gives-up", gives_up)},
    {EDDY_HTTP_ROUTE("GET", "/sized", sized)},
    {EDDY_HTTP_ROUTE("GET", "/bad-field", bad_field)},
    {EDDY_HTTP_ROUTE("GET", "/empty", empty)},
    {EDDY_HTTP_ROUTE("GET", "/slow", slow)},
    {EDDY_HTTP_ROUTE("GET", "/text", text)},
    {"GET", "/files/*", eddy_async_as(eddy_http_handler, file), &folder},
    {0},
};

/* ==== a client ==== */

/* A server, a connection to it, and what came over that. */
struct talk {
    eddy_http_server *server;
    eddy_stream *stream;
    eddy_buffer got;
    char log[4096];
};

static void write_log(const eddy_http_access *access, void *argument)
{
    struct talk *talk = argument;
    size_t size = strlen(talk->log);
    snprintf(talk->log + size, sizeof talk->log - size, "%d %llu %s\n", access->status,
             (unsigned long long)access->sent, access->refusal ? access->refusal : "-");
}

async(void, connect_to, (struct talk *, talk))
{
    eddy_stream_abort(talk->stream);
    eddy_buffer_free(&talk->got);
    talk->stream = NULL;
    talk->stream = await(eddy_open_connection("127.0.0.1", eddy_server_port(eddy_http_server_of(talk->server))));
}

async(void, begin, (struct talk *, talk), (eddy_http_server_options, options))
{
    *talk = (struct talk){.log = ""};
    options.host = "127.0.0.1";
    options.routes = routes;
    options.argument = "server";
    options.log = write_log;
    options.log_argument = talk;
    talk->server = await(eddy_http_start_server(&options));
    await(connect_to(talk));
}

async(void, end, (struct talk *, talk))
{
    eddy_stream_abort(talk->stream);
    eddy_buffer_free(&talk->got);
    await(eddy_http_server_close(talk->server, 1));
}

async(void, say, (struct talk *, talk), (const char *, text))
{
    await(eddy_stream_write(talk->stream, text, strlen(text)));
}

/* Reads all that comes until the end of the connection. */
async(const char *, hear_all, (struct talk *, talk))
{
    eddy_slice bytes;
    while (await(eddy_stream_read_some(talk->stream, &bytes)))
        eddy_buffer_append(&talk->got, bytes.data, bytes.size);
    return talk->got.data ? talk->got.data : "";
}

/* Reads until what came ends with these words. */
async(const char *, hear, (struct talk *, talk), (const char *, words))
{
    eddy_slice bytes;
    size_t size = strlen(words);
    eddy_buffer_free(&talk->got);
    do {
        CHECK(await(eddy_stream_read_some(talk->stream, &bytes)));
        eddy_buffer_append(&talk->got, bytes.data, bytes.size);
    } while (talk->got.size < size || memcmp(talk->got.data + talk->got.size - size, words, size) != 0);
    return talk->got.data;
}

/* Says it on a connection of its own; all that comes. */
async(const char *, ask, (struct talk *, talk), (const char *, text))
{
    await(connect_to(talk));
    await(say(talk, text));
    return await(hear_all(talk));
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t size = strlen(text), end = strlen(with);
    return size >= end && strcmp(text + size - end, with) == 0;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)); text++)
        count++;
    return count;
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST_WITH(fields, target) "GET " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" fields "\r\n"
#define HEAD_OF(target) "HEAD " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define LAST(target) "GET " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

#define TEST(name, body) \
    static void name(void **state) \
    { \
        (void)state; \
        RUN_CLEAN(body()); \
    }

/* ==== responses ==== */

async(void, responds)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){0}));
    await(say(&t, GET("/")));
    const char *got = await(hear(&t, "world\n"));
    CHECK(starts(got, "HTTP/1.1 200 OK\r\nDate: ") && strstr(got, " GMT\r\nServer: eddy\r\n"));
    CHECK(ends(got, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\nHello, world\n"));
    await(say(&t, LAST("/hello/Ada%20L")));
    got = await(hear_all(&t));
    CHECK(strstr(got, "Connection: close\r\n") && ends(got, "\r\n\r\nHello, Ada L\n"));
    got = await(ask(&t, LAST("/sized")));
    CHECK(starts(got, "HTTP/1.1 201 Created\r\n") && strstr(got, "Content-Type: application/json\r\n"));
    CHECK(strstr(got, "X-Request: GET\r\n") && strstr(got, "Content-Length: 6\r\n") && ends(got, "\r\n\r\n[1,2]\n"));
    got = await(ask(&t, LAST("/empty")));
    CHECK(starts(got, "HTTP/1.1 204 No Content\r\n") && !strstr(got, "Content-") && ends(got, "\r\n\r\n"));
    got = await(ask(&t, HEAD_OF("/")));
    CHECK(strstr(got, "Content-Length: 13\r\n") && ends(got, "\r\n\r\n"));
    got = await(ask(&t, "GET /show/x?x=a%20b+c&y HTTP/1.1\r\nHost: b:1\r\nUser-Agent: me\r\n"
                        "Connection: close\r\n\r\n"));
    CHECK(ends(got, "\r\n\r\nGET /show/x x=a%20b+c&y b:1 11 me a b c route"));
    got = await(ask(&t, LAST("/show2")));
    CHECK(ends(got, "\r\n\r\nGET /show2 - a 11 - - server"));
    await(end(&t));
}
TEST(handlers_make_responses, responds)

async(void, keeps_connections)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){0}));
    await(say(&t, GET("/") GET("/empty") GET("/hello/b")
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n" GET("/none")
                  LAST("/hello/last") GET("/hello/never")));
    const char *got = await(hear_all(&t));
    CHECK(count_of(got, "HTTP/1.1 200 OK") == 4 && count_of(got, "HTTP/1.1 404") == 1);
    CHECK(strstr(got, "\r\n\r\nabcHTTP"));
    CHECK(strstr(got, "Hello, world\nHTTP/1.1 204") && ends(got, "Hello, last\n"));
    got = await(ask(&t, "GET / HTTP/1.0\r\n\r\n"));
    CHECK(strstr(got, "Connection: close\r\n") && ends(got, "world\n"));
    await(connect_to(&t));
    await(say(&t, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK(strstr(await(hear(&t, "world\n")), "Connection: keep-alive\r\n"));
    await(say(&t, "POST /relay HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc"));
    got = await(hear_all(&t)); /* without chunks only the end tells the size */
    CHECK(strstr(got, "Connection: close\r\n") && !strstr(got, "Transfer") && ends(got, "\r\n\r\nabc"));
    await(end(&t));
}
TEST(requests_follow_each_other_on_a_connection, keeps_connections)

async(void, finds_routes)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){.handler = eddy_async_as(eddy_http_handler, show)}));
    CHECK(ends(await(ask(&t, LAST("/other"))), "GET /other - a 11 - - server"));
    const char *got = await(ask(&t, LAST("/echo")));
    CHECK(starts(got, "HTTP/1.1 405 ") && strstr(got, "Allow: POST, PUT\r\n"));
    got = await(ask(&t, "DELETE /hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(starts(got, "HTTP/1.1 405 ") && strstr(got, "Allow: GET, HEAD\r\n"));
    got = await(ask(&t, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(ends(got, "OPTIONS * - a 11 - - server"));
    await(end(&t));
    const eddy_http_route wrong[] = {{EDDY_HTTP_ROUTE("GET", "hello", hello)}, {0}};
    eddy_error err;
    await(eddy_http_start_server(&(eddy_http_server_options){.host = "127.0.0.1", .routes = wrong}), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_start_server(&(eddy_http_server_options){.host = "127.0.0.1", .port = 65536}), &err);
    CHECK(err.code == EINVAL);
}
TEST(routes_are_found_by_method_and_path, finds_routes)

/* ==== bodies ==== */

#define POST(target, fields) "POST " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" fields "\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

async(void, reads_bodies)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){.max_body = 10}));
    CHECK(ends(await(ask(&t, POST("/echo", "Content-Length: 5\r\n") "hello")), "\r\n\r\nhello"));
    CHECK(ends(await(ask(&t, POST("/echo", CHUNKED) "3\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n")), "\r\n\r\nhello"));
    CHECK(ends(await(ask(&t, POST("/relay", CHUNKED) "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")),
               "\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"));
    CHECK(ends(await(ask(&t, POST("/echo", ""))), "Content-Length: 0\r\nConnection: close\r\n\r\n"));
    CHECK(starts(await(ask(&t, POST("/echo", "Content-Length: 11\r\n"))), "HTTP/1.1 413 "));
    CHECK(starts(await(ask(&t, POST("/echo", CHUNKED) "a\r\n0123456789\r\n1\r\na\r\n")), "HTTP/1.1 413 "));
    CHECK(starts(await(ask(&t, POST("/echo", CHUNKED) "x\r\n")), "HTTP/1.1 400 "));
    CHECK(starts(await(ask(&t, POST("/echo", CHUNKED) "1\r\nab\r\n")), "HTTP/1.1 400 "));
    /* a body that no handler reads is no request */
    await(connect_to(&t));
    await(say(&t, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n\r\n"
                  "GET /text HTTP/1.1\r\nHost: a\r\nX: 1234\r\n\r\nxx" LAST("/hello/b")));
    const char *got = await(hear_all(&t));
    CHECK(count_of(got, "HTTP/1.1 ") == 2 && ends(got, "Hello, b\n"));
    await(end(&t));
}
TEST(bodies_are_read_by_size_and_by_chunks, reads_bodies)

async(void, proceeds)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){0}));
    await(say(&t, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    CHECK(strcmp(await(hear(&t, "\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n") == 0);
    await(say(&t, "ab"));
    CHECK(starts(await(hear(&t, "\r\n\r\nab")), "HTTP/1.1 200 OK\r\n"));
    /* a handler that does not read: nothing is asked for, and the connection ends */
    await(say(&t, "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    const char *got = await(hear_all(&t));
    CHECK(starts(got + 0, "HTTP/1.1 200 OK\r\n") || strstr(got, "HTTP/1.1 200 OK\r\n"));
    CHECK(strstr(got, "Connection: close\r\n") && !strstr(got, "100 Continue"));
    await(end(&t));
}
TEST(a_client_that_expects_100_gets_it_when_the_body_is_read, proceeds)

/* ==== what is refused ==== */

async(void, refuses)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){.max_line = 50, .max_head = 200, .max_fields = 4}));
    const char *got = await(ask(&t, "GET / HTTP/1.1\r\n\r\n" GET("/hello/smuggled")));
    CHECK(starts(got, "HTTP/1.1 400 Bad Request\r\n") && strstr(got, "Connection: close") && !strstr(got, "smuggled"));
    CHECK(starts(await(ask(&t, POST("/echo", CHUNKED "Content-Length: 3\r\n") "0\r\n\r\n")), "HTTP/1.1 400 "));
    got = await(ask(&t, "GET /01234567890123456789012345678901234567890123456789 HTTP/1.1\r\n"));
    CHECK(starts(got, "HTTP/1.1 414 "));
    got = await(ask(&t, GET("/") "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n"));
    CHECK(starts(got, "HTTP/1.1 200 "));
    CHECK(strstr(t.got.data, "HTTP/1.1 431 "));
    CHECK(strstr(t.log, "400 16 there is no Host field\n") && strstr(t.log, "431 36 the head has too many fields\n"));
    CHECK(starts(await(ask(&t, "\x16\x03\x01\x02")), "HTTP/1.1 400 "));
    await(end(&t));
}
TEST(bad_requests_are_answered_and_end_the_connection, refuses)

/* A client that goes on sending reads the answer and then the end: no reset, by which it might lose the answer. */
async(void, parts_politely)
{
    struct talk t;
    static char body[100000];
    await(begin(&t, (eddy_http_server_options){.max_body = 10}));
    await(say(&t, POST("/echo", "Content-Length: 300000\r\n")));
    memset(body, 'x', sizeof body);
    for (int i = 0; i < 2; i++) {
        await(eddy_stream_write(t.stream, body, sizeof body));
        await(eddy_sleep(0.02));
    }
    const char *got = await(hear_all(&t));
    CHECK(starts(got, "HTTP/1.1 413 ") && ends(got, "Content Too Large\n"));
    await(end(&t));
}
TEST(a_refused_client_that_goes_on_sending_gets_the_answer, parts_politely)

/* The handlers' failures are reported by the loop. */
static int reported;

static void count_report(const eddy_error *err, void *argument)
{
    (void)argument;
    reported += err->code == EIO || err->code == EINVAL || err->code == EDDY_WRITE_CUT;
}

async(void, survives_handlers)
{
    struct talk t;
    reported = 0;
    eddy_set_exception_handler(count_report, NULL);
    await(begin(&t, (eddy_http_server_options){0}));
    const char *got = await(ask(&t, GET("/fail")));
    CHECK(starts(got, "HTTP/1.1 500 ") && !strstr(got, "lost") && ends(got, "\r\n\r\n500 Internal Server Error\n"));
    CHECK(ends(await(ask(&t, GET("/fail-late"))), "\r\n\r\n4\r\nhalf\r\n")); /* without the last chunk */
    CHECK(starts(await(ask(&t, GET("/bad-field"))), "HTTP/1.1 500 ") && !strstr(t.got.data, "Set-Cookie"));
    CHECK(reported == 3);
    eddy_set_exception_handler(NULL, NULL);
    await(end(&t));
}
TEST(a_failed_handler_is_answered_by_500_and_reported, survives_handlers)

async(void, cuts_a_response)
{
    struct talk t;
    eddy_error err;
    reported = 0;
    eddy_set_exception_handler(count_report, NULL);
    await(begin(&t, (eddy_http_server_options){0}));
    const char *got = await(ask(&t, GET("/gives-up") GET("/")));
    CHECK(ends(got, "\r\n6\r\nbegin\n\r\n")); /* no last chunk, and no next response */
    CHECK(strstr(t.log, "200 6 -\n") && reported == 1);
    await(connect_to(&t));
    await(say(&t, "GET /gives-up HTTP/1.0\r\n\r\n"));
    await(hear_all(&t), &err); /* nothing but a reset says that it is not whole */
    CHECK(err.code == ECONNRESET && reported == 2);
    eddy_set_exception_handler(NULL, NULL);
    await(end(&t));
}
TEST(a_response_of_which_a_part_was_given_up_is_not_taken_for_whole, cuts_a_response)

/* ==== time ==== */

async(void, waits_not_for_ever)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){.idle_seconds = 20, .head_seconds = 5, .body_seconds = 3}));
    double began = eddy_time();
    CHECK(*await(hear_all(&t)) == 0); /* an idle connection ends without a word */
    CHECK(eddy_time() - began >= 19);
    CHECK(starts(await(ask(&t, "GET / HT")), "HTTP/1.1 408 "));
    CHECK(starts(await(ask(&t, POST("/echo", "Content-Length: 5\r\n") "ab")), "HTTP/1.1 408 "));
    CHECK(starts(await(ask(&t, LAST("/slow"))), "HTTP/1.1 200 ")); /* a handler may take its time */
    await(end(&t));
}

/* In virtual time only: on the other drivers it would last half a minute. */
static void clients_that_are_too_slow_are_given_up(void **state)
{
    (void)state;
    if (strcmp(getenv("EDDY_DRIVER") ? getenv("EDDY_DRIVER") : "", "sim") == 0)
        RUN_CLEAN(waits_not_for_ever());
}

async(void, closes_gracefully)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){0}));
    await(say(&t, GET("/")));
    await(hear(&t, "world\n"));
    double began = eddy_time();
    __auto_type closing = spawn(eddy_http_server_close(t.server, 1000));
    CHECK(*await(hear_all(&t)) == 'H'); /* what came before, and then the end */
    await(closing);
    CHECK(eddy_time() - began < 30); /* it is not idle_seconds that has ended it */
    eddy_stream_abort(t.stream);
    eddy_buffer_free(&t.got);
}
TEST(closing_ends_idle_connections_at_once, closes_gracefully)

async(void, answers_before_it_closes)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){0}));
    await(say(&t, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"));
    await(eddy_sleep(0.1));
    __auto_type closing = spawn(eddy_http_server_close(t.server, 1000));
    await(eddy_sleep(0));
    await(say(&t, "cd"));
    const char *got = await(hear_all(&t));
    CHECK(strstr(got, "Connection: close\r\n") && ends(got, "\r\n\r\nabcd"));
    await(closing);
    eddy_stream_abort(t.stream);
    eddy_buffer_free(&t.got);
}
TEST(closing_waits_for_the_request_that_is_under_way, answers_before_it_closes)

/* ==== files ==== */

async(void, sends_files)
{
    struct talk t;
    char tag[100] = "", request[300];
    await(begin(&t, (eddy_http_server_options){0}));
    const char *got = await(ask(&t, LAST("/files/a.txt")));
    CHECK(starts(got, "HTTP/1.1 200 OK\r\n") && strstr(got, "Content-Type: text/plain"));
    CHECK(ends(got, "\r\n\r\n0123456789"));
    CHECK(strstr(got, "Accept-Ranges: bytes\r\n") && strstr(got, "Last-Modified: "));
    CHECK(sscanf(strstr(got, "ETag: "), "ETag: %99[^\r]", tag) == 1);
    snprintf(request, sizeof request, LAST_WITH("If-None-Match: W/%s\r\n", "/files/a.txt"), tag);
    got = await(ask(&t, request));
    CHECK(starts(got, "HTTP/1.1 304 Not Modified\r\n") && strstr(got, tag) && ends(got, "\r\n\r\n"));
    snprintf(request, sizeof request,
             LAST_WITH("Range: bytes=2-4\r\nIf-Range: %s\r\n", "/files/a.txt"), tag);
    got = await(ask(&t, request));
    CHECK(starts(got, "HTTP/1.1 206 ") && strstr(got, "Content-Range: bytes 2-4/10\r\n") && ends(got, "\r\n\r\n234"));
    CHECK(starts(await(ask(&t, LAST("/files/none"))), "HTTP/1.1 404 "));
    CHECK(starts(await(ask(&t, LAST("/files/link"))), "HTTP/1.1 404 ")); /* it leads out of the folder */
    CHECK(strstr(await(ask(&t, LAST("/files/inner"))), "Location: /files/inner/\r\n"));
    CHECK(ends(await(ask(&t, LAST("/files/inner/"))), "\r\n\r\n<p>index"));
    CHECK(strstr(t.got.data, "Content-Type: text/html"));
    got = await(ask(&t, LAST("/files/large")));
    CHECK(strstr(got, "Content-Length: 300000\r\n") && t.got.size > 300000 && ends(got, "yyyy"));
    got = await(ask(&t, HEAD_OF("/files/large")));
    CHECK(strstr(got, "Content-Length: 300000\r\n") && ends(got, "\r\n\r\n"));
    await(end(&t));
}

static const struct {
    const char *range, *answer;
} ranges[] = {
    {"bytes=0-0", "0"}, {"bytes=5-", "56789"}, {"bytes=-3", "789"}, {"bytes=-30", "0123456789"},
    {"bytes=8-20", "89"}, {"bytes=10-", "416"}, {"bytes=-0", "416"}, {"bytes=4-2", "0123456789"},
    {"bytes=0-1,4-5", "0123456789"}, {"lines=1-2", "0123456789"}, {"bytes=a", "0123456789"},
};

async(void, sends_parts)
{
    struct talk t;
    char request[300];
    await(begin(&t, (eddy_http_server_options){0}));
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        snprintf(request, sizeof request, LAST_WITH("Range: %s\r\n", "/files/a.txt"),
                 ranges[i].range);
        const char *got = await(ask(&t, request)), *body = strstr(got, "\r\n\r\n") + 4;
        bool none = strcmp(ranges[i].answer, "416") == 0;
        if (none)
            CHECK(starts(got, "HTTP/1.1 416 ") && strstr(got, "bytes */10"));
        else
            CHECK(strcmp(body, ranges[i].answer) == 0);
    }
    await(end(&t));
}

static void write_to(const char *name, const char *text, size_t repeated)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
    for (size_t i = 0; i < repeated; i++)
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make_files(void **state)
{
    char *path = strdup("/tmp/eddy-http-XXXXXX");
    *state = path;
    if (!mkdtemp(path) || (folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    write_to("a.txt", "0123456789", 1);
    write_to("large", "xxxyyyyyyy", 30000);
    mkdirat(folder, "inner", 0700);
    write_to("inner/index.html", "<p>index", 1);
    return symlinkat("/etc/hostname", folder, "link");
}

static int remove_files(void **state)
{
    unlinkat(folder, "a.txt", 0);
    unlinkat(folder, "large", 0);
    unlinkat(folder, "link", 0);
    unlinkat(folder, "inner/index.html", 0);
    unlinkat(folder, "inner", AT_REMOVEDIR);
    close(folder);
    int result = rmdir(*state);
    free(*state);
    return result;
}

TEST(files_are_sent_and_remembered, sends_files)
TEST(parts_of_files_are_sent, sends_parts)

/* ==== compression ==== */

async(void, compresses)
{
    struct talk t;
    await(begin(&t, (eddy_http_server_options){.gzip = true}));
    const char *got = await(ask(&t, LAST_WITH("Accept-Encoding: br, gzip;q=0.5\r\n", "/text")));
    CHECK(strstr(got, "Content-Encoding: gzip\r\n") && strstr(got, "Vary: Accept-Encoding\r\n") && t.got.size < 400);
    got = await(ask(&t, LAST_WITH("Accept-Encoding: gzip;q=0\r\n", "/text")));
    CHECK(!strstr(got, "Content-Encoding") && strstr(got, "Content-Length: 1300\r\n"));
    got = await(ask(&t, LAST_WITH("Accept-Encoding: gzip\r\n", "/")));
    CHECK(ends(got, "world\n"));
    await(end(&t));
}
TEST(text_is_compressed_for_clients_that_ask, compresses)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handlers_make_responses),
        cmocka_unit_test(requests_follow_each_other_on_a_connection),
        cmocka_unit_test(routes_are_found_by_method_and_path),
        cmocka_unit_test(bodies_are_read_by_size_and_by_chunks),
        cmocka_unit_test(a_client_that_expects_100_gets_it_when_the_body_is_read),
        cmocka_unit_test(bad_requests_are_answered_and_end_the_connection),
        cmocka_unit_test(a_refused_client_that_goes_on_sending_gets_the_answer),
        cmocka_unit_test(a_failed_handler_is_answered_by_500_and_reported),
        cmocka_unit_test(a_response_of_which_a_part_was_given_up_is_not_taken_for_whole),
        cmocka_unit_test(clients_that_are_too_slow_are_given_up),
        cmocka_unit_test(closing_ends_idle_connections_at_once),
        cmocka_unit_test(closing_waits_for_the_request_that_is_under_way),
        cmocka_unit_test(files_are_sent_and_remembered),
        cmocka_unit_test(parts_of_files_are_sent),
        cmocka_unit_test(text_is_compressed_for_clients_that_ask),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
