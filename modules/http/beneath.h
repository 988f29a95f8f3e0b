/* SPDX-License-Identifier: MIT */
/* beneath.h - opens a path below a folder, which neither ".." nor a symbolic link may leave. */
#ifndef EDDY_HTTP_BENEATH_H
#define EDDY_HTTP_BENEATH_H

/*
 * Opens the file or folder for reading. Symbolic links are followed if their target is relative and lies below the
 * folder, too. -1 with errno: EXDEV if the path leads out of the folder, ELOOP, ENOENT, ...
 */
int beneath_open(int folder, const char *path);
/* The same without openat2, for systems that refuse it. */
int beneath_walk(int folder, const char *path);

#endif
