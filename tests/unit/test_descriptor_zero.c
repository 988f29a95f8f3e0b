/* SPDX-License-Identifier: MIT */
/*
 * test_descriptor_zero.c - a daemon has closed its standard input, so the next descriptor that is opened is 0. Whatever
 * the library opens as 0 works like any other and is closed with its owner.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

static bool zero_is_open(void)
{
    return fcntl(STDIN_FILENO, F_GETFD) >= 0;
}

#define OPENS_ZERO(...)                                                                                                \
    do {                                                                                                               \
        CHECK(!zero_is_open());                                                                                        \
        __VA_ARGS__;                                                                                                   \
        CHECK(zero_is_open());                                                                                         \
    } while (0)

#define CLOSES_ZERO(...)                                                                                               \
    do {                                                                                                               \
        CHECK(zero_is_open());                                                                                         \
        __VA_ARGS__;                                                                                                   \
        CHECK(!zero_is_open());                                                                                        \
    } while (0)

async(void, echoes, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    char byte;
    while (await(eddy_stream_read(s, &byte, 1)) == 1)
        await(eddy_stream_write(s, &byte, 1));
}

async(void, says_one_byte, (eddy_stream *, s))
{
    char byte = 0;
    await(eddy_stream_write(s, "x", 1));
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 1 && byte == 'x');
}

async(void, opens_pipes)
{
    eddy_stream *ends[2];
    char byte;
    OPENS_ZERO(await(eddy_open_pipe(&ends[0], &ends[1])));
    CHECK(eddy_stream_descriptor(ends[0]) == 0);
    await(eddy_stream_write(ends[1], "x", 1));
    CHECK(await(eddy_stream_read(ends[0], &byte, 1)) == 1);
    CLOSES_ZERO(await(eddy_stream_close(ends[0])));
    await(eddy_stream_close(ends[1]));
}

static bool waits_for_no_more_bytes(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;
    return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0 && on;
}

async(void, connects, (const char *, driver))
{
    open("/dev/null", O_RDONLY); /* takes 0, which is meant for the connection */
    eddy_server *server = await(eddy_start_server(echoes, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s;
    close(STDIN_FILENO);
    OPENS_ZERO(s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server))));
    CHECK(strcmp(driver, "sim") == 0 || waits_for_no_more_bytes(0));
    await(says_one_byte(s));
    CLOSES_ZERO(await(eddy_stream_close(s)));
    OPENS_ZERO(s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server))));
    await(says_one_byte(s)); /* the server has accepted: it does not take 0 */
    CLOSES_ZERO(eddy_stream_abort(s); await(eddy_sleep(0)));
    await(eddy_server_close(server, 1));
}

async(void, listens)
{
    eddy_server *server;
    OPENS_ZERO(server = await(eddy_start_server(echoes, (void *)NULL, "127.0.0.1", 0)));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(says_one_byte(s));
    await(eddy_stream_close(s));
    CLOSES_ZERO(await(eddy_server_close(server, 1)));
}

async(void, reads_files)
{
    eddy_file *file;
    eddy_buffer all = {0};
    char bytes[4];
    OPENS_ZERO(file = await(eddy_file_open("/proc/self/comm", O_RDONLY)));
    CHECK(await(eddy_file_read(file, bytes, sizeof bytes)) > 0);
    CLOSES_ZERO(await(eddy_file_close(file)));
    OPENS_ZERO(file = await(eddy_file_open("/dev/null", O_WRONLY)));
    CLOSES_ZERO(eddy_file_abort(file));
    open("/dev/null", O_RDONLY);
    file = await(eddy_file_open("/dev/null", O_WRONLY));
    close(STDIN_FILENO);
    await(eddy_file_close(file)); /* closes a copy first, which is 0 */
    CHECK(!zero_is_open());
    CHECK(await(eddy_read_file("/proc/self/comm", &all)) > 0 && !zero_is_open());
    eddy_buffer_free(&all);
}

async(void, lists_folders)
{
    int entries = 0;
    async_for (entry, eddy_directory("/proc/self"))
        if (entry.name && zero_is_open() && ++entries == 2)
            break;
    CHECK(entries == 2 && !zero_is_open());
}

async(void, starts_processes)
{
    const eddy_process_options piped = {.size = sizeof piped, .in = EDDY_PIPE, .out = EDDY_PIPE};
    eddy_buffer out = {0};
    eddy_process *process;
    process = await(eddy_process_start(EDDY_COMMAND("cat"), &piped));
    eddy_slice hello = {"hello", 5};
    eddy_exit_status status = await(eddy_process_communicate(process, hello, &out, NULL, (size_t)100));
    CHECK(status.code == 0 && out.size == 5 && memcmp(out.data, "hello", 5) == 0);
    eddy_process_free(process);
    eddy_buffer_free(&out);
    CHECK(!zero_is_open());
    process = await(eddy_process_start(EDDY_COMMAND("sleep", "1000"), NULL));
    CHECK(eddy_process_terminate(process) == 0);
    status = await(eddy_process_wait(process));
    CHECK(status.signal == SIGTERM);
    eddy_process_free(process);
    CHECK(!zero_is_open());
}

