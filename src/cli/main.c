/* SPDX-License-Identifier: MIT */
/* main.c - the `eddy` command: finds the subcommand, and knows the help and the version. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <eddy/base.h>

#include "cli/arena.h"
#include "cli/cli.h"

static const struct command *const commands[] = {&command_run, &command_new, &command_tour,
                                                 &command_doctor};

#define COMMANDS (sizeof commands / sizeof *commands)

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_usage(FILE *stream)
{
    fputs("eddy: async/await for C\n\nusage: eddy COMMAND [ARGUMENTS]\n\n", stream);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help     explain a command: eddy help COMMAND\n"
          "  NAME     run the program eddy-NAME, if there is one (eddy jobs: the module jobs)\n\n"
          "  -h, --help     this text\n"
          "  -V, --version  the version\n",
          stream);
}

/* Output that could not be written is a failure: `eddy doctor >/dev/full` must not say that all
 * went well. */
static int finish(int status)
{
    arena_release();
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return status ? status : cli_trouble("cannot write to standard output");
}

static int help(const char *name)
{
    if (!name) {
        print_usage(stdout);
        return finish(0);
    }
    const struct command *command = find(name);
    if (!command)
        return external_run(name, (char *[]){NULL, (char *)(uintptr_t)"--help", NULL});
    fputs(command->help, stdout);
    return finish(0);
}

static int wants_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_MISUSE;
    }
    const char *word = argv[1];
    if (wants_help(word) || strcmp(word, "help") == 0)
        return help(argv[2]);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts("eddy " EDDY_VERSION_STRING);
        return finish(0);
    }
    const struct command *command = find(word);
    if (!command)
        return external_run(word, argv + 1);
    if (argc > 2 && wants_help(argv[2]))
        return help(word);
    return finish(command->run(argc - 1, argv + 1));
}
