/* SPDX-License-Identifier: MIT */
/* test_http_head.c - what a head, a target and a body in chunks may be, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chunks.h"
#include "target.h"

static const struct head_limits usual = {.line = 200, .size = 1000, .fields = 10};

/* A head that was read, with the memory that it needs. */
struct reading {
    struct head head;
    struct head_search search;
    struct head_field fields[64];
    struct arena arena;
    struct target target;
    char text[4096];
};

/* The status that refuses it; 0: it is good; -1: more bytes are needed. */
static int read_request(struct reading *r, const char *text, size_t size)
{
    memset(r, 0, offsetof(struct reading, arena));
    arena_begin(&r->arena);
    int64_t found = head_find(&r->search, text, size, &usual, &r->head);
    if (found < 0)
        return r->head.refused;
    if (found == 0)
        return -1;
    memcpy(r->text, text + r->search.skipped, (size_t)found);
    if (head_read_request(&r->head, r->text, (size_t)found, r->fields, &usual))
        target_read(&r->target, &r->head, &r->arena);
    int refused = r->head.refused;
    arena_end(&r->arena);
    return refused;
}

/* ==== heads ==== */

#define WITH(fields) "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static const struct {
    int refused;
    const char *text;
} heads[] = {
    {0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {0, "GET / HTTP/1.0\r\n\r\n"},
    {0, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {0, "GET /a?b=c;d|e HTTP/1.1\r\nHost: a:80\r\n\r\n"},
    {0, "GET http://a/b?c HTTP/1.1\r\nHost: A\r\n\r\n"},
    {0, "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"},
    {0, WITH("Content-Length: 5\r\n")},
    {0, WITH("Content-Length:5\r\n")},
    {0, WITH("Content-Length: \t5 \t\r\n")},
    {0, WITH("Transfer-Encoding: Chunked\r\n")},
    {0, WITH("X:\r\n")},
    {0, WITH("X: \x80\xff\r\n")},
    {-1, "GET / HTTP/1.1\r\nHost: a\r\n"},
    {-1, "\r\n"},
    /* the first line */
    {400, "GET / HTTP/1. 1\r\nHost: a\r\n\r\n"},
    {400, "GET \t / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\v HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.+1\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {400, "G{}T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\r\nHost: a\r\n\r\n"},
    {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\nHost: a\n\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {400, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
    {400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\\a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "\x16\x03\x01"},
    {501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    /* the host */
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    /* the end of the body */
    {400, WITH("Content-Length: 5\r\nContent-Length: 5\r\n")},
    {400, WITH("Content-Length: 5\r\nContent-Length: 6\r\n")},
    {400, WITH("Content-Length: 5, 5\r\n")},
    {400, WITH("Content-Length: +5\r\n")},
    {400, WITH("Content-Length: -5\r\n")},
    {400, WITH("Content-Length: 0x5\r\n")},
    {400, WITH("Content-Length: 5 5\r\n")},
    {400, WITH("Content-Length:\r\n")},
    {400, WITH("Content-Length: 99999999999999999999\r\n")},
    {400, WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
    {400, WITH("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")},
    {400, WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
    {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {501, WITH("Transfer-Encoding: chunked, identity\r\n")},
    {501, WITH("Transfer-Encoding: gzip, chunked\r\n")},
    {501, WITH("Transfer-Encoding: xchunked\r\n")},
    {501, WITH("Transfer-Encoding: \"chunked\"\r\n")},
    {501, WITH("Transfer-Encoding:\r\n")},
    /* fields */
    {400, WITH("Content-Length : 5\r\n")},
    {400, WITH("Content-Length\r\n")},
    {400, WITH("Foo\x01: b\r\n")},
    {400, WITH(": b\r\n")},
    {400, WITH("X: a\r\n b\r\n")},
    {400, WITH(" X: a\r\n")},
    {400, WITH("X: a\rb\r\n")},
    {400, WITH("X: a\x01\r\n")},
    {400, WITH("X: a\x7f\r\n")},
    {400, WITH("Content-Length: 5\r\r\n")},
    {400, WITH("X: a\nContent-Length: 5\r\n")},
    {417, WITH("Expect: 200-ok\r\n")},
    /* the path */
    {400, "GET /.. HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a/../.. HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%2e%2E/a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /% HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%4g HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a%0ab HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n"},
};

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    struct reading *r = malloc(sizeof *r);
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int refused = read_request(r, heads[i].text, strlen(heads[i].text));
        if (refused != heads[i].refused)
            fail_msg("%s\ngives %d (%s), not %d", heads[i].text, refused, r->head.why, heads[i].refused);
    }
    free(r);
}

static void a_zero_byte_is_refused(void **state)
{
    static const char in_value[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
                      in_target[] = "GET /\0 HTTP/1.1\r\n\r\n", in_name[] = "GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n";
    struct reading *r = malloc(sizeof *r);
    (void)state;
    assert_int_equal(read_request(r, in_value, sizeof in_value - 1), 400);
    assert_int_equal(read_request(r, in_target, sizeof in_target - 1), 400);
    assert_int_equal(read_request(r, in_name, sizeof in_name - 1), 400);
    free(r);
}

/* The result of the search does not depend on the pieces that the bytes come in. */
static void heads_may_come_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct head whole = {0}, pieces = {0};
        struct head_search at_once = {0}, search = {0};
        size_t size = strlen(heads[i].text);
        int64_t wanted = head_find(&at_once, heads[i].text, size, &usual, &whole), found = 0;
        for (size_t n = 1; n <= size && !found; n++)
            found = head_find(&search, heads[i].text, n, &usual, &pieces);
        assert_int_equal(found, wanted);
        assert_int_equal(pieces.refused, whole.refused);
        assert_true(found < 0 || search.lines == at_once.lines);
    }
}

static void heads_have_limits(void **state)
{
    struct reading *r = malloc(sizeof *r);
    char text[4096];
    (void)state;
    snprintf(text, sizeof text, "GET /%0186d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    assert_int_equal(read_request(r, text, strlen(text)), 0); /* 200 bytes */
    snprintf(text, sizeof text, "GET /%0187d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    assert_int_equal(read_request(r, text, strlen(text)), 414);
    assert_int_equal(read_request(r, text, 203), 414); /* before its end has come */
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: %0968d\r\n\r\n", 0);
    assert_int_equal(read_request(r, text, strlen(text)), 0); /* 1000 bytes */
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: %0969d\r\n\r\n", 0);
    assert_int_equal(read_request(r, text, strlen(text)), 431);
    assert_int_equal(read_request(r, text, 1001), 431);
    strcpy(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 9; i++)
        strcat(text, "X: a\r\n");
    strcat(text, "\r\n");
    assert_int_equal(read_request(r, text, strlen(text)), 0);
    strcpy(text + strlen(text) - 2, "X: a\r\n\r\n");
    assert_int_equal(read_request(r, text, strlen(text)), 431);
    memset(text, '\r', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = '\n';
    assert_int_equal(read_request(r, text, sizeof text), 400);
    free(r);
}

static void fields_are_found_without_regard_to_case(void **state)
{
    static const char text[] = "GET /x HTTP/1.1\r\nHOST: h\r\nConnection: Keep-Alive ,\tUPGRADE\r\nA: 1\r\na:  2 \r\n"
                               "Expect: 100-Continue\r\nCookie:\r\n\r\n";
    struct reading *r = malloc(sizeof *r);
    (void)state;
    assert_int_equal(read_request(r, text, sizeof text - 1), 0);
    assert_string_equal(r->head.method, "GET");
    assert_string_equal(r->head.host, "h");
    assert_true(r->head.keeps && r->head.upgrades && !r->head.closes && r->head.expects && r->head.minor == 1);
    assert_string_equal(head_value(&r->head, "a", 0), "1");
    assert_string_equal(head_value(&r->head, "A", 1), "2");
    assert_null(head_value(&r->head, "A", 2));
    assert_string_equal(head_value(&r->head, "cookie", 0), "");
    assert_int_equal(r->head.count, 6);
    free(r);
}

/* ==== responses ==== */

static int status_of(const char *text)
{
    struct head head;
    struct head_field fields[10];
    char copy[500];
    strcpy(copy, text);
    return head_read_response(&head, copy, strlen(copy), fields, &usual) ? head.status : -head.refused;
}

static void responses_are_read_as_strictly(void **state)
{
    (void)state;
    assert_int_equal(status_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nHost: a\r\nHost: b\r\n\r\n"), 200);
    assert_int_equal(status_of("HTTP/1.1 404 \r\n\r\n"), 404);
    assert_int_equal(status_of("HTTP/1.1 404\r\n\r\n"), 404);
    assert_int_equal(status_of("HTTP/1.1 20 OK\r\n\r\n"), -502);
    assert_int_equal(status_of("HTTP/1.1 2000 OK\r\n\r\n"), -502);
    assert_int_equal(status_of("HTTP/1.1 099 OK\r\n\r\n"), -502);
    assert_int_equal(status_of("HTTP/1.1  200 OK\r\n\r\n"), -502);
    assert_int_equal(status_of("HTTP/3.0 200 OK\r\n\r\n"), -505);
    assert_int_equal(status_of("ICY 200 OK\r\n\r\n"), -400);
    assert_int_equal(status_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), -400);
    assert_int_equal(status_of("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), -400);
}

/* ==== paths ==== */

static void assert_path(struct reading *r, const char *target, const char *path, const char *query)
{
    char text[300];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    assert_int_equal(read_request(r, text, strlen(text)), 0);
    assert_string_equal(r->target.path, path);
    assert_string_equal(r->target.query ? r->target.query : "(none)", query);
    assert_string_equal(r->target.host, "a");
}

static void paths_are_decoded_and_stay_below_the_root(void **state)
{
    struct reading *r = malloc(sizeof *r);
    (void)state;
    assert_path(r, "/", "/", "(none)");
    assert_path(r, "/a/b?", "/a/b", "");
    assert_path(r, "/a%20b/%C3%A4%25?x=%20", "/a b/\xc3\xa4%", "x=%20");
    assert_path(r, "/a/./b/../c", "/a/c", "(none)");
    assert_path(r, "/a/..", "/", "(none)");
    assert_path(r, "/a/b/..", "/a/", "(none)");
    assert_path(r, "/a/.", "/a/", "(none)");
    assert_path(r, "/.", "/", "(none)");
    assert_path(r, "/a/%2e%2e/b", "/b", "(none)");
    assert_path(r, "//a//b/", "//a//b/", "(none)");
    assert_path(r, "/...", "/...", "(none)");
    assert_path(r, "/.a/..b", "/.a/..b", "(none)");
    assert_path(r, "http://a", "/", "(none)");
    assert_path(r, "HTTP://a/b?c", "/b", "c");
    assert_path(r, "http://a?c", "/", "c");
    free(r);
}

static void assert_fits(const char *path, const char *route, const char *name, const char *value)
{
    struct arena arena;
    struct target target = {.path = path};
    arena_begin(&arena);
    assert_true(target_is_route(route) && target_fits(path, route));
    assert_true(target_take_params(&target, route, &arena));
    const char *found = target_param(&target, name);
    assert_string_equal(found ? found : "(none)", value);
    arena_end(&arena);
}

static void routes_name_parts_of_the_path(void **state)
{
    (void)state;
    assert_fits("/users/ada", "/users/:name", "name", "ada");
    assert_fits("/users/ada/notes/7", "/users/:name/notes/:id", "id", "7");
    assert_fits("/users/ada/notes/7", "/users/:name/notes/:id", "name", "ada");
    assert_fits("/users/ada", "/users/:name", "nam", "(none)");
    assert_fits("/files/a/b", "/files/*", "*", "a/b");
    assert_fits("/files/", "/files/*", "*", "");
    assert_fits("/a/b/c", "/:x/*", "*", "b/c");
    assert_fits("/", "/", "x", "(none)");
    assert_false(target_fits("/files", "/files/*"));
    assert_false(target_fits("/users/", "/users/:name"));
    assert_false(target_fits("/users/a/b", "/users/:name"));
    assert_false(target_fits("/user", "/users"));
    assert_false(target_fits("/users/a", "/users"));
    assert_false(target_is_route("users"));
    assert_false(target_is_route("/*/a"));
    assert_false(target_is_route("/:a/:b/:c/:d/:e/:f/:g/:h/:i"));
    assert_false(target_is_route(NULL));
}

/* ==== chunks ==== */

/* Takes the body apart in pieces of `piece` bytes. The rest: bytes after its end; -1: not valid; -2: not complete. */
static long take_all(const char *text, size_t size, size_t piece, char *body)
{
    struct chunks chunks = {.limit = 50};
    size_t out = 0, at = 0;
    while (at < size && !chunks_ended(&chunks)) {
        const char *data;
        size_t data_size, room = size - at < piece ? size - at : piece;
        int64_t taken = chunks_take(&chunks, text + at, room, &data, &data_size);
        if (taken < 0)
            return -1;
        if (data_size)
            memcpy(body + out, data, data_size);
        out += data_size;
        at += (size_t)taken;
    }
    body[out] = 0;
    return chunks_ended(&chunks) ? (long)(size - at) : -2;
}

static const struct {
    long rest;
    const char *text, *body;
} bodies[] = {
    {0, "0\r\n\r\n", ""},
    {0, "5\r\nhello\r\n0\r\n\r\n", "hello"},
    {0, "A\r\n0123456789\r\n00001\r\nx\r\n000\r\n\r\n", "0123456789x"},
    {3, "1\r\na\r\n0\r\n\r\nGET", "a"},
    {0, "1;a=b;c=\"d\"\r\na\r\n0;e\r\n\r\n", "a"},
    {0, "0\r\nX-Sum: 5\r\nY:\r\n\r\n", ""},
    {-2, "5\r\nhell", "hell"},
    {-2, "0\r\n", ""},
    {-1, "5\r\nhelloX\r\n0\r\n\r\n", ""},
    {-1, "5\nhello\r\n0\r\n\r\n", ""},
    {-1, "5\r\nhello\n0\r\n\r\n", ""},
    {-1, "5\rhello\r\n0\r\n\r\n", ""},
    {-1, "5 \r\nhello\r\n0\r\n\r\n", ""},
    {-1, " 5\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "0x5\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "+5\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "-5\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "\r\nhello\r\n0\r\n\r\n", ""},
    {-1, ";a\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "1234567890123456\r\n", ""},
    {-1, "5g\r\nhello\r\n0\r\n\r\n", ""},
    {-1, "1;a\nb\r\n", ""},
    {-1, "1;a\rb\r\n", ""},
    {-1, "1;\x01\r\n", ""},
    {-1, "0\r\nX : 5\r\n\r\n", ""},
    {-1, "0\r\n X: 5\r\n\r\n", ""},
    {-1, "0\r\nX\r\n\r\n", ""},
    {-1, "0\r\nX: a\n\r\n", ""},
    {-1, "0\r\n\n", ""},
    {-1, "0\r\nX: 12345678901234567890123456789012345678901234567890\r\n\r\n", ""},
    {-1, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n", ""},
};

static void chunks_are_strict_in_any_pieces(void **state)
{
    char body[100];
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        size_t size = strlen(bodies[i].text);
        for (size_t piece = 1; piece <= size; piece++) {
            long rest = take_all(bodies[i].text, size, piece, body);
            if (rest != bodies[i].rest)
                fail_msg("%s\nin pieces of %zu gives %ld, not %ld", bodies[i].text, piece, rest, bodies[i].rest);
            if (rest != -1)
                assert_string_equal(body, bodies[i].body);
        }
    }
}

static void memory_of_a_message_grows(void **state)
{
    struct arena arena;
    (void)state;
    arena_begin(&arena);
    char *first = arena_take(&arena, 900), *second = arena_take(&arena, 900), *large = arena_take(&arena, 100000);
    assert_true(first == arena.first && second && large && (uintptr_t)second % 8 == 0);
    memset(first, 1, 900), memset(second, 2, 900), memset(large, 3, 100000);
    assert_int_equal(first[899], 1);
    assert_int_equal(second[899], 2);
    assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
    arena_end(&arena);
    assert_ptr_equal(arena_take(&arena, 8), arena.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(heads_may_come_in_any_pieces),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(fields_are_found_without_regard_to_case),
        cmocka_unit_test(responses_are_read_as_strictly),
        cmocka_unit_test(paths_are_decoded_and_stay_below_the_root),
        cmocka_unit_test(routes_name_parts_of_the_path),
        cmocka_unit_test(chunks_are_strict_in_any_pieces),
        cmocka_unit_test(memory_of_a_message_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
