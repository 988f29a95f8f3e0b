/* SPDX-License-Identifier: MIT */
/* run.c - eddy run: compiles the program and executes it in place of `eddy`, so that signals and the
 * exit status are the program's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/seeds.h"

static const char help[] =
    "usage: eddy run [--seeds N [--weather WEATHER] [--limit SECONDS]] FILE.c... [-- ARGUMENTS]\n"
    "\n"
    "Compiles the C sources into one program with Eddy and runs it. Its exit status, or the\n"
    "signal that ended it, is passed on. \"-\" reads a source from standard input.\n"
    "\n"
    "  eddy run greetings.c\n"
    "  eddy run server.c routes.c -- --port 8080\n"
    "\n"
    "A program is compiled once: it is found again in the cache as long as the compiler, the\n"
    "flags, the sources and every header they include have the same content, and no new header\n"
    "would be included instead. Warnings are shown again each time. A source that\n"
    "includes <eddy/curl.h>, <eddy/http.h>, <eddy/jobs.h>, <eddy/nats.h>, <eddy/pg.h>,\n"
    "<eddy/redis.h> or <eddy/sqlite.h> is linked with that module.\n"
    "\n"
    "  eddy run --seeds 1000 --weather storm server.c\n"
    "\n"
    "--seeds runs the program once with each seed from 1 to N in the simulation, as many at a time\n"
    "as there are processors. A seed decides the order of what is ready, and what the network does.\n"
    "The first seed with which the program fails, crashes or does not end within the limit (60\n"
    "seconds) is reported, with all that the program wrote and the command that repeats it.\n"
    "WEATHER is a name or settings (\"reset=0.01 latency=0.1\"), or a name and changes to it:\n"
    "  mixed   what a correct program does not notice: delays, parts, late cancellations (default)\n"
    "  fine    only the order of what is ready changes\n"
    "  slow    delays of up to a second\n"
    "  resets  mixed, and connections break\n"
    "  cuts    mixed, and connections are cut off for some seconds\n"
    "  storm   all of it\n"
    "\n"
    "environment:\n"
    "  CC          the compiler, with flags if need be (\"clang -m64\"); else cc, gcc or clang\n"
    "  CFLAGS      flags after Eddy's own: -std=gnu11 -O2 -g -Wall -Wextra\n"
    "              -fstack-clash-protection -Wfatal-errors (the compiler stops at the first error;\n"
    "              CFLAGS=-Wno-fatal-errors shows the others, too)\n"
    "  EDDY_ALL_MESSAGES  if set, the compiler's notes about Eddy's own macros are shown, too\n"
    "  LDLIBS      libraries to link with, for example -lsqlite3\n"
    "  EDDY_CACHE  the folder of the cache; else $XDG_CACHE_HOME/eddy, ~/.cache/eddy or\n"
    "              /tmp/eddy-UID. It holds the 100 programs used last and may be deleted. It must\n"
    "              be yours, and nobody else may write to it; other things in it are left alone.\n"
    "\n"
    "exit status: the program's (124 with --seeds if it does not end); 1 when it could not be\n"
    "compiled; 2 for a wrong command line\n";

/* The options before the sources. */
struct options {
    uint64_t seeds;      /* 0: run it once, as it is */
    const char *weather; /* NULL: not given */
    double limit;        /* seconds */
};

static int take_seeds(struct options *options, const char *word)
{
    char *end;
    errno = 0;
    options->seeds = strtoull(word, &end, 10);
    bool number = *word >= '0' && *word <= '9' && !*end && errno == 0 && options->seeds > 0;
    return number ? 0 : cli_misuse("--seeds needs a number from 1 on, not \"%s\"", word);
}

static int take_limit(struct options *options, const char *word)
{
    char *end;
    options->limit = strtod(word, &end);
    bool number = end != word && !*end && options->limit > 0;
    return number ? 0 : cli_misuse("--limit needs a number of seconds, not \"%s\"", word);
}

static int take_weather(struct options *options, const char *word)
{
    options->weather = word;
    return seeds_weather_is_known(word)
               ? 0
               : cli_misuse("there is no weather \"%s\": `eddy help run` lists them", word);
}

/* Takes the options that stand before the sources; *used counts their words. Returns 0 or a status. */
static int take_options(int argc, char **argv, struct options *options, int *used)
{
    static const struct {
        const char *name;
        int (*take)(struct options *options, const char *word);
    } all[] = {{"--seeds", take_seeds}, {"--weather", take_weather}, {"--limit", take_limit}};
    int status = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && status == 0; i++)
        if (*used < argc && strcmp(argv[*used], all[i].name) == 0) {
            if (*used + 1 == argc)
                return cli_misuse("%s needs a word after it", all[i].name);
            status = all[i].take(options, argv[*used + 1]);
            *used += 2;
            i = (size_t)-1; /* in any order */
        }
    if (status == 0 && options->seeds == 0 && *used > 1)
        return cli_misuse("--weather and --limit are for --seeds N");
    return status;
}

/* Takes the names of the sources up to "--". Returns 0, or a status if one cannot be a source. */
static int take_sources(int argc, char **argv, struct words *sources)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *name = argv[i];
        size_t size = strlen(name);
        if (name[0] == '-' && name[1])
            return cli_misuse(
                "no option \"%s\": flags for the compiler go into CFLAGS, arguments of the program "
                "after \"--\"",
                name);
        if (strcmp(name, "-") != 0 && (size < 3 || strcmp(name + size - 2, ".c") != 0))
            return cli_misuse(
                "\"%s\" is not a C source (its name must end in .c); arguments of the program go "
                "after \"--\"",
                name);
        words_add(sources, name);
    }
    return sources->count ? 0 : cli_misuse("run what? eddy run FILE.c... [-- ARGUMENTS]");
}

/* The program's argv[0]: the name that `cc greetings.c -o greetings` would have given it. */
static void add_program_name(struct words *words, const char *source)
{
    words_add(words, strcmp(source, "-") == 0 ? "stdin" : text_format("%.*s", (int)strlen(source) - 2, source));
}

static int become(const struct program *program, const struct words *sources, int count, char **arguments)
{
    struct words argv = {0};
    add_program_name(&argv, sources->items[0]);
    for (int i = 0; i < count; i++)
        words_add(&argv, arguments[i]);
    execv(program->file, argv.items);
    return cli_trouble(
        "cannot run \"%s\": %s; delete it, or set EDDY_CACHE to a folder that may hold programs",
        program->name, strerror(errno));
}

static int run_seeds(const struct program *program, const struct words *sources, const struct options *options,
                     char *const *arguments)
{
    return seeds_run(&(struct seeds){.program = program->file, .sources = sources, .arguments = arguments,
                                     .weather = options->weather, .count = options->seeds,
                                     .seconds = options->limit});
}

static int run(int argc, char **argv)
{
    struct words sources = {0};
    struct options options = {.limit = 60};
    struct program program = {0};
    int before = 1, status = take_options(argc, argv, &options, &before);
    argc -= before - 1;
    argv += before - 1;
    if (status == 0)
        status = take_sources(argc, argv, &sources);
    if (status == 0)
        status = compile_program(&sources, &program);
    if (status == 0) {
        int used = 1 + (int)sources.count;
        if (used < argc) /* the "--" */
            used++;
        status = options.seeds ? run_seeds(&program, &sources, &options, argv + used)
                               : become(&program, &sources, argc - used, argv + used);
    }
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary = "compile C sources with Eddy and run the program",
    .help = help,
    .run = run,
};
