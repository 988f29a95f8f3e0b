/* SPDX-License-Identifier: MIT */
/* cpus.c - see cpus.h. */
#define _GNU_SOURCE
#include "os/cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "os/memory.h"

/* ==== the affinity mask ==== */

enum { FIRST_GUESS = 1024, MOST_CPUS = 1 << 20 };

struct cpus {
    size_t size; /* of the mask, in bytes */
    cpu_set_t mask[];
};

/* The mask of the calling thread, which the kernel refuses to put into one that is too small; NULL: it cannot be
 * known. */
static struct cpus *own_mask(void)
{
    for (int most = FIRST_GUESS; most <= MOST_CPUS; most *= 2) {
        size_t size = CPU_ALLOC_SIZE(most);
        struct cpus *cpus = memory_alloc_zeroed(sizeof *cpus + size);
        if (!cpus)
            return NULL;
        cpus->size = size;
        if (sched_getaffinity(0, size, cpus->mask) == 0)
            return cpus;
        memory_free(cpus);
        if (errno != EINVAL)
            return NULL;
    }
    return NULL;
}

static int count_of_mask(void)
{
    struct cpus *cpus = own_mask();
    int count = cpus ? CPU_COUNT_S(cpus->size, cpus->mask) : 0;
    memory_free(cpus);
    return count;
}

static int nth_cpu(const struct cpus *cpus, int n)
{
    int cpu = 0;
    while (!CPU_ISSET_S((size_t)cpu, cpus->size, cpus->mask) || n-- > 0)
        cpu++;
    return cpu;
}

struct cpus *cpus_pin(int i)
{
    struct cpus *before = own_mask(), *one = own_mask();
    int count = before ? CPU_COUNT_S(before->size, before->mask) : 0;
    bool pinned = false;
    if (count && one) {
        CPU_ZERO_S(one->size, one->mask);
        CPU_SET_S((size_t)nth_cpu(before, i % count), one->size, one->mask);
        pinned = sched_setaffinity(0, one->size, one->mask) == 0;
    }
    memory_free(one);
    if (pinned)
        return before;
    memory_free(before);
    return NULL;
}

void cpus_restore(struct cpus *cpus)
{
    if (cpus)
        sched_setaffinity(0, cpus->size, cpus->mask);
    memory_free(cpus);
}

/* ==== the quota ==== */

enum { PATH_BYTES = 4096, LINE_BYTES = 4096 };

/* CPUs that `quota` of each `period`, in microseconds, fills. 0: no limit. */
static int cpus_of_time(long quota, long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long cpus = quota / period + (quota % period != 0);
    return cpus < MOST_CPUS ? (int)cpus : 0;
}

/* The smaller limit; 0: none. */
static int tighter(int a, int b)
{
    return a && (!b || a < b) ? a : b;
}

static bool read_line_of(const char *folder, const char *name, char *line, int size)
{
    char path[PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, size, file);
    if (file)
        fclose(file);
    return read;
}

/* Version 2 has one file, version 1 has two. */
static int quota_of_folder(const char *folder)
{
    char line[64];
    long quota, period;
    if (read_line_of(folder, "cpu.max", line, sizeof line))
        return sscanf(line, "%ld %ld", &quota, &period) == 2 ? cpus_of_time(quota, period) : 0;
    if (!read_line_of(folder, "cpu.cfs_quota_us", line, sizeof line) || sscanf(line, "%ld", &quota) != 1)
        return 0;
    if (!read_line_of(folder, "cpu.cfs_period_us", line, sizeof line) || sscanf(line, "%ld", &period) != 1)
        return 0;
    return cpus_of_time(quota, period);
}

/* The group and its parents, up to the mount. In a container the group's path may be that of the host, and only its
 * last parent be there. */
static int quota_of_group(const char *mount, const char *hierarchy, const char *group)
{
    char folder[PATH_BYTES];
    int root = snprintf(folder, sizeof folder, "%s%s%s", mount, *hierarchy ? "/" : "", hierarchy);
    if (root < 0 || (size_t)root + strlen(group) >= sizeof folder)
        return 0;
    strcpy(folder + root, group);
    int quota = quota_of_folder(folder);
    for (char *end; (end = strrchr(folder + root, '/'));) {
        *end = '\0';
        quota = tighter(quota_of_folder(folder), quota);
    }
    return quota;
}

/* True: a hierarchy of version 1 that limits CPU time, "cpu" or "cpu,cpuacct". */
static bool has_cpu(const char *controllers)
{
    size_t length;
    for (; *controllers; controllers += length + (controllers[length] == ',')) {
        length = strcspn(controllers, ",");
        if (length == 3 && strncmp(controllers, "cpu", 3) == 0)
            return true;
    }
    return false;
}

/* A line is "number:controllers:path"; version 2 has no controllers there. */
static int quota_of_line(char *line, const char *mount)
{
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return 0;
    *controllers++ = *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (strcmp(group, "/") == 0)
        group = "";
    if (!*controllers)
        return tighter(quota_of_group(mount, "", group), quota_of_group(mount, "unified", group));
    if (!has_cpu(controllers))
        return 0;
    return tighter(quota_of_group(mount, controllers, group), quota_of_group(mount, "cpu", group));
}

int cpus_of_quota(const char *membership, const char *mount)
{
    char line[LINE_BYTES];
    int quota = 0;
    FILE *file = fopen(membership, "re");
    while (file && fgets(line, sizeof line, file))
        quota = tighter(quota_of_line(line, mount), quota);
    if (file)
        fclose(file);
    return quota;
}

int cpus_allowed(void)
{
    int cpus = tighter(cpus_of_quota("/proc/self/cgroup", "/sys/fs/cgroup"), count_of_mask());
    return cpus ? cpus : 1;
}
