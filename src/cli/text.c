/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#define _GNU_SOURCE
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLANKS " \t\n"

static void *need(void *block)
{
    if (block)
        return block;
    fputs("eddy: no memory left\n", stderr);
    exit(1);
}

/* Makes room for `more` bytes and a final 0 byte. */
static void reserve(struct text *text, size_t more)
{
    if (text->capacity - text->size > more)
        return;
    size_t capacity = (text->size + more + 1) * 2;
    text->data = need(realloc(text->data, capacity));
    text->capacity = capacity;
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
        if (got < 0 && errno == EINTR)
            continue;
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

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    char *string = NULL;
    va_start(arguments, format);
    int size = vasprintf(&string, format, arguments);
    va_end(arguments);
    return need(size < 0 ? NULL : string);
}

static void take(struct words *words, char *word)
{
    if (words->count + 1 >= words->capacity) {
        words->capacity = words->capacity * 2 + 8;
        words->items = need(realloc(words->items, words->capacity * sizeof *words->items));
    }
    words->items[words->count++] = need(word);
    words->items[words->count] = NULL;
}

void words_add(struct words *words, const char *word)
{
    take(words, strdup(word));
}

void words_split(struct words *words, const char *line)
{
    for (line = line ? line : "";;) {
        line += strspn(line, BLANKS);
        size_t size = strcspn(line, BLANKS);
        if (size == 0)
            return;
        take(words, strndup(line, size));
        line += size;
    }
}

void words_append(struct words *words, const struct words *more)
{
    for (size_t i = 0; i < more->count; i++)
        words_add(words, more->items[i]);
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = (struct words){0};
}
