/* SPDX-License-Identifier: MIT */
/*
 * paths.h - where Eddy's headers, libraries and programs lie, seen from the running executable.
 *
 * Nothing is compiled in: a build tree and an installed prefix can be moved, and a fresh
 * `build/eddy` works before it is installed.  The build tree comes first, so that it never mixes
 * with an older installed Eddy.
 */
#ifndef EDDY_CLI_PATHS_H
#define EDDY_CLI_PATHS_H

#include <stdbool.h>

#include "cli/modules.h"

struct module_place {
    char *include; /* folder of eddy/NAME.h, NULL: there is none */
    char *library; /* libeddy-NAME.a, NULL: not built */
};

struct paths {
    char *include;      /* folder of eddy.h */
    char *library;      /* libeddy.a */
    struct module_place modules[MODULES]; /* in the order of the table */
    char *notes;        /* folder of the programs of the notes, NULL: there is none */
    char *pkgconfig;    /* in a build tree, the folder of eddy-uninstalled.pc; NULL when installed */
};

/* The folder of the running executable; NULL: /proc is not mounted. */
char *paths_own_folder(void);

/* False: a message said what is missing. */
bool paths_find(struct paths *paths);

#endif
