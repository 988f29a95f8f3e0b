/* SPDX-License-Identifier: MIT */
/*
 * cache.c - the cache of `eddy run` under damage: an input is a list of steps that edit the source, run it, damage a
 * file of the cache, or put a foreign file there.
 *
 * After any steps, a run gets the program that belongs to the current source, the next run finds it in the cache,
 * and foreign files are unchanged.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arena.h"
#include "cli/cache.h"
#include "cli/sha256.h"

enum { MOST_STEPS = 40, MOST_NAMES = 64, MOST_FOREIGN = 3, NAMES_TO_SPARE = 4 };

static char folder[64]; /* holds the cache, the source, and a folder that can hide a header */
static char key[65];
static unsigned version; /* of the source */
static unsigned taken;   /* names in the cache that a foreign file may have by now */
static char foreign[MOST_FOREIGN][64];
static unsigned foreigners;

/* ==== files ==== */

static char *in_folder(const char *name)
{
    return text_format("%s/%s", folder, name);
}

static void write_file(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && write(fd, data, size) != (ssize_t)size)
        DIE("%s cannot be written", path);
    if (fd >= 0)
        close(fd);
}

static bool holds(const char *path, const char *wanted)
{
    struct text content = {0};
    return text_read_file(&content, path) && content.size == strlen(wanted) &&
           memcmp(content.data, wanted, content.size) == 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_all(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(left, right);
}

static bool is_foreign(const char *name)
{
    for (unsigned i = 0; i < foreigners; i++)
        if (strcmp(foreign[i], name) == 0)
            return true;
    return false;
}

/* The cache's own names, in order, so that an input means the same each time. */
static unsigned list_names(char names[MOST_NAMES][64])
{
    unsigned count = 0;
    char *path = in_folder("cache");
    DIR *cache = opendir(path);
    for (struct dirent *file; cache && count < MOST_NAMES && (file = readdir(cache));)
        if (file->d_name[0] != '.' && strlen(file->d_name) < 64 && !is_foreign(file->d_name))
            strcpy(names[count++], file->d_name);
    if (cache)
        closedir(cache);
    qsort(names, count, sizeof names[0], by_name);
    return count;
}

/* ==== a run ==== */

static void make_program(char program[32])
{
    snprintf(program, 32, "program %u of the source\n", version);
}

static void check_entry(const struct cache_entry *entry, const char *how)
{
    char program[32], *path = cache_path(entry, "program");
    make_program(program);
    if (!holds(path, program))
        DIE("%s is not the program of the source", how);
}

static void compile(const struct cache *cache)
{
    struct depends depends = {0};
    struct cache_entry work = CACHE_NO_ENTRY;
    char program[32], *source = in_folder("source"), *hides = in_folder("hides");
    make_program(program);
    words_add(&depends.read, source);
    words_add(&depends.absent, hides);
    if (!cache_work(cache, &work))
        DIE("there is no work folder");
    write_file(cache_path(&work, "program"), program, strlen(program));
    if (!cache_store(cache, key, &depends, &work))
        DIE("the program is not stored");
    check_entry(&work, "what was stored");
    cache_entry_close(&work);
}

/* True: the program was found in the cache. */
static bool run(void)
{
    struct cache cache;
    struct cache_entry entry = CACHE_NO_ENTRY;
    if (!cache_open(&cache))
        DIE("the cache cannot be opened");
    bool found = cache_find(&cache, key, &entry);
    if (found)
        check_entry(&entry, "what was found");
    else
        compile(&cache);
    cache_entry_close(&entry);
    cache_close(&cache);
    return found;
}

/* ==== steps ==== */

static void edit(unsigned to)
{
    char text[32], *path = in_folder("source");
    version = to;
    snprintf(text, sizeof text, "source %u\n", version);
    write_file(path, text, strlen(text));
}

/* One byte more than it has, so that two versions written at the same moment differ in size. */
static void spoil_file(const char *path, struct input bytes)
{
    struct stat status;
    struct text text = {0};
    text_append(&text, bytes.data, bytes.size);
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size == text.size)
        text_append(&text, "!", 1);
    write_file(path, text.data, text.size);
}

/* Does nothing if the folder that would contain it does not exist. */
static void replace(const char *path, unsigned what)
{
    remove_all(path);
    int error = what == 0 ? mkdir(path, 0700) : what == 1 ? symlink("/dev/null", path) : mkfifo(path, 0600);
    if (!error)
        taken++;
}

/* A list, an entry, or a file of an entry. */
static void spoil(struct input *in)
{
    static const char *const files[] = {"", "", "/program", "/messages", "/made-by-eddy", "/depends"};
    char names[MOST_NAMES][64];
    unsigned count = list_names(names);
    if (!count)
        return;
    const char *name = names[take_byte(in) % count];
    char *path = text_format("%s/cache/%s%s", folder, name, name[0] == 'd' ? "" : files[take_byte(in) % 6]);
    switch (take_byte(in) % 5) {
    case 0: remove_all(path); break;
    case 1: replace(path, take_byte(in) % 3); break;
    case 2: /* not by chmod, which would follow a link to /dev/null and take that from the whole machine */
        if (fchmodat(AT_FDCWD, path, take_byte(in) % 2 ? 0777 : 0500, AT_SYMLINK_NOFOLLOW) == 0)
            taken++;
        break;
    default: spoil_file(path, take_part(in, take_byte(in) % 64));
    }
}

/* Has a name like those of the cache, but not the cache's mark. */
static void add_foreign(struct input *in)
{
    char *name = foreign[foreigners];
    unsigned kind = take_byte(in) % 3;
    if (foreigners == MOST_FOREIGN)
        return;
    snprintf(name, 64, "%s%0*x", kind == 0 ? "depends-" : kind == 1 ? "program-" : "work-", kind == 2 ? 12 : 40,
             take_number(in));
    if (is_foreign(name))
        return;
    char *path = text_format("%s/cache/%s", folder, name), *inside = text_format("%s/program", path);
    if (kind && mkdir(path, 0700) != 0)
        DIE("%s: no folder", path);
    write_file(kind ? inside : path, "years of work\n", 14);
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    utimensat(AT_FDCWD, path, old, 0);
    foreigners++;
}

static void check_foreign(void)
{
    for (unsigned i = 0; i < foreigners; i++) {
        char *path = text_format("%s/cache/%s%s", folder, foreign[i], foreign[i][0] == 'd' ? "" : "/program");
        if (!holds(path, "years of work\n"))
            DIE("%s was not the cache's", path);
    }
}

static void step(struct input *in)
{
    switch (take_byte(in) % 6) {
    case 0: edit(take_byte(in) % 4); break;
    case 1: run(); break;
    case 2: add_foreign(in); break;
    default: spoil(in);
    }
}

/* ==== one input ==== */

static void remove_folder(void)
{
    remove_all(folder);
}

static void begin(void)
{
    struct sha256 hash;
    if (key[0])
        return;
    sha256_start(&hash);
    sha256_add_string(&hash, "a program");
    sha256_finish(&hash, key);
    snprintf(folder, sizeof folder, "%s/eddy-fuzz-cache-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        DIE("no folder %s", folder);
    atexit(remove_folder);
    setenv("EDDY_CACHE", in_folder("cache"), 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    begin();
    taken = foreigners = 0;
    edit(0);
    run();
    for (int i = 0; i < MOST_STEPS && in.size; i++)
        step(&in);
    run();
    if (!run() && taken < NAMES_TO_SPARE)
        DIE("what was compiled a moment ago is not found");
    check_foreign();
    remove_all(in_folder("cache"));
    arena_release();
    return 0;
}
