/* SPDX-License-Identifier: MIT */
/* test_http_websocket.c - WebSockets: frame by frame by a client that writes bytes, and both sides of <eddy/http.h>. */
#define _GNU_SOURCE /* memmem */
#include <eddy/http.h>

#include "handshake.h"
#include "unit/run_clean.h"

/* ==== handlers ==== */

static eddy_http_websocket_options options; /* of the handlers */
static int last_code;                       /* of the peer's close, seen by the handler */
static char last_reason[130];

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_http_websocket *ws = await(eddy_http_websocket_accept(request, response, &options));
    async_for (message, eddy_http_messages(ws)) {
        if (message.text)
            await(eddy_http_websocket_send_text(ws, message.data, message.size));
        else
            await(eddy_http_websocket_send_bytes(ws, message.data, message.size));
    }
    last_code = eddy_http_websocket_code(ws);
    snprintf(last_reason, sizeof last_reason, "%s", eddy_http_websocket_reason(ws));
}

/* Closes after the first message, by the code that it names. */
async(void, closes, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_http_message message;
    eddy_http_websocket *ws = await(eddy_http_websocket_accept(request, response, &options));
    if (await(eddy_http_websocket_receive(ws, &message)) && atoi(message.data))
        await(eddy_http_websocket_close(ws, atoi(message.data), "enough"));
    last_code = eddy_http_websocket_code(ws);
}

async(void, breaks, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_websocket_accept(request, response, NULL));
    throw(EIO, "the disk is gone");
}

async(void, many, (eddy_http_websocket *, ws), (int, who))
{
    char text[30];
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "%d:%d", who, i);
        await(eddy_http_websocket_send(ws, text));
        if (i % 7 == 0)
            await(eddy_sleep(0));
    }
}

/* Four tasks send at the same time. */
async(void, chatters, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_http_websocket *ws = await(eddy_http_websocket_accept(request, response, NULL));
    async_with (group, eddy_task_group())
        for (int i = 0; i < 4; i++)
            eddy_group_spawn(group, many(ws, i));
}

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE(NULL, "/echo", echo)},
    {EDDY_HTTP_ROUTE("GET", "/closes", closes)},
    {EDDY_HTTP_ROUTE("GET", "/breaks", breaks)},
    {EDDY_HTTP_ROUTE("GET", "/chatters", chatters)},
    {0},
};

/* ==== a server, a client, and what the log says ==== */

struct pair {
    eddy_http_server *server;
    eddy_http_client *client;
    int port;
    char log[2000];
};

static void write_log(const eddy_http_access *access, void *argument)
{
    struct pair *pair = argument;
    size_t size = strlen(pair->log);
    snprintf(pair->log + size, sizeof pair->log - size, "%d %s\n", access->status,
             access->refusal ? access->refusal : "-");
}

async(void, begin, (struct pair *, pair), (eddy_http_websocket_options, wanted))
{
    char url[64];
    *pair = (struct pair){.port = 0};
    options = wanted;
    last_code = 0;
    pair->server = await(eddy_http_start_server(&(eddy_http_server_options){
        .host = "127.0.0.1", .routes = routes, .log = write_log, .log_argument = pair}));
    pair->port = eddy_server_port(eddy_http_server_of(pair->server));
    snprintf(url, sizeof url, "http://127.0.0.1:%d", pair->port);
    pair->client = await(eddy_http_open(url));
}

async(void, end, (struct pair *, pair))
{
    await(eddy_http_close(pair->client));
    await(eddy_http_server_close(pair->server, 5));
}

#define TEST(name, body) \
    static void name(void **state) \
    { \
        (void)state; \
        RUN_CLEAN(body()); \
    }

/* ==== bytes ==== */

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ASK(method, fields) \
    method " /echo HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n" fields "\r\n"
#define GOOD(fields) ASK("GET", "Sec-WebSocket-Version: 13\r\n" KEY fields)

/* Sends the request and the bytes at once; all that comes until the end is in `got`. */
async(void, talk_bytes, (struct pair *, pair), (const char *, request), (eddy_slice, bytes), (eddy_buffer *, got))
{
    eddy_slice piece;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", pair->port));
    defer(eddy_stream_abort, s);
    const eddy_slice parts[] = {{request, strlen(request)}, bytes};
    await(eddy_stream_writev(s, parts, bytes.size ? 2 : 1));
    while (await(eddy_stream_read_some(s, &piece)))
        eddy_buffer_append(got, piece.data, piece.size);
    eddy_buffer_append(got, "", 0);
}

