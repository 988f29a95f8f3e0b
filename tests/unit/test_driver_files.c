/* SPDX-License-Identifier: MIT */
/* Operations on files with every driver: results are those of the system calls, and a cancelled operation reports
 * what it did. */
#define _GNU_SOURCE
#include "driver_rules.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "os/file_op.h"

enum { MANY = 64 };

static char folder[32];          /* the folder of the running test */
static char name[64], other[64]; /* in it */

struct file_probe {
    struct probe probe;
    struct driver_file file;
};

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/eddy-files-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(name, sizeof name, "%s/name", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return open_driver(state);
}

static int remove_folder(void **state)
{
    unlink(name);
    unlink(other);
    return rmdir(folder) != 0 || close_driver(state) != 0;
}

static void describe(struct file_probe *p, enum driver_op_kind kind, int fd, struct driver_file file)
{
    prepare(&p->probe, kind, fd);
    p->file = file;
    p->probe.op.u.file = &p->file;
}

/* Submits the operation and waits for its end. */
static int64_t run(enum driver_op_kind kind, int fd, struct driver_file file)
{
    struct file_probe p;
    describe(&p, kind, fd, file);
    return driver_submit(driver, &p.probe.op) ? p.probe.op.result : finish(&p.probe);
}

static int open_file(int flags)
{
    return (int)run(DRIVER_OPEN, AT_FDCWD, (struct driver_file){.path = name, .flags = flags, .mode = 0640});
}

static void bytes_go_where_the_offset_says(void **state)
{
    (void)state;
    char buffer[16] = "";
    int fd = open_file(O_RDWR | O_CREAT | O_EXCL);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(run(DRIVER_PWRITE, fd, (struct driver_file){.data = "world", .size = 5, .offset = 6}), 5);
    assert_int_equal(run(DRIVER_PWRITE, fd, (struct driver_file){.data = "hello ", .size = 6}), 6);
    assert_int_equal(run(DRIVER_PREAD, fd, (struct driver_file){.data = buffer, .size = 16, .offset = 3}), 8);
    assert_string_equal(buffer, "lo world");
    assert_int_equal(run(DRIVER_PREAD, fd, (struct driver_file){.data = buffer, .size = 16, .offset = 11}), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0); /* the file's own position does not matter */
    assert_int_equal(run(DRIVER_FSYNC, fd, (struct driver_file){0}), 0);
    assert_int_equal(run(DRIVER_FSYNC, fd, (struct driver_file){.flags = 1}), 0);
    assert_int_equal(run(DRIVER_TRUNCATE, fd, (struct driver_file){.offset = 4}), 0);
    assert_int_equal(run(DRIVER_PREAD, fd, (struct driver_file){.data = buffer, .size = 16}), 4);
    driver_close_fd(driver, fd);
}

static void status_is_that_of_the_path_or_of_the_descriptor(void **state)
{
    (void)state;
    struct file_status status;
    struct stat expected;
    int fd = open_file(O_RDWR | O_CREAT);
    assert_int_equal(run(DRIVER_PWRITE, fd, (struct driver_file){.data = "12345", .size = 5}), 5);
    for (int by_path = 0; by_path < 2; by_path++) {
        memset(&status, 0, sizeof status);
        assert_int_equal(run(DRIVER_STAT, by_path ? AT_FDCWD : fd,
                             (struct driver_file){.path = by_path ? name : "", .data = &status}), 0);
        assert_int_equal(stat(name, &expected), 0);
        assert_int_equal(status.size, 5);
        assert_int_equal(status.mode, expected.st_mode);
        assert_int_equal(status.inode, expected.st_ino);
        assert_int_equal(status.modified.seconds, expected.st_mtim.tv_sec);
        assert_int_equal(status.modified.nanoseconds, expected.st_mtim.tv_nsec);
    }
    driver_close_fd(driver, fd);
}

