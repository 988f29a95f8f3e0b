/* SPDX-License-Identifier: MIT */
/*
 * beneath.c - see beneath.h.
 *
 * The kernel does it by openat2. Kernels before 5.6, filters of containers and Valgrind refuse that call: then the path
 * is walked here, part by part, and no part is a symbolic link for the kernel. A link is replaced by its target in the
 * text of the path, and ".." by leaving out the part before it, which then is known to be a folder; the walk begins
 * anew each time. So whatever happens to the folder meanwhile, the kernel only goes downward from it. If openat2 fails
 * with EAGAIN again and again, the path is walked, too: no rename is in the way of that.
 */
#define _GNU_SOURCE
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_LINKS = 40, MOST_TRIES = 8, FILE_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* ==== the text of a path ==== */

struct walk {
    int folder;
    int links;           /* that were followed */
    char path[PATH_MAX]; /* what is left to walk, from the folder on */
};

/* A part of the path, as offsets: [begin, end), and where the next part begins. */
struct part {
    size_t begin, end, next;
};

static struct part part_at(const char *path, size_t begin)
{
    size_t end = begin + strcspn(path + begin, "/");
    return (struct part){begin, end, end + strspn(path + end, "/")};
}

static bool is(const struct walk *walk, struct part part, const char *name)
{
    return part.end - part.begin == strlen(name) && memcmp(walk->path + part.begin, name, part.end - part.begin) == 0;
}

/* Writes `text` in place of [begin, end). Returns false with errno: the path becomes too long. */
static bool replace(struct walk *walk, size_t begin, size_t end, const char *text, size_t size)
{
    size_t rest = strlen(walk->path + end) + 1;
    if (begin + size + rest > sizeof walk->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memmove(walk->path + begin + size, walk->path + end, rest);
    memcpy(walk->path + begin, text, size);
    return true;
}

/* ==== links ==== */

/* Called if the part could not be opened. True: it was a link, and the path now has its target instead. False with
 * errno: it is not a link. */
static bool follow(struct walk *walk, int at, struct part part, const char *name)
{
    char target[PATH_MAX];
    int reason = errno;
    ssize_t size = reason == ELOOP || reason == ENOTDIR ? readlinkat(at, name, target, sizeof target) : -1;
    if (size < 0)
        errno = reason;
    else if (size == 0 || size == sizeof target)
        errno = ENAMETOOLONG;
    else if (target[0] == '/')
        errno = EXDEV;
    else if (++walk->links > MOST_LINKS)
        errno = ELOOP;
    else
        return replace(walk, part.begin, part.end, target, (size_t)size);
    return false;
}

/* ==== the walk ==== */

enum result { AGAIN, OPENED, FAILED };

static void close_below(const struct walk *walk, int fd)
{
    int reason = errno;
    if (fd != walk->folder)
        close(fd);
    errno = reason;
}

/* Leaves ".." and the part before it out. */
static enum result go_up(struct walk *walk, struct part before, struct part up)
{
    if (up.begin == 0) {
        errno = EXDEV;
        return FAILED;
    }
    if (walk->path[up.next] == 0)
        return replace(walk, before.begin, up.next, ".", 1) ? AGAIN : FAILED;
    return replace(walk, before.begin, up.next, "", 0) ? AGAIN : FAILED;
}

/* One step: opens the part below *at, which becomes the new *at. */
static enum result step(struct walk *walk, int *at, struct part part)
{
    char name[NAME_MAX + 1];
    size_t size = part.end - part.begin;
    bool is_last = walk->path[part.next] == 0, is_folder = part.next > part.end;
    if (size > NAME_MAX) {
        errno = ENAMETOOLONG;
        return FAILED;
    }
    memcpy(name, walk->path + part.begin, size);
    name[size] = 0;
    int flags = is_last ? FILE_FLAGS | (is_folder ? O_DIRECTORY : 0) : O_PATH | O_DIRECTORY | O_CLOEXEC;
    int fd = openat(*at, name, flags | O_NOFOLLOW);
    if (fd < 0)
        return follow(walk, *at, part, name) ? AGAIN : FAILED;
    close_below(walk, *at);
    *at = fd;
    return OPENED;
}

/* From the folder on, until the end of the path, or until its text has changed. */
static enum result walk_once(struct walk *walk, int *fd)
{
    enum result result = OPENED;
    struct part before = {0}, part;
    *fd = walk->folder;
    for (size_t begin = 0; walk->path[begin] && result == OPENED; begin = part.next) {
        part = part_at(walk->path, begin);
        if (is(walk, part, ".") && walk->path[part.next])
            result = replace(walk, part.begin, part.next, "", 0) ? AGAIN : FAILED;
        else
            result = is(walk, part, "..") ? go_up(walk, before, part) : step(walk, fd, part);
        before = part;
    }
    if (result != OPENED)
        close_below(walk, *fd);
    return result;
}

int beneath_walk(int folder, const char *path)
{
    struct walk walk = {.folder = folder};
    enum result result;
    int fd;
    size_t size = strlen(path);
    errno = path[0] == '/' ? EXDEV : size ? ENAMETOOLONG : ENOENT;
    if (path[0] == '/' || size == 0 || size >= sizeof walk.path)
        return -1;
    memcpy(walk.path, path, size + 1);
    do
        result = walk_once(&walk, &fd);
    while (result == AGAIN);
    return result == OPENED ? fd : -1;
}

int beneath_open(int folder, const char *path)
{
    struct open_how how = {.flags = FILE_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd, tries = 0;
    do
        fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN && ++tries < MOST_TRIES); /* a rename was under way, or somebody has a lease */
    return fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN) ? beneath_walk(folder, path) : fd;
}
