/* SPDX-License-Identifier: MIT */
/* functions.h - jobs that the tests call, here and on workers. */
#ifndef EDDY_TESTS_JOBS_FUNCTIONS_H
#define EDDY_TESTS_JOBS_FUNCTIONS_H

#include <eddy/keywords.h>
#include <eddy/jobs.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

wire_struct(point, (double, x), (double, y));
wire_struct(route, (const char *, name), (array_of(point), points), (int, count));

static int runs; /* of jobs, in this process */

remote_async(point, middle, (point, a), (point, b))
{
    runs++;
    return (point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

remote_async(char *, greet, (const char *, name), (int, times))
{
    char *text = NULL;
    await(eddy_sleep(0.001));
    if (asprintf(&text, "Hello %s, %d times", name ? name : "nobody", times) < 0)
        throw(ENOMEM);
    return text;
}

remote_async(long long, total, (array_of(int64_t), numbers), (eddy_slice, bytes), (bool, negative))
{
    long long sum = 0;
    for (size_t i = 0; i < numbers.count; i++)
        sum += numbers.items[i];
    for (size_t i = 0; i < bytes.size; i++)
        sum += (unsigned char)bytes.data[i];
    return negative ? -sum : sum;
}

remote_async(route, extend, (route, r), (point, p))
{
    static point both[16];
    size_t count = r.points.count;
    memcpy(both, r.points.items, count * sizeof both[0]);
    both[count] = p;
    return (route){.name = r.name, .points = {both, count + 1}, .count = r.count + 1};
}

remote_async(uint64_t, limits, (uint64_t, a), (int64_t, b), (uint8_t, c), (float, d))
{
    if (!(a == UINT64_MAX && b == INT64_MIN && c == 255 && d == 1.5f))
        throw(ERANGE, "the numbers have changed on their way");
    return a;
}

remote_async(void, nothing)
{
    runs++;
}

static void fail_deep(eddy_error *err)
{
    eddy_error_set(err, EDOM, "no good");
}

async(void, fails_inside, (int, n))
{
    eddy_error err;
    fail_deep(&err);
    if (n > 0)
        rethrow(&err);
}

remote_async(int, fails, (int, n))
{
    runs++;
    await(fails_inside(n));
    return n;
}

static int exclusive_now; /* jobs of `exclusive` in this process */

static void leave_exclusive(int *count)
{
    --*count;
}

/* Fails with EDOM after a while if n is 0, and with EBUSY if another one runs in this process. Gives its number. */
remote_async(int, exclusive, (int, n), (double, seconds))
{
    runs++;
    exclusive_now++;
    defer(leave_exclusive, &exclusive_now);
    if (exclusive_now > 1)
        throw(EBUSY, "two at once");
    await(eddy_sleep(seconds));
    if (!n)
        throw(EDOM, "not this time, %d", runs);
    return runs;
}

remote_async(int, sleeps, (int, n), (double, seconds))
{
    runs++;
    await(eddy_sleep(seconds));
    return n;
}

remote_async(int, limited, (double, seconds))
{
    await(eddy_sleep(seconds));
    return 1;
}
remote_limits(limited, .time_limit = 0.5);

static int at_once, most_at_once; /* jobs of `narrow` in this process */

static void leave_narrow(int *count)
{
    --*count;
}

/* How many of them ran when it ended, at most; on one worker. */
remote_async(int, narrow, (double, seconds))
{
    defer(leave_narrow, &at_once);
    at_once++;
    most_at_once = at_once > most_at_once ? at_once : most_at_once;
    await(eddy_sleep(seconds));
    return most_at_once;
}
remote_limits(narrow, .at_once = 2);

/* One at a time. */
remote_async(void, single)
{
    runs++;
}
remote_limits(single, .at_once = 1);

/* As many bytes as it is told; they are gone after the next one. */
remote_async(eddy_slice, bulky, (int, size))
{
    static char bytes[2 << 20];
    if (size < 0 || (size_t)size > sizeof bytes)
        throw(EINVAL, "%d bytes", size);
    return (eddy_slice){bytes, (size_t)size};
}

/* When it ran. */
remote_async(double, stamp)
{
    return eddy_time();
}
remote_limits(stamp, .keep = 1);

/* When it ran: ten in a second. */
remote_async(double, paced)
{
    return eddy_time();
}
remote_limits(paced, .rate = 10);

/* Its number among those that began in this process. */
remote_async(int, ordered, (double, seconds))
{
    static int begun;
    int number = ++begun;
    await(eddy_sleep(seconds));
    return number;
}

/* It may be lost never, and not take long. */
remote_async(int, fragile, (int, n))
{
    return n;
}
remote_limits(fragile, .tries = 1, .time_limit = 0.5);

/* Kills its worker as long as there is a file. */
remote_async(int, moody, (const char *, path))
{
    if (access(path, F_OK) == 0)
        kill(getpid(), SIGKILL);
    return 1;
}
remote_limits(moody, .tries = 1);

/* Leaves a file when it begins. */
remote_async(int, begins, (const char *, path), (double, seconds))
{
    FILE *file = fopen(path, "w");
    if (file)
        fclose(file);
    await(eddy_sleep(seconds));
    return 3;
}

/* Leaves a file, which the environment names. */
remote_async(void, marks)
{
    FILE *file = fopen(getenv("EDDY_JOBS_MARK"), "w");
    if (file)
        fclose(file);
}

/* Kills its worker. */
remote_async(void, poison)
{
    kill(getpid(), SIGKILL);
}
remote_limits(poison, .tries = 2);

/* The same, with as many bytes as a job may have. */
remote_async(void, heavy, (eddy_slice, bytes))
{
    if (bytes.size)
        kill(getpid(), SIGKILL);
}
remote_limits(heavy, .tries = 1);

/* Blocks the loop of its worker; the second time it does not. path: a file that the first one leaves. */
remote_async(int, stalls, (const char *, path))
{
    bool is_second = access(path, F_OK) == 0;
    FILE *file = fopen(path, "a");
    if (file)
        fclose(file);
    if (!is_second)
        sleep(6);
    return is_second ? 2 : 1;
}
remote_limits(stalls, .stall_limit = 1);

#endif
