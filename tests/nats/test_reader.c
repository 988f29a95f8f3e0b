/* SPDX-License-Identifier: MIT */
/* test_reader.c - operations that arrive in pieces, and bytes that are none; JSON. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "message.h"

static const char stream[] = "INFO {\"a\": \"b c\"}\r\nPING\r\nMSG a.b 12 5\r\nhello\r\n"
                             "msg a 3 _R.1 0\r\n\r\n+OK\r\npong\r\n"
                             "HMSG x 7 r 30 33\r\nNATS/1.0 503 No\r\nA: 1\r\nB:2\r\n\r\na\r\n\r\n"
                             "-ERR 'Permissions Violation'\r\n"
                             "MSG last 99999999999 2\r\n\r\n\r\n";

/* Gives the bytes in pieces that end at the cuts; returns whether the reader has refused them. */
static bool read_pieces(const char *data, size_t size, const size_t *cuts, size_t count, char *text, size_t text_size)
{
    struct reader reader = {.limit = 1000};
    struct view view;
    enum reader_result result = READER_MORE;
    size_t at = 0, used = 0;
    for (size_t i = 0; i <= count && result == READER_MORE; i++) {
        size_t end = i < count ? cuts[i] : size;
        char *piece = malloc(end - at + 1); /* of its own, so that a sanitizer sees what is read outside of it */
        memcpy(piece, data + at, end - at);
        assert_true(reader_give(&reader, (eddy_slice){piece, end - at}));
        while ((result = reader_next(&reader, &view)) != READER_MORE && result < READER_BAD) {
            eddy_nats_message *m = message_new(NULL, &view);
            const char *a = eddy_nats_header_of(m, "a"), *b = eddy_nats_header_of(m, "B");
            used += (size_t)snprintf(text + used, text_size - used, "<%d %.*s %s %s %llu %.*s %d %s %s>", (int)result,
                                     (int)view.text.size, view.text.data ? view.text.data : "", m->subject, m->reply,
                                     (unsigned long long)view.sid, (int)m->data.size, m->data.data, m->status,
                                     a ? a : "-", b ? b : "-");
            used = used < text_size ? used : text_size;
            eddy_nats_message_free(m);
        }
        assert_true(reader_keep(&reader));
        assert_true(reader_keep(&reader)); /* as after a read that was cancelled */
        free(piece);
        at = end;
    }
    reader_reset(&reader);
    return result >= READER_BAD;
}

static void operations_may_be_cut_at_each_byte(void **state)
{
    char whole[2000] = "", cut[2000];
    size_t size = sizeof stream - 1;
    (void)state;
    assert_false(read_pieces(stream, size, NULL, 0, whole, sizeof whole));
    assert_string_equal(whole, "<2 {\"a\": \"b c\"}   0  0 - -><3    0  0 - -><1  a.b  12 hello 0 - ->"
                               "<1  a _R.1 3  0 - ->"
                               "<5    0  0 - -><4    0  0 - -><1  x r 7 a\r\n 503 1 2>"
                               "<6 'Permissions Violation'   0  0 - -><1  last  99999999999 \r\n 0 - ->");
    for (size_t a = 1; a < size; a++)
        for (size_t b = a; b < size; b += 7) {
            const size_t cuts[] = {a, b};
            assert_false(read_pieces(stream, size, cuts, 2, cut, sizeof cut));
            assert_string_equal(cut, whole);
        }
}

/* Any change gives other operations, or is refused; nothing is read outside. */
static void changed_bytes_do_no_harm(void **state)
{
    static const unsigned char changes[] = {0, '\r', '\n', ' ', '9', '-', 'M', 255};
    char copy[sizeof stream], text[4000];
    (void)state;
    for (size_t at = 0; at < sizeof stream - 1; at++)
        for (size_t i = 0; i < sizeof changes; i++) {
            memcpy(copy, stream, sizeof copy);
            copy[at] = (char)changes[i];
            read_pieces(copy, sizeof stream - 1, &at, 1, text, sizeof text);
        }
}

