/* SPDX-License-Identifier: MIT */
/* compile.c - see compile.h. */
#define _GNU_SOURCE
#include "cli/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/cli.h"
#include "cli/messages.h"
#include "cli/paths.h"
#include "cli/process.h"
#include "cli/search_path.h"
#include "cli/sha256.h"

/* -fstack-clash-protection: a frame larger than a page would jump over the guard of its stack. */
/* -Wfatal-errors: messages after the first error are mostly its consequences. */
#define FLAGS "-std=gnu11 -O2 -g -Wall -Wextra -fstack-clash-protection -Wfatal-errors"
/* Libraries that the static library needs. */
#if defined(EDDY_WITH_URING)
#define RING_LIBRARY "-luring "
#else
#define RING_LIBRARY ""
#endif
#if defined(EDDY_WITH_TLS)
#define TLS_LIBRARIES "-lssl -lcrypto "
#else
#define TLS_LIBRARIES ""
#endif
#define LIBRARIES RING_LIBRARY TLS_LIBRARIES "-lpthread -lm"

struct build {
    const struct words *sources; /* in the user's spelling, which __FILE__ shows */
    struct paths paths;          /* Eddy's headers and libraries */
    struct words compiler;       /* the words of $CC */
    char *compiler_file;         /* the executable that its first word names */
    struct words flags;          /* for compiling */
    struct words libraries;      /* for linking, after the objects */
    struct text input;           /* the contents of standard input, if one source is "-" */
    struct cache cache;          /* where the program is kept */
    struct cache_entry work;     /* folder of the current build, then of the program */
    struct depends made_from;    /* every file that the compiler read, and the absent files that matter */
};

static bool is_stdin(const char *source)
{
    return strcmp(source, "-") == 0;
}

/* ---- the compiler's arguments ---- */

bool compile_find_compiler(struct words *command, char **file)
{
    static const char *const usual[] = {"cc", "gcc", "clang"};
    const char *wish = getenv("CC");
    *file = NULL;
    words_split(command, wish);
    if (command->count)
        *file = process_find(command->items[0]);
    for (size_t i = 0; !command->count && i < sizeof usual / sizeof *usual; i++)
        if ((*file = process_find(usual[i])))
            words_add(command, usual[i]);
    if (!*file)
        cli_trouble("no C compiler: \"%s\" was not found; install gcc or set CC",
                    command->count ? command->items[0] : usual[0]);
    return *file;
}

static void add_include(struct words *flags, const char *folder)
{
    words_add(flags, "-I");
    words_add(flags, folder);
}

static void choose_flags(struct build *build)
{
    words_split(&build->flags, FLAGS);
    words_split(&build->flags, COMPILE_BUILD_FLAGS);
    add_include(&build->flags, build->paths.include);
    for (int i = 0; i < MODULES; i++) {
        const char *folder = build->paths.modules[i].include;
        if (folder && strcmp(folder, build->paths.include) != 0)
            add_include(&build->flags, folder);
    }
    /* the compiler writes into a file, so it cannot know that its messages end up on a terminal */
    if (isatty(2) && !getenv("NO_COLOR"))
        words_add(&build->flags, "-fdiagnostics-color=always");
    words_split(&build->flags, getenv("CFLAGS"));
    words_split(&build->libraries, LIBRARIES);
    words_split(&build->libraries, getenv("LDLIBS"));
}

/* ---- the key ---- */

static void add_words(struct sha256 *hash, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        sha256_add_string(hash, words->items[i]);
}

/* Large files are compared by size and time, as make does. */
static void add_identity(struct sha256 *hash, const char *path)
{
    struct stat file;
    if (!path || stat(path, &file) != 0)
        return;
    sha256_add_string(hash, path);
    sha256_add_part(hash, &file.st_size, sizeof file.st_size);
    sha256_add_part(hash, &file.st_mtim, sizeof file.st_mtim);
}

static void add_surroundings(struct sha256 *hash, const struct build *build)
{
    static const char *const variables[] = {"CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH"};
    char folder[PATH_MAX];
    sha256_add_string(hash, getcwd(folder, sizeof folder) ? folder : "");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        sha256_add_string(hash, value ? value : "");
    }
    add_identity(hash, build->compiler_file);
    add_identity(hash, build->paths.library);
    for (int i = 0; i < MODULES; i++)
        add_identity(hash, build->paths.modules[i].library);
    for (size_t i = 0; i < build->libraries.count;
         i++) /* a word of LDLIBS may be one of the user's archives */
        add_identity(hash, build->libraries.items[i]);
}

