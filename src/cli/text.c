/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#define _GNU_SOURCE
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/arena.h"

#define BLANKS " \t\n"

/* Room for `size` bytes that begins with the `used` ones of `data`. */
static void *grow(const void *data, size_t used, size_t size)
{
    void *more = arena_alloc(size);
    return used ? memcpy(more, data, used) : more;
}

/* Makes room for `more` bytes and a final 0 byte. */
static void reserve(struct text *text, size_t more)
{
    if (text->capacity - text->size > more)
        return;
    text->capacity = (text->size + more + 1) * 2;
    text->data = grow(text->data, text->size, text->capacity);
}

void text_append(struct text *text, const void *data, size_t size)
{
    reserve(text, size);
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

bool text_read(struct text *text, int fd)
{
    for (;;) {
        reserve(text, 16384);
        ssize_t got = read(fd, text->data + text->size, 16384);
        if (got > 0)
            text->size += (size_t)got;
        text->data[text->size] = '\0';
        if (got <= 0)
            return got == 0;
    }
}

bool text_read_file(struct text *text, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool whole = text_read(text, fd);
    int error = errno;
    close(fd);
    errno = error;
    return whole;
}

static char *copy(const char *string, size_t size)
{
    char *made = arena_alloc(size + 1);
    memcpy(made, string, size);
    made[size] = '\0';
    return made;
}

char *text_format(const char *format, ...)
{
    char mostly_enough[512];
    va_list arguments;
    va_start(arguments, format);
    size_t size = (size_t)vsnprintf(mostly_enough, sizeof mostly_enough, format, arguments);
    va_end(arguments);
    if (size < sizeof mostly_enough)
        return copy(mostly_enough, size);
    char *made = arena_alloc(size + 1);
    va_start(arguments, format);
    vsnprintf(made, size + 1, format, arguments);
    va_end(arguments);
    return made;
}

char *text_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return text_format(".");
    return slash > path ? copy(path, (size_t)(slash - path)) : text_format("/");
}

static void add_part(struct words *words, const char *word, size_t size)
{
    if (words->count + 1 >= words->capacity) {
        words->capacity = words->capacity * 2 + 8;
        words->items = grow(words->items, words->count * sizeof *words->items, words->capacity * sizeof *words->items);
    }
    words->items[words->count++] = copy(word, size);
    words->items[words->count] = NULL;
}

void words_add(struct words *words, const char *word)
{
    add_part(words, word, strlen(word));
}

void words_split(struct words *words, const char *line)
{
    for (line = line ? line : "";;) {
        line += strspn(line, BLANKS);
        size_t size = strcspn(line, BLANKS);
        if (size == 0)
            return;
        add_part(words, line, size);
        line += size;
    }
}

void words_append(struct words *words, const struct words *more)
{
    for (size_t i = 0; i < more->count; i++)
        words_add(words, more->items[i]);
}

bool words_have(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}
