/* SPDX-License-Identifier: MIT */
/*
 * text.h - growable text, and lists of words that exec accepts; their memory comes from the arena.
 *
 * Invariant: `data` is NULL or ends in a NUL that `size` does not count; `items` is NULL or ends in a NULL that `count`
 * does not count.
 */
#ifndef EDDY_CLI_TEXT_H
#define EDDY_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data;      /* the bytes; may hold NULs inside */
    size_t size;     /* how many */
    size_t capacity; /* room in `data`, the last NUL included */
};

void text_append(struct text *text, const void *data, size_t size);
/* Appends the rest of `fd`. False: errno says why, and the text has what was read before. */
bool text_read(struct text *text, int fd);
bool text_read_file(struct text *text, const char *path);

/* The folder of a path: "a" of "a/b", "." of "b". */
char *text_folder(const char *path);
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct words {
    char **items;    /* the words */
    size_t count;    /* how many */
    size_t capacity; /* room in `items`, the last NULL included */
};

/* Appends a copy. */
void words_add(struct words *words, const char *word);
/* Appends the parts of `line` between blanks; NULL is an empty line. */
void words_split(struct words *words, const char *line);
void words_append(struct words *words, const struct words *more);
bool words_have(const struct words *words, const char *word);

#endif
