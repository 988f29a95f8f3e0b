/* SPDX-License-Identifier: MIT */
/* search_path.c - see search_path.h. */
#define _GNU_SOURCE
#include "cli/search_path.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/process.h"

/* ---- the compiler's output ---- */

/* `gcc -v` and `clang -v` write: ignoring nonexistent directory "X", two headings, one folder a line after a blank,
 * an end. */
static void take_line(struct search_path *search, char *line, bool *listing)
{
    static const char missing[] = "ignoring nonexistent directory \"";
    if (strncmp(line, missing, sizeof missing - 1) == 0) {
        line[strcspn(line, "\r")] = '\0';
        char *path = line + sizeof missing - 1;
        path[strcspn(path, "\"")] = '\0';
        words_add(&search->missing, path);
    } else if (strstr(line, "search starts here:")) {
        *listing = true;
    } else if (strncmp(line, "End of search list", 18) == 0) {
        *listing = false;
    } else if (*listing && *line == ' ') {
        words_add(&search->folders, line + 1);
    }
}

bool search_path_ask(struct search_path *search, const struct words *compiler, const char *file,
                     const struct words *flags)
{
    struct words argv = {0};
    struct text said = {0};
    words_split(&argv, "env LC_ALL=C");
    words_add(&argv, file);
    for (size_t i = 1; i < compiler->count; i++)
        words_add(&argv, compiler->items[i]);
    words_append(&argv, flags);
    words_split(&argv, "-E -v -x c -o /dev/null /dev/null");
    bool listing = false, good = process_output(argv.items, &said);
    char *rest = NULL;
    for (char *line = good ? strtok_r(said.data, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
        take_line(search, line, &listing);
    return search->folders.count > 0;
}

/* ---- files that would be read if they existed ---- */

/* Paths to look at, each one once. */
struct candidates {
    const struct timespec *since;
    struct words *absent; /* the answer */
    struct words *asked;  /* receives the queried names that exist; NULL: not needed */
    bool certain;         /* no file at these paths changed after `since` */
};

/* Looks for folder/name, and first for the folders within name: a missing folder answers for all files below it. */
static void look_at(struct candidates *c, const char *folder, const char *name)
{
    for (const char *slash = strchr(name, '/');; slash = strchr(slash + 1, '/')) {
        size_t size = slash ? (size_t)(slash - name) : strlen(name);
        char *path = text_format("%s/%.*s", folder, (int)size, name);
        struct stat file;
        bool there = lstat(path, &file) == 0;
        if (there && !slash && is_later(&file.st_ctim, c->since))
            c->certain = false;
        if (there && !slash && c->asked && S_ISREG(file.st_mode))
            words_add(c->asked, path);
        if (!there && !words_have(c->absent, path))
            words_add(c->absent, path);
        if (!there || !slash)
            return;
    }
}

/* `name` as in an #include, found in the folder number `found`: all earlier places. */
static void look_before(struct candidates *c, const struct search_path *search, size_t found, const char *name)
{
    for (size_t i = 0; i < found; i++)
        look_at(c, search->folders.items[i], name);
}

/* The name relative to a folder; NULL: it is not inside that folder. */
static const char *below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && path[size] == '/' ? path + size + strspn(path + size, "/") : NULL;
}

/* A header of that name in the folder of any file that was read would be found first by #include "name" in that
 * file. */
static void look_beside(struct candidates *c, const struct words *homes, const char *name)
{
    for (size_t i = 0; i < homes->count; i++)
        look_at(c, homes->items[i], name);
}

static void look_at_header(struct candidates *c, const struct search_path *search, const struct words *homes,
                           const char *path)
{
    for (size_t i = 0; i < search->folders.count; i++) {
        const char *name = below(path, search->folders.items[i]);
        if (!name)
            continue;
        look_before(c, search, i, name);
        look_beside(c, homes, name);
    }
}

/* ---- __has_include ---- */

/* The name in an operand at `at`, <x.h> or "x.h"; NULL: it is a macro or something else. */
static char *asked_name(const char *at)
{
    at += strspn(at, " \t(");
    const char *end = *at == '<' ? strchr(at, '>') : *at == '"' ? strchr(at + 1, '"') : NULL;
    bool in_line = end && memchr(at, '\n', (size_t)(end - at)) == NULL;
    return in_line ? text_format("%.*s", (int)(end - at - 1), at + 1) : NULL;
}

static void look_at_questions(struct candidates *c, const struct search_path *search, const struct words *homes,
                              const char *path)
{
    static const char word[] = "__has_include";
    struct text text = {0};
    const char *at = text_read_file(&text, path) ? text.data : "";
    while ((at = strstr(at, word))) {
        at += sizeof word - 1;
        char *name = asked_name(strncmp(at, "_next", 5) == 0 ? at + 5 : at);
        if (name && *name == '/')
            look_at(c, "", name + 1);
        else if (name) {
            look_before(c, search, search->folders.count, name);
            look_beside(c, homes, name);
        }
    }
}

/* ---- all of them ---- */

static void add_home(struct words *homes, const char *path)
{
    char *home = text_folder(path);
    if (!words_have(homes, home))
        words_add(homes, home);
}

bool search_path_absent(const struct search_path *search, const struct timespec *since, struct depends *depends)
{
    struct words *read = &depends->read;
    struct candidates c = {.since = since, .absent = &depends->absent, .certain = true};
    struct words homes = {0}, asked = {0};
    for (size_t i = 0; i < read->count; i++)
        add_home(&homes, read->items[i]);
    for (size_t i = 0; i < search->missing.count; i++)
        look_at(&c, search->missing.items[i], ".");
    for (size_t i = 0; i < read->count; i++)
        look_at_header(&c, search, &homes, read->items[i]);
    c.asked = &asked;
    for (size_t i = 0; i < read->count; i++)
        look_at_questions(&c, search, &homes, read->items[i]);
    words_append(read, &asked);
    return c.certain;
}