/* Reads the sources: a source that cannot be read is reported before a compiler runs. */
static bool add_sources(struct sha256 *hash, struct build *build)
{
    for (size_t i = 0; i < build->sources->count; i++) {
        const char *source = build->sources->items[i];
        struct text content = {0};
        bool good =
            is_stdin(source) ? text_read(&build->input, 0) : text_read_file(&content, source);
        if (!good)
            cli_trouble("cannot read \"%s\": %s", source, strerror(errno));
        const struct text *text = is_stdin(source) ? &build->input : &content;
        sha256_add_string(hash, source);
        sha256_add_part(hash, text->data, text->size);
        if (!good)
            return false;
    }
    return true;
}

static bool make_key(struct build *build, char key[65])
{
    struct sha256 hash;
    sha256_start(&hash);
    sha256_add_string(&hash, "eddy run 3");
    add_words(&hash, &build->compiler);
    add_words(&hash, &build->flags);
    add_words(&hash, &build->libraries);
    add_surroundings(&hash, build);
    bool good = add_sources(&hash, build);
    sha256_finish(&hash, key);
    return good;
}

/* ---- compiling ---- */

/* Extracts the paths from a rule for make: blanks in a path are "\ ", a dollar sign is "$$". */
static void read_rule(struct words *depends, const char *rule)
{
    struct text path = {0};
    for (const char *c = strchr(rule, ':') + 1;; c++) {
        if (*c == '\\' && c[1] == '\n') {
            c++;
        } else if (*c == '\0' || *c == ' ' || *c == '\n') {
            if (path.size)
                words_add(depends, path.data);
            path.size = 0;
            if (*c != ' ')
                break;
        } else {
            if ((*c == '\\' && (c[1] == ' ' || c[1] == '#')) || (*c == '$' && c[1] == '$'))
                c++;
            text_append(&path, c, 1);
        }
    }
}

/* If a compiler does not list what it read, nothing is known. */
static void note_depends(struct build *build, const char *file)
{
    struct text rule = {0};
    if (text_read_file(&rule, file) && strchr(rule.data, ':'))
        read_rule(&build->made_from.read, rule.data);
    else
        build->made_from.uncertain = true;
}

/* Runs the compiler, whose messages go to the log; 0, or the status for `eddy`. */
static int call(const struct build *build, const struct words *argv, const char *input)
{
    char *log = cache_path(&build->work, "messages");
    struct process process = {
        .argv = argv->items, .path = build->compiler_file, .input = input, .log = log};
    int status = process_run(&process);
    return status >= 0 ? status
                       : cli_trouble("cannot run the compiler \"%s\": %s", build->compiler_file, strerror(errno));
}

/* A numbered file in the work folder. */
static char *numbered(const struct build *build, size_t number, const char *kind)
{
    return cache_path(&build->work, text_format("%zu.%s", number, kind));
}

/* The file in the work folder that the compiler reads in place of standard input; NULL: an error was printed. */
static char *spill_input(const struct build *build)
{
    char *path = cache_path(&build->work, "input");
    FILE *file = fopen(path, "we");
    if (file && fwrite(build->input.data, 1, build->input.size, file) == build->input.size &&
        fclose(file) == 0)
        return path;
    cli_trouble("cannot write \"%s\": %s", path, strerror(errno));
    return NULL;
}

static int compile_one(struct build *build, size_t number)
{
    const char *source = build->sources->items[number];
    char *input = NULL;
    if (is_stdin(source) && !(input = spill_input(build)))
        return CLI_TROUBLE;
    char *object = numbered(build, number, "o"), *rule = numbered(build, number, "d");
    struct words argv = {0};
    words_append(&argv, &build->compiler);
    words_append(&argv, &build->flags);
    words_split(&argv, "-c -MD -MT x -MF");
    words_add(&argv, rule);
    words_add(&argv, "-o");
    words_add(&argv, object);
    words_split(&argv, input ? "-x c" : "");
    words_add(&argv, source);
    int status = call(build, &argv, input);
    if (status == 0)
        note_depends(build, rule);
    unlink(rule);
    if (input)
        unlink(input);
    return status;
}

/* Uses the compiler's own list of the files that it read, so that an #include two headers deep counts too. */
static bool reads_header(const struct build *build, const char *header)
{
    size_t length = strlen(header);
    for (size_t i = 0; i < build->made_from.read.count; i++) {
        const char *path = build->made_from.read.items[i];
        size_t size = strlen(path);
        if (size > length && path[size - length - 1] == '/' && strcmp(path + size - length, header) == 0)
            return true;
    }
    return false;
}

static bool uses_module(const struct build *build, const struct module *module)
{
    return reads_header(build, module->header) || (module->above && reads_header(build, module->above));
}

