/* SPDX-License-Identifier: MIT */
/* test_http_beneath.c - no path leaves its folder, and both ways of opening it give the same. */
#define _GNU_SOURCE
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "seccomp.h"
#include "unit/child.h"

static char place[64]; /* holds the folder, and beside it what must not be reached */
static int folder = -1;

/* ==== a tree ==== */

static void write_to(const char *name)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, name, strlen(name)), strlen(name));
    close(fd);
}

static const char *const links[][2] = {
    {"a", "file-link"},        {"inner/b", "deep-link"},     {"inner", "folder-link"},  {"../a", "inner/up"},
    {"..", "inner/parent"},    {"../..", "inner/out"},       {"/etc/hostname", "absolute"}, {"../secret", "outside"},
    {"loop", "loop"},          {"folder-link/up", "chain"},  {"nowhere", "dangling"},   {"inner/", "slash-link"},
    {"a/", "slash-file"},      {".", "self"},                {"/proc/self/fd/0", "magic"},
    {"inner/deep/../../../inner/b", "too-high"},             {"inner/deep/../b", "down-and-up"},
};

static int make_tree(void **state)
{
    (void)state;
    char path[100];
    snprintf(place, sizeof place, "/tmp/eddy-beneath-XXXXXX");
    if (!mkdtemp(place))
        return -1;
    snprintf(path, sizeof path, "%s/www", place);
    mkdir(path, 0700);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(folder, "inner", 0700);
    mkdirat(folder, "inner/deep", 0700);
    mkdirat(folder, "swap", 0700);
    write_to("a");
    write_to("inner/b");
    write_to("swap/secret");
    write_to("../secret");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        assert_int_equal(symlinkat(links[i][0], folder, links[i][1]), 0);
    return symlinkat("..", folder, "swap-link");
}

static int remove_tree(void **state)
{
    (void)state;
    static const char *const files[] = {"a", "inner/b", "swap/secret", "swap-link", "../secret"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        unlinkat(folder, links[i][1], 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat(folder, files[i], 0);
    unlinkat(folder, "inner/deep", AT_REMOVEDIR);
    unlinkat(folder, "inner", AT_REMOVEDIR);
    unlinkat(folder, "swap", AT_REMOVEDIR);
    unlinkat(folder, "../www", AT_REMOVEDIR);
    close(folder);
    return rmdir(place);
}

/* ==== paths ==== */

/* What opening gives: the text of a file, "/" for a folder, or an error. */
static const struct {
    const char *path, *text;
    int error;
} cases[] = {
    {"a", "a", 0},
    {"inner/b", "inner/b", 0},
    {"inner//b", "inner/b", 0},
    {"./inner/./b", "inner/b", 0},
    {"inner/../a", "a", 0},
    {"inner/./../a", "a", 0},
    {"inner/deep/../../a", "a", 0},
    {"inner/deep/../b", "inner/b", 0},
    {"file-link", "a", 0},
    {"deep-link", "inner/b", 0},
    {"folder-link/b", "inner/b", 0},
    {"folder-link/../a", "a", 0},
    {"inner/up", "a", 0},
    {"inner/parent/a", "a", 0},
    {"inner/parent/inner/parent/a", "a", 0},
    {"chain", "a", 0},
    {"slash-link/b", "inner/b", 0},
    {"self/self/a", "a", 0},
    {"down-and-up", "inner/b", 0},
    {"inner", "/", 0},
    {"inner/", "/", 0},
    {"inner/.", "/", 0},
    {"inner/..", "/", 0},
    {"inner/deep/..", "/", 0},
    {"slash-link", "/", 0},
    {"inner/parent", "/", 0},
    {".", "/", 0},
    {"..", NULL, EXDEV},
    {"../secret", NULL, EXDEV},
    {"inner/../../secret", NULL, EXDEV},
    {"inner/out/secret", NULL, EXDEV},
    {"inner/out", NULL, EXDEV},
    {"absolute", NULL, EXDEV},
    {"outside", NULL, EXDEV},
    {"too-high", NULL, EXDEV},
    {"magic", NULL, EXDEV},
    {"/a", NULL, EXDEV},
    {"", NULL, ENOENT},
    {"loop", NULL, ELOOP},
    {"loop/a", NULL, ELOOP},
    {"dangling", NULL, ENOENT},
    {"nowhere/../a", NULL, ENOENT},
    {"a/", NULL, ENOTDIR},
    {"a/.", NULL, ENOTDIR},
    {"a/..", NULL, ENOTDIR},
    {"a/b", NULL, ENOTDIR},
    {"slash-file", NULL, ENOTDIR},
    {"file-link/b", NULL, ENOTDIR},
};

static bool gives(int fd, const char *text)
{
    char got[100] = "";
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    if (S_ISDIR(status.st_mode))
        return strcmp(text, "/") == 0;
    return read(fd, got, sizeof got - 1) > 0 && strcmp(got, text) == 0;
}

static int wrong_cases(int (*opens)(int folder, const char *path))
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = 0;
        int fd = opens(folder, cases[i].path);
        bool good = fd >= 0 ? cases[i].text && gives(fd, cases[i].text) : errno == cases[i].error && !cases[i].text;
        if (!good)
            fprintf(stderr, "\"%s\": %d, %s\n", cases[i].path, fd, fd < 0 ? strerror(errno) : "opened");
        wrong += !good;
        if (fd >= 0)
            close(fd);
    }
    return wrong;
}