async(void, fails_to_connect)
{
    eddy_error err;
    open("/dev/null", O_RDONLY);
    eddy_server *server = await(eddy_start_server(echoes, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    await(eddy_server_close(server, 1));
    close(STDIN_FILENO);
    (void)!await(eddy_open_connection("127.0.0.1", port), &err);
    CHECK(err.code == ECONNREFUSED && !zero_is_open());
    (void)!await(eddy_open_unix_connection("@eddy-test-nobody"), &err);
    CHECK(err.code == ECONNREFUSED && !zero_is_open());
    (void)!await(eddy_start_server(echoes, (void *)NULL, "192.0.2.1", 0), &err); /* no address of this machine */
    CHECK(err.code && !zero_is_open());
}

static int ends_told; /* transports, endpoints and processes that have been told of their end */

static void is_lost(eddy_transport *t, int error)
{
    (void)t;
    assert_true(error == 0 || error == ECONNREFUSED);
    ends_told++;
}

static void endpoint_is_lost(eddy_endpoint *e, int error)
{
    (void)e;
    assert_true(error == 0);
    ends_told++;
}

static void process_is_lost(eddy_subprocess *p, int error)
{
    (void)p;
    assert_true(error == 0);
    ends_told++;
}

async(void, until_told, (int, count))
{
    while (ends_told < count)
        await(eddy_sleep(0.0005));
    CHECK(!zero_is_open());
    ends_told = 0;
}

async(void, calls_protocols)
{
    static const struct eddy_protocol protocol = {.lost = is_lost};
    static const struct eddy_datagram_protocol datagrams = {.lost = endpoint_is_lost};
    static const struct eddy_subprocess_protocol process = {.lost = process_is_lost};
    static const eddy_process_options piped = {.size = sizeof piped, .in = EDDY_PIPE, .out = EDDY_PIPE};
    eddy_listener *listener;
    eddy_transport *t;
    eddy_endpoint *e;
    eddy_subprocess *p;
    eddy_address address;
    CHECK(eddy_address_ip(&address, "127.0.0.1", 0) == 0);
    OPENS_ZERO(CHECK(eddy_endpoint_open(&e, &address, NULL, &datagrams, NULL) == 0));
    eddy_endpoint_close(e);
    await(until_told(1));
    OPENS_ZERO(CHECK(eddy_transport_listen(&listener, &address, &protocol, NULL) == 0));
    address = *eddy_listener_address(listener);
    CLOSES_ZERO(eddy_listener_close(listener); await(eddy_sleep(0.001)));
    OPENS_ZERO(CHECK(eddy_transport_connect(&t, &address, &protocol, NULL) == 0)); /* in vain */
    await(until_told(1));
    CHECK(eddy_subprocess_start(&p, EDDY_COMMAND("cat"), &piped, &process, NULL) == 0); /* the child's end was 0 */
    CHECK(!zero_is_open());
    eddy_transport_close(eddy_subprocess_pipe(p, 0));
    await(until_told(1));
}

async(void, opens_everything)
{
    await(opens_pipes());
    await(connects(getenv("EDDY_DRIVER") ? getenv("EDDY_DRIVER") : ""));
    await(listens());
    await(reads_files());
    await(lists_folders());
    await(starts_processes());
    await(fails_to_connect());
    await(calls_protocols());
}

static void open_zero_again(int *before)
{
    if (*before < 0)
        return;
    dup2(*before, STDIN_FILENO);
    close(*before);
}

async(void, opens_everything_as_zero)
{
    int before = dup(STDIN_FILENO);
    defer(open_zero_again, &before);
    close(STDIN_FILENO);
    await(opens_everything());
}

static void what_tasks_open_as_zero_works_and_is_closed(void **state)
{
    (void)state;
    RUN_CLEAN(opens_everything_as_zero());
}

async(void, uses_a_loop_on_zero)
{
    eddy_stream *ends[2];
    CHECK(zero_is_open());
    eddy_server *server = await(eddy_start_server(echoes, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(says_one_byte(s));
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1));
    await(eddy_open_pipe(&ends[0], &ends[1]));
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
    await(eddy_sleep(0.001));
}

static void a_loop_may_begin_with_zero(void **state)
{
    (void)state;
    int before = dup(STDIN_FILENO);
    close(STDIN_FILENO);
    RUN_CLEAN(uses_a_loop_on_zero());
    assert_false(zero_is_open());
    open_zero_again(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tasks_open_as_zero_works_and_is_closed),
        cmocka_unit_test(a_loop_may_begin_with_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