static int add_libraries(const struct build *build, struct words *argv)
{
    struct words after = {0}; /* what the archives are linked with */
    for (int i = 0; i < MODULES; i++) {
        if (!uses_module(build, &modules[i]))
            continue;
        if (!build->paths.modules[i].library)
            return cli_trouble("<%s> needs the module eddy-%s, which was not built; %s%s and build Eddy again",
                               modules[i].header, modules[i].name, *modules[i].needs ? "install " : "enable it",
                               modules[i].needs);
        words_add(argv, build->paths.modules[i].library);
        words_split(&after, modules[i].links);
    }
    words_add(argv, build->paths.library);
    words_append(argv, &after);
    words_append(argv, &build->libraries);
    return 0;
}

static int link_all(const struct build *build)
{
    struct words argv = {0};
    words_append(&argv, &build->compiler);
    words_append(&argv, &build->flags);
    for (size_t i = 0; i < build->sources->count; i++)
        words_add(&argv, numbered(build, i, "o"));
    int status = add_libraries(build, &argv);
    words_add(&argv, "-o");
    words_add(&argv, cache_path(&build->work, "program"));
    if (status == 0)
        status = call(build, &argv, NULL);
    for (size_t i = 0; i < build->sources->count; i++)
        unlink(numbered(build, i, "o"));
    return status;
}

/* True if the compiler's messages were replaced by one line, since they explain a missing keywords header badly. */
static bool name_header(const struct build *build, const char *messages)
{
    const char *name = build->sources->items[0];
    struct text source = {0};
    int line = build->sources->count == 1 && !is_stdin(name) && text_read_file(&source, name)
                   ? messages_line_without_keywords(messages, source.data) : 0;
    if (line)
        fprintf(stderr, "%s:%d: error: async, await and the other keywords are in <eddy/keywords.h>; <eddy.h> has only "
                        "the names that begin with eddy_\n", name, line);
    return line;
}

/* Prints the messages to standard error, without the notes about Eddy's macros; prints nothing if there is no file. */
static void show_messages(const struct build *build, bool failed)
{
    bool all = getenv("EDDY_ALL_MESSAGES");
    struct text messages = {0};
    bool read = text_read_file(&messages, cache_path(&build->work, "messages"));
    if (read && (all || !failed || !name_header(build, messages.data)))
        messages_show(messages.data, all);
}

/* Finds which new headers would change the program. If the compiler does not tell, the program is compiled each
 * time. */
static void note_absent(struct build *build)
{
    struct search_path search = {0};
    bool known = search_path_ask(&search, &build->compiler, build->compiler_file, &build->flags);
    if (!known || !search_path_absent(&search, &build->cache.opened, &build->made_from))
        build->made_from.uncertain = true;
}

/* Returns 0 and a new entry in build->work, or the status for `eddy`. */
static int make_entry(struct build *build, const char *key)
{
    if (!cache_work(&build->cache, &build->work))
        return CLI_TROUBLE;
    int status = 0;
    for (size_t i = 0; i < build->sources->count; i++) {
        int one = compile_one(build, i); /* compiles all sources, like make -k: all errors are shown together */
        if (status == 0)
            status = one;
    }
    if (status == 0)
        status = link_all(build);
    show_messages(build, status != 0);
    if (status != 0) {
        cache_discard(&build->cache, &build->work);
        return status;
    }
    note_absent(build);
    return cache_store(&build->cache, key, &build->made_from, &build->work) ? 0 : CLI_TROUBLE;
}

static int find_or_make(struct build *build)
{
    char key[65];
    if (!make_key(build, key))
        return CLI_TROUBLE;
    if (!cache_find(&build->cache, key, &build->work))
        return make_entry(build, key);
    show_messages(build, false);
    return 0;
}

/* The folder's descriptor remains open, but the program does not inherit it. */
static void give(struct build *build, struct program *program)
{
    fcntl(build->work.fd, F_SETFD, FD_CLOEXEC);
    program->folder = build->work.fd;
    program->file = cache_path(&build->work, "program");
    program->name = text_format("%s/%s/program", build->cache.folder, build->work.name);
    build->work.fd = -1;
}

static int check_readable(const struct words *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct stat file;
        const char *source = sources->items[i];
        if (is_stdin(source))
            continue;
        int error = stat(source, &file) != 0 || access(source, R_OK) != 0 ? errno : 0;
        if (!error && S_ISDIR(file.st_mode))
            error = EISDIR;
        if (error)
            return cli_trouble("cannot read \"%s\": %s", source, strerror(error));
    }
    return 0;
}

int compile_program(const struct words *sources, struct program *program)
{
    struct build build = {.sources = sources, .cache = {.fd = -1}, .work = CACHE_NO_ENTRY};
    int status = check_readable(sources);
    if (status)
        return status;
    status = CLI_TROUBLE;
    if (paths_find(&build.paths) && compile_find_compiler(&build.compiler, &build.compiler_file) &&
        cache_open(&build.cache)) {
        choose_flags(&build);
        status = find_or_make(&build);
        if (status == 0)
            give(&build, program);
    }
    cache_close(&build.cache);
    cache_entry_close(&build.work);
    return status;
}
