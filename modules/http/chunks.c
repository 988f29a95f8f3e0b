/* SPDX-License-Identifier: MIT */
/* chunks.c - see chunks.h. Each state has a function that takes one byte and gives the next state. */
#include "chunks.h"

#include "head.h"

enum {
    SIZE,         /* a digit of the size, ';' or CR */
    EXTENSION,    /* up to CR */
    SIZE_LF,      /* the end of the line with the size */
    DATA,         /* bytes of the body */
    DATA_CR,      /* the end of a chunk */
    DATA_LF,
    TRAILER,      /* the first byte of a trailer, or CR */
    TRAILER_NAME, /* up to ':' */
    TRAILER_VALUE, /* up to CR */
    TRAILER_LF,
    LAST_LF,      /* the end of the body */
    ENDED,
    BROKEN
};

enum { MOST_DIGITS = 15 };

static int fail(struct chunks *chunks, const char *why)
{
    chunks->why = why;
    return BROKEN;
}

static int take_size(struct chunks *chunks, char c)
{
    int digit = head_digit(c);
    if (digit >= 0 && chunks->digits++ < MOST_DIGITS) {
        chunks->left = chunks->left * 16 + (unsigned)digit;
        return SIZE;
    }
    if (digit >= 0)
        return fail(chunks, "the size of a chunk is too large");
    if (chunks->digits && (c == ';' || c == '\r'))
        return c == ';' ? EXTENSION : SIZE_LF;
    return fail(chunks, "the size of a chunk is not a number");
}

/* Of a text that is dropped: stays in `state` until CR, which leads to `next`. */
static int take_text(struct chunks *chunks, char c, int state, int next)
{
    if (c == '\r')
        return next;
    return head_is_value(&c, 1) ? state : fail(chunks, "an extension or a trailer has a control character");
}

static int take_lf(struct chunks *chunks, char c, int next)
{
    return c == '\n' ? next : fail(chunks, "CR without LF");
}

static int take_name(struct chunks *chunks, char c, bool first)
{
    if (first && c == '\r')
        return LAST_LF;
    if (!first && c == ':')
        return TRAILER_VALUE;
    return head_is_token(&c, 1) ? TRAILER_NAME : fail(chunks, "the name of a trailer is not valid");
}

static int begin_data(struct chunks *chunks)
{
    chunks->digits = 0;
    return chunks->left ? DATA : TRAILER;
}

static int take_byte(struct chunks *chunks, char c)
{
    switch (chunks->state) {
    case SIZE: return take_size(chunks, c);
    case EXTENSION: return take_text(chunks, c, EXTENSION, SIZE_LF);
    case SIZE_LF: return c == '\n' ? begin_data(chunks) : take_lf(chunks, c, DATA);
    case DATA_CR: return c == '\r' ? DATA_LF : fail(chunks, "a chunk is longer than its size");
    case DATA_LF: return take_lf(chunks, c, SIZE);
    case TRAILER: return take_name(chunks, c, true);
    case TRAILER_NAME: return take_name(chunks, c, false);
    case TRAILER_VALUE: return take_text(chunks, c, TRAILER_VALUE, TRAILER_LF);
    case TRAILER_LF: return take_lf(chunks, c, TRAILER);
    case LAST_LF: return take_lf(chunks, c, ENDED);
    default: return BROKEN;
    }
}

static bool is_dropped(int state)
{
    return state == EXTENSION || (state >= TRAILER && state <= TRAILER_LF);
}

static size_t take_data(struct chunks *chunks, size_t size)
{
    size_t taken = size < chunks->left ? size : (size_t)chunks->left;
    chunks->left -= taken;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
    return taken;
}

int64_t chunks_take(struct chunks *chunks, const char *data, size_t size, const char **body, size_t *body_size)
{
    size_t at = 0;
    *body = NULL;
    *body_size = 0;
    while (at < size && chunks->state != ENDED) {
        if (chunks->state == DATA) {
            *body = data + at;
            *body_size = take_data(chunks, size - at);
            return (int64_t)(at + *body_size);
        }
        chunks->dropped += is_dropped(chunks->state);
        chunks->state = chunks->dropped > chunks->limit ? fail(chunks, "extensions and trailers are too long")
                                                        : take_byte(chunks, data[at++]);
        if (chunks->state == BROKEN)
            return -1;
    }
    return (int64_t)at;
}

bool chunks_ended(const struct chunks *chunks)
{
    return chunks->state == ENDED;
}
