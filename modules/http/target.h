/* SPDX-License-Identifier: MIT */
/*
 * target.h - what a request is about: the path and the query of its target, and the parts that a route names.
 *
 * Invariant: a path begins with "/", is decoded, has no control characters, and no "." or ".." between
 * slashes: nothing that is made of it leads out of its root.
 */
#ifndef EDDY_HTTP_TARGET_H
#define EDDY_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "head.h"

enum { TARGET_PARAMS = 8 };

struct target {
    const char *path, *query, *host;
    /* the route's */
    const char *route;                 /* its path; NULL: there is none */
    const char *params[TARGET_PARAMS]; /* the parts that it names, in its order */
};

/* Reads the target of a request. False: head->refused says why. */
bool target_read(struct target *target, struct head *head, struct arena *arena);
/* True: the path fits to that of a route. */
bool target_fits(const char *path, const char *route);
/* After it fits: the parts that the route names. False: no memory. */
bool target_take_params(struct target *target, const char *route, struct arena *arena);
/* NULL: the route has no such name. */
const char *target_param(const struct target *target, const char *name);
/* True: the path of a route may be used. */
bool target_is_route(const char *route);
/* Decodes "%41" and, in queries, "+" in place. Returns the new size, or -1: it is not valid. */
long target_decode(char *text, size_t size, bool query);

#endif
