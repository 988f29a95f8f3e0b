/* SPDX-License-Identifier: MIT */
/*
 * arena.h - the memory of the command: nothing is given back before its end.
 *
 * Invariant: a block lives until arena_release. The command runs for a moment and needs a few megabytes, so no code
 * has to know who owns a string. A command without memory for its arguments can only end, so no request here fails:
 * it prints that and exits.
 */
#ifndef EDDY_CLI_ARENA_H
#define EDDY_CLI_ARENA_H

#include <stddef.h>

void *arena_alloc(size_t size);
void arena_release(void);

#endif
