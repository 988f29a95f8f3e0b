/* SPDX-License-Identifier: MIT */
/* new.c - eddy new: a small project that builds with Meson, and with cc and pkg-config alone. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/paths.h"
#include "cli/text.h"

static const char help[] =
    "usage: eddy new NAME\n"
    "\n"
    "Makes the folder NAME with a program that greets three people at once (main.c), the\n"
    "files to build it with Meson (meson.build) or by hand (README.md), and .gitignore.\n"
    "A name has letters, digits, \"_\" and \"-\", and begins with a letter.\n"
    "\n"
    "  eddy new hello && eddy run hello/main.c\n"
    "\n"
    "exit status: 0; 1 when a file cannot be written; 2 for an invalid name\n";

/* "@" stands for the project's name in each of these. */
static const char main_c[] =
    "/* @: greets three people, one after the other and then all at once. */\n"
    "#define _GNU_SOURCE\n"
    "#include <eddy/keywords.h>\n"
    "\n"
    "#include <errno.h>\n"
    "#include <stdio.h>\n"
    "\n"
    "/* An async function: it waits without holding up the others. */\n"
    "async(char *, make_greeting, (const char *, name), (double, seconds)) {\n"
    "    await(eddy_sleep(seconds));\n"
    "    char *text = NULL;\n"
    "    if (asprintf(&text, \"Hello %s\", name) < 0)\n"
    "        throw(ENOMEM, \"no memory to greet %s\", name);\n"
    "    return text;\n"
    "}\n"
    "\n"
    "async(void, greet, (const char *, name), (double, seconds)) {\n"
    "    char *text = await(make_greeting(name, seconds));\n"
    "    defer(free, text);\n"
    "    puts(text);\n"
    "}\n"
    "\n"
    "async(int, main_task) {\n"
    "    const char *names[] = {\"Paula\", \"Thomas\", \"Lewis\"};\n"
    "    double start = eddy_time();\n"
    "    for (int i = 0; i < 3; i++)\n"
    "        await(greet(names[i], 0.1));\n"
    "    printf(\"one after the other: %.1f s\\n\", eddy_time() - start);\n"
    "\n"
    "    start = eddy_time();\n"
    "    async_with (group, eddy_task_group()) { /* ends when all three have ended */\n"
    "        for (int i = 0; i < 3; i++)\n"
    "            eddy_group_spawn(group, greet(names[i], 0.1));\n"
    "    }\n"
    "    printf(\"all at once: %.1f s\\n\", eddy_time() - start);\n"
    "    return 0;\n"
    "}\n"
    "\n"
    "int main(void) { return eddy_run(main_task()); }\n";

static const char meson_build[] =
    "project('@', 'c', version: '0.1.0', meson_version: '>= 0.61',\n"
    "  default_options: ['c_std=gnu11', 'warning_level=2', 'buildtype=debugoptimized'])\n"
    "\n"
    "# A mistake is told in a few lines, not by all the macros that a keyword is made of.\n"
    "short = ['-Wfatal-errors', '-Werror=implicit-int', '-ftrack-macro-expansion=0',\n"
    "  '-fmacro-backtrace-limit=1', '-fno-caret-diagnostics']\n"
    "add_project_arguments(meson.get_compiler('c').get_supported_arguments(short), language: 'c')\n"
    "\n"
    "program = executable('@', 'main.c', dependencies: dependency('eddy'), install: true)\n"
    "\n"
    "# EDDY_DRIVER=sim: the clock is virtual, so that no test ever waits.\n"
    "test('greets', program, env: ['EDDY_DRIVER=sim'])\n";

static const char readme[] = "# @\n"
                             "\n"
                             "An async program in C, made with Eddy, async/await for C.\n"
                             "\n"
                             "Without building anything:\n"
                             "\n"
                             "    eddy run main.c\n"
                             "\n"
                             "With Meson:\n"
                             "\n"
                             "    meson setup build && ninja -C build\n"
                             "    ./build/@\n"
                             "    meson test -C build\n"
                             "\n"
                             "With the compiler alone:\n"
                             "\n"
                             "    cc main.c $(pkg-config --cflags --libs eddy) -o @\n"
                             "    ./@\n"
                             "\n"
                             "For short messages of the compiler, as in meson.build:\n"
                             "\n"
                             "    gcc -Wfatal-errors -ftrack-macro-expansion=0 ...\n"
                             "    clang -Wfatal-errors -Werror=implicit-int -fmacro-backtrace-limit=1 \\\n"
                             "        -fno-caret-diagnostics ...\n";

static const char gitignore[] = "/build/\n/@\n";

static const struct piece {
    const char *name; /* of the file */
    const char *text; /* its content, "@" for the project's name */
} pieces[] = {
    {"main.c", main_c},
    {"meson.build", meson_build},
    {"README.md", readme},
    {".gitignore", gitignore},
};

/* Names of targets that Meson keeps for itself. */
static bool reserved(const char *name)
{
    static const char *const words[] = {
        "all",     "benchmark", "build", "clean",       "coverage",   "dist", "distcheck",
        "install", "main",      "phony", "reconfigure", "scan-build", "test", "uninstall",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return strncmp(name, "meson-", 6) == 0;
}

static int check_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (!*name || !strchr(letters, *name) || name[strspn(name, others)])
        return cli_misuse(
            "\"%s\" is not a name for a project: letters, digits, \"_\" and \"-\", the first one a "
            "letter",
            name);
    if (reserved(name))
        return cli_misuse("\"%s\" is not a name for a project: Meson keeps that word for itself",
                          name);
    return 0;
}

static void write_text(FILE *file, const char *text, const char *name)
{
    for (; *text; text++) {
        if (*text == '@')
            fputs(name, file);
        else
            fputc(*text, file);
    }
}

static int write_file(const struct piece *piece, const char *name)
{
    char *path = text_format("%s/%s", name, piece->name);
    FILE *file = fopen(path, "we");
    if (file)
        write_text(file, piece->text, name);
    bool bad = !file || ferror(file);
    if ((file && fclose(file) != 0) || bad)
        bad = cli_trouble("cannot write \"%s\": %s", path, strerror(errno));
    return bad;
}

/* How the new project finds an Eddy that is not installed. */
static void print_hint(void)
{
    struct paths paths;
    if (paths_find(&paths) && paths.pkgconfig)
        printf("\nThis Eddy is not installed; for Meson and pkg-config to find it:\n"
               "    export PKG_CONFIG_PATH=\"%s\"\n"
               "    export LD_LIBRARY_PATH=\"%.*s\"\n",
               paths.pkgconfig, (int)(strrchr(paths.library, '/') - paths.library), paths.library);
}

static int run(int argc, char **argv)
{
    if (argc != 2)
        return cli_misuse("one name, please: eddy new NAME");
    const char *name = argv[1];
    int status = check_name(name);
    if (status)
        return status;
    if (mkdir(name, 0777) != 0)
        return errno == EEXIST
                   ? cli_trouble("\"%s\" exists already; choose another name or move it away", name)
                   : cli_trouble("cannot make the folder \"%s\": %s", name, strerror(errno));
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (write_file(&pieces[i], name) != 0)
            return CLI_TROUBLE;
    printf("%s: main.c, meson.build, README.md, .gitignore\n\n"
           "    cd %s && eddy run main.c\n",
           name, name);
    print_hint();
    return 0;
}

const struct command command_new = {
    .name = "new",
    .summary = "make a small project",
    .help = help,
    .run = run,
};
