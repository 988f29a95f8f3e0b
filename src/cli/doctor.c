/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - eddy doctor: what applies on this machine, found by trying it.
 *
 * The driver, the guard and the stack size come from the library's own choice (src/os), not from a
 * second implementation: a program gets what is printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <eddy/base.h>

#include "cli/cache.h"
#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/kernels.h"
#include "cli/paths.h"
#include "cli/process.h"
#include "os/driver.h"
#include "os/probe.h"
#include "os/stack.h"

static const char help[] =
    "usage: eddy doctor [--table]\n"
    "\n"
    "Prints, one line each, what is in force here: the driver, what the kernel can do (each tried,\n"
    "not looked up), how stacks are guarded and how many there can be, limits, the compiler,\n"
    "the cache. With --table: what you get on which kernel, in Markdown, this one marked.\n"
    "\n"
    "  eddy doctor\n"
    "  EDDY_DRIVER=sim eddy doctor\n"
    "\n"
    "exit status: 0; 1 when a program could not run here: no compiler, no driver, no stack;\n"
    "2 for a wrong command line\n";

static void row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *name, const char *format, ...)
{
    va_list arguments;
    printf("%-16s ", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* ---- how Eddy was built ---- */

static void show_machine(void)
{
    struct utsname kernel;
    uname(&kernel);
    row("eddy", "%s", EDDY_VERSION_STRING);
    row("kernel", "%s %s", kernel.sysname, kernel.release);
    row("machine", "%s, %ld processors", kernel.machine, sysconf(_SC_NPROCESSORS_ONLN));
}

static int show_compiler(void)
{
    struct words command = {0};
    char *file, line[160];
    if (!compile_find_compiler(&command, &file)) {
        row("compiler", "none");
        return CLI_TROUBLE;
    }
    words_add(&command, "--version");
    bool known = process_first_line(command.items, line, sizeof line);
    row("compiler", "%s (%s)", known ? line : "of unknown version", file);
    return 0;
}

static int show_library(void)
{
    struct paths paths;
    if (!paths_find(&paths)) {
        row("library", "none");
        return CLI_TROUBLE;
    }
    row("library", "%s%s", paths.library, paths.pkgconfig ? " (not installed)" : "");
    row("headers", "%s", paths.include);
    for (int i = 0; i < MODULES; i++) {
        const char *library = paths.modules[i].library;
        row(text_format("eddy-%s", modules[i].name), "%s", library ? library : "not built");
    }
    return 0;
}

static void show_cache(void)
{
    char *place = cache_place();
    if (access(place, F_OK) != 0)
        row("cache", "%s (not made yet)", place);
    else if (access(place, R_OK | W_OK | X_OK) != 0)
        row("cache", "%s: %s", place, strerror(errno));
    else
        row("cache", "%s, the last %d programs", place, CACHE_ENTRIES);
}

/* ---- what the kernel provides ---- */

static void show_drivers(void)
{
#if defined(EDDY_WITH_URING)
    row("drivers", "%s, %s, %s", driver_uring.name, driver_epoll.name, driver_sim.name);
#else
    row("drivers", "%s, %s; io_uring is not built in", driver_epoll.name, driver_sim.name);
#endif
}

static int show_driver(void)
{
    const struct driver_options options = {.seed = 0};
    const char *wish = getenv("EDDY_DRIVER");
    int error = 0;
    char why[160];
    struct driver *driver = driver_open(NULL, &options, &error);
    int refused;
    driver_refusal(why, sizeof why, &refused);
    if (!driver)
        row("driver", "none: %s", strerror(error));
    else if (driver->second_choice)
        row("driver", "%s, since io_uring is not available: %s", driver->type->name, why);
    else
        row("driver", "%s%s", driver->type->name, wish && *wish ? " (EDDY_DRIVER)" : "");
    show_drivers();
    if (!driver)
        return cli_trouble("no driver \"%s\": %s; unset EDDY_DRIVER", wish && *wish ? wish : driver_epoll.name,
                           error == EINVAL ? "there is none of this name" : refused ? why : strerror(error));
    driver_close(driver);
    return 0;
}

static void show_probe(const char *name, int answer)
{
    row(name, "%s%s", answer ? "no: " : "yes", answer ? strerror(answer) : "");
}

static void show_features(void)
{
    show_probe("epoll_pwait2", probe_epoll_pwait2());
    show_probe("eventfd", probe_eventfd());
    show_probe("pidfd_open", probe_pidfd());
    show_probe("io_uring_setup", probe_io_uring());
    show_probe("guard install", probe_guard_install());
    row("clock", "CLOCK_MONOTONIC in steps of %" PRId64 " ns", probe_clock_resolution());
}

/* ---- stacks ---- */

static int show_stacks(void)
{
    struct stack *stack = stack_take(0);
    long limit = probe_map_limit();
    row("stack size", "%zu KiB%s", stack_default_size() / 1024,
        getenv("EDDY_STACK_SIZE") ? " (EDDY_STACK_SIZE)" : "");
    if (!stack) {
        row("guard method", "none");
        return cli_trouble(
            "cannot make a stack of %zu KiB: %s; set EDDY_STACK_SIZE to a smaller size in bytes",
            stack_default_size() / 1024, strerror(errno));
    }
    static const char *const guards[] = {
        [STACK_GUARD_MADVISE] = "madvise(MADV_GUARD_INSTALL)",
        [STACK_GUARD_MPROTECT] = "mprotect",
        [STACK_GUARD_CANARY] = "a canary, checked at each switch",
        [STACK_GUARD_NONE] = "none",
    };
    row("guard method", "%s%s", guards[stack->guard],
        getenv("EDDY_STACK_GUARD") ? " (EDDY_STACK_GUARD)" : "");
    row("mapping limit", "%ld (vm.max_map_count)", limit);
    if (stack->guard == STACK_GUARD_MADVISE)
        row("guarded stacks", "as many as memory holds: a guard takes no mapping");
    else if (stack->guard == STACK_GUARD_MPROTECT) /* each stack takes two mappings */
        row("guarded stacks", "about %ld; a canary is checked in those beyond", limit / 2);
    else
        row("guarded stacks", "none");
    stack_give(stack);
    return 0;
}

/* ---- limits and tools ---- */

static void show_limits(void)
{
    struct rlimit files = {0, 0};
    char line[128];
    getrlimit(RLIMIT_NOFILE, &files);
    row("open files", "%ju (hard limit %ju)", (uintmax_t)files.rlim_cur, (uintmax_t)files.rlim_max);
    bool known = probe_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line);
    row("huge pages", "%s", known ? line : "unknown");
}

static void show_tools(void)
{
    bool sanitized = strstr(COMPILE_BUILD_FLAGS, "-fsanitize=");
    row("sanitizers", "%s",
        sanitized ? COMPILE_BUILD_FLAGS
                  : "none built in (meson configure build -Db_sanitize=address)");
    char *valgrind = process_find("valgrind");
    row("valgrind", "%s", valgrind ? valgrind : "not installed");
}

static int run(int argc, char **argv)
{
    struct utsname kernel;
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        uname(&kernel);
        kernels_print(kernel.release);
        return 0;
    }
    if (argc > 1)
        return cli_misuse("doctor has no option \"%s\"; eddy help doctor lists them", argv[1]);
    show_machine();
    int status = show_compiler();
    status |= show_library();
    show_cache();
    status |= show_driver();
    show_features();
    status |= show_stacks();
    show_limits();
    show_tools();
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "say which driver, kernel features, guards and limits are in force",
    .help = help,
    .run = run,
};
