/* SPDX-License-Identifier: MIT */
/*
 * search_path.h - where the compiler looks for headers, and which files it would take if they were there.
 *
 * The compiler's own list of what it read does not name them: a header that comes to lie in an earlier folder, or whose
 * presence __has_include asks for.
 */
#ifndef EDDY_CLI_SEARCH_PATH_H
#define EDDY_CLI_SEARCH_PATH_H

#include <stdbool.h>
#include <time.h>

#include "cli/depends.h"
#include "cli/text.h"

struct search_path {
    struct words folders; /* in the order of searching; those for "x.h" first */
    struct words missing; /* that the compiler was given, and that are not there */
};

/* Asks the compiler, called with these words; false: it does not say. */
bool search_path_ask(struct search_path *search, const struct words *compiler, const char *file,
                     const struct words *flags);

/* Adds to the absent files, for those that were read, the paths at which another would hide one of them; of a path
 * whose folder is missing, that folder.  Adds to those that were read the ones whose presence they asked for.  False:
 * something came to lie at such a path after `since`. */
bool search_path_absent(const struct search_path *search, const struct timespec *since, struct depends *depends);

#endif
