/* SPDX-License-Identifier: MIT */
/* seeds.c - workers take one seed after the other; the output of a program is printed only if it failed. */
#include "cli/seeds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <eddy/keywords.h>

#include "cli/cli.h"
#include "os/sim_weather.h"

enum { MOST_OUTPUT = 64 << 20 };
#define LONGEST_SETTING "EDDY_SEED=18446744073709551615"

extern char **environ;

/* The outcome of the program with one seed. */
struct trial {
    uint64_t seed;
    int status;          /* the exit status, as a shell shows it, or SEEDS_HUNG */
    eddy_buffer output;  /* its output, including errors */
};

struct seed_search {
    const struct seeds *seeds;
    struct words arguments; /* the program's file and its arguments */
    uint64_t next, last;  /* seeds still to try */
    struct trial failed;  /* the lowest one that has failed; seed 0: none has */
};

bool seeds_weather_is_known(const char *weather)
{
    struct sim_weather unused;
    return sim_weather_read(&unused, 1, weather);
}

/* ==== the program with one seed ==== */

static bool is_ours(const char *entry)
{
    static const char *const names[] = {"EDDY_DRIVER=", "EDDY_SEED=", "EDDY_SIM_WEATHER="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The first word has room for any seed. */
static void make_environment(struct words *words, const struct seeds *seeds)
{
    words_add(words, LONGEST_SETTING);
    words_add(words, "EDDY_DRIVER=sim");
    if (seeds->weather)
        words_add(words, text_format("EDDY_SIM_WEATHER=%s", seeds->weather));
    for (char **entry = environ; *entry; entry++)
        if (!is_ours(*entry))
            words_add(words, *entry);
}

/* The child does not have this process's descriptor of the program. */
static void add_program(struct words *words, const char *file)
{
    static const char own[] = "/proc/self/";
    bool is_own = strncmp(file, own, strlen(own)) == 0;
    words_add(words, is_own ? text_format("/proc/%d/%s", (int)getpid(), file + strlen(own)) : file);
}

static void make_arguments(struct words *words, const struct seeds *seeds)
{
    add_program(words, seeds->program);
    for (char *const *argument = seeds->arguments; *argument; argument++)
        words_add(words, *argument);
}

/* Waits until the program ends; when its time is over, SIGINT makes its main task print where it waits. */
async(eddy_exit_status, watch, (eddy_process *, process), (double, seconds), (struct trial *, trial), (bool *, hung))
{
    eddy_error err;
    const eddy_slice nothing = {"", 0};
    eddy_exit_status status =
        await_for(eddy_process_communicate(process, nothing, &trial->output, NULL, MOST_OUTPUT), seconds, &err);
    if (!err.code)
        return status;
    if (err.code != ETIMEDOUT && err.code != EDDY_LIMIT_OVERRUN)
        rethrow(&err);
    *hung = true;
    eddy_process_signal(process, SIGINT);
    await_for(eddy_process_communicate(process, nothing, &trial->output, NULL, MOST_OUTPUT), 1, &err);
    return (eddy_exit_status){.code = SEEDS_HUNG};
}

async(void, try_seed, (const struct seed_search *, search), (const struct words *, environment),
      (struct trial *, trial))
{
    bool hung = false;
    snprintf(environment->items[0], sizeof LONGEST_SETTING, "EDDY_SEED=%llu", (unsigned long long)trial->seed);
    eddy_process_options options = {.size = sizeof options, .in = EDDY_NULL, .out = EDDY_PIPE,
                                    .err = EDDY_SAME_AS_OUTPUT, .new_group = true,
                                    .environment = (const char *const *)(void *)environment->items};
    eddy_process *process = await(eddy_process_start(search->arguments.items, &options));
    defer(eddy_process_abort, process);
    eddy_exit_status status = await(watch(process, search->seeds->seconds, trial, &hung));
    trial->status = hung ? SEEDS_HUNG : status.signal ? 128 + status.signal : status.code;
}

/* ==== all seeds ==== */

static void free_output(struct trial *trial)
{
    eddy_buffer_free(&trial->output);
}

static void keep_lowest(struct seed_search *search, struct trial *trial)
{
    if (trial->status == 0 || (search->failed.seed && search->failed.seed < trial->seed))
        return;
    struct trial higher = search->failed;
    search->failed = *trial;
    *trial = higher;
    search->last = search->failed.seed - 1;
}

async(void, work, (struct seed_search *, search))
{
    struct words environment = {0};
    make_environment(&environment, search->seeds);
    while (search->next <= search->last) {
        struct trial trial = {.seed = search->next++}, *self = &trial;
        defer(free_output, self);
        await(try_seed(search, &environment, &trial));
        keep_lowest(search, &trial);
    }
}

async(void, search_all, (struct seed_search *, search))
{
    long workers = sysconf(_SC_NPROCESSORS_ONLN);
    async_with (group, eddy_task_group()) {
        for (long i = 0; i < (workers > 0 ? workers : 1); i++)
            eddy_group_spawn(group, work(search));
    }
}

/* ==== the report ==== */

/* Quoted so that a shell reads the same text. */
static void print_word(const char *word)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=,:";
    if (*word && strspn(word, harmless) == strlen(word)) {
        fputs(word, stderr);
        return;
    }
    fputc('\'', stderr);
    for (; *word; word++)
        *word == '\'' ? fputs("'\\''", stderr) : fputc(*word, stderr);
    fputc('\'', stderr);
}

static void print_command(const struct seeds *seeds, uint64_t seed)
{
    fprintf(stderr, "    EDDY_DRIVER=sim EDDY_SEED=%llu ", (unsigned long long)seed);
    if (seeds->weather) {
        fputs("EDDY_SIM_WEATHER=", stderr);
        print_word(seeds->weather);
        fputc(' ', stderr);
    }
    fputs("eddy run", stderr);
    for (size_t i = 0; i < seeds->sources->count; i++) {
        fputc(' ', stderr);
        print_word(seeds->sources->items[i]);
    }
    if (*seeds->arguments)
        fputs(" --", stderr);
    for (char *const *argument = seeds->arguments; *argument; argument++) {
        fputc(' ', stderr);
        print_word(*argument);
    }
    fputc('\n', stderr);
}

static void print_how(const struct seeds *seeds, int status)
{
    if (status == SEEDS_HUNG)
        fprintf(stderr, "has not ended after %g seconds", seeds->seconds);
    else if (status > 128)
        fprintf(stderr, "ends by signal %d (%s)", status - 128, strsignal(status - 128));
    else
        fprintf(stderr, "ends with status %d", status);
}

static void tell(const struct seeds *seeds, const struct trial *failed)
{
    if (failed->output.size)
        fwrite(failed->output.data, 1, failed->output.size, stderr);
    fprintf(stderr, "eddy: with seed %llu the program ", (unsigned long long)failed->seed);
    print_how(seeds, failed->status);
    fputs("; again:\n", stderr);
    print_command(seeds, failed->seed);
}

int seeds_run(const struct seeds *seeds)
{
    struct seed_search search = {.seeds = seeds, .next = 1, .last = seeds->count};
    eddy_loop_options options = {.size = sizeof options, .driver = "epoll"};
    eddy_error err;
    make_arguments(&search.arguments, seeds);
    eddy_run_with(&options, search_all(&search), &err);
    int status = search.failed.status;
    if (err.code == ECANCELED)
        status = 130;
    else if (err.code)
        status = cli_trouble("%s", err.message);
    else if (search.failed.seed)
        tell(seeds, &search.failed);
    else
        printf("%llu seeds, each well\n", (unsigned long long)seeds->count);
    free_output(&search.failed);
    return status;
}
