/* SPDX-License-Identifier: MIT */
/* directory.c - the entries of a folder, as an async generator. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "io/file.h"
#include "os/memory.h"

enum { LIST_SIZE = 32768 };

/* As the kernel writes it; the name ends with a 0 byte. */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;   /* of this entry */
    uint8_t type;
    char name[];
};

struct listing {
    struct eddy_loop *loop;
    int fd;          /* -1: none yet */
    char *entries;   /* NULL: not allocated yet */
};

static void end(struct listing *listing)
{
    if (listing->fd >= 0)
        driver_close_fd(listing->loop->driver, listing->fd);
    memory_free(listing->entries);
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

eddy_async_generator(eddy_directory_entry, list_directory, (const char *, path))
{
    struct listing listing = {current.loop, -1, memory_alloc(LIST_SIZE)};
    eddy_defer(end, &listing);
    if (!listing.entries)
        eddy_raise(ENOMEM, "eddy_directory(\"%s\")", path);
    struct driver_file folder = {.path = path, .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC};
    struct driver_file entries = {.data = listing.entries, .size = LIST_SIZE};
    int64_t got = eddy_await(file_operation(DRIVER_OPEN, AT_FDCWD, &folder));
    if (got < 0)
        eddy_raise((int)-got, "eddy_directory(\"%s\")", path);
    listing.fd = (int)got;
    do {
        got = eddy_await(file_operation(DRIVER_LIST, listing.fd, &entries));
        if (got < 0)
            eddy_raise((int)-got, "eddy_directory(\"%s\")", path);
        for (int64_t at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(void *)(listing.entries + at);
            at += entry->size;
            if (!is_dots(entry->name))
                eddy_yield(((eddy_directory_entry){entry->name, entry->inode, entry->type}));
        }
    } while (got > 0);
}

_Static_assert(sizeof(struct eddy_directory) == sizeof(struct list_directory) &&
                   offsetof(struct eddy_directory, value) == offsetof(struct list_directory, value) &&
                   offsetof(struct eddy_directory, args) == offsetof(struct list_directory, args),
               "the public struct is the generator's own");

struct eddy_directory eddy_directory(const char *path)
{
    struct list_directory inner = list_directory(path);
    struct eddy_directory outer;
    memcpy(&outer, &inner, sizeof outer);
    return outer;
}
