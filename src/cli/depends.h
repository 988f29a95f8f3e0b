/* SPDX-License-Identifier: MIT */
/*
 * depends.h - the files that a program was made from, and whether they are unchanged.
 *
 * There are two checks of different cost. A file with unchanged size, times, device and inode has the same content,
 * unless it changed within the same tick of the clock that it was read in: a file that had changed less than two
 * seconds before gets no stamp. Contents are compared only if a stamp differs, and then all of them. In the same way
 * a folder with an unchanged stamp has no new file.
 */
#ifndef EDDY_CLI_DEPENDS_H
#define EDDY_CLI_DEPENDS_H

#include <stdbool.h>
#include <time.h>

#include "cli/text.h"

struct depends {
    struct words read;          /* the files that the compiler read */
    struct words stamps;        /* for each of them, what stat reports */
    struct words absent;        /* files that it would have read instead, or that would make it read others */
    struct words folders;       /* folders in which the absent files would be */
    struct words folder_stamps; /* for each of these folders, what stat reports */
    bool uncertain;             /* a file changed while the compiler ran, and it is unknown which content it saw */
    char digits[65];            /* the digest of the key and of all contents; empty: not known */
};

static inline bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Computes stamps and digits. False, and no digits: a file that was read is missing, or an absent one exists. now: a
 * time before anything was read. */
bool depends_look(struct depends *depends, const char *key, const struct timespec *now);
/* True: by their stamps all files are unchanged, and the digits are right. */
bool depends_unchanged(const struct depends *depends);
/* True: a file that was read changed after `when`. */
bool depends_changed_since(const struct depends *depends, const struct timespec *when);

/* Lines: "=digits", "+stamp path" for each file read, "/stamp path" for each folder, "-path" for each absent file. */
void depends_print(const struct depends *depends, struct text *list);
/* Reads such lines, and changes them; false: they have another form. */
bool depends_parse(struct depends *depends, char *list);

#endif
