/* SPDX-License-Identifier: MIT */
/*
 * compile.h - from C sources to a program that can be executed, through the cache.
 *
 * Invariant: the user sees the compiler's messages, unchanged, whether it ran now or the program was
 * cached.
 */
#ifndef EDDY_CLI_COMPILE_H
#define EDDY_CLI_COMPILE_H

#include <stdbool.h>

#include "cli/text.h"

/* What a program needs to link with the library of this build; the build sets it: the sanitizers that
 * it was made with, -flto. */
#if defined(EDDY_BUILD_FLAGS)
#define COMPILE_BUILD_FLAGS EDDY_BUILD_FLAGS
#else
#define COMPILE_BUILD_FLAGS ""
#endif

/* The words of $CC, or the first compiler found; false: a message was printed that there is none.  `file` is the
 * executable. */
bool compile_find_compiler(struct words *command, char **file);

/* A program to be executed. */
struct program {
    int folder; /* an open descriptor: the caller closes it after the program was started */
    char *file; /* the path through the descriptor, so that renames meanwhile do not matter */
    char *name; /* for messages: its path */
};

/* Returns 0 and the program, else the exit status for `eddy`, and messages were printed. The source "-" is standard
 * input. */
int compile_program(const struct words *sources, struct program *program);

#endif
