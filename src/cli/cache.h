/* SPDX-License-Identifier: MIT */
/*
 * cache.h - programs that were compiled before, found by the contents of all files that went into them.
 *
 * Two levels. The key of a request (compiler, flags, sources) names a list of the files that the compiler read last
 * time, and of those that it would have read instead if they had existed; the request together with the present
 * content of those files names the entry, a folder with the program and the compiler's messages. So an edited header
 * misses, a new header that hides another misses, and an edit taken back hits. While nothing has changed, no content
 * is read: the list says which entry it was written for.
 *
 *   depends-KEY                                     a mark, then the list of depends.h
 *   program-KEY/program, /messages, /made-by-eddy   an entry; the last is the mark, and says how the others were
 *   work-XXXXXXXXXXXX/                              being compiled
 *
 * Invariants: the folder is private (private_folder.h), and all work goes by descriptors. A name appears by rename,
 * complete; an entry never changes, and one that is not as its mark says is made anew. Only entries with the cache's
 * mark are used, replaced or deleted: if something else has the name, the next one of a few names is taken.
 */
#ifndef EDDY_CLI_CACHE_H
#define EDDY_CLI_CACHE_H

#include <stdbool.h>
#include <time.h>

#include "cli/depends.h"

#define CACHE_ENTRIES 100 /* number of programs kept; those unused for longest are deleted first */

struct cache {
    char *folder;           /* its path, for messages */
    int fd;                 /* the folder */
    struct timespec opened; /* before anything was read: later changes may not be what the compiler read */
};

/* An entry, or the folder that becomes one. */
struct cache_entry {
    char *name; /* inside the cache */
    int fd;     /* the folder */
};
#define CACHE_NO_ENTRY \
    (struct cache_entry) { NULL, -1 }

/* The path of the cache, whether or not it exists: EDDY_CACHE, XDG_CACHE_HOME/eddy, HOME/.cache/eddy, /tmp/eddy-UID. */
char *cache_place(void);

/* False: a message was printed. */
bool cache_open(struct cache *cache);
void cache_close(struct cache *cache);
/* Closes the descriptor; the file or folder is not changed. */
void cache_entry_close(struct cache_entry *entry);

/* False: there is no such entry. */
bool cache_find(const struct cache *cache, const char *key, struct cache_entry *entry);

/* A new folder inside the cache to compile in; false: a message said why there is none. */
bool cache_work(const struct cache *cache, struct cache_entry *work);
/* Removes the folder with its contents. */
void cache_discard(const struct cache *cache, struct cache_entry *work);

/* Makes the work folder, which holds `program` and `messages`, the entry for `key` and these files, or returns the
 * existing entry; false: a message said why not, and the work folder was removed. */
bool cache_store(const struct cache *cache, const char *key, struct depends *depends, struct cache_entry *work);

/* The path of a file in it, for this process and those that it starts. */
char *cache_path(const struct cache_entry *entry, const char *file);

#endif
