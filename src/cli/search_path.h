/* SPDX-License-Identifier: MIT */
/*
 * search_path.h - where the compiler looks for headers, and which files it would read if they existed.
 *
 * The compiler's own list does not name these: a header that is added to an earlier folder, or whose presence
 * __has_include asks for.
 */
#ifndef EDDY_CLI_SEARCH_PATH_H
#define EDDY_CLI_SEARCH_PATH_H

#include <stdbool.h>
#include <time.h>

#include "cli/depends.h"
#include "cli/text.h"

struct search_path {
    struct words folders; /* in the order of searching; those for "x.h" first */
    struct words missing; /* folders that the compiler was given, and that do not exist */
};

/* Asks the compiler, called with these words; false: it does not tell. */
bool search_path_ask(struct search_path *search, const struct words *compiler, const char *file,
                     const struct words *flags);

/* For each file that was read, adds to the absent files the paths at which another file would hide it; if the folder
 * of a path is missing, it adds that folder. Adds to the read files those whose presence they asked for. False: a
 * file was added at such a path after `since`. */
bool search_path_absent(const struct search_path *search, const struct timespec *since, struct depends *depends);

#endif
