/* SPDX-License-Identifier: MIT */
/* paths.c - see paths.h. */
#define _GNU_SOURCE
#include "cli/paths.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

/* The first of `parts` for which base/part/file exists, as base/part (without a last "/."). */
static char *first_folder(const char *base, const char *const *parts, const char *file)
{
    for (; *parts; parts++) {
        char *folder = text_format("%s%s%s", base, **parts ? "/" : "", *parts);
        if (access(text_format("%s/%s", folder, file), R_OK) == 0)
            return folder;
    }
    return NULL;
}

static char *first_file(const char *base, const char *const *parts, const char *file)
{
    char *folder = first_folder(base, parts, file);
    return folder ? text_format("%s/%s", folder, file) : NULL;
}

char *paths_own_folder(void)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        return NULL;
    path[size] = '\0';
    return text_folder(path);
}

/* A build folder need not lie in the source tree: Meson's file for pkg-config says where the
 * sources are. */
static char *noted_sources(const char *build)
{
    static const char mark[] = "\nsrcdir=";
    char *file = text_format("%s/meson-uninstalled/eddy-uninstalled.pc", build);
    struct text text = {0};
    char *found = NULL;
    if (text_read_file(&text, file)) {
        const char *line = strstr(text.data, mark);
        if (line) {
            line += strlen(mark);
            found = text_format("%.*s", (int)strcspn(line, "\n"), line);
        }
    }
    return found;
}

static void find_module_in_tree(struct module_place *place, const struct module *module, const char *root,
                                const char *build)
{
    const char *const headers[] = {module->include, NULL}, *const places[] = {"", "modules", NULL};
    place->include = first_folder(root, headers, module->header);
    place->library = first_file(build, places, module->archive);
}

static bool find_in_tree(struct paths *paths, const char *build)
{
    static const char *const here[] = {"", NULL};
    static const char *const headers[] = {"include", NULL};
    static const char *const notes[] = {"examples/notes", NULL};
    static const char *const uninstalled[] = {"meson-uninstalled", NULL};
    paths->library = first_file(build, here, "libeddy.a");
    if (!paths->library)
        return false;
    char *root = text_folder(build);
    paths->include = first_folder(root, headers, "eddy.h");
    if (!paths->include) {
        root = noted_sources(build);
        paths->include = root ? first_folder(root, headers, "eddy.h") : NULL;
    }
    if (paths->include) {
        for (int i = 0; i < MODULES; i++)
            find_module_in_tree(&paths->modules[i], &modules[i], root, build);
        paths->notes = first_folder(root, notes, ".");
        paths->pkgconfig = first_folder(build, uninstalled, "eddy-uninstalled.pc");
    }
    return paths->include;
}

static bool find_installed(struct paths *paths, const char *bin)
{
    static const char *const headers[] = {"include", NULL};
    static const char *const notes[] = {"share/eddy/notes", NULL};
    struct utsname kernel = {.machine = ""};
    uname(&kernel);
    char *multiarch = text_format("lib/%s-linux-gnu", kernel.machine);
    const char *const libraries[] = {"lib", multiarch, "lib64", NULL};
    char *prefix = text_folder(bin);
    paths->include = first_folder(prefix, headers, "eddy.h");
    paths->library = first_file(prefix, libraries, "libeddy.a");
    for (int i = 0; i < MODULES; i++) {
        paths->modules[i].include = first_folder(prefix, headers, modules[i].header);
        paths->modules[i].library = first_file(prefix, libraries, modules[i].archive);
    }
    paths->notes = first_folder(prefix, notes, ".");
    return paths->include && paths->library;
}

bool paths_find(struct paths *paths)
{
    *paths = (struct paths){0};
    char *folder = paths_own_folder();
    if (!folder) {
        cli_trouble(
            "cannot find where it is installed: /proc/self/exe is not readable; mount /proc");
        return false;
    }
    if (find_in_tree(paths, folder) || find_installed(paths, folder))
        return true;
    cli_trouble("cannot find eddy.h and libeddy.a near \"%s\"; run make, or install Eddy again", folder);
    return false;
}
