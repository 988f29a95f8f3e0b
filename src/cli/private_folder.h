/* SPDX-License-Identifier: MIT */
/*
 * private_folder.h - a folder that nobody else can put anything into, opened once and then used by its descriptor.
 *
 * Invariant: whatever others do to names on the way meanwhile, the descriptor stands for the folder that was checked.
 */
#ifndef EDDY_CLI_PRIVATE_FOLDER_H
#define EDDY_CLI_PRIVATE_FOLDER_H

/* Opens `path`, making what is missing of it.  -1: *why says why not, or is NULL and errno does.  It must be ours, and
 * writable by nobody else; no link on the way may be another user's, no folder on the way one that everybody may change
 * (without the sticky bit). */
int private_folder_open(const char *path, const char **why);

#endif
