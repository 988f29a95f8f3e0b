/* SPDX-License-Identifier: MIT */
/*
 * io_arguments.c - arguments of I/O calls that are out of their range are refused, in the same way on every driver:
 * options without their size, no address, no memory, sizes that no memory has, descriptors of another kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <eddy/keywords.h>
#include "check.h"

#define REFUSED(wanted, ...) do { \
        eddy_error err; \
        await(__VA_ARGS__, &err); \
        CHECK(err.code == (wanted)); \
    } while (0)
/* The message says what to mend. */
#define TOLD(words, ...) do { \
        eddy_error err; \
        await(__VA_ARGS__, &err); \
        CHECK(err.code == EINVAL && strstr(err.message, words)); \
    } while (0)

async(void, handle, (eddy_stream *, s), (void *, argument))
{
    (void)s;
    (void)argument;
}

/* Valgrind and QEMU, which look at system calls: they want memory of the size that is asked for, and Valgrind applies
 * limits of descriptors itself. The checks that run tests under them set the variable. */
static bool is_watched(void)
{
    return getenv("EDDY_WATCHED");
}

/* A size that no memory has. */
static size_t endless(size_t room)
{
    return is_watched() ? room : SIZE_MAX;
}

static void close_file(int *fd)
{
    close(*fd);
}

/* Options without their size would be taken for none: the server would listen everywhere. */
async(void, options_need_their_size)
{
    const eddy_server_options server = {.host = "127.0.0.1"};
    const eddy_connection_options connection = {.local_host = "127.0.0.1"};
    const eddy_process_options process = {.out = EDDY_NULL};
    TOLD("eddy_server_options.size", eddy_start_server_with_options(handle, (void *)NULL, &server));
    TOLD("eddy_connection_options.size", eddy_open_connection_with_options("127.0.0.1", 1, &connection));
    TOLD("eddy_process_options.size", eddy_process_start(EDDY_COMMAND("true"), &process));
    eddy_tls_options tls = {.alpn = "x"};
    eddy_error err;
    CHECK(!eddy_tls_client_new(&tls, &err) && (err.code == EINVAL || err.code == ENOSYS));
    tls.size = sizeof tls + 1;
    CHECK(!eddy_tls_client_new(&tls, &err) && (err.code == EINVAL || err.code == ENOSYS));
    tls = (eddy_tls_options){.size = sizeof tls, .verify = EDDY_TLS_VERIFY_NOTHING + 1};
    CHECK(!eddy_tls_client_new(&tls, &err) && (err.code == EINVAL || err.code == ENOSYS));
    await(eddy_server_close(await(eddy_start_server_with_options(handle, (void *)NULL, NULL)), 0));
}

async(void, options_are_looked_at)
{
    const eddy_server_options none = {.size = sizeof none, .descriptor_count = 1};
    const eddy_server_options balance = {.size = sizeof balance, .balance = EDDY_BALANCE_EXACT + 1};
    TOLD("descriptors is NULL", eddy_start_server_with_options(handle, (void *)NULL, &none));
    TOLD("balance", eddy_start_server_with_options(handle, (void *)NULL, &balance));
    const int standard[] = {1};
    const eddy_process_options keeps_none = {.size = sizeof keeps_none, .keep_count = 1};
    const eddy_process_options keeps_one = {.size = sizeof keeps_one, .keep = standard, .keep_count = 1};
    const eddy_process_options wish = {.size = sizeof wish, .in = EDDY_SAME_AS_OUTPUT};
    TOLD("keep is NULL", eddy_process_start(EDDY_COMMAND("true"), &keeps_none));
    TOLD("less than 3", eddy_process_start(EDDY_COMMAND("true"), &keeps_one));
    TOLD("in, out and err", eddy_process_start(EDDY_COMMAND("true"), &wish));
}

async(void, pointers_may_be_missing)
{
    eddy_stream *ends[2];
    eddy_slice line, parts[] = {{"a", SIZE_MAX}, {"b", 1}};
    struct stat facts;
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    REFUSED(EINVAL, eddy_stream_read_until(ends[0], NULL, &line));
    REFUSED(EINVAL, eddy_stream_read_until_any(ends[0], &(eddy_slice){NULL, 1}, 1, &line));
    REFUSED(EINVAL, eddy_stream_writev(ends[0], parts, 2));
    REFUSED(EFAULT, eddy_stat(NULL, &facts));
    REFUSED(EFAULT, eddy_lstat("/", NULL));
    REFUSED(ENAMETOOLONG, eddy_open_unix_connection(NULL));
    REFUSED(EINVAL, eddy_getnameinfo(NULL, 16, 0));
    CHECK(eddy_transport_connect(NULL, NULL, NULL, NULL) == EINVAL);
    CHECK(eddy_transport_listen(NULL, NULL, NULL, NULL) == EINVAL);
    struct addrinfo *list, hints = {.ai_flags = AI_NUMERICHOST};
    eddy_error err;
    list = await(eddy_getaddrinfo("localhost", "80", &hints), &err); /* no numeric address */
    CHECK(!list && err.code == ENOENT);
}