/* The reply to a request that is refused. */
async(bool, is_answered, (struct pair *, pair), (const char *, request), (const char *, status), (const char *, field))
{
    eddy_buffer got = {0};
    defer(eddy_buffer_free, &got);
    await(talk_bytes(pair, request, (eddy_slice){"", 0}, &got));
    bool good = got.size && strncmp(got.data, status, strlen(status)) == 0 && strstr(got.data, field);
    if (!good)
        print_error("%s\n", got.size ? got.data : "nothing");
    return good;
}

async(void, shakes_hands)
{
    struct pair p;
    await(begin(&p, (eddy_http_websocket_options){.protocols = "soap, chat.v2 ,chat"}));
    const char *refused = "HTTP/1.1 400 Bad Request\r\n", *other = "HTTP/1.1 426 Upgrade Required\r\n";
    /* the example of RFC 6455, 1.3; a close follows, so that the connection ends */
    eddy_buffer got = {0};
    defer(eddy_buffer_free, &got);
    await(talk_bytes(&p, GOOD("Sec-WebSocket-Protocol: chat, chat.v2\r\nOrigin: http://a\r\n"),
                     (eddy_slice){"\x88\x80\0\0\0\0", 6}, &got));
    CHECK(strncmp(got.data, "HTTP/1.1 101 Switching Protocols\r\nDate: ", 40) == 0);
    CHECK(strstr(got.data, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                           "Sec-WebSocket-Protocol: chat.v2\r\n"));
    CHECK(await(is_answered(&p, ASK("GET", "Sec-WebSocket-Version: 8\r\n" KEY), other, "-Version: 13\r\n")));
    CHECK(await(is_answered(&p, ASK("GET", KEY), other, "Upgrade: websocket\r\n")));
    CHECK(await(is_answered(&p, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", other, "Connection: close\r\n")));
    CHECK(await(is_answered(&p, ASK("GET", "Sec-WebSocket-Version: 13\r\n"), refused, "")));
    CHECK(await(is_answered(&p, ASK("GET", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n"), refused, "")));
    CHECK(await(is_answered(&p, GOOD(KEY), refused, ""))); /* two keys */
    CHECK(await(is_answered(&p, ASK("POST", "Sec-WebSocket-Version: 13\r\n" KEY), refused, "")));
    CHECK(await(is_answered(&p, GOOD("Content-Length: 2\r\n") "ab", refused, "")));
    CHECK(await(is_answered(&p, GOOD("Origin: http://evil.test\r\n"), "HTTP/1.1 403 Forbidden\r\n", "")));
    CHECK(await(is_answered(&p, GOOD("Origin: null\r\n"), "HTTP/1.1 403 Forbidden\r\n", "")));
    CHECK(strstr(p.log, "101 -\n426 the version of WebSocket is not 13\n") &&
          strstr(p.log, "403 the Origin is another site\n"));
    await(end(&p));
}
TEST(handshakes_are_checked, shakes_hands)

/* Frames of a client, whose mask is four zeros: the payload stands there as it is. */
#define IN(first, size, payload) first size "\0\0\0\0" payload
#define TEXT "\x81"
#define BINARY "\x82"
#define CLOSE "\x88"
#define PING "\x89"
#define PONG "\x8a"
#define PART "\x01"
#define MORE "\x00"
#define LAST "\x80"
#define WORDS(s) {s, sizeof(s) - 1}
#define BYE IN(CLOSE, "\x82", "\x03\xe8") /* 1000 */
#define A_BYE "\x88\x02\x03\xe8"
#define BAD "\x88\x02\x03\xea"            /* 1002 */
#define NOT_UTF8 "\x88\x02\x03\xef"       /* 1007 */
#define TOO_BIG "\x88\x02\x03\xf1"        /* 1009 */
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *what;
    eddy_slice sent, answer;
} frames[] = {
    {"an empty text", WORDS(IN(TEXT, "\x80", "") BYE), WORDS("\x81\x00" A_BYE)},
    {"a text", WORDS(IN(TEXT, "\x85", "Hello") BYE), WORDS("\x81\x05Hello" A_BYE)},
    {"bytes", WORDS(IN(BINARY, "\x83", "\xff\x00\x01") BYE), WORDS("\x82\x03\xff\x00\x01" A_BYE)},
    {"a mask", WORDS("\x81\x82\x01\x02\x03\x04\x49\x6b" BYE), WORDS("\x81\x02Hi" A_BYE)},
    {"125 bytes", WORDS(IN(TEXT, "\xfd", HUNDRED TEN TEN "12345") BYE),
     WORDS("\x81\x7d" HUNDRED TEN TEN "12345" A_BYE)},
    {"126 bytes", WORDS(IN(TEXT, "\xfe\x00\x7e", HUNDRED TEN TEN "123456") BYE),
     WORDS("\x81\x7e\x00\x7e" HUNDRED TEN TEN "123456" A_BYE)},
    {"two messages at once", WORDS(IN(TEXT, "\x81", "a") IN(TEXT, "\x81", "b") BYE),
     WORDS("\x81\x01" "a\x81\x01" "b" A_BYE)},
    {"a message in parts", WORDS(IN(PART, "\x83", "Hel") IN(MORE, "\x80", "") IN(LAST, "\x82", "lo") BYE),
     WORDS("\x81\x05Hello" A_BYE)},
    {"a ping between parts", WORDS(IN(PART, "\x83", "Hel") IN(PING, "\x82", "hm") IN(LAST, "\x82", "lo") BYE),
     WORDS("\x8a\x02hm\x81\x05Hello" A_BYE)},
    {"a ping", WORDS(IN(PING, "\x80", "") BYE), WORDS("\x8a\x00" A_BYE)},
    {"a ping of 125 bytes", WORDS(IN(PING, "\xfd", HUNDRED TEN TEN "12345") BYE),
     WORDS("\x8a\x7d" HUNDRED TEN TEN "12345" A_BYE)},
    {"a ping of 126 bytes", WORDS(IN(PING, "\xfe\x00\x7e", HUNDRED TEN TEN "123456") BYE), WORDS(BAD)},
    {"a ping in parts", WORDS(IN("\x09", "\x80", "") BYE), WORDS(BAD)},
    {"a pong without a ping", WORDS(IN(PONG, "\x81", "x") BYE), WORDS(A_BYE)},
    {"a frame without a mask", WORDS("\x81\x02Hi" BYE), WORDS(BAD)},
    {"reserved bits", WORDS(IN("\xc1", "\x81", "a")), WORDS(BAD)},
    {"a reserved opcode", WORDS(IN("\x83", "\x81", "a")), WORDS(BAD)},
    {"a reserved opcode of control", WORDS(IN("\x8b", "\x80", "")), WORDS(BAD)},
    {"more of no message", WORDS(IN(MORE, "\x81", "a")), WORDS(BAD)},
    {"the last of no message", WORDS(IN(LAST, "\x81", "a")), WORDS(BAD)},
    {"a message inside of another", WORDS(IN(PART, "\x81", "a") IN(TEXT, "\x81", "b")), WORDS(BAD)},
    {"a length in more bytes than it needs", WORDS(IN(TEXT, "\xfe\x00\x01", "a")), WORDS(BAD)},
    {"a length above 2^63", WORDS(IN(TEXT, "\xff\x80\0\0\0\0\0\0\0", "")), WORDS(BAD)},
    {"UTF-8", WORDS(IN(TEXT, "\x8b", "\xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80\xc3\xa9") BYE),
     WORDS("\x81\x0b\xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80\xc3\xa9" A_BYE)},
    {"a character in two frames", WORDS(IN(PART, "\x81", "\xce") IN(LAST, "\x81", "\xba") BYE),
     WORDS("\x81\x02\xce\xba" A_BYE)},
    {"no UTF-8", WORDS(IN(TEXT, "\x82", "\xc0\xaf")), WORDS(NOT_UTF8)},
    {"a surrogate", WORDS(IN(TEXT, "\x83", "\xed\xa0\x80")), WORDS(NOT_UTF8)},
    {"half a character", WORDS(IN(TEXT, "\x81", "\xce")), WORDS(NOT_UTF8)},
    {"no UTF-8 in the second part", WORDS(IN(PART, "\x81", "a") IN(LAST, "\x81", "\xff")), WORDS(NOT_UTF8)},
    {"a message beyond the limit", WORDS(IN(TEXT, "\xfe\x01\x00", "a")), WORDS(TOO_BIG)},
    {"parts beyond the limit", WORDS(IN(PART, "\xfe\x00\x7e", HUNDRED TEN TEN "123456") IN(LAST, "\xe4", HUNDRED)),
     WORDS(TOO_BIG)},
    {"a close without a code", WORDS(IN(CLOSE, "\x80", "")), WORDS("\x88\x00")},
    {"a close with a reason", WORDS(IN(CLOSE, "\x85", "\x0b\xb8" "bye")), WORDS("\x88\x05\x0b\xb8" "bye")},
    {"a message after the close", WORDS(BYE IN(TEXT, "\x81", "a")), WORDS(A_BYE)},
    {"a close of one byte", WORDS(IN(CLOSE, "\x81", "\x03")), WORDS(BAD)},
    {"a close by 1005", WORDS(IN(CLOSE, "\x82", "\x03\xed")), WORDS(BAD)},
    {"a close by 999", WORDS(IN(CLOSE, "\x82", "\x03\xe7")), WORDS(BAD)},
    {"a reason that is no UTF-8", WORDS(IN(CLOSE, "\x84", "\x03\xe8\xc0\xaf")), WORDS(NOT_UTF8)},
};

static void print_bytes(const char *name, const char *data, size_t size)
{
    print_error("%s:", name);
    for (size_t i = 0; i < size; i++)
        print_error(" %02x", (unsigned char)data[i]);
    print_error("\n");
}

async(void, keeps_rules)
{
    struct pair p;
    await(begin(&p, (eddy_http_websocket_options){.max_message = 200}));
    int wrong = 0;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        eddy_buffer got = {0};
        defer(eddy_buffer_free, &got);
        await(talk_bytes(&p, GOOD(""), frames[i].sent, &got));
        const char *answer = strstr(got.data, "\r\n\r\n") + 4;
        size_t size = got.size - (size_t)(answer - got.data);
        bool good = size == frames[i].answer.size && memcmp(answer, frames[i].answer.data, size) == 0;
        if (!good)
            print_bytes(frames[i].what, answer, size);
        wrong += !good;
    }
    CHECK(wrong == 0);
    CHECK(strstr(p.log, "101 the peer breaks the rules of WebSocket\n"));
    CHECK(strstr(p.log, "101 a message is larger than max_message\n"));
    await(end(&p));
}
TEST(frames_keep_the_rules, keeps_rules)

/* ==== both sides ==== */

async(eddy_http_websocket *, open_at, (struct pair *, pair), (const char *, path))
{
    char url[100];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", pair->port, path);
    return await(eddy_http_websocket_open(pair->client, url, &(eddy_http_websocket_options){.max_message = 1 << 22}));
}

async(void, exchanges)
{
    struct pair p;
    eddy_http_message m;
    eddy_error err;
    await(begin(&p, (eddy_http_websocket_options){.max_message = 1 << 22}));
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    CHECK(!*eddy_http_websocket_protocol(ws) && eddy_http_websocket_code(ws) == 1006);
    await(eddy_http_websocket_send(ws, "Hello"));
    CHECK(await(eddy_http_websocket_receive(ws, &m)) && m.text && strcmp(m.data, "Hello") == 0);
    await(eddy_http_websocket_send_bytes(ws, "\xff\0", 2));
    CHECK(await(eddy_http_websocket_receive(ws, &m)) && !m.text && m.size == 2 && memcmp(m.data, "\xff\0", 3) == 0);
    await(eddy_http_websocket_ping(ws));
    await(eddy_http_websocket_send_text(ws, "", 0));
    CHECK(await(eddy_http_websocket_receive(ws, &m)) && m.text && m.size == 0);
    await(eddy_http_websocket_send(ws, "\xff"), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_websocket_close(ws, 1005, NULL), &err);
    CHECK(err.code == EINVAL);
    await(eddy_http_websocket_close(ws, 4000, "done"));
    CHECK(eddy_http_websocket_code(ws) == 4000 && strcmp(eddy_http_websocket_reason(ws), "done") == 0);
    CHECK(last_code == 4000 && strcmp(last_reason, "done") == 0);
    CHECK(!await(eddy_http_websocket_receive(ws, &m)));
    await(eddy_http_websocket_send(ws, "late"), &err);
    CHECK(err.code == EPIPE);
    await(eddy_http_websocket_close(ws, 1000, NULL)); /* once more does nothing */
    await(end(&p));
}
TEST(messages_go_both_ways_until_a_close, exchanges)

async(void, send_large, (eddy_http_websocket *, ws), (const char *, bytes), (size_t, size))
{
    for (int i = 0; i < 3; i++)
        await(eddy_http_websocket_send_bytes(ws, bytes, size));
}

async(void, carries_much)
{
    struct pair p;
    eddy_http_message m;
    size_t size = 3000000;
    await(begin(&p, (eddy_http_websocket_options){.max_message = 1 << 22}));
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    char *bytes = malloc(size);
    defer(free, bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7);
    __auto_type sending = spawn(send_large(ws, bytes, size)); /* the echo waits for this side to read */
    for (int i = 0; i < 3; i++)
        CHECK(await(eddy_http_websocket_receive(ws, &m)) && m.size == size && memcmp(m.data, bytes, size) == 0);
    await(sending);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(end(&p));
}
TEST(large_messages_go_both_ways, carries_much)

async(void, shares)
{
    struct pair p;
    int next[4] = {0}, who, number;
    await(begin(&p, (eddy_http_websocket_options){0}));
    eddy_http_websocket *ws = await(open_at(&p, "/chatters"));
    defer(eddy_http_websocket_free, ws);
    async_for (message, eddy_http_messages(ws)) {
        CHECK(sscanf(message.data, "%d:%d", &who, &number) == 2 && who < 4 && number == next[who]);
        next[who]++;
    }
    CHECK(next[0] == 50 && next[1] == 50 && next[2] == 50 && next[3] == 50);
    CHECK(eddy_http_websocket_code(ws) == 1000); /* the handler has returned */
    await(end(&p));
}
TEST(several_tasks_send, shares)

async(void, receive_until_end, (eddy_http_websocket *, ws), (int *, count))
{
    async_for (message, eddy_http_messages(ws))
        *count += message.size > 0;
}

async(void, closes_all_ways)
{
    struct pair p;
    eddy_http_message m;
    eddy_error err;
    int count = 0;
    await(begin(&p, (eddy_http_websocket_options){0}));
    eddy_http_websocket *ws = await(open_at(&p, "/closes"));
    await(eddy_http_websocket_send(ws, "4321"));
    CHECK(!await(eddy_http_websocket_receive(ws, &m)) && eddy_http_websocket_code(ws) == 4321);
    CHECK(strcmp(eddy_http_websocket_reason(ws), "enough") == 0);
    eddy_http_websocket_free(ws);
    ws = await(open_at(&p, "/echo")); /* one task receives, another closes */
    __auto_type receiver = spawn(receive_until_end(ws, &count));
    await(eddy_sleep(0));
    await(eddy_http_websocket_send(ws, "x"));
    await(eddy_http_websocket_receive(ws, &m), &err);
    CHECK(err.code == EDDY_INVALID_STATE);
    await(eddy_http_websocket_close(ws, 1000, "bye"));
    await(receiver);
    CHECK(count <= 1 && eddy_http_websocket_code(ws) == 1000);
    eddy_http_websocket_free(ws);
    ws = await(open_at(&p, "/echo")); /* without a word */
    eddy_http_websocket_free(ws);
    while (!strstr(p.log, "101 the connection has ")) /* "ended without a close", "broken" */
        await(eddy_sleep(0.001));
    await(end(&p));
}
TEST(a_close_has_a_code_and_a_reason, closes_all_ways)

/* ==== the end of a server, and of a handler ==== */

async(void, goes_away)
{
    struct pair p;
    eddy_http_message m;
    await(begin(&p, (eddy_http_websocket_options){0}));
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    await(eddy_http_websocket_send(ws, "x"));
    CHECK(await(eddy_http_websocket_receive(ws, &m)));
    double began = eddy_time();
    __auto_type closing = spawn(eddy_http_server_close(p.server, 1000));
    CHECK(!await(eddy_http_websocket_receive(ws, &m)) && eddy_http_websocket_code(ws) == 1001);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(closing);
    CHECK(eddy_time() - began < 30 && last_code == 1001);
    p.server = NULL;
    await(end(&p));
}
TEST(a_server_that_closes_says_1001, goes_away)

static int reported;

static void count_report(const eddy_error *err, void *argument)
{
    (void)argument;
    reported += err->code == EIO;
}

async(void, survives_handlers)
{
    struct pair p;
    eddy_http_message m;
    reported = 0;
    eddy_set_exception_handler(count_report, NULL);
    await(begin(&p, (eddy_http_websocket_options){0}));
    eddy_http_websocket *ws = await(open_at(&p, "/breaks"));
    defer(eddy_http_websocket_free, ws);
    CHECK(!await(eddy_http_websocket_receive(ws, &m)) && eddy_http_websocket_code(ws) == 1011);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(end(&p));
    CHECK(reported == 1);
    eddy_set_exception_handler(NULL, NULL);
}
TEST(a_handler_that_fails_closes_by_1011, survives_handlers)

/* ==== time ==== */

async(void, gives_up)
{
    struct pair p;
    eddy_http_message m;
    await(begin(&p, (eddy_http_websocket_options){.idle_seconds = 20}));
    eddy_buffer got = {0};
    defer(eddy_buffer_free, &got);
    double began = eddy_time();
    await(talk_bytes(&p, GOOD(""), (eddy_slice){"", 0}, &got)); /* a client that answers nothing */
    CHECK(eddy_time() - began > 19 && eddy_time() - began < 30);
    CHECK(memcmp(strstr(got.data, "\r\n\r\n") + 4, "\x89\x00", 2) == 0); /* a ping has asked for it */
    CHECK(strcmp(p.log, "101 the peer is silent\n") == 0);
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    await_for(eddy_http_websocket_receive(ws, &m), 600, &(eddy_error){0}); /* this one answers pings */
    await(eddy_http_websocket_send(ws, "still here"));
    CHECK(await(eddy_http_websocket_receive(ws, &m)) && strcmp(m.data, "still here") == 0);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(end(&p));
}

/* In virtual time only: on the other drivers it would last ten minutes. */
static void silent_peers_are_given_up(void **state)
{
    (void)state;
    if (strcmp(getenv("EDDY_DRIVER") ? getenv("EDDY_DRIVER") : "", "sim") == 0)
        RUN_CLEAN(gives_up());
}

async(void, is_cancelled)
{
    struct pair p;
    eddy_http_message m;
    eddy_error err;
    await(begin(&p, (eddy_http_websocket_options){.max_message = 1 << 24}));
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    size_t size = 9000000;
    char *bytes = calloc(1, size);
    defer(free, bytes);
    /* nobody reads the echo, so the second message gets stuck */
    await(eddy_http_websocket_send_bytes(ws, bytes, 3000000));
    __auto_type sending = spawn(eddy_http_websocket_send_bytes(ws, bytes, 3000000));
    await_for(sending, 0.2, &err);
    await_for(eddy_http_websocket_receive(ws, &m), 0, &(eddy_error){0});
    CHECK(err.code == 0 || err.code == ETIMEDOUT);
    __auto_type last = spawn(eddy_http_websocket_send(ws, "last"));
    for (int i = 0; i < 2; i++)
        CHECK(await(eddy_http_websocket_receive(ws, &m)) && m.size == 3000000); /* it is not cut */
    await(last);
    CHECK(await(eddy_http_websocket_receive(ws, &m)) && strcmp(m.data, "last") == 0);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(end(&p));
}
TEST(a_cancelled_send_cuts_no_message, is_cancelled)

/* The peer echoes what it gets: the second message only after its end, which no other send sends. */
async(void, leaves_a_rest)
{
    struct pair p;
    eddy_http_message m;
    eddy_error err;
    enum { SIZE = 3000000, MOST = 20 };
    int count = 0;
    await(begin(&p, (eddy_http_websocket_options){.max_message = 1 << 24}));
    eddy_http_websocket *ws = await(open_at(&p, "/echo"));
    defer(eddy_http_websocket_free, ws);
    char *bytes = calloc(1, SIZE);
    defer(free, bytes);
    do /* nobody reads the echo */
        await_for(eddy_http_websocket_send_bytes(ws, bytes, SIZE), 0.5, &err);
    while (++count < MOST && !err.code);
    CHECK(err.code == ETIMEDOUT);
    for (int i = 0; i < count; i++)
        CHECK(await_for(eddy_http_websocket_receive(ws, &m), 20) && m.size == SIZE);
    await(eddy_http_websocket_close(ws, 1000, NULL));
    await(end(&p));
}
TEST(a_receive_sends_what_a_cancelled_send_has_left, leaves_a_rest)

/* ==== servers that are none ==== */

/* Answers by these words, then by frames. */
async(void, say, (eddy_stream *, s), (const eddy_slice *, words))
{
    eddy_slice head;
    char answer[ANSWER_ROOM], key[30], text[300];
    await(eddy_stream_read_until(s, "\r\n\r\n", &head));
    const char *found = memmem(head.data, head.size, "Key: ", 5);
    snprintf(key, sizeof key, "%.24s", found ? found + 5 : "");
    handshake_answer(key, answer);
    int size = snprintf(text, sizeof text, words[0].data, answer);
    await(eddy_stream_write(s, text, (size_t)size));
    await(eddy_stream_write(s, words[1].data, words[1].size));
    await(eddy_stream_write_eof(s));
    await(eddy_stream_read_some(s, &head), &(eddy_error){0});
}

#define SWITCH(fields) "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" fields "\r\n"
#define ACCEPT "Sec-WebSocket-Accept: %s\r\n"

static const struct {
    eddy_slice words[2];
    int open_code, receive_code;
} servers[] = {
    {{WORDS(SWITCH(ACCEPT)), WORDS("\x81\x02Hi")}, 0, 0},
    {{WORDS(SWITCH(ACCEPT)), WORDS("\x81\x82\0\0\0\0Hi")}, 0, EBADMSG}, /* a server does not mask */
    {{WORDS(SWITCH(ACCEPT)), WORDS("\x81\x7e\x01\x01" "a")}, 0, EMSGSIZE},
    {{WORDS(SWITCH(ACCEPT)), WORDS("\x81\x05Hi")}, 0, EDDY_INCOMPLETE_READ},
    {{WORDS(SWITCH("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")), WORDS("")}, EBADMSG, 0},
    {{WORDS(SWITCH("")), WORDS("")}, EBADMSG, 0},
    {{WORDS(SWITCH(ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n")), WORDS("")}, EBADMSG, 0},
    {{WORDS(SWITCH(ACCEPT "Sec-WebSocket-Protocol: mqtt\r\n")), WORDS("")}, EBADMSG, 0},
    {{WORDS(SWITCH(ACCEPT "Sec-WebSocket-Protocol: chat\r\n")), WORDS("\x81\x02Hi")}, 0, 0},
    {{WORDS("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n" ACCEPT "\r\n"), WORDS("")}, EBADMSG, 0},
    {{WORDS("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), WORDS("")}, EDDY_HTTP_FAILED, 0},
};

async(void, tries, (const eddy_slice *, words), (int, open_code), (int, receive_code))
{
    eddy_error err;
    eddy_http_message m;
    char url[64];
    eddy_http_websocket_options wanted = {.max_message = 100, .protocols = "chat"};
    eddy_server *server = await(eddy_start_server(say, words, "127.0.0.1", 0));
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", eddy_server_port(server));
    async_with (client, eddy_http_open("http://127.0.0.1/")) {
        eddy_http_websocket *ws = await(eddy_http_websocket_open(client, url, &wanted), &err);
        CHECK(err.code == open_code);
        if (!err.code) {
            defer(eddy_http_websocket_free, ws);
            await(eddy_http_websocket_receive(ws, &m), &err);
            CHECK(err.code == receive_code && (err.code || strcmp(m.data, "Hi") == 0));
        }
    }
    await(eddy_server_close(server, 1));
}

async(void, is_strict)
{
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        eddy_error err;
        await(tries(servers[i].words, servers[i].open_code, servers[i].receive_code), &err);
        if (err.code)
            print_error("server %zu\n", i);
        if (err.code)
            rethrow(&err);
    }
}
TEST(replies_to_a_client_are_checked, is_strict)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_are_checked),
        cmocka_unit_test(frames_keep_the_rules),
        cmocka_unit_test(messages_go_both_ways_until_a_close),
        cmocka_unit_test(large_messages_go_both_ways),
        cmocka_unit_test(several_tasks_send),
        cmocka_unit_test(a_close_has_a_code_and_a_reason),
        cmocka_unit_test(a_server_that_closes_says_1001),
        cmocka_unit_test(a_handler_that_fails_closes_by_1011),
        cmocka_unit_test(silent_peers_are_given_up),
        cmocka_unit_test(a_cancelled_send_cuts_no_message),
        cmocka_unit_test(a_receive_sends_what_a_cancelled_send_has_left),
        cmocka_unit_test(replies_to_a_client_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
