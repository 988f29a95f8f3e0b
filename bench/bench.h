/* SPDX-License-Identifier: MIT */
/*
 * bench.h - shared by the measuring programs, Eddy's and those of its peers in C and C++.
 *
 * Such a program answers one question in one or more measures. PROGRAM prints a line `measure value` for each;
 * PROGRAM MEASURE COUNT runs only that measure, COUNT times and without warming up; instructions are counted in this
 * way. A value is the processor time of one repetition in nanoseconds, unless the measure prints its values itself.
 * Other work on the machine lengthens processor time less than wall-clock time. If something did not happen as often
 * as it should have, the program ends with an error: a benchmark that skips its work is fast.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct measure {
    const char *name;
    long count;              /* how often the programs of the table repeat it */
    void (*ask)(long count); /* true: the value is a time */
    bool says_itself;        /* the measure prints its values itself, by bench_say */
};

/* Processor time of this process, in nanoseconds. */
static inline double bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline void bench_say(const char *name, double value)
{
    printf("%s %.6g\n", name, value);
    fflush(stdout);
}

static inline void bench_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench: not so: %s\n", what);
    exit(1);
}

/* A field of /proc/self/status, in bytes: "VmRSS" resident memory, "VmPTE" the page tables. */
static inline double bench_status(const char *field)
{
    char line[128];
    size_t length = strlen(field);
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, field, length) && line[length] == ':')
            kilobytes = strtod(line + length + 1, NULL);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* The same delays in every program: milliseconds, from 100 to 200 seconds, so that none fires. */
static inline long bench_delay(void)
{
    static uint64_t state = UINT64_C(88172645463325252);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return 100000 + (long)(state % 100000);
}

static inline void bench_measure(const struct measure *measure)
{
    if (measure->says_itself) {
        measure->ask(measure->count);
        return;
    }
    measure->ask(measure->count / 10);
    double start = bench_now();
    measure->ask(measure->count);
    bench_say(measure->name, (bench_now() - start) / (double)measure->count);
}

/* The main function of such a program, or of its main task; `measures` ends with an entry without a name. */
static inline int bench_main(int argc, char **argv, const struct measure *measures)
{
    bool all = argc < 3, found = false;
    for (const struct measure *measure = measures; measure->name; measure++) {
        if (all)
            bench_measure(measure);
        else if (!strcmp(argv[1], measure->name))
            measure->ask(atol(argv[2]));
        else
            continue;
        found = true;
    }
    bench_require(found, "there is a measure of that name");
    return 0;
}

#endif