static void paths_are_opened_by_walking(void **state)
{
    (void)state;
    int last = dup(folder);
    assert_int_equal(wrong_cases(beneath_walk), 0);
    int next = dup(folder);
    assert_int_equal(next, last + 1); /* no descriptor is left */
    close(last);
    close(next);
}

static void paths_are_opened_by_the_kernel(void **state)
{
    (void)state;
    assert_int_equal(wrong_cases(beneath_open), 0);
}

static int refusal;

static int under_filter(void)
{
    if (!seccomp_refuse(SYS_openat2, refusal))
        return 100;
    return wrong_cases(beneath_open);
}

static void paths_are_opened_if_openat2_is_refused(void **state)
{
    (void)state;
    static const int refusals[] = {ENOSYS, EPERM};
    for (int i = 0; i < 2; i++) {
        refusal = refusals[i];
        struct child child = child_run(under_filter);
        if (!child_exited(&child, 0))
            fail_msg("refused with %s:\n%s", strerror(refusal), child.said);
    }
}

static void paths_of_any_length_are_told(void **state)
{
    (void)state;
    char path[5000];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = 0;
    assert_true(beneath_walk(folder, path) < 0 && errno == ENAMETOOLONG);
    path[300] = 0; /* one name */
    assert_true(beneath_walk(folder, path) < 0 && errno == ENAMETOOLONG);
}

/* As a file server has one: whoever opens the file must not wait until it is given up. */
static void a_file_with_a_lease_is_refused_at_once(void **state)
{
    (void)state;
    int fd = openat(folder, "a", O_RDWR | O_CLOEXEC);
    signal(SIGIO, SIG_IGN);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) {
        close(fd);
        skip();
    }
    assert_true(beneath_open(folder, "a") < 0 && errno == EAGAIN);
    fcntl(fd, F_SETLEASE, F_UNLCK);
    close(fd);
    fd = beneath_open(folder, "a");
    assert_true(gives(fd, "a"));
    close(fd);
}

/* ==== somebody changes the folder meanwhile ==== */

static atomic_bool ends;

static void *swap(void *argument)
{
    while (!ends)
        renameat2(folder, "swap", folder, "swap-link", RENAME_EXCHANGE);
    return argument;
}

static void a_folder_that_becomes_a_link_leads_nowhere(void **state)
{
    (void)state;
    pthread_t thread;
    ends = false;
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < 3000; i++) {
        int fd = beneath_walk(folder, "swap/secret"); /* the link leads to the other secret */
        if (fd >= 0) {
            assert_true(gives(fd, "swap/secret"));
            close(fd);
        }
    }
    ends = true;
    pthread_join(thread, NULL);
    struct stat status;
    if (fstatat(folder, "swap", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
        assert_int_equal(renameat2(folder, "swap", folder, "swap-link", RENAME_EXCHANGE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_opened_by_walking),
        cmocka_unit_test(paths_are_opened_by_the_kernel),
        cmocka_unit_test(paths_are_opened_if_openat2_is_refused),
        cmocka_unit_test(paths_of_any_length_are_told),
        cmocka_unit_test(a_file_with_a_lease_is_refused_at_once),
        cmocka_unit_test(a_folder_that_becomes_a_link_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
