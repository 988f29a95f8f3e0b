/* SPDX-License-Identifier: MIT */
/* run.c - eddy run: compile and become the program, so that signals and the exit status are its
 * own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/compile.h"

static const char help[] =
    "usage: eddy run FILE.c... [-- ARGUMENTS]\n"
    "\n"
    "Compiles the C sources into one program with Eddy and runs it. Its exit status, or the\n"
    "signal that ended it, is passed on. \"-\" reads a source from standard input.\n"
    "\n"
    "  eddy run greetings.c\n"
    "  eddy run server.c routes.c -- --port 8080\n"
    "\n"
    "A program is compiled once: it is found again in the cache as long as the compiler, the\n"
    "flags, the sources and every header they include have the same content, and no header has\n"
    "come that would be included instead. Warnings are shown again each time. A source that\n"
    "includes <eddy/curl.h> is linked with libcurl.\n"
    "\n"
    "environment:\n"
    "  CC          the compiler, with flags if need be (\"clang -m64\"); else cc, gcc or clang\n"
    "  CFLAGS      flags behind Eddy's own: -std=gnu11 -O2 -g -Wall -Wextra\n"
    "              -fstack-clash-protection\n"
    "  LDLIBS      libraries to link with, for example -lsqlite3\n"
    "  EDDY_CACHE  the folder of the cache; else $XDG_CACHE_HOME/eddy, ~/.cache/eddy or\n"
    "              /tmp/eddy-UID. It holds the 100 programs used last and may be deleted. It must\n"
    "              be yours, and nobody else may write to it; other things in it are left alone.\n"
    "\n"
    "exit status: the program's; 1 when it could not be compiled; 2 for a wrong command line\n";

/* Takes the names of the sources up to "--"; 0, or a status when one cannot be a source. */
static int take_sources(int argc, char **argv, struct words *sources)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *name = argv[i];
        size_t size = strlen(name);
        if (name[0] == '-' && name[1])
            return cli_misuse(
                "no option \"%s\": flags for the compiler go into CFLAGS, arguments of the program "
                "behind \"--\"",
                name);
        if (strcmp(name, "-") != 0 && (size < 3 || strcmp(name + size - 2, ".c") != 0))
            return cli_misuse(
                "\"%s\" is not a C source (its name must end in .c); arguments of the program go "
                "behind \"--\"",
                name);
        words_add(sources, name);
    }
    return sources->count ? 0 : cli_misuse("run what? eddy run FILE.c... [-- ARGUMENTS]");
}

/* The program's own name for itself: what `cc greetings.c -o greetings` would have made. */
static void add_program_name(struct words *words, const char *source)
{
    char *name = strcmp(source, "-") == 0 ? text_format("stdin")
                                          : text_format("%.*s", (int)strlen(source) - 2, source);
    words_add(words, name);
    free(name);
}

static int become(const struct program *program, const struct words *sources, int count, char **arguments)
{
    struct words argv = {0};
    add_program_name(&argv, sources->items[0]);
    for (int i = 0; i < count; i++)
        words_add(&argv, arguments[i]);
    execv(program->file, argv.items);
    int error = errno;
    words_free(&argv);
    return cli_trouble(
        "cannot run \"%s\": %s; delete it, or set EDDY_CACHE to a folder that may hold programs",
        program->name, strerror(error));
}

static int run(int argc, char **argv)
{
    struct words sources = {0};
    struct program program = {0};
    int status = take_sources(argc, argv, &sources);
    if (status == 0)
        status = compile_program(&sources, &program);
    if (status == 0) {
        int used = 1 + (int)sources.count;
        if (used < argc) /* the "--" */
            used++;
        status = become(&program, &sources, argc - used, argv + used);
    }
    program_free(&program);
    words_free(&sources);
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary = "compile C sources with Eddy and run the program",
    .help = help,
    .run = run,
};
