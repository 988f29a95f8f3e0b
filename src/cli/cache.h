/* SPDX-License-Identifier: MIT */
/*
 * cache.h - programs that were compiled before, found by the content of all that went into them.
 *
 * Two levels.  The key of a request (compiler, flags, sources) names a list of the files that the
 * compiler read last time; the request together with the present content of those files names the
 * entry, a folder with the program and what the compiler said about it.  So an edited header
 * misses, and an edit taken back hits.
 * Invariant: a name in the folder appears by rename, complete; an entry never changes.
 *
 *   depends-KEY                      one path a line
 *   program-KEY/program, /messages   an entry
 *   work-XXXXXX/                     being compiled
 */
#ifndef EDDY_CLI_CACHE_H
#define EDDY_CLI_CACHE_H

#include <stdbool.h>
#include <time.h>

#include "cli/sha256.h"
#include "cli/text.h"

#define CACHE_ENTRIES 100 /* programs kept; the longest unused ones go first */

struct cache {
    char *folder; /* exists, ours, writable */
    struct timespec
        opened; /* before anything was read: what changed later may not be what it was */
};

/* Where it is, whether or not it exists: EDDY_CACHE, XDG_CACHE_HOME/eddy, HOME/.cache/eddy,
 * /tmp/eddy-UID. */
char *cache_place(void);

/* False: said why not. */
bool cache_open(struct cache *cache);
void cache_close(struct cache *cache);

/* Adds a part of a key together with its size, so that two different lists of parts never look
 * alike. */
void cache_key_add(struct sha256 *hash, const void *data, size_t size);
void cache_key_add_string(struct sha256 *hash, const char *string);

/* 0 and the entry's folder, or 0 and NULL when there is none; else the trouble has been told. */
int cache_find(const struct cache *cache, const char *key, char **entry);

/* A new folder inside the cache to compile in; NULL: said why not. */
char *cache_work(const struct cache *cache);
void cache_discard(const char *work);

/* Makes the work folder, which holds `program` and `messages`, the entry for `key` and the files
 * in `depends`; returns the entry's folder, NULL: said why not.  The work folder is gone in either
 * case. */
char *cache_store(const struct cache *cache, const char *key, const struct words *depends,
                  const char *work);

#endif