/* A message without an address goes to the peer. */
async(void, messages)
{
    int ends[2];
    static char text[8]; /* low in memory: the kernel refuses what ends above the highest address */
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
    defer(close_file, &ends[0]);
    defer(close_file, &ends[1]);
    CHECK(await(eddy_sendto(ends[0], "abc", 3, 0, NULL)) == 3);
    CHECK(await(eddy_recvfrom(ends[1], text, endless(sizeof text), MSG_DONTWAIT, NULL)) == 3);
    REFUSED(EFAULT, eddy_sendmsg(ends[0], NULL, 0));
    REFUSED(EFAULT, eddy_recvmsg(ends[1], NULL, MSG_WAITALL));
    CHECK(eddy_transport_open(NULL, ends[0], NULL, NULL) == EINVAL); /* no stream */
}

/* As the kernel, which moves at most 2 GiB at once, and looks at no more. */
async(void, sizes_have_no_bound)
{
    static char text[8];
    eddy_stream *reader, *writer;
    await(eddy_open_pipe(&reader, &writer));
    defer(eddy_stream_abort, reader);
    defer(eddy_stream_abort, writer);
    await(eddy_stream_write(writer, "abcdef", 6));
    CHECK(await(eddy_read(eddy_stream_descriptor(reader), text, endless(sizeof text))) == 6);
    await(eddy_stream_write(writer, "abcdef", 6));
    await(eddy_stream_write_eof(writer));
    REFUSED(EDDY_INCOMPLETE_READ, eddy_stream_read_exactly(reader, text, endless(sizeof text)));
    CHECK(memcmp(text, "abcdef", 6) == 0);
    REFUSED(EPIPE, eddy_stream_write(writer, "g", 1)); /* as on a socket */
}

async(void, files_are_no_sockets)
{
    static char text[4096];
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC), device = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    defer(close_file, &fd);
    defer(close_file, &device);
    CHECK(fd >= 0 && device >= 0);
    REFUSED(ENOTSOCK, eddy_accept(fd));
    REFUSED(EINVAL, eddy_poll(fd, POLLPRI));
    CHECK(await(eddy_poll(fd, POLLIN | POLLRDNORM | POLLPRI)) == (POLLIN | POLLRDNORM));
    size_t size = await(eddy_pread(fd, text, sizeof text, 0));
    CHECK(size == sizeof text || await(eddy_pread(fd, text, endless(sizeof text), 0)) == size);
    CHECK(eddy_transport_open(NULL, device, NULL, NULL) == EINVAL);
}

/* Descriptors that the process has no room for are not lost without a word. */
async(void, descriptors_without_room)
{
    int ends[2], sent[2] = {0, 1}, got[2] = {-1, -1};
    size_t count = 2;
    char text[8];
    eddy_error err;
    struct rlimit before, none;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    eddy_stream *from = await(eddy_open_descriptors(ends[0], ends[0]));
    eddy_stream *to = await(eddy_open_descriptors(ends[1], ends[1]));
    defer(eddy_stream_abort, from);
    defer(eddy_stream_abort, to);
    await(eddy_stream_send_descriptors(from, "abc", 3, sent, 2));
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    await(eddy_stream_receive_descriptors(to, text, sizeof text, got, &count), &err);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(err.code == EMFILE && count == 0 && got[0] == -1);
    CHECK(eddy_stream_partial(to).size == 3 && memcmp(text, "abc", 3) == 0);
}

async(void, main_task)
{
    await(options_need_their_size());
    await(options_are_looked_at());
    await(pointers_may_be_missing());
    await(messages());
    await(sizes_have_no_bound());
    await(files_are_no_sockets());
    if (!is_watched())
        await(descriptors_without_room());
}

/* The message says what to write instead. */
static void drivers_are_named(void)
{
    eddy_error err;
    const char *seed = getenv("EDDY_SEED");
    const eddy_loop_options unknown = {.size = sizeof unknown, .driver = "simm"};
    const eddy_loop_options simulation = {.size = sizeof simulation, .driver = "sim"};
    CHECK(!eddy_loop_open(&unknown, &err) && strstr(err.message, "no driver \"simm\": set EDDY_DRIVER"));
    char *kept = seed ? strdup(seed) : NULL;
    setenv("EDDY_SEED", "12x", 1);
    CHECK(!eddy_loop_open(&simulation, &err) && strstr(err.message, "EDDY_SEED has to be a number"));
    unsetenv("EDDY_SEED");
    if (kept)
        setenv("EDDY_SEED", kept, 1);
    free(kept);
}

int main(void)
{
    drivers_are_named();
    return eddy_run(main_task());
}
