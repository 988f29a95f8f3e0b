/* SPDX-License-Identifier: MIT */
/*
 * private_folder.h - a folder to which no other user can write, opened once and then used by its descriptor.
 *
 * Invariant: even if others change names on the way meanwhile, the descriptor refers to the folder that was checked.
 */
#ifndef EDDY_CLI_PRIVATE_FOLDER_H
#define EDDY_CLI_PRIVATE_FOLDER_H

/* Opens `path`, and makes its missing folders. -1: *why says why not; if it is NULL, errno does. The folder must be
 * owned by the user and writable only by the user; no link on the way may belong to another user, and no folder on
 * the way may be writable by others (unless it has the sticky bit). */
int private_folder_open(const char *path, const char **why);

#endif
