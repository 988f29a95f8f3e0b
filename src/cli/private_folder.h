/* SPDX-License-Identifier: MIT */
/*
 * private_folder.h - a folder to which no other user can write, opened once and then used by its descriptor.
 *
 * Invariant: whatever others do to names on the way meanwhile, the descriptor stands for the folder that was checked.
 */
#ifndef EDDY_CLI_PRIVATE_FOLDER_H
#define EDDY_CLI_PRIVATE_FOLDER_H

/* Opens `path`, making what is missing of it.  -1: *why says why not, or is NULL and errno does.  It must be ours,
 * and writable only by us; no link on the way may belong to another user, and no folder on the way may be writable
 * by others (unless it has the sticky bit). */
int private_folder_open(const char *path, const char **why);

#endif
