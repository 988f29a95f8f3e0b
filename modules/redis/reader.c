/* SPDX-License-Identifier: MIT */
/*
 * reader.c - see reader.h.
 *
 * Invariant: no byte is looked at twice while a reply arrives in pieces, but for the heads of its values; a level is
 * entered only if it has values.
 */
#define EDDY_LIBRARY
#include "reader.h"

#include <string.h>

enum { MOST_LINE = 65536 };

/* "-12\r\n": digits only. */
static bool read_number(const char *text, size_t size, int64_t *number)
{
    bool negative = size && *text == '-';
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
    size_t i = negative || (size && *text == '+');
    if (i == size)
        return false;
    for (; i < size; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static bool has_number(char kind)
{
    return strchr(":$=!*~>%|", kind) && kind;
}

/* strtod passes over such characters, and would read on in the next line. */
static bool has_no_real(const char *at)
{
    return *at == ',' && strchr(" \t\n\v\f\r", at[1]);
}

const char *reader_line(const char *at, const char *end, int64_t *number)
{
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    *number = 0;
    if (!line_end || line_end - at < 2 || line_end[-1] != '\r')
        return NULL;
    if (has_no_real(at))
        return NULL;
    if (has_number(*at) && !read_number(at + 1, (size_t)(line_end - at - 2), number))
        return NULL;
    return line_end + 1;
}

static enum reader_result refuse(struct reader *r, enum reader_result result, const char *why)
{
    r->why = why;
    return result;
}

/* A value is complete: so may be those that it is a part of. */
static void finish_value(struct scan *s)
{
    s->left[s->level]--;
    while (s->level && !s->left[s->level])
        s->left[--s->level]--;
}

static enum reader_result scan_text(struct reader *r, size_t head, int64_t size)
{
    struct scan *s = &r->scan;
    if (size < -1)
        return refuse(r, READER_BAD, "a length is negative");
    if ((uint64_t)size + 2 > r->limit - (head < r->limit ? head : r->limit))
        return refuse(r, READER_LARGE, "a reply is larger than reply_limit");
    if (size >= 0) {
        const char *end = r->pieces.input.data + head + size;
        if (r->pieces.input.size - head < (size_t)size + 2)
            return READER_MORE;
        if (end[0] != '\r' || end[1] != '\n')
            return refuse(r, READER_BAD, "a text is longer than its length");
        s->bytes += (size_t)size + 1;
        head += (size_t)size + 2;
    }
    s->at = head;
    finish_value(s);
    return READER_REPLY;
}

/* An attribute stands before its value, and does not count as one. */
static enum reader_result scan_parts(struct reader *r, size_t head, char kind, int64_t count)
{
    struct scan *s = &r->scan;
    uint64_t parts = kind == '%' || kind == '|' ? 2 * (uint64_t)count : (uint64_t)count;
    if (count < -1 || (count < 0 && kind != '*'))
        return refuse(r, READER_BAD, "a number of parts is negative");
    s->at = head;
    if (kind == '|')
        s->left[s->level]++;
    if (count <= 0) {
        finish_value(s);
        return READER_REPLY;
    }
    if (count > INT64_MAX / 4 || parts > r->limit / 3) /* a value has three bytes at least */
        return refuse(r, READER_LARGE, "a reply has more parts than reply_limit allows");
    if (s->level == MOST_LEVELS)
        return refuse(r, READER_BAD, "arrays are nested too deeply");
    s->left[++s->level] = parts;
    return READER_REPLY;
}

/* A value that is one line. */
static enum reader_result scan_line(struct reader *r, size_t head, char kind)
{
    struct scan *s = &r->scan;
    if (kind == '+' || kind == '-' || kind == '(')
        s->bytes += head - s->at; /* more than its text and a 0 byte */
    s->at = head;
    finish_value(s);
    return READER_REPLY;
}

/* Reads one value, or the head of an array. */
static enum reader_result scan_value(struct reader *r)
{
    struct scan *s = &r->scan;
    const char *data = r->pieces.input.data, *end = data + r->pieces.input.size;
    size_t from = s->looked > s->at ? s->looked : s->at;
    int64_t number;
    if (!memchr(data + from, '\n', r->pieces.input.size - from)) {
        s->looked = r->pieces.input.size;
        return r->pieces.input.size - s->at > MOST_LINE ? refuse(r, READER_BAD, "a line does not end") : READER_MORE;
    }
    char kind = data[s->at];
    const char *next = reader_line(data + s->at, end, &number);
    if (!next || !kind || !strchr("+-:$*_#,(=!%~>|", kind))
        return refuse(r, READER_BAD, "this is not the protocol of Redis");
    size_t head = (size_t)(next - data);
    enum reader_result result;
    if (strchr("$=!", kind))
        result = scan_text(r, head, number);
    else if (strchr("*~>%|", kind))
        result = scan_parts(r, head, kind, number);
    else
        result = scan_line(r, head, kind);
    s->parts += result == READER_REPLY;
    return result;
}

static void begin(struct reader *r)
{
    r->scan = (struct scan){.left = {1}};
}

enum reader_result reader_next(struct reader *r, struct view *view)
{
    struct scan *s = &r->scan;
    enum reader_result result = READER_REPLY;
    if (!s->left[0])
        begin(r);
    while (s->left[0] && result == READER_REPLY)
        result = s->at < r->pieces.input.size ? scan_value(r) : READER_MORE;
    if (s->at > r->limit || (result == READER_MORE && r->pieces.input.size > r->limit + MOST_LINE))
        return refuse(r, READER_LARGE, "a reply is larger than reply_limit");
    if (result != READER_REPLY)
        return result;
    *view = (struct view){r->pieces.input.data, s->at, s->parts, s->bytes};
    pieces_take(&r->pieces, s->at);
    begin(r);
    return READER_REPLY;
}

bool reader_give(struct reader *r, eddy_slice bytes)
{
    return pieces_give(&r->pieces, bytes);
}

bool reader_keep(struct reader *r)
{
    return pieces_keep(&r->pieces);
}

void reader_reset(struct reader *r)
{
    pieces_forget(&r->pieces);
    begin(r);
}
