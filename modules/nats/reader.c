/* SPDX-License-Identifier: MIT */
/*
 * reader.c - see reader.h.
 *
 * Invariant: no byte is looked at twice while an operation arrives in pieces, but for its first line.
 */
#define EDDY_LIBRARY
#include "reader.h"

#include <string.h>
#include <strings.h>

/* MOST_MESSAGE: as in the servers, whatever limit one of them tells; sums of lengths cannot overflow. */
enum { MOST_LINE = 1 << 20, MOST_WORDS = 6, MOST_MESSAGE = INT32_MAX };

/* The words of a line. */
struct line {
    eddy_slice words[MOST_WORDS];
    size_t count;
};

static enum reader_result refuse(struct reader *r, enum reader_result result, const char *why)
{
    r->why = why;
    return result;
}

static bool read_number(eddy_slice text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return text.size != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* False: there are too many. */
static bool split(const char *at, const char *end, struct line *line)
{
    line->count = 0;
    for (;;) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            return true;
        if (line->count == MOST_WORDS)
            return false;
        const char *word = at;
        while (at < end && !is_blank(*at))
            at++;
        line->words[line->count++] = (eddy_slice){word, (size_t)(at - word)};
    }
}

/* MSG subject sid [reply] size; HMSG subject sid [reply] size-of-headers size-of-all. */
static enum reader_result read_message(struct reader *r, size_t head, struct line *line, bool has_headers,
                                       struct view *view)
{
    size_t numbers = has_headers ? 2 : 1, words = line->count - 1;
    uint64_t total, headers = 0;
    if ((words != 2 + numbers && words != 3 + numbers) || !read_number(line->words[2], &view->sid) ||
        !read_number(line->words[words], &total) || (has_headers && !read_number(line->words[words - 1], &headers)) ||
        headers > total)
        return refuse(r, READER_BAD, "the head of a message is not valid");
    if (total > r->limit || total > MOST_MESSAGE)
        return refuse(r, READER_LARGE, "a message is larger than the server said it would be");
    r->needed = head + (size_t)total + 2;
    if (r->pieces.input.size < r->needed)
        return READER_MORE;
    const char *body = r->pieces.input.data + head;
    if (body[total] != '\r' || body[total + 1] != '\n')
        return refuse(r, READER_BAD, "a message is longer than its length");
    view->subject = line->words[1];
    view->reply = words == 3 + numbers ? line->words[3] : (eddy_slice){"", 0};
    view->headers = (eddy_slice){body, (size_t)headers};
    view->data = (eddy_slice){body + headers, (size_t)(total - headers)};
    return READER_MESSAGE;
}

static bool word_is(const struct line *line, const char *word)
{
    size_t size = strlen(word);
    return line->count && line->words[0].size == size && strncasecmp(line->words[0].data, word, size) == 0;
}

/* INFO {...} and -ERR '...': the rest is a text, whatever is in it. */
static bool begins_with(const struct reader *r, const char *end, const char *word, struct view *view)
{
    size_t size = strlen(word);
    const char *at = r->pieces.input.data;
    if ((size_t)(end - at) < size || strncasecmp(at, word, size) != 0)
        return false;
    for (at += size; at < end && is_blank(*at);)
        at++;
    view->text = (eddy_slice){at, (size_t)(end - at)};
    return true;
}

/* The line, without its end, is [input, end); what follows it begins at `head`. */
static enum reader_result read_line(struct reader *r, const char *end, size_t head, struct view *view)
{
    struct line line = {.count = 0};
    r->needed = head;
    if (begins_with(r, end, "INFO ", view))
        return READER_INFO;
    if (begins_with(r, end, "-ERR", view))
        return READER_ERROR;
    bool fits = split(r->pieces.input.data, end, &line);
    bool has_headers = word_is(&line, "HMSG");
    if (fits && (has_headers || word_is(&line, "MSG")))
        return read_message(r, head, &line, has_headers, view);
    if (word_is(&line, "PING"))
        return READER_PING;
    if (word_is(&line, "PONG"))
        return READER_PONG;
    if (word_is(&line, "+OK"))
        return READER_OK;
    return refuse(r, READER_BAD, "this is not the protocol of NATS");
}

enum reader_result reader_next(struct reader *r, struct view *view)
{
    if (!r->pieces.input.size || (r->needed && r->pieces.input.size < r->needed))
        return READER_MORE;
    const char *end = memchr(r->pieces.input.data + r->looked, '\n', r->pieces.input.size - r->looked);
    if (!end) {
        r->looked = r->pieces.input.size;
        return r->looked > MOST_LINE ? refuse(r, READER_BAD, "a line does not end") : READER_MORE;
    }
    *view = (struct view){0};
    size_t head = (size_t)(end - r->pieces.input.data) + 1;
    if (end > r->pieces.input.data && end[-1] == '\r')
        end--;
    enum reader_result result = read_line(r, end, head, view);
    if (result == READER_MORE || result >= READER_BAD)
        return result;
    pieces_take(&r->pieces, r->needed);
    r->looked = r->needed = 0;
    return result;
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
    r->looked = r->needed = 0;
}