static void is_refused(const char *data)
{
    char text[2000];
    if (!read_pieces(data, strlen(data), NULL, 0, text, sizeof text))
        fail_msg("%s was taken", data);
}

static void what_is_no_operation_is_refused(void **state)
{
    (void)state;
    is_refused("HTTP/1.1 400 Bad Request\r\n");
    is_refused("MSG a 1\r\n");
    is_refused("MSG a 1 x\r\n");
    is_refused("MSG a b 1\r\n");
    is_refused("MSG a 1 -1\r\n");
    is_refused("MSG a 1 99999999999999999999\r\n");
    is_refused("MSG a 1 1001\r\n");
    is_refused("MSG a b c d e f g h 1\r\n");
    is_refused("MSG a 1 1\r\nxyz\r\n");
    is_refused("HMSG a 1 5 4\r\nabcd\r\n");
    is_refused("\r\n");
}

/* A limit that no message can have does not let lengths overflow. */
static void a_limit_without_an_end_is_not_believed(void **state)
{
    static char text[] = "MSG a 1 18446744073709551600\r\nx\r\n";
    struct reader reader = {.limit = SIZE_MAX};
    struct view view;
    (void)state;
    assert_true(reader_give(&reader, (eddy_slice){text, sizeof text - 1}));
    assert_int_equal(reader_next(&reader, &view), READER_LARGE);
    reader_reset(&reader);
}

/* They end the names and values of what a message keeps; a header with one of its own is left out. */
static void headers_with_a_zero_byte_are_left_out(void **state)
{
    static const char headers[] = "NATS/1.0 503 a\0b\r\nA\0x: 1\r\nB: 2\0\r\nC: 3\r\n\r\n";
    struct view view = {.subject = {"a", 1}, .headers = {headers, sizeof headers - 1}};
    eddy_nats_message *m = message_new(NULL, &view);
    (void)state;
    assert_non_null(m);
    assert_string_equal(eddy_nats_header_of(m, "c"), "3");
    assert_memory_equal(m->headers, "C\0003\0", 5);
    assert_null(eddy_nats_header_of(m, "x"));
    eddy_nats_message_free(m);
}

static void json_is_read_by_paths(void **state)
{
    static const char json[] = " {\"a\\\"\": {\"x\": [1, \"}\"]}, "
                               "\"e\": {\"code\": 404, \"d\": \"no \\u0041\\n\\\"\"}, "
                               "\"t\": true, \"urls\": [\"a:1\", \"b:2\"]}";
    char text[32];
    uint64_t number = 0;
    eddy_slice urls;
    (void)state;
    assert_true(eddy_nats_json_number(json, "e.code", &number) && number == 404);
    assert_true(json_text(json, "e.d", text, sizeof text));
    assert_string_equal(text, "no A\n\"");
    assert_true(json_bool(json, "t") && !json_bool(json, "e") && !json_bool(json, "u"));
    assert_true(json_find(json, "urls", &urls) && json_next_text(&urls, text, 3) && json_next_text(&urls, text, 32));
    assert_string_equal(text, "b:2");
    assert_false(json_next_text(&urls, text, sizeof text));
    assert_false(eddy_nats_json_number(json, "e.d", &number) || eddy_nats_json_number(json, "e.code.x", &number));
    for (size_t size = 0; size < sizeof json - 1; size++) { /* cut anywhere */
        char *copy = strndup(json, size);
        json_find(copy, "none.at.all", &urls);
        json_text(copy, "e.d", text, sizeof text);
        free(copy);
    }
    eddy_buffer b = {0};
    assert_true(json_append_text(&b, "a\"b\\\n"));
    assert_string_equal(b.data, "\"a\\u0022b\\u005c\\u000a\"");
    eddy_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_may_be_cut_at_each_byte),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(what_is_no_operation_is_refused),
        cmocka_unit_test(a_limit_without_an_end_is_not_believed),
        cmocka_unit_test(headers_with_a_zero_byte_are_left_out),
        cmocka_unit_test(json_is_read_by_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
