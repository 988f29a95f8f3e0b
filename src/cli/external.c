/* SPDX-License-Identifier: MIT */
/*
 * external.c - eddy NAME for a NAME that is no command of `eddy`: the program eddy-NAME, executed in its place. So a
 * module brings a command of its own, as eddy-jobs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/paths.h"
#include "cli/process.h"

/* In PATH, beside `eddy`, or in the folder of the modules in a build tree. NULL: there is none. */
static char *find(const char *program)
{
    char *found = process_find(program), *folder = found ? NULL : paths_own_folder();
    if (folder) {
        found = process_find(text_format("%s/%s", folder, program));
        found = found ? found : process_find(text_format("%s/modules/%s", folder, program));
    }
    return found;
}

/* A name is no path, and no option. */
static bool is_name(const char *name)
{
    return *name && *name != '-' && !strchr(name, '/');
}

int external_run(const char *name, char **argv)
{
    char *program = is_name(name) ? find(text_format("eddy-%s", name)) : NULL;
    if (!program)
        return cli_misuse("no command \"%s\"; eddy help lists them", name);
    argv[0] = program;
    execv(program, argv);
    return cli_trouble("%s cannot be executed: %s", program, strerror(errno));
}
