/* SPDX-License-Identifier: MIT */
/* private_folder.c - see private_folder.h: the path is walked name by name, each opened relative to the one before. */
#define _GNU_SOURCE
#include "cli/private_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/text.h"

#define MOST_LINKS 40

struct walk {
    int fd;          /* the current folder of the walk, an O_PATH descriptor; -1: the walk has failed */
    char *rest;      /* names still to go */
    int links;       /* number of links followed so far */
    const char *why; /* refused: the reason; NULL: errno says it */
};

static void stand_on(struct walk *walk, int fd)
{
    int error = errno;
    if (walk->fd >= 0)
        close(walk->fd);
    walk->fd = fd;
    errno = error;
}

static void refuse(struct walk *walk, const char *why)
{
    walk->why = why;
    stand_on(walk, -1);
}

/* Starts at "/" or at the current folder. */
static void begin(struct walk *walk)
{
    const char *start = walk->rest[0] == '/' ? "/" : ".";
    if (walk->fd < 0 || walk->rest[0] == '/')
        stand_on(walk, open(start, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Removes and returns the next name of `rest`; NULL: there is none. */
static char *next_name(struct walk *walk)
{
    char *from = walk->rest + strspn(walk->rest, "/");
    size_t size = strcspn(from, "/");
    char *name = size ? text_format("%.*s", (int)size, from) : NULL;
    walk->rest = from + size;
    return name;
}

static bool is_last(const struct walk *walk)
{
    return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* A link owned by root or by the user: its target is walked before the rest. */
static void follow(struct walk *walk, int link, uid_t owner)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(link, "", target, sizeof target - 1);
    close(link);
    if (owner != 0 && owner != geteuid()) {
        refuse(walk, "a symbolic link of another user leads there");
    } else if (size < 0 || ++walk->links > MOST_LINKS) {
        errno = size < 0 ? errno : ELOOP;
        stand_on(walk, -1);
    } else {
        walk->rest = text_format("%.*s/%s", (int)size, target, walk->rest);
        begin(walk);
    }
}

static void step(struct walk *walk, const char *name)
{
    struct stat file;
    int next = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 && errno == ENOENT &&
        (mkdirat(walk->fd, name, is_last(walk) ? 0700 : 0777) == 0 || errno == EEXIST)) /* made by another run */
        next = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 || fstat(next, &file) != 0) {
        stand_on(walk, -1);
        return;
    }
    if (S_ISLNK(file.st_mode)) {
        follow(walk, next, file.st_uid);
        return;
    }
    stand_on(walk, next);
    if (!S_ISDIR(file.st_mode)) {
        errno = ENOTDIR;
        stand_on(walk, -1);
    } else if (!is_last(walk) && (file.st_mode & S_IWOTH) && !(file.st_mode & S_ISVTX)) {
        refuse(walk, "other users can write to a folder on the way");
    }
}

static void check_end(struct walk *walk)
{
    struct stat folder;
    if (fstat(walk->fd, &folder) != 0)
        stand_on(walk, -1);
    else if (folder.st_uid != geteuid())
        refuse(walk, "it is another user's");
    else if (folder.st_mode & (S_IWGRP | S_IWOTH))
        refuse(walk, "other users can write to it");
}

int private_folder_open(const char *path, const char **why)
{
    struct walk walk = {.fd = -1, .rest = text_format("%s", path)};
    char *name;
    begin(&walk);
    while (walk.fd >= 0 && (name = next_name(&walk)))
        step(&walk, name);
    if (walk.fd >= 0)
        check_end(&walk);
    if (walk.fd >= 0) /* a descriptor that can be read */
        stand_on(&walk, openat(walk.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    *why = walk.why;
    return walk.fd;
}
