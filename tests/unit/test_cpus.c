/* SPDX-License-Identifier: MIT */
/* test_cpus.c - how many CPUs a process may use: quotas of control groups of both versions, and the affinity mask. */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/cpus.h"

static char top[] = "/tmp/eddy-cpus-XXXXXX";

static const char *at(const char *path)
{
    static char whole[600];
    snprintf(whole, sizeof whole, "%s/%s", top, path);
    return whole;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(at(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const char *path)
{
    mkdir(at(path), 0700);
}

/* The quota of a process whose membership is `groups`. */
static int quota(const char *groups)
{
    char membership[600];
    write_file("membership", groups);
    snprintf(membership, sizeof membership, "%s", at("membership"));
    return cpus_of_quota(membership, top);
}

static void version_2_has_one_file(void **state)
{
    (void)state;
    make_folder("pod");
    make_folder("pod/box");
    write_file("pod/box/cpu.max", "150000 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 2); /* 1.5, rounded up */
    write_file("pod/box/cpu.max", "100000 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 1);
    write_file("pod/box/cpu.max", "5000 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 1);
    write_file("pod/box/cpu.max", "max 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 0);
    assert_int_equal(quota("1:name=systemd:/\n0::/pod/box"), 0);
}

static void the_tightest_parent_counts(void **state)
{
    (void)state;
    write_file("pod/box/cpu.max", "800000 100000\n");
    write_file("pod/cpu.max", "300000 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 3);
    write_file("pod/box/cpu.max", "200000 100000\n");
    assert_int_equal(quota("0::/pod/box\n"), 2);
    write_file("cpu.max", "50000 50000\n");
    assert_int_equal(quota("0::/pod/box\n"), 1);
    assert_int_equal(quota("0::/\n"), 1);
    assert_int_equal(quota("0::/not/there\n"), 1); /* the path of the host, seen from a container */
    unlink(at("cpu.max"));
}

static void version_1_has_two_files(void **state)
{
    (void)state;
    make_folder("cpu,cpuacct");
    make_folder("cpu,cpuacct/box");
    write_file("cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
    write_file("cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota("4:memory:/box\n3:cpu,cpuacct:/box\n2:cpuset:/\n"), 3);
    assert_int_equal(quota("3:cpuset:/box\n2:cpuacct:/box\n"), 0); /* other controllers */
    write_file("cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(quota("3:cpu,cpuacct:/box\n"), 0);
}

static void nonsense_is_no_limit(void **state)
{
    (void)state;
    write_file("pod/cpu.max", "\n");
    write_file("pod/box/cpu.max", "100000 0\n");
    assert_int_equal(quota("0::/pod/box\n"), 0);
    write_file("pod/box/cpu.max", "1048576 1\n"); /* more CPUs than any machine has */
    assert_int_equal(quota("0::/pod/box\n"), 0);
    write_file("pod/box/cpu.max", "1048575 1\n");
    assert_int_equal(quota("0::/pod/box\n"), 1048575);
    write_file("pod/box/cpu.max", "1 1\n"); /* the smallest numbers that count */
    assert_int_equal(quota("0::/pod/box\n"), 1);
    write_file("pod/box/cpu.max", "0 1\n");
    assert_int_equal(quota("0::/pod/box\n"), 0);
    assert_int_equal(quota("0\n::\n:\n\n"), 0);
    assert_int_equal(quota(""), 0);
    assert_int_equal(cpus_of_quota("/does/not/exist", "/neither/does/this"), 0);
}

static int cpus_of_mask(void)
{
    cpu_set_t mask;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    return CPU_COUNT(&mask);
}

static void the_mask_counts_too(void **state)
{
    (void)state;
    int before = cpus_of_mask(), allowed = cpus_allowed();
    assert_true(allowed >= 1 && allowed <= before);
    struct cpus *cpus = cpus_pin(before + 1); /* begins anew */
    assert_non_null(cpus);
    assert_int_equal(cpus_of_mask(), 1);
    assert_int_equal(cpus_allowed(), 1);
    cpus_restore(cpus);
    assert_int_equal(cpus_of_mask(), before);
    assert_int_equal(cpus_allowed(), allowed);
    cpus_restore(NULL);
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    static const char *const files[] = {"membership", "pod/box/cpu.max", "pod/cpu.max",
                                        "cpu,cpuacct/box/cpu.cfs_quota_us", "cpu,cpuacct/box/cpu.cfs_period_us"};
    static const char *const folders[] = {"pod/box", "pod", "cpu,cpuacct/box", "cpu,cpuacct", ""};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(at(files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        rmdir(at(folders[i]));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_has_one_file),
        cmocka_unit_test(the_tightest_parent_counts),
        cmocka_unit_test(version_1_has_two_files),
        cmocka_unit_test(nonsense_is_no_limit),
        cmocka_unit_test(the_mask_counts_too),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
