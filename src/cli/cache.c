/* SPDX-License-Identifier: MIT */
/* cache.c - see cache.h. */
#define _GNU_SOURCE
#include "cli/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define KEY_DIGITS 40 /* of the 64 of SHA-256: names that can still be read out */

static int unusable(const char *folder, int error)
{
    return cli_trouble("cannot use the cache \"%s\": %s; set EDDY_CACHE to a folder you can write",
                       folder, strerror(error));
}

/* ---- the folder ---- */

char *cache_place(void)
{
    const char *own = getenv("EDDY_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && *own)
        return text_format("%s", own);
    if (xdg && *xdg == '/') /* the XDG rule: a relative path is to be ignored */
        return text_format("%s/eddy", xdg);
    if (home && *home)
        return text_format("%s/.cache/eddy", home);
    return text_format("/tmp/eddy-%u", (unsigned)geteuid());
}

static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int made = mkdir(path, 0777);
        *slash = '/';
        if (made != 0 && errno != EEXIST)
            return errno;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/* A folder that others can write to would let them choose what we execute. */
static int check_folder(const char *path)
{
    struct stat folder;
    int error = stat(path, &folder) != 0 ? errno : S_ISDIR(folder.st_mode) ? 0 : ENOTDIR;
    if (!error && (folder.st_uid != geteuid() || folder.st_mode & S_IWOTH))
        return cli_trouble(
            "will not use the cache \"%s\": other users can write to it; set EDDY_CACHE to a "
            "folder of your own",
            path);
    if (!error && access(path, R_OK | W_OK | X_OK) != 0)
        error = errno;
    return error ? unusable(path, error) : 0;
}

bool cache_open(struct cache *cache)
{
    clock_gettime(CLOCK_REALTIME, &cache->opened);
    cache->folder = cache_place();
    int error = make_folders(cache->folder);
    int status = error ? unusable(cache->folder, error) : check_folder(cache->folder);
    if (status)
        cache_close(cache);
    return status == 0;
}

void cache_close(struct cache *cache)
{
    free(cache->folder);
    cache->folder = NULL;
}

/* ---- keys ---- */

void cache_key_add(struct sha256 *hash, const void *data, size_t size)
{
    uint64_t length = size;
    sha256_add(hash, &length, sizeof length);
    sha256_add(hash, data ? data : "", size);
}

void cache_key_add_string(struct sha256 *hash, const char *string)
{
    cache_key_add(hash, string, strlen(string));
}

static char *entry_path(const struct cache *cache, struct sha256 *hash)
{
    char digits[65];
    sha256_finish(hash, digits);
    return text_format("%s/program-%.*s", cache->folder, KEY_DIGITS, digits);
}

static char *depends_path(const struct cache *cache, const char *key)
{
    return text_format("%s/depends-%.*s", cache->folder, KEY_DIGITS, key);
}

/* False: a file cannot be read, so that nothing is known about it. */
static bool add_file(struct sha256 *hash, const char *path)
{
    struct text content = {0};
    bool good = text_read_file(&content, path);
    cache_key_add_string(hash, path);
    cache_key_add(hash, content.data, content.size);
    text_free(&content);
    return good;
}

/* ---- finding ---- */

/* The name of the entry if its files were as they are now; NULL when one is gone. */
static char *name_entry(const struct cache *cache, const char *key, char *list)
{
    struct sha256 hash;
    char *rest = NULL;
    sha256_start(&hash);
    cache_key_add_string(&hash, key);
    for (char *path = strtok_r(list, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest))
        if (!add_file(&hash, path))
            return NULL;
    return entry_path(cache, &hash);
}

/* Used last, thrown away last. */
static void touch(const char *path)
{
    utimensat(AT_FDCWD, path, NULL, 0);
}

int cache_find(const struct cache *cache, const char *key, char **entry)
{
    *entry = NULL;
    char *list = depends_path(cache, key);
    struct text depends = {0};
    int error = text_read_file(&depends, list) ? 0 : errno;
    char *found = error ? NULL : name_entry(cache, key, depends.data);
    char *program = found ? text_format("%s/program", found) : NULL;
    if (program && access(program, X_OK) != 0)
        error = errno;
    if (program && !error) {
        touch(list);
        touch(found);
        *entry = found;
        found = NULL;
    }
    free(program);
    free(found);
    free(list);
    text_free(&depends);
    return error && error != ENOENT ? unusable(cache->folder, error) : 0;
}

/* ---- storing ---- */

char *cache_work(const struct cache *cache)
{
    char *work = text_format("%s/work-XXXXXX", cache->folder);
    if (mkdtemp(work))
        return work;
    unusable(cache->folder, errno);
    free(work);
    return NULL;
}

void cache_discard(const char *work)
{
    DIR *folder = opendir(work);
    if (folder) {
        for (struct dirent *file; (file = readdir(folder));)
            unlinkat(dirfd(folder), file->d_name, 0);
        closedir(folder);
    }
    rmdir(work);
}

/* A file that changed while the compiler ran: which content it saw is unknown. */
static bool changed_since(const char *path, const struct timespec *when)
{
    struct stat file;
    if (stat(path, &file) != 0)
        return true;
    if (file.st_mtim.tv_sec != when->tv_sec)
        return file.st_mtim.tv_sec > when->tv_sec;
    return file.st_mtim.tv_nsec > when->tv_nsec;
}

static char *name_new_entry(const struct cache *cache, const char *key, const struct words *depends,
                            const char *work)
{
    struct sha256 hash;
    sha256_start(&hash);
    cache_key_add_string(&hash, key);
    bool certain = true;
    for (size_t i = 0; i < depends->count; i++)
        if (!add_file(&hash, depends->items[i]) || changed_since(depends->items[i], &cache->opened))
            certain = false;
    if (!certain) /* a name that nobody will ask for again */
        cache_key_add_string(&hash, work);
    return entry_path(cache, &hash);
}

/* Written beside and renamed, so that a reader sees a whole list. */
static int write_depends(const struct cache *cache, const char *key, const struct words *depends,
                         const char *work)
{
    char *fresh = text_format("%s/depends", work), *list = depends_path(cache, key);
    FILE *file = fopen(fresh, "we");
    for (size_t i = 0; file && i < depends->count; i++)
        fprintf(file, "%s\n", depends->items[i]);
    int error = file && fclose(file) == 0 && rename(fresh, list) == 0 ? 0 : errno;
    free(fresh);
    free(list);
    return error;
}

struct aged {
    char *path;           /* of a name in the cache */
    struct timespec used; /* its time of change */
};

static int newest_first(const void *left, const void *right)
{
    const struct aged *a = left, *b = right;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? 1 : -1;
    return a->used.tv_nsec < b->used.tv_nsec ? 1 : a->used.tv_nsec > b->used.tv_nsec ? -1 : 0;
}

/* Only names of our own making: EDDY_CACHE may point at a folder that holds other things too. */
static bool ours(const char *name, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(name, prefix, size) != 0)
        return false;
    return prefix[0] == 'w' || strspn(name + size, "0123456789abcdef") == KEY_DIGITS;
}

