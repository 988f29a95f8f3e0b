/* SPDX-License-Identifier: MIT */
/* test_given_up.c - rules of operations that the kernel cancels on its own, which no one has requested. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/driver.h"
#include "run_clean.h"

enum { KINDS = 5 };

static unsigned told; /* number of completions that were changed */

static void give_up(enum driver_point point, struct driver *driver, struct driver_op *op)
{
    (void)driver;
    if (point != DRIVER_AT_DONE || op->cancelled)
        return;
    op->result = -ECANCELED;
    told++;
}

/* Each one waits until another task makes it succeed, unless the hook interferes. */
async(void, waits, (int, kind), (int, fd))
{
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct stat status;
    switch (kind) {
    case 0: await(eddy_recv(fd, &byte, 1, 0)); break;
    case 1: await(eddy_recvmsg(fd, &message, 0)); break;
    case 2: await(eddy_poll(fd, 1)); break;
    case 3: await(eddy_read(fd, &byte, 1)); break;
    default: await(eddy_stat("/", &status));
    }
}

async(void, writes, (int, fd))
{
    await(eddy_sleep(0.001));
    CHECK(write(fd, "x", 1) == 1);
}

async(void, in_group, (int, kind), (int *, fds))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, waits(kind, fds[0]));
        eddy_group_spawn(group, writes(fds[1]));
    }
}

async(void, given_up, (int, kind))
{
    int fds[2];
    eddy_error err;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    driver_hook = give_up;
    told = 0;
    await(in_group(kind, fds), &err);
    driver_hook = NULL;
    close(fds[0]);
    close(fds[1]);
    /* A ring asks once more, or uses a thread; then no operation was given up. */
    CHECK(err.code == (told ? EDDY_GIVEN_UP : 0));
    CHECK(told || kind == KINDS - 1);
}

static void a_group_does_not_take_it_for_its_own_request(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        RUN_CLEAN(given_up(kind));
}

/* ==== no thread is available ==== */

async(int, write_and_read, (const char *, path))
{
    eddy_buffer buffer = {0};
    defer(eddy_buffer_free, &buffer);
    await(eddy_write_file(path, "important\n", 10));
    await(eddy_read_file(path, &buffer));
    return buffer.size != 10 || memcmp(buffer.data, "important\n", 10) != 0;
}

static void files_are_written_without_pool_threads(void **state)
{
    (void)state;
    char path[] = "/tmp/eddy-given-up-XXXXXX";
    int fd = mkstemp(path), status = -1;
    assert_true(fd >= 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        if (fchown(fd, 65534, 65534) == 0 && setuid(65534) != 0)
            _exit(3);
        setrlimit(RLIMIT_NPROC, &none);
        _exit(eddy_run(write_and_read(path)));
    }
    close(fd);
    waitpid(child, &status, 0);
    unlink(path);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_does_not_take_it_for_its_own_request),
        cmocka_unit_test(files_are_written_without_pool_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