static void names_are_made_and_go(void **state)
{
    (void)state;
    assert_int_equal(run(DRIVER_MKDIR, AT_FDCWD, (struct driver_file){.path = name, .mode = 0700}), 0);
    assert_int_equal(run(DRIVER_MKDIR, AT_FDCWD, (struct driver_file){.path = name, .mode = 0700}), -EEXIST);
    assert_int_equal(run(DRIVER_RENAME, AT_FDCWD, (struct driver_file){.path = name, .other = other}), 0);
    assert_int_equal(run(DRIVER_UNLINK, AT_FDCWD, (struct driver_file){.path = other}), -EISDIR);
    assert_int_equal(run(DRIVER_UNLINK, AT_FDCWD, (struct driver_file){.path = other, .flags = AT_REMOVEDIR}), 0);
    assert_int_equal(run(DRIVER_UNLINK, AT_FDCWD, (struct driver_file){.path = other}), -ENOENT);
    assert_int_equal(run(DRIVER_RENAME, AT_FDCWD, (struct driver_file){.path = name, .other = other}), -ENOENT);
    assert_int_equal(open_file(O_RDONLY), -ENOENT);
}

static void a_folder_is_listed_to_its_end(void **state)
{
    (void)state;
    _Alignas(8) char entries[1024];
    int fd = (int)run(DRIVER_OPEN, AT_FDCWD, (struct driver_file){.path = folder, .flags = O_RDONLY | O_DIRECTORY});
    assert_true(fd >= 0);
    int64_t got = run(DRIVER_LIST, fd, (struct driver_file){.data = entries, .size = sizeof entries});
    assert_true(got > 0); /* "." and ".." */
    assert_int_equal(run(DRIVER_LIST, fd, (struct driver_file){.data = entries, .size = sizeof entries}), 0);
    driver_close_fd(driver, fd);
    assert_int_equal(run(DRIVER_LIST, -1, (struct driver_file){.data = entries, .size = sizeof entries}), -EBADF);
}

/* More operations than there are threads. Each one completes once: with all of its work done, or with none. */
static void many_are_cancelled_and_each_says_what_it_did(void **state)
{
    (void)state;
    static struct file_probe probes[MANY];
    int opened = 0, refused = 0;
    close(open_file(O_RDWR | O_CREAT));
    completed = 0;
    for (int i = 0; i < MANY; i++) {
        describe(&probes[i], DRIVER_OPEN, AT_FDCWD, (struct driver_file){.path = name, .flags = O_RDONLY});
        if (driver_submit(driver, &probes[i].probe.op))
            probes[i].probe.completions = -1;
    }
    for (int i = MANY; i-- > 0;)
        if (probes[i].probe.completions == 0)
            driver_cancel(driver, &probes[i].probe.op);
    assert_int_equal(completed, 0);
    for (int i = 0; i < MANY; i++) {
        int64_t result = probes[i].probe.completions < 0 ? probes[i].probe.op.result : 0;
        if (probes[i].probe.completions >= 0)
            result = finish(&probes[i].probe);
        if (result == -ECANCELED) {
            refused++;
        } else {
            assert_true(result >= 0);
            close((int)result);
            opened++;
        }
    }
    assert_int_equal(opened + refused, MANY);
}

static void without_a_thread_it_fails(void **state)
{
    (void)state;
    struct file_probe p;
    describe(&p, DRIVER_MKDIR, AT_FDCWD, (struct driver_file){.path = name, .mode = 0700});
    memory_fail_after(1);
    bool at_once = driver_submit(driver, &p.probe.op);
    memory_fail_after(0);
    int64_t result = at_once ? p.probe.op.result : finish(&p.probe);
    if (result != -ENOMEM) /* the operation needed no memory */
        assert_int_equal(result, 0);
    rmdir(name);
}

/* They end in any order, but a wait that has nothing else to do returns after each one. */
static void the_wait_sleeps_until_a_thread_has_ended(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct file_status status;
        assert_int_equal(run(DRIVER_STAT, AT_FDCWD, (struct driver_file){.path = folder, .data = &status}), 0);
    }
}

#define FILE_RULE(rule) cmocka_unit_test_setup_teardown(rule, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest rules[] = {
        FILE_RULE(bytes_go_where_the_offset_says),
        FILE_RULE(status_is_that_of_the_path_or_of_the_descriptor),
        FILE_RULE(names_are_made_and_go),
        FILE_RULE(a_folder_is_listed_to_its_end),
        FILE_RULE(many_are_cancelled_and_each_says_what_it_did),
        FILE_RULE(without_a_thread_it_fails),
        FILE_RULE(the_wait_sleeps_until_a_thread_has_ended),
    };
    return run_rules(rules);
}
