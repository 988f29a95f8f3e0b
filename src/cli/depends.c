/* SPDX-License-Identifier: MIT */
/* depends.c - see depends.h. */
#define _GNU_SOURCE
#include "cli/depends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/sha256.h"

#define NO_STAMP "?"
#define SETTLED  2 /* seconds: more than the coarsest clock of a file system */

/* ---- one file ---- */

static const char *stamp_of(const struct stat *file)
{
    return text_format("%jx.%jx.%jx.%jx.%jx.%jx.%jx", (uintmax_t)file->st_size, (uintmax_t)file->st_dev,
                       (uintmax_t)file->st_ino, (uintmax_t)file->st_mtim.tv_sec, (uintmax_t)file->st_mtim.tv_nsec,
                       (uintmax_t)file->st_ctim.tv_sec, (uintmax_t)file->st_ctim.tv_nsec);
}

/* NO_STAMP if the file may change once more without a change of its times. */
static const char *settled_stamp(const struct stat *file, const struct timespec *now)
{
    return file->st_ctim.tv_sec + SETTLED < now->tv_sec ? stamp_of(file) : NO_STAMP;
}

static bool has_stamp(const char *path, const char *stamp)
{
    struct stat file;
    return stat(path, &file) == 0 && strcmp(stamp_of(&file), stamp) == 0;
}

/* The stamp is taken before the content: after a change between the two the stamp does not match. False: the file
 * cannot be read, so that nothing is known about it. A device or a pipe could be read for ever. */
static bool look_at(struct depends *depends, struct sha256 *hash, const char *path, const struct timespec *now)
{
    struct text content = {0};
    struct stat file;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool regular = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
    bool good = regular && text_read(&content, fd);
    if (fd >= 0)
        close(fd);
    words_add(&depends->stamps, regular ? settled_stamp(&file, now) : NO_STAMP);
    sha256_add_string(hash, path);
    sha256_add_part(hash, content.data, content.size);
    return good;
}

/* False: the name is taken. */
static bool is_absent(const char *path)
{
    struct stat file;
    return lstat(path, &file) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void look_at_folder(struct depends *depends, const char *path, const struct timespec *now)
{
    struct stat folder;
    if (words_have(&depends->folders, path))
        return;
    words_add(&depends->folders, path);
    words_add(&depends->folder_stamps, stat(path, &folder) == 0 ? settled_stamp(&folder, now) : NO_STAMP);
}

/* ---- all files ---- */

bool depends_look(struct depends *depends, const char *key, const struct timespec *now)
{
    struct sha256 hash;
    bool good = true;
    depends->stamps = depends->folders = depends->folder_stamps = (struct words){0};
    depends->digits[0] = '\0';
    sha256_start(&hash);
    sha256_add_string(&hash, key);
    for (size_t i = 0; i < depends->read.count; i++)
        if (!look_at(depends, &hash, depends->read.items[i], now))
            good = false;
    for (size_t i = 0; i < depends->absent.count; i++) {
        look_at_folder(depends, text_folder(depends->absent.items[i]), now);
        sha256_add_string(&hash, depends->absent.items[i]);
        if (!is_absent(depends->absent.items[i]))
            good = false;
    }
    if (good)
        sha256_finish(&hash, depends->digits);
    return good;
}

static bool all_absent(const struct depends *depends)
{
    struct words same = {0};
    for (size_t i = 0; i < depends->folders.count; i++)
        if (has_stamp(depends->folders.items[i], depends->folder_stamps.items[i]))
            words_add(&same, depends->folders.items[i]);
    for (size_t i = 0; i < depends->absent.count; i++)
        if (!words_have(&same, text_folder(depends->absent.items[i])) && !is_absent(depends->absent.items[i]))
            return false;
    return true;
}

bool depends_unchanged(const struct depends *depends)
{
    for (size_t i = 0; i < depends->read.count; i++)
        if (!has_stamp(depends->read.items[i], depends->stamps.items[i]))
            return false;
    return depends->digits[0] && all_absent(depends);
}

bool depends_changed_since(const struct depends *depends, const struct timespec *when)
{
    struct stat file;
    for (size_t i = 0; i < depends->read.count; i++)
        if (stat(depends->read.items[i], &file) != 0 || is_later(&file.st_ctim, when))
            return true;
    return false;
}

/* ---- as text ---- */

static void print_line(struct text *list, const char *line)
{
    text_append(list, line, strlen(line));
    text_append(list, "\n", 1);
}

void depends_print(const struct depends *depends, struct text *list)
{
    print_line(list, text_format("=%s", depends->digits));
    for (size_t i = 0; i < depends->read.count; i++)
        print_line(list, text_format("+%s %s", depends->stamps.items[i], depends->read.items[i]));
    for (size_t i = 0; i < depends->folders.count; i++)
        print_line(list, text_format("/%s %s", depends->folder_stamps.items[i], depends->folders.items[i]));
    for (size_t i = 0; i < depends->absent.count; i++)
        print_line(list, text_format("-%s", depends->absent.items[i]));
}

static bool parse_stamped(struct words *paths, struct words *stamps, char *line)
{
    char *path = strchr(line, ' ');
    if (!path)
        return false;
    *path++ = '\0';
    words_add(stamps, line);
    words_add(paths, path);
    return true;
}

/* Sixty-four digits, or an empty text. */
static bool parse_digits(struct depends *depends, const char *line)
{
    size_t size = strlen(line);
    if (size >= sizeof depends->digits || strspn(line, "0123456789abcdef") != size)
        return false;
    memcpy(depends->digits, line, size + 1);
    return size == 0 || size == sizeof depends->digits - 1;
}

static bool parse_line(struct depends *depends, char *line)
{
    switch (*line++) {
    case '=': return parse_digits(depends, line);
    case '+': return parse_stamped(&depends->read, &depends->stamps, line);
    case '/': return parse_stamped(&depends->folders, &depends->folder_stamps, line);
    case '-': words_add(&depends->absent, line); return true;
    default: return false;
    }
}

bool depends_parse(struct depends *depends, char *list)
{
    char *rest = NULL;
    for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!parse_line(depends, line))
            return false;
    return true;
}
