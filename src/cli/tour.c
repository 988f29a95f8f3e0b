/* SPDX-License-Identifier: MIT */
/*
 * tour.c - eddy tour: the programs of the notes one after the other, source and output.
 *
 * The folder's INDEX orders them, a line each: FILE|TITLE|ARGUMENTS; "## " begins a chapter, a
 * single "#" a comment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/paths.h"
#include "cli/process.h"

static const char help[] =
    "usage: eddy tour [--real] [--list] [NAME...]\n"
    "\n"
    "Runs the programs of the notes one after the other, each with its title, its source and\n"
    "its output; on a terminal it waits for Enter between two. With names, only those.\n"
    "\n"
    "  eddy tour                 all of them, in virtual time: a sleep takes none\n"
    "  eddy tour --real queued   one, with its real waits\n"
    "  eddy tour --list          their names and titles\n"
    "\n"
    "exit status: 0, whatever status the programs end with; 1 when one does not compile, is\n"
    "killed or is not there; 130 after Ctrl-C; 2 for a wrong command line\n";

#define TOUR_MAX 256

struct stop {
    char *chapter;   /* the heading above it; empty: the same chapter goes on */
    char *file;      /* name in the folder of the notes */
    char *title;     /* what it shows */
    char *arguments; /* for the program, between blanks */
};

struct tour {
    struct stop stops[TOUR_MAX]; /* in order */
    size_t count;                /* how many */
    const char *folder;          /* the folder of the files */
    bool real;                   /* real time instead of virtual time */
    bool list;                   /* only list the programs */
    struct words names;          /* the programs that were asked for; none: all */
};

/* ---- the list of programs ---- */

static void add_stop(struct tour *tour, const char *chapter, const char *file, const char *title,
                     const char *arguments)
{
    if (tour->count < TOUR_MAX)
        tour->stops[tour->count++] = (struct stop){
            .chapter = text_format("%s", chapter),
            .file = text_format("%s", file),
            .title = text_format("%s", title),
            .arguments = text_format("%s", arguments),
        };
}

/* Splits a line at "|"; missing parts are empty. Returns the chapter of the next line. */
static const char *read_line(struct tour *tour, const char *chapter, char *line)
{
    if (strncmp(line, "## ", 3) == 0)
        return line + 3;
    if (!*line || *line == '#')
        return chapter;
    char *file = strsep(&line, "|"), *title = line ? strsep(&line, "|") : NULL;
    add_stop(tour, chapter, file, title ? title : "", line ? line : "");
    return "";
}

static bool read_index(struct tour *tour)
{
    struct text text = {0};
    bool there = text_read_file(&text, text_format("%s/INDEX", tour->folder));
    const char *chapter = "";
    char *rest = text.data;
    for (char *line; there && (line = strsep(&rest, "\n"));)
        chapter = read_line(tour, chapter, line);
    return there;
}

/* "queued" and "queued.c" both name queued.c. */
static bool is_named(const struct stop *stop, const char *name)
{
    size_t size = strlen(name);
    return strncmp(stop->file, name, size) == 0 &&
           (stop->file[size] == '\0' || strcmp(stop->file + size, ".c") == 0);
}

static bool wanted(const struct tour *tour, const struct stop *stop)
{
    for (size_t i = 0; i < tour->names.count; i++)
        if (is_named(stop, tour->names.items[i]))
            return true;
    return tour->names.count == 0;
}

static int check_names(const struct tour *tour)
{
    for (size_t i = 0; i < tour->names.count; i++) {
        size_t at = 0;
        while (at < tour->count && !is_named(&tour->stops[at], tour->names.items[i]))
            at++;
        if (at == tour->count)
            return cli_trouble("the tour has no program \"%s\"; eddy tour --list names them",
                               tour->names.items[i]);
    }
    return 0;
}

/* ---- showing ---- */

/* The source indented, so that it cannot be taken for output. */
static int show_source(const char *path)
{
    struct text text = {0};
    if (!text_read_file(&text, path))
        return cli_trouble("cannot read \"%s\": %s", path, strerror(errno));
    bool begins = true;
    for (size_t i = 0; i < text.size; i++) {
        if (begins && text.data[i] != '\n')
            fputs("    ", stdout);
        begins = text.data[i] == '\n';
        putchar(text.data[i]);
    }
    return 0;
}

