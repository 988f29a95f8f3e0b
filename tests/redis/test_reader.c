/* SPDX-License-Identifier: MIT */
/* test_reader.c - replies that arrive in pieces, and bytes that are none. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reply.h"

static const char stream[] = "*3\r\n$5\r\nhello\r\n:12345\r\n*2\r\n+a\r\n$0\r\n\r\n"
                             "$-1\r\n%1\r\n+key\r\n~2\r\n:1\r\n,1.5\r\n-ERR no\r\n>2\r\n+message\r\n_\r\n"
                             "|1\r\n+a\r\n*1\r\n:1\r\n=7\r\ntxt:abc\r\n*0\r\n#t\r\n(123456789012345678901234567890\r\n";

/* A reply as text, to compare it. */
static void write_reply(const eddy_redis_reply *reply, char *text, size_t size)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "<%d %zu %s %lld %g", (int)reply->kind, reply->count, eddy_redis_text(reply),
             (long long)reply->integer, reply->real);
    for (size_t i = 0; i < reply->count; i++)
        write_reply(&reply->items[i], text, size);
    strcat(text, ">");
}

/* Gives the bytes in pieces that end at the cuts; returns whether the reader has refused them. */
static bool read_pieces(const char *data, size_t size, const size_t *cuts, size_t count, char *text, size_t text_size)
{
    struct reader reader = {.limit = 1000};
    struct view view;
    enum reader_result result = READER_MORE;
    size_t at = 0;
    for (size_t i = 0; i <= count && result == READER_MORE; i++) {
        size_t end = i < count ? cuts[i] : size;
        char *piece = malloc(end - at + 1); /* of its own, so that a sanitizer sees what is read outside of it */
        memcpy(piece, data + at, end - at);
        assert_true(reader_give(&reader, (eddy_slice){piece, end - at}));
        while ((result = reader_next(&reader, &view)) == READER_REPLY) {
            eddy_redis_reply *reply = reply_build(&view);
            write_reply(reply, text, text_size);
            eddy_redis_reply_free(reply);
        }
        assert_true(reader_keep(&reader));
        assert_true(reader_keep(&reader)); /* as after a read that was cancelled */
        assert_int_equal(reader_next(&reader, &view), READER_MORE);
        free(piece);
        at = end;
    }
    reader_reset(&reader);
    return result != READER_MORE;
}

static void pieces_make_the_same_replies(void **state)
{
    static char whole[4096], cut[4096];
    size_t size = sizeof stream - 1, all[sizeof stream];
    (void)state;
    assert_false(read_pieces(stream, size, NULL, 0, whole, sizeof whole));
    assert_non_null(strstr(whole, "<1 0 hello 0 0>"));
    for (size_t i = 1; i < size; i++) {
        *cut = '\0';
        all[i - 1] = i;
        assert_false(read_pieces(stream, size, &i, 1, cut, sizeof cut));
        assert_string_equal(cut, whole);
    }
    *cut = '\0';
    assert_false(read_pieces(stream, size, all, size - 1, cut, sizeof cut));
    assert_string_equal(cut, whole);
}

/* One byte is changed: it is refused or read, and nothing outside of it is touched. */
static void changed_bytes_are_refused_or_read(void **state)
{
    static char text[1 << 16];
    char changed[sizeof stream];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof stream; i++)
        for (const char *by = "*$:+-_#%~>|=(,!\r\n09\x80"; *by; by++) {
            memcpy(changed, stream, sizeof stream);
            changed[i] = *by;
            *text = '\0';
            read_pieces(changed, sizeof stream - 1, &i, i > 0, text, sizeof text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_make_the_same_replies),
        cmocka_unit_test(changed_bytes_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
