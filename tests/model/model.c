/* SPDX-License-Identifier: MIT */
/*
 * model.c - random programs in the simulation, in every weather: model [FIRST [COUNT]]
 *
 * Each seed is a program (program.h), an order and a weather. A child process runs many seeds. If it fails, the seed
 * is tried again alone, its program is made smaller as long as it fails, and printed. EDDY_SIM_WEATHER: that weather
 * only. EDDY_MODEL_SEEDS: how many, if COUNT is not given.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/memory.h"
#include "world.h"

enum { DEFAULT_SEEDS = 1000, REAL_SECONDS = 60, MOST_TRIES = 3000, CHUNK = 50 };

static const char *const weathers[] = {
    "mixed", "fine", "slow", "resets", "cuts", "storm", "late=1 deaf=0 latency=0.001 short=0",
};

static const char *given_weather; /* NULL: each seed chooses its own */

static const char *weather_of(uint64_t seed)
{
    return given_weather ? given_weather : weathers[seed % (sizeof weathers / sizeof weathers[0])];
}

/* ==== one program, in this process ==== */

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static void run(struct op *program, uint64_t seed)
{
    eddy_loop_options options = {.size = sizeof options, .driver = "sim", .seed = seed, .no_signals = true,
                                 .debug = seed % 5 == 0, .slow_step = 100};
    eddy_error err;
    long blocks = memory_live_blocks();
    int descriptors = count_descriptors();
    world.rough = strstr(weather_of(seed), "reset") != NULL || strstr(weather_of(seed), "storm") != NULL;
    setenv("EDDY_SIM_WEATHER", weather_of(seed), 1);
    alarm(REAL_SECONDS);
    eddy_run_with(&options, model_main(program), &err);
    alarm(0);
    MUST(!err.code, "the main task failed: %s", err.message);
    MUST(memory_live_blocks() == blocks, "%ld blocks of memory are left", memory_live_blocks() - blocks);
    MUST(count_descriptors() == descriptors, "%d descriptors, there were %d", count_descriptors(), descriptors);
}

/* ==== in a child ==== */

/* Shared with the children. */
static struct {
    uint64_t seed;              /* under way */
    long items, things, bytes;  /* of all */
} *progress;

/* True: the child succeeded. */
static bool survive(void (*body)(void *), void *argument, bool quiet)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(2);
    }
    if (child == 0) {
        if (quiet && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
            _exit(2);
        body(argument);
        fflush(stdout);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status) && !quiet)
        printf("It ended by signal %d (%s).\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return status == 0;
}

struct range {
    uint64_t first, end;
};

static void run_range(void *argument)
{
    const struct range *range = argument;
    for (uint64_t seed = range->first; seed < range->end; seed++) {
        progress->seed = seed;
        struct op *program = program_make(seed);
        run(program, seed);
        program_free(program);
        progress->items += world.item_count;
        progress->things += world.made;
        progress->bytes += world.bytes;
    }
}

struct attempt {
    struct op *program;
    uint64_t seed;
};

static void run_attempt(void *argument)
{
    const struct attempt *attempt = argument;
    run(attempt->program, attempt->seed);
}

/* ==== failing programs ==== */

static void shrink(struct attempt *attempt)
{
    bool smaller = true;
    unsigned tries = 0;
    while (smaller && tries < MOST_TRIES) {
        struct op *changed;
        smaller = false;
        for (unsigned step = 0; tries < MOST_TRIES && (changed = program_shrink(attempt->program, step)); tries++) {
            if (survive(run_attempt, attempt, true)) {
                program_restore(changed);
                step++;
            } else {
                smaller = true;
            }
        }
    }
}

static void tell(uint64_t seed, const char *program_name)
{
    struct attempt attempt = {program_make(seed), seed};
    printf("seed %llu, weather \"%s\" fails. Again:\n\n    %s %llu 1\n\n", (unsigned long long)seed, weather_of(seed),
           program_name, (unsigned long long)seed);
    if (survive(run_attempt, &attempt, true)) {
        printf("Alone it does not: other seeds of its process have to do with it.\n");
        return;
    }
    unsigned size = program_size(attempt.program);
    shrink(&attempt);
    printf("The smallest part of its %u operations that fails, and how:\n\n", size);
    program_print(stdout, attempt.program);
    printf("\n");
    survive(run_attempt, &attempt, false);
    program_free(attempt.program);
}

int main(int argc, char **argv)
{
    const char *given = getenv("EDDY_MODEL_SEEDS");
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : given ? strtoull(given, NULL, 0) : DEFAULT_SEEDS;
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *weather = getenv("EDDY_SIM_WEATHER"); /* run() sets it again */
    given_weather = weather ? strdup(weather) : NULL;
    for (struct range range = {first, first}; range.first < first + count; range.first = range.end) {
        range.end = range.first + CHUNK < first + count ? range.first + CHUNK : first + count;
        if (!survive(run_range, &range, true)) {
            tell(progress->seed, argv[0]);
            return 1;
        }
    }
    printf("%llu seeds from %llu on: %ld items, %ld things handed over, %ld bytes\n", (unsigned long long)count,
           (unsigned long long)first, progress->items, progress->things, progress->bytes);
    return 0;
}
