/* SPDX-License-Identifier: MIT */
/* command.c - see command.h. A command is an array of strings, each with its length in front. */
#define EDDY_LIBRARY
#include "command.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "../shared/number.h"

enum { MOST_DIGITS = 32, ROOM = 256 };

/* Small pieces are gathered here, and appended together. */
struct writer {
    eddy_buffer *buffer;
    size_t before;    /* of the buffer, when the command began */
    size_t used;
    bool fits;        /* there was memory */
    char text[ROOM];
};

static void flush(struct writer *w)
{
    if (w->used)
        w->fits = eddy_buffer_append(w->buffer, w->text, w->used) && w->fits;
    w->used = 0;
}

static void put(struct writer *w, const char *data, size_t size)
{
    if (size > ROOM - w->used)
        flush(w);
    if (size > ROOM) {
        w->fits = eddy_buffer_append(w->buffer, data, size) && w->fits;
    } else if (size) {
        memcpy(w->text + w->used, data, size);
        w->used += size;
    }
}

/* The digits end at `end`; returns where they begin. */
static char *digits(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

/* "$12\r\n" */
static void put_head(struct writer *w, char kind, uint64_t value)
{
    char text[MOST_DIGITS], *end = text + sizeof text, *at;
    end[-1] = '\n';
    end[-2] = '\r';
    at = digits(end - 2, value);
    *--at = kind;
    put(w, at, (size_t)(end - at));
}

static void put_bytes(struct writer *w, const char *data, size_t size)
{
    put_head(w, '$', size);
    put(w, data, size);
    put(w, "\r\n", 2);
}

static void put_integer(struct writer *w, bool negative, uint64_t value)
{
    char text[MOST_DIGITS], *end = text + sizeof text, *at = digits(end, value);
    if (negative)
        *--at = '-';
    put_bytes(w, at, (size_t)(end - at));
}

static void put_word(struct writer *w, const eddy_redis_word *word)
{
    char text[MOST_DIGITS];
    int64_t value = word->u.integer;
    switch (word->kind) {
    case ED_REDIS_SIGNED: put_integer(w, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value); break;
    case ED_REDIS_UNSIGNED: put_integer(w, false, word->u.natural); break;
    case ED_REDIS_REAL: put_bytes(w, text, number_format(word->u.real, text, sizeof text)); break;
    default: put_bytes(w, word->u.bytes.data, word->u.bytes.size);
    }
}

/* Without memory the buffer is as before. */
static int end_command(struct writer *w, const char **why)
{
    flush(w);
    if (w->fits)
        return 0;
    w->buffer->size = w->before;
    *why = "there is no memory for the command";
    return ENOMEM;
}

static const char *fault_of(const eddy_redis_word *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].kind == ED_REDIS_BYTES && !words[i].u.bytes.data)
            return "a word of the command is NULL";
    return count ? NULL : "the command has no words";
}

int command_append(eddy_buffer *buffer, const eddy_redis_word *words, size_t count, const char **why)
{
    struct writer w = {.buffer = buffer, .before = buffer->size, .fits = true};
    *why = fault_of(words, count);
    if (*why)
        return EINVAL;
    put_head(&w, '*', count);
    for (size_t i = 0; i < count; i++)
        put_word(&w, &words[i]);
    return end_command(&w, why);
}

int command_append_array(eddy_buffer *buffer, const eddy_slice *words, size_t count, const char **why)
{
    struct writer w = {.buffer = buffer, .before = buffer->size, .fits = true};
    *why = count ? NULL : "the command has no words";
    if (*why)
        return EINVAL;
    put_head(&w, '*', count);
    for (size_t i = 0; i < count; i++)
        put_bytes(&w, words[i].data, words[i].size);
    return end_command(&w, why);
}

/* ==== what is known of commands and errors ==== */

static bool is_word(eddy_slice word, const char *known)
{
    return (word.size && (word.data[0] | 32) == (*known | 32)) && word.size == strlen(known) &&
           strncasecmp(word.data, known, word.size) == 0;
}

enum effect command_effect(eddy_slice name, eddy_slice second)
{
    static const struct {
        const char *name;
        enum effect effect;
    } known[] = {
        {"WATCH", EFFECT_HOLDS}, {"MULTI", EFFECT_HOLDS}, {"EXEC", EFFECT_ENDS}, {"DISCARD", EFFECT_ENDS},
        {"UNWATCH", EFFECT_ENDS}, {"SELECT", EFFECT_CHANGES}, {"AUTH", EFFECT_CHANGES}, {"ASKING", EFFECT_CHANGES},
        {"READONLY", EFFECT_CHANGES}, {"READWRITE", EFFECT_CHANGES}, {"SUBSCRIBE", EFFECT_BREAKS},
        {"PSUBSCRIBE", EFFECT_BREAKS}, {"SSUBSCRIBE", EFFECT_BREAKS}, {"UNSUBSCRIBE", EFFECT_BREAKS},
        {"PUNSUBSCRIBE", EFFECT_BREAKS}, {"SUNSUBSCRIBE", EFFECT_BREAKS}, {"MONITOR", EFFECT_BREAKS},
        {"SYNC", EFFECT_BREAKS}, {"PSYNC", EFFECT_BREAKS}, {"HELLO", EFFECT_BREAKS}, {"RESET", EFFECT_BREAKS},
        {"QUIT", EFFECT_BREAKS}};
    if (is_word(name, "CLIENT"))
        return is_word(second, "REPLY") ? EFFECT_BREAKS : is_word(second, "TRACKING") ? EFFECT_CHANGES : EFFECT_NONE;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is_word(name, known[i].name))
            return known[i].effect;
    return EFFECT_NONE;
}

int command_error(const char *text)
{
    static const struct {
        const char *word;
        int code;
    } known[] = {
        {"NOAUTH", EACCES}, {"WRONGPASS", EACCES}, {"NOPERM", EACCES}, {"DENIED", EACCES}, {"READONLY", EROFS},
        {"OOM", ENOSPC}, {"BUSY", EAGAIN}, {"LOADING", EAGAIN}, {"TRYAGAIN", EAGAIN}, {"MASTERDOWN", EAGAIN},
        {"CLUSTERDOWN", EAGAIN}, {"NOREPLICAS", EAGAIN}, {"MOVED", EXDEV}, {"ASK", EXDEV}, {"CROSSSLOT", EXDEV},
        {"NOSCRIPT", ENOENT}, {"BUSYGROUP", EEXIST}, {"BUSYKEY", EEXIST}, {"MISCONF", EIO}};
    size_t length = strcspn(text, " ");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (length == strlen(known[i].word) && memcmp(text, known[i].word, length) == 0)
            return known[i].code;
    return EINVAL;
}