/* Runs the program. Returns CLI_TROUBLE if it does not start or is killed, 130 for Ctrl-C. */
static int show_output(const char *path, const struct stop *stop)
{
    struct words sources = {0}, argv = {0};
    struct program program = {0};
    words_add(&sources, path);
    int status = compile_program(&sources, &program);
    if (status)
        return CLI_TROUBLE;
    words_add(&argv, text_format("%.*s", (int)strcspn(stop->file, "."), stop->file));
    words_split(&argv, stop->arguments);
    struct process process = {.argv = argv.items, .path = program.file, .input = "/dev/null"};
    status = process_run(&process);
    close(program.folder);
    if (status < 0)
        cli_trouble("cannot run \"%s\": %s", program.name, strerror(errno));
    else if (status)
        printf("(exit status %d)\n", status);
    return status == 130 ? 130 : status < 0 || status > 128 ? CLI_TROUBLE : 0;
}

static int visit(const struct tour *tour, const struct stop *stop, size_t number, size_t count)
{
    char *path = text_format("%s/%s", tour->folder, stop->file);
    if (*stop->chapter)
        printf("#### %s\n\n", stop->chapter);
    printf("==== %zu of %zu: %s%s%s ====\n\n", number, count, stop->file, *stop->title ? ": " : "",
           stop->title);
    int status = show_source(path);
    if (status == 0) {
        printf("\n---- output%s%s ----\n\n", *stop->arguments ? " with " : "", stop->arguments);
        status = show_output(path, stop);
    }
    putchar('\n');
    return status;
}

/* Between two programs on a terminal; false: the reader has seen enough. */
static bool go_on(void)
{
    if (!isatty(0) || !isatty(1))
        return true;
    fputs("[Enter: the next one, q: leave] ", stdout);
    fflush(stdout);
    int first = getchar();
    for (int c = first; c != '\n' && c != EOF;)
        c = getchar();
    return first != 'q' && first != EOF;
}

static int visit_all(const struct tour *tour)
{
    int status = 0;
    size_t count = 0, number = 0;
    for (size_t i = 0; i < tour->count; i++)
        count += wanted(tour, &tour->stops[i]);
    for (size_t i = 0; i < tour->count && status != 130; i++) {
        if (!wanted(tour, &tour->stops[i]))
            continue;
        if (number > 0 && !go_on())
            break;
        int one = visit(tour, &tour->stops[i], ++number, count);
        status = one ? one : status;
    }
    return status;
}

static void print_list(const struct tour *tour)
{
    for (size_t i = 0; i < tour->count; i++) {
        if (*tour->stops[i].chapter)
            printf("%s%s\n", i ? "\n" : "", tour->stops[i].chapter);
        printf("  %-22s %s\n", tour->stops[i].file, tour->stops[i].title);
    }
}

static int read_options(struct tour *tour, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--real") == 0)
            tour->real = true;
        else if (strcmp(argv[i], "--list") == 0)
            tour->list = true;
        else if (argv[i][0] == '-')
            return cli_misuse("tour has no option \"%s\"; eddy help tour lists them", argv[i]);
        else
            words_add(&tour->names, argv[i]);
    }
    return 0;
}

static int take_tour(struct tour *tour)
{
    if (!read_index(tour) || tour->count == 0)
        return cli_trouble("there is no program in \"%s\"", tour->folder);
    int status = check_names(tour);
    if (status)
        return status;
    if (tour->list) {
        print_list(tour);
        return 0;
    }
    if (!tour->real)
        setenv("EDDY_DRIVER", "sim", 1);
    return visit_all(tour);
}

static int run(int argc, char **argv)
{
    static struct tour tour;
    struct paths paths;
    int status = read_options(&tour, argc, argv);
    if (status == 0 && !paths_find(&paths))
        return CLI_TROUBLE;
    if (status == 0) {
        tour.folder = paths.notes;
        status = paths.notes
                     ? take_tour(&tour)
                     : cli_trouble("the programs of the notes are not installed here; they lie in "
                                   "examples/notes of Eddy's sources");
    }
    return status;
}

const struct command command_tour = {
    .name = "tour",
    .summary = "run the programs of the notes, showing source and output",
    .help = help,
    .run = run,
};
