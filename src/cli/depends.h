/* SPDX-License-Identifier: MIT */
/*
 * depends.h - the files that a program was made from, and whether they still are as they were.
 *
 * Two questions of different cost.  A file whose size, times, device and inode are as they were has its content, unless
 * it changed within the same tick of the clock that it was read in: a file that had changed less than two seconds
 * before gets no stamp.  Only if some stamp differs are contents looked at, and all of them.  In the same way no file
 * has come to a folder whose stamp fits.
 */
#ifndef EDDY_CLI_DEPENDS_H
#define EDDY_CLI_DEPENDS_H

#include <stdbool.h>
#include <time.h>

#include "cli/text.h"

struct depends {
    struct words read;          /* the files that the compiler read */
    struct words stamps;        /* for each of them, what stat reports */
    struct words absent;        /* those that it would have read instead, or that would make it read others */
    struct words folders;       /* where the absent ones would lie */
    struct words folder_stamps; /* for each of these folders, what stat reports */
    bool uncertain;             /* a file changed while the compiler ran, and it is unknown which content it saw */
    char digits[65];            /* the digest of the key and of all contents; empty: not known */
};

static inline bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Computes stamps and digits.  False, and no digits: a file that was read is gone, or an absent one is there.
 * now: a time before anything was read. */
bool depends_look(struct depends *depends, const char *key, const struct timespec *now);
/* True: by their stamps all files are as they were, and the digits are right. */
bool depends_unchanged(const struct depends *depends);
/* True: a file that was read changed after `when`. */
bool depends_changed_since(const struct depends *depends, const struct timespec *when);

/* Lines: "=digits", "+stamp path" for each file read, "/stamp path" for each folder, "-path" for each absent file. */
void depends_print(const struct depends *depends, struct text *list);
/* Reads such lines, and changes them; false: they have another form. */
bool depends_parse(struct depends *depends, char *list);

#endif
