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
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/private_folder.h"
#include "cli/sha256.h"

#define KEY_DIGITS  40 /* digits used of the 64 of SHA-256: short enough to be read aloud */
#define WORK_DIGITS 12
#define PLACES      8  /* number of names that are tried if the first is taken by a foreign file */
#define MARK        "made by eddy run\n"
#define MARK_FILE   "made-by-eddy"

enum state {
    NOTHING, /* the name is free */
    WHOLE,   /* made by this cache, and unchanged */
    DAMAGED, /* made by this cache, but incomplete or changed */
    FOREIGN  /* not made by this cache: it is left alone */
};

static bool unusable(const struct cache *cache, int error)
{
    cli_trouble("cannot use the cache \"%s\": %s; set EDDY_CACHE to a folder you can write", cache->folder,
                strerror(error));
    return false;
}

/* ---- the folder ---- */

char *cache_place(void)
{
    const char *own = getenv("EDDY_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && *own)
        return text_format("%s", own);
    if (xdg && *xdg == '/') /* the XDG rule: a relative path must be ignored */
        return text_format("%s/eddy", xdg);
    if (home && *home)
        return text_format("%s/.cache/eddy", home);
    return text_format("/tmp/eddy-%u", (unsigned)geteuid());
}

bool cache_open(struct cache *cache)
{
    const char *why;
    clock_gettime(CLOCK_REALTIME, &cache->opened);
    cache->folder = cache_place();
    cache->fd = private_folder_open(cache->folder, &why);
    if (cache->fd >= 0 && faccessat(cache->fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
        return true;
    if (why)
        cli_trouble("will not use the cache \"%s\": %s; set EDDY_CACHE to a folder of your own", cache->folder, why);
    else
        unusable(cache, errno);
    cache_close(cache);
    return false;
}

void cache_close(struct cache *cache)
{
    if (cache->fd >= 0)
        close(cache->fd);
    cache->fd = -1;
}

void cache_entry_close(struct cache_entry *entry)
{
    if (entry->fd >= 0)
        close(entry->fd);
    *entry = CACHE_NO_ENTRY;
}

char *cache_path(const struct cache_entry *entry, const char *file)
{
    return text_format("/proc/self/fd/%d/%s", entry->fd, file);
}

/* ---- names ---- */

/* The name for a key of 64 digits; place: 0, or the number of the alternative name. */
static void name_of(char name[64], const char *prefix, const char *digits, size_t place)
{
    snprintf(name, 64, "%s%.*s", prefix, KEY_DIGITS, digits + 3 * place);
}

/* ---- files ---- */

/* True: no other user can have written to it. */
static bool is_private(const struct stat *file)
{
    return file->st_uid == geteuid() && !(file->st_mode & (S_IWGRP | S_IWOTH));
}

/* Reads a regular file of a folder, not a link to one; false: it cannot be read. */
static bool read_at(int folder, const char *name, struct text *content)
{
    struct stat file;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ours = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && is_private(&file);
    bool good = ours && text_read(content, fd);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool write_at(int folder, const char *name, const struct text *content)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good = file && fwrite(content->data, 1, content->size, file) == content->size;
    return file && fclose(file) == 0 && good;
}

static bool begins_with_mark(const struct text *text)
{
    return text->size >= strlen(MARK) && memcmp(text->data, MARK, strlen(MARK)) == 0;
}

/* ---- entries ---- */

/* Describes a file of an entry as a line of the mark; false: it is missing, or is not the cache's. */
static bool add_line(struct text *mark, int entry, const char *name)
{
    struct stat file;
    if (fstatat(entry, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode) || !is_private(&file) ||
        file.st_nlink != 1)
        return false;
    char *line = text_format("%s %o %lld %lld.%09ld\n", name, (unsigned)file.st_mode & 0777, (long long)file.st_size,
                             (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
    text_append(mark, line, strlen(line));
    return true;
}

/* The mark that describes an entry as it is now. */
static bool describe(struct text *mark, int entry)
{
    text_append(mark, MARK, strlen(MARK));
    return add_line(mark, entry, "program") && add_line(mark, entry, "messages");
}

static enum state state_of_folder(int entry)
{
    struct stat folder;
    struct text mark = {0}, wanted = {0};
    enum state state = FOREIGN;
    bool ours = fstat(entry, &folder) == 0 && is_private(&folder);
    if (ours && read_at(entry, MARK_FILE, &mark) && begins_with_mark(&mark)) {
        bool whole = describe(&wanted, entry) && mark.size == wanted.size;
        state = whole && memcmp(mark.data, wanted.data, mark.size) == 0 ? WHOLE : DAMAGED;
    }
    return state;
}

/* Opens the entry, if there is one. */
static enum state state_of_entry(const struct cache *cache, const char *name, int *fd)
{
    *fd = openat(cache->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return errno == ENOENT ? NOTHING : FOREIGN;
    return state_of_folder(*fd);
}

/* The names of files in an entry or a work folder. */
static bool is_our_file(const char *name)
{
    static const char *const ours[] = {"program", "messages", "input", "depends"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    size_t digits = strspn(name, "0123456789");
    return digits && (strcmp(name + digits, ".o") == 0 || strcmp(name + digits, ".d") == 0);
}

/* The mark is removed last, so that a partly removed entry is still recognised as the cache's. */
static void remove_folder(const struct cache *cache, const char *name, int fd, bool everything)
{
    int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = listed >= 0 ? fdopendir(listed) : NULL;
    for (struct dirent *file; folder && (file = readdir(folder));)
        if (strcmp(file->d_name, MARK_FILE) != 0 && (everything || is_our_file(file->d_name)))
            unlinkat(fd, file->d_name, 0);
    if (folder)
        closedir(folder);
    unlinkat(fd, MARK_FILE, 0);
    unlinkat(cache->fd, name, AT_REMOVEDIR);
}

/* ---- work folders ---- */

static void random_digits(char *digits, size_t count)
{
    unsigned char bytes[WORK_DIGITS] = {0};
    if (getrandom(bytes, sizeof bytes, 0) < 0)
        memcpy(bytes, &(pid_t){getpid()}, sizeof(pid_t));
    for (size_t i = 0; i < count; i++)
        digits[i] = "0123456789abcdef"[bytes[i] & 15];
    digits[count] = '\0';
}

/* Returns 0 or an errno value. */
static int make_work(const struct cache *cache, struct cache_entry *work)
{
    char digits[WORK_DIGITS + 1], name[64];
    struct text mark = {0};
    do {
        random_digits(digits, WORK_DIGITS);
        snprintf(name, sizeof name, "work-%s", digits);
    } while (mkdirat(cache->fd, name, 0700) != 0 && errno == EEXIST);
    *work = (struct cache_entry){text_format("%s", name), openat(cache->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)};
    text_append(&mark, MARK, strlen(MARK));
    if (work->fd >= 0 && write_at(work->fd, MARK_FILE, &mark))
        return 0;
    int error = errno;
    cache_discard(cache, work);
    return error;
}

bool cache_work(const struct cache *cache, struct cache_entry *work)
{
    int error = make_work(cache, work);
    return !error || unusable(cache, error);
}

void cache_discard(const struct cache *cache, struct cache_entry *work)
{
    if (work->fd >= 0)
        remove_folder(cache, work->name, work->fd, true);
    cache_entry_close(work);
}

/* ---- finding ---- */

static bool find_entry(const struct cache *cache, const char *digits, struct cache_entry *entry)
{
    for (size_t place = 0; place < PLACES; place++) {
        char name[64];
        int fd;
        name_of(name, "program-", digits, place);
        enum state state = state_of_entry(cache, name, &fd);
        if (state == WHOLE) {
            *entry = (struct cache_entry){text_format("%s", name), fd};
            return true;
        }
        if (fd >= 0)
            close(fd);
        if (state != FOREIGN)
            break;
    }
    return false;
}

/* Finds the list of the key, with its mark; false: there is none. name: its name, or a free one. */
static bool read_depends(const struct cache *cache, const char *key, struct text *list, char name[64])
{
    for (size_t place = 0; place < PLACES; place++) {
        struct stat file;
        name_of(name, "depends-", key, place);
        list->size = 0;
        if (fstatat(cache->fd, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
        if (!read_at(cache->fd, name, list))
            continue;
        if (list->size == 0) /* left by a machine that stopped */
            return false;
        if (begins_with_mark(list))
            return true;
    }
    name[0] = '\0';
    return false;
}

/* Writes a new file and renames it, so that a reader sees a whole list. Returns 0 or an errno value. */
static int write_depends(const struct cache *cache, const char *name, const struct depends *depends,
                         const struct cache_entry *work)
{
    struct text list = {0};
    text_append(&list, MARK, strlen(MARK));
    depends_print(depends, &list);
    bool good = write_at(work->fd, "depends", &list) && renameat(work->fd, "depends", cache->fd, name) == 0;
    return good ? 0 : errno;
}

/* Stores the current stamps: the next run need not read files with the same content as before. */
static void renew_depends(const struct cache *cache, const char *name, const struct depends *depends)
{
    struct cache_entry work;
    if (make_work(cache, &work) == 0) {
        write_depends(cache, name, depends, &work);
        cache_discard(cache, &work);
    }
}

bool cache_find(const struct cache *cache, const char *key, struct cache_entry *entry)
{
    struct text list = {0};
    struct depends depends = {0};
    char name[64];
    if (!read_depends(cache, key, &list, name) || !depends_parse(&depends, list.data + strlen(MARK)))
        return false;
    bool unchanged = depends_unchanged(&depends);
    if (!unchanged && !depends_look(&depends, key, &cache->opened))
        return false;
    if (!find_entry(cache, depends.digits, entry))
        return false;
    if (!unchanged)
        renew_depends(cache, name, &depends);
    utimensat(cache->fd, name, NULL, 0); /* the entry used last is deleted last */
    futimens(entry->fd, NULL);
    return true;
}

/* ---- storing ---- */

/* The digits of the entry. If it is not certain which contents the program was made from, they are those of a name
 * that is never looked up again, and the list has none. */
static void look_at_depends(const struct cache *cache, const char *key, struct depends *depends, const char *work,
                            char digits[65])
{
    struct sha256 hash;
    bool certain = depends_look(depends, key, &cache->opened) && !depends->uncertain &&
                   !depends_changed_since(depends, &cache->opened);
    if (certain) {
        memcpy(digits, depends->digits, sizeof depends->digits);
        return;
    }
    depends->digits[0] = '\0';
    sha256_start(&hash);
    sha256_add_string(&hash, work);
    sha256_finish(&hash, digits);
}

/* Keeps the program, the messages, and the mark that describes them. */
static bool finish_work(const struct cache_entry *work)
{
    struct text mark = {0};
    int messages = openat(work->fd, "messages", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return messages >= 0 && close(messages) == 0 && fchmodat(work->fd, "program", 0700, 0) == 0 &&
           fchmodat(work->fd, "messages", 0600, 0) == 0 && describe(&mark, work->fd) &&
           unlinkat(work->fd, MARK_FILE, 0) == 0 && write_at(work->fd, MARK_FILE, &mark);
}

/* Gives the work folder a name of an entry, or *work becomes the same entry, stored by another run. Without room it
 * remains where it is, and is used once. */
static void move_into_place(const struct cache *cache, const char *digits, struct cache_entry *work)
{
    for (size_t place = 0; place < PLACES; place++) {
        char name[64];
        int fd;
        name_of(name, "program-", digits, place);
        enum state state = state_of_entry(cache, name, &fd);
        if (state == WHOLE) {
            cache_discard(cache, work);
            *work = (struct cache_entry){text_format("%s", name), fd};
            return;
        }
        if (state == DAMAGED)
            remove_folder(cache, name, fd, false);
        if (fd >= 0)
            close(fd);
        if (state == FOREIGN || renameat(cache->fd, work->name, cache->fd, name) != 0)
            continue;
        work->name = text_format("%s", name);
        return;
    }
}

/* ---- old entries ---- */

struct aged {
    char *name;           /* in the cache */
    struct timespec used; /* its time of change */
};

static int newest_first(const void *left, const void *right)
{
    const struct aged *a = left, *b = right;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? 1 : -1;
    return a->used.tv_nsec < b->used.tv_nsec ? 1 : a->used.tv_nsec > b->used.tv_nsec ? -1 : 0;
}

static bool fits(const char *name, const char *prefix, size_t digits)
{
    size_t size = strlen(prefix);
    return strncmp(name, prefix, size) == 0 && strspn(name + size, "0123456789abcdef") == digits &&
           name[size + digits] == '\0';
}

/* The names in the cache that have the form of its own names: a row of struct aged. */
static struct text list_aged(const struct cache *cache, const char *prefix, size_t digits)
{
    struct text list = {0};
    int listed = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = listed >= 0 ? fdopendir(listed) : NULL;
    for (struct dirent *file; folder && (file = readdir(folder));) {
        struct stat status;
        if (!fits(file->d_name, prefix, digits) || fstatat(cache->fd, file->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        struct aged aged = {text_format("%s", file->d_name), status.st_mtim};
        text_append(&list, &aged, sizeof aged);
    }
    if (folder)
        closedir(folder);
    return list;
}

/* EDDY_CACHE may be a folder that contains other things too, with any names. */
static void remove_if_ours(const struct cache *cache, const char *name)
{
    int fd;
    enum state state = state_of_entry(cache, name, &fd);
    if (state == WHOLE || state == DAMAGED)
        remove_folder(cache, name, fd, false);
    if (fd >= 0) {
        close(fd);
        return;
    }
    struct text content = {0};
    if (read_at(cache->fd, name, &content) && begins_with_mark(&content))
        unlinkat(cache->fd, name, 0);
}

/* Keeps the newest `keep` names, and all that are younger than `age` seconds. */
static void trim(const struct cache *cache, const char *prefix, size_t digits, size_t keep, time_t age)
{
    struct text names = list_aged(cache, prefix, digits);
    struct aged *list = (struct aged *)(void *)names.data;
    size_t count = names.size / sizeof *list;
    if (count)
        qsort(list, count, sizeof *list, newest_first);
    for (size_t i = keep; i < count; i++)
        if (list[i].used.tv_sec + age <= cache->opened.tv_sec)
            remove_if_ours(cache, list[i].name);
}

bool cache_store(const struct cache *cache, const char *key, struct depends *depends, struct cache_entry *work)
{
    struct text old = {0};
    char digits[65], name[64];
    look_at_depends(cache, key, depends, work->name, digits);
    read_depends(cache, key, &old, name);
    int error = finish_work(work) ? 0 : errno;
    if (!error && name[0]) /* otherwise there is no room, and the program is compiled each time */
        error = write_depends(cache, name, depends, work);
    if (error) {
        cache_discard(cache, work);
        return unusable(cache, error);
    }
    move_into_place(cache, digits, work);
    futimens(work->fd, NULL);
    trim(cache, "program-", KEY_DIGITS, CACHE_ENTRIES, 0);
    trim(cache, "depends-", KEY_DIGITS, CACHE_ENTRIES, 0);
    trim(cache, "work-", WORK_DIGITS, 0, 3600); /* left by a run that was killed */
    return true;
}
