/* SPDX-License-Identifier: MIT */
/* test_no_descriptors.c - rules of calls that find no free descriptor: each one fails with an error, and leaves
 * nothing open. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run_clean.h"

/* Allows no further descriptor from here on; returns the previous limit. */
static struct rlimit use_up(void)
{
    struct rlimit before, none;
    int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)next;
    close(next);
    setrlimit(RLIMIT_NOFILE, &none);
    return before;
}

static void give_back(struct rlimit *before)
{
    setrlimit(RLIMIT_NOFILE, before);
}

async(void, serves, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    char byte;
    await(eddy_stream_read(s, &byte, 1));
}

#define IS_REFUSED(words)                                                                                              \
    ((err.code == EMFILE && strstr(err.message, words)) ||                                                             \
     (print_error("%s: %d, \"%s\"\n", words, err.code, err.message), false))

async(void, asks_for_descriptors, (int, port), (const char *, path))
{
    eddy_error err;
    eddy_stream *ends[2];
    struct rlimit before = use_up();
    defer(give_back, &before);
    await(eddy_open_pipe(&ends[0], &ends[1]), &err);
    CHECK(IS_REFUSED("eddy_open_pipe") && !ends[0] && !ends[1]);
    await(eddy_open_connection("127.0.0.1", port), &err);
    CHECK(IS_REFUSED("eddy_open_connection(\"127.0.0.1\", "));
    await(eddy_open_unix_connection("@nobody"), &err);
    CHECK(IS_REFUSED("eddy_open_unix_connection(\"@nobody\")"));
    await(eddy_start_server(serves, (void *)NULL, "127.0.0.1", 0), &err);
    CHECK(IS_REFUSED("127.0.0.1"));
    await(eddy_file_open(path, O_RDONLY), &err);
    CHECK(IS_REFUSED("eddy_file_open(\"/dev/zero\")"));
    const eddy_process_options piped = {.size = sizeof piped, .out = EDDY_PIPE};
    await(eddy_process_start(EDDY_COMMAND("true"), &piped), &err);
    CHECK(IS_REFUSED("eddy_process_start(\"true\")"));
    async_for (entry, eddy_directory("/"), &err)
        (void)entry;
    CHECK(IS_REFUSED("eddy_directory(\"/\")"));
}

async(void, goes_on_afterwards)
{
    char byte;
    eddy_server *server = await(eddy_start_server(serves, (void *)NULL, "127.0.0.1", 0));
    await(asks_for_descriptors(eddy_server_port(server), "/dev/zero"));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_stream_write(s, "x", 1));
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 0);
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1));
}

static void each_call_fails_and_works_when_some_are_free_again(void **state)
{
    (void)state;
    RUN_CLEAN(goes_on_afterwards());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fails_and_works_when_some_are_free_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