static size_t list_aged(const struct cache *cache, const char *prefix, struct aged **list)
{
    size_t count = 0, room = 0;
    DIR *folder = opendir(cache->folder);
    *list = NULL;
    for (struct dirent *file; folder && (file = readdir(folder));) {
        struct stat status;
        if (!ours(file->d_name, prefix) ||
            fstatat(dirfd(folder), file->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        if (count == room) {
            struct aged *more = realloc(*list, (room += 64) * sizeof *more);
            if (!more)
                break;
            *list = more;
        }
        (*list)[count++] =
            (struct aged){text_format("%s/%s", cache->folder, file->d_name), status.st_mtim};
    }
    if (folder)
        closedir(folder);
    return count;
}

/* Keeps the newest `keep` names, and whatever is younger than `age` seconds. */
static void trim(const struct cache *cache, const char *prefix, size_t keep, time_t age)
{
    struct aged *list;
    size_t count = list_aged(cache, prefix, &list);
    if (count)
        qsort(list, count, sizeof *list, newest_first);
    for (size_t i = 0; i < count; i++) {
        if (i >= keep && list[i].used.tv_sec + age <= cache->opened.tv_sec &&
            unlink(list[i].path) != 0)
            cache_discard(list[i].path);
        free(list[i].path);
    }
    free(list);
}

char *cache_store(const struct cache *cache, const char *key, const struct words *depends,
                  const char *work)
{
    char *entry = name_new_entry(cache, key, depends, work);
    int error = write_depends(cache, key, depends, work);
    if (!error && rename(work, entry) != 0 && errno != EEXIST && errno != ENOTEMPTY)
        error = errno;
    cache_discard(
        work); /* still there only if another run stored the same entry first, or on an error */
    if (error) {
        unusable(cache->folder, error);
        free(entry);
        return NULL;
    }
    touch(entry);
    trim(cache, "program-", CACHE_ENTRIES, 0);
    trim(cache, "depends-", CACHE_ENTRIES, 0);
    trim(cache, "work-", 0, 3600); /* left by a run that was killed */
    return entry;
}
