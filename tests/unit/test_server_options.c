/* SPDX-License-Identifier: MIT */
/* test_server_options.c - where a server listens, how many connections it takes, and how it ends, by
 * eddy_server_options. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

#include "child.h"

static int ended; /* handlers */

async(void, greet, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    await(eddy_stream_printf(s, "hello\n"));
}

async(void, wait_for_end, (eddy_stream *, s), (void *, argument))
{
    char byte;
    (void)argument;
    await(eddy_stream_write(s, "!", 1));
    await(eddy_stream_read(s, &byte, 1));
    ended++;
}

static bool is(eddy_slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.data, text, slice.size) == 0;
}

async(void, is_greeted, (eddy_stream *, s))
{
    eddy_slice line;
    defer(eddy_stream_abort, s);
    await(eddy_stream_read_line(s, &line));
    CHECK(is(line, "hello\n"));
}

/* ==== addresses ==== */

/* A separate folder for each test. */
struct folder {
    char path[64], socket[80];
};

static struct folder make_folder(void)
{
    struct folder folder = {.path = "/tmp/eddy-server-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.socket, sizeof folder.socket, "%s/socket", folder.path);
    return folder;
}

static void remove_folder(struct folder *folder)
{
    unlink(folder->socket);
    rmdir(folder->path);
}

async(void, at_a_path)
{
    struct folder folder = make_folder();
    defer(remove_folder, &folder);
    char name[100], expected[200];
    eddy_error err;
    eddy_server *server = await(eddy_start_unix_server(greet, (void *)NULL, folder.socket));
    eddy_stream *s = await(eddy_open_unix_connection(folder.socket));
    eddy_stream_peer_name(s, name, sizeof name);
    CHECK(!strcmp(name, folder.socket) && eddy_server_port(server) == 0);
    await(is_greeted(s));
    (void)!await(eddy_start_unix_server(greet, (void *)NULL, folder.socket), &err);
    snprintf(expected, sizeof expected, "eddy_start_server(\"%s\")", folder.socket);
    CHECK(err.code == EADDRINUSE && !strcmp(err.message, expected));
    await(eddy_server_close(server, 1));
    CHECK(access(folder.socket, F_OK) != 0); /* the server removes the socket that it made */
    (void)!await(eddy_open_unix_connection(folder.socket), &err);
    CHECK(err.code == ENOENT && strstr(err.message, folder.socket));
}

static void a_unix_server_has_a_file(void **state)
{
    (void)state;
    RUN_CLEAN(at_a_path());
}

/* A socket file that a program left when it was killed. */
async(void, at_a_stale_path)
{
    struct folder folder = make_folder();
    defer(remove_folder, &folder);
    struct stat facts;
    eddy_address address;
    CHECK(eddy_address_unix(&address, folder.socket) == 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)address.data, address.size) == 0);
    close(fd);
    eddy_server_options options = {.size = sizeof options, .unix_path = folder.socket, .unix_mode = 0600};
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    CHECK(stat(folder.socket, &facts) == 0 && (facts.st_mode & 0777) == 0600);
    await(is_greeted(await(eddy_open_unix_connection(folder.socket))));
    /* Another file has taken its place: that file remains. */
    unlink(folder.socket);
    close(open(folder.socket, O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
    await(eddy_server_close(server, 1));
    CHECK(access(folder.socket, F_OK) == 0);
}

static void a_stale_file_is_replaced(void **state)
{
    (void)state;
    RUN_CLEAN(at_a_stale_path());
}

async(void, at_an_abstract_name)
{
    char name[64], peer[64];
    snprintf(name, sizeof name, "@eddy-test-%d", (int)getpid());
    eddy_server *server = await(eddy_start_unix_server(greet, (void *)NULL, name));
    eddy_stream *s = await(eddy_open_unix_connection(name));
    eddy_stream_peer_name(s, peer, sizeof peer);
    CHECK(!strcmp(peer, name));
    await(is_greeted(s));
    await(eddy_server_close(server, 1));
}

static void an_abstract_name_needs_no_file(void **state)
{
    (void)state;
    RUN_CLEAN(at_an_abstract_name());
}

async(void, at_several_hosts)
{
    const char *hosts[] = {"127.0.0.1", "127.0.0.2", NULL};
    eddy_server_options options = {.size = sizeof options, .hosts = hosts};
    eddy_address first, second, none;
    char name[40];
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    CHECK(eddy_server_address(server, 0, &first) && eddy_server_address(server, 1, &second));
    CHECK(!eddy_server_address(server, 2, &none) && !eddy_address_equal(&first, &second));
    CHECK(eddy_address_port(&first) == eddy_server_port(server));
    CHECK(eddy_address_port(&second) == eddy_server_port(server));
    eddy_address_format(&second, name, sizeof name);
    CHECK(strstr(name, "127.0.0.2:") == name);
    await(is_greeted(await(eddy_open_connection("127.0.0.1", eddy_server_port(server)))));
    await(is_greeted(await(eddy_open_connection("127.0.0.2", eddy_server_port(server)))));
    await(eddy_server_close(server, 1));
}

static void several_hosts_share_a_port(void **state)
{
    (void)state;
    RUN_CLEAN(at_several_hosts());
}

async(void, at_a_shared_port)
{
    eddy_error err;
    eddy_server_options options = {.size = sizeof options, .host = "127.0.0.1", .reuse_port = true};
    eddy_server *one = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    options.port = eddy_server_port(one);
    eddy_server *other = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    for (int i = 0; i < 8; i++)
        await(is_greeted(await(eddy_open_connection("127.0.0.1", options.port))));
    options.reuse_port = false;
    (void)!await(eddy_start_server_with_options(greet, (void *)NULL, &options), &err);
    CHECK(err.code == EADDRINUSE);
    await(eddy_server_close(one, 1));
    await(eddy_server_close(other, 1));
}

static void servers_may_share_a_port(void **state)
{
    (void)state;
    RUN_CLEAN(at_a_shared_port());
}

static int listening(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&address, size);
    listen(fd, 8);
    getsockname(fd, (struct sockaddr *)&address, &size);
    *port = ntohs(address.sin_port);
    return fd;
}

async(void, at_a_given_descriptor)
{
    eddy_error err;
    int port, fds[2] = {listening(&port), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    eddy_server_options options = {.size = sizeof options, .descriptors = fds, .descriptor_count = 2};
    (void)!await(eddy_start_server_with_options(greet, (void *)NULL, &options), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "descriptors")); /* the second does not listen */
    CHECK(fcntl(fds[0], F_GETFD) >= 0);                              /* the first one remains the caller's */
    close(fds[1]);
    options.descriptor_count = 1;
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    CHECK(eddy_server_port(server) == port && fcntl(fds[0], F_GETFD) == FD_CLOEXEC);
    await(is_greeted(await(eddy_open_connection("127.0.0.1", port))));
    await(eddy_server_close(server, 1));
}

static void a_given_descriptor_is_taken_over(void **state)
{
    (void)state;
    RUN_CLEAN(at_a_given_descriptor());
}

async(void, inherits, (int, port))
{
    eddy_server_options options = {.size = sizeof options, .inherited = true};
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    CHECK(eddy_server_port(server) == port);
    await(is_greeted(await(eddy_open_connection("127.0.0.1", port))));
    await(eddy_server_close(server, 1));
}

/* As the service manager starts it: descriptor 3 is the listening socket, and no other descriptor is open. */
static int run_as_a_service(void)
{
    char pid[16];
    int port, fd = listening(&port);
    dup2(fd, 3);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    return eddy_run(inherits(port));
}

async(void, inherits_nothing)
{
    eddy_error err;
    eddy_server_options options = {.size = sizeof options, .inherited = true};
    (void)!await(eddy_start_server_with_options(greet, (void *)NULL, &options), &err);
    CHECK(err.code == ENOENT && strstr(err.message, "inherited"));
}

static void a_service_inherits_its_sockets(void **state)
{
    (void)state;
    struct child child = child_run(run_as_a_service);
    if (!child_exited(&child, 0))
        fail_msg("%s", child.said);
    RUN_CLEAN(inherits_nothing());
}

/* ==== numbers of connections ==== */

async(void, with_room_for_two)
{
    eddy_server_options options = {.size = sizeof options, .host = "127.0.0.1", .max_connections = 2};
    eddy_server *server = await(eddy_start_server_with_options(wait_for_end, (void *)NULL, &options));
    eddy_stream *s[4];
    eddy_error err;
    char byte;
    for (int i = 0; i < 4; i++)
        s[i] = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    CHECK(await(eddy_stream_read(s[0], &byte, 1)) == 1 && await(eddy_stream_read(s[1], &byte, 1)) == 1);
    await_for(eddy_stream_read(s[2], &byte, 1), 0.02, &err);
    CHECK(err.code == ETIMEDOUT && eddy_server_connections(server) == 2);
    await(eddy_stream_close(s[0]));
    CHECK(await(eddy_stream_read(s[2], &byte, 1)) == 1 && eddy_server_connections(server) == 2);
    await(eddy_stream_close(s[1]));
    CHECK(await(eddy_stream_read(s[3], &byte, 1)) == 1 && eddy_server_shed(server) == 0);
    await(eddy_stream_close(s[2]));
    await(eddy_stream_close(s[3]));
    await(eddy_server_close(server, 1));
}

static void connections_beyond_the_limit_wait(void **state)
{
    (void)state;
    RUN_CLEAN(with_room_for_two());
}

async(void, sheds)
{
    eddy_server_options options = {
        .size = sizeof options, .host = "127.0.0.1", .max_connections = 1, .shed = true, .stream_limit = 4};
    eddy_server *server = await(eddy_start_server_with_options(wait_for_end, (void *)NULL, &options));
    char byte;
    eddy_stream *first = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    CHECK(await(eddy_stream_read(first, &byte, 1)) == 1);
    eddy_stream *second = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    CHECK(await(eddy_stream_read(second, &byte, 1)) == 0 && eddy_server_shed(server) == 1);
    await(eddy_stream_close(second));
    await(eddy_stream_close(first));
    await(eddy_sleep(0.005));
    eddy_stream *third = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    CHECK(await(eddy_stream_read(third, &byte, 1)) == 1);
    await(eddy_stream_close(third));
    await(eddy_server_close(server, 1));
}

static void connections_beyond_the_limit_are_closed(void **state)
{
    (void)state;
    RUN_CLEAN(sheds());
}

async(void, close_while_full)
{
    eddy_server_options options = {.size = sizeof options, .host = "127.0.0.1", .max_connections = 1};
    eddy_server *server = await(eddy_start_server_with_options(wait_for_end, (void *)NULL, &options));
    eddy_stream *first = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    eddy_stream *second = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_sleep(0.005));
    await(eddy_server_close(server, 0)); /* the connection that waited for room is closed, too */
    char byte;
    CHECK(await(eddy_stream_read(first, &byte, 1)) == 1);
    eddy_error err;
    CHECK(await(eddy_stream_read(second, &byte, 1), &err) == 0);
    await(eddy_stream_close(first));
    await(eddy_stream_close(second));
}

static void a_full_server_closes(void **state)
{
    (void)state;
    RUN_CLEAN(close_while_full());
}

/* ==== the end ==== */

static int refusals;

/* A handler that ignores cancellation, as some do by mistake. */
async(void, swallow_cancellations, (eddy_stream *, s), (eddy_server **, server))
{
    eddy_error err;
    char byte;
    await(eddy_stream_read(s, &byte, 1)); /* now the connection is not idle any more */
    for (int i = 0; i < 5; i++) {
        await_always(eddy_stream_read(s, &byte, 1), &err);
        refusals += err.code == ECANCELED && eddy_server_closing(*server);
    }
}

async(void, cancels_by_levels)
{
    refusals = 0;
    eddy_server *server = NULL;
    server = await(eddy_start_server(swallow_cancellations, &server, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_stream_write(s, "x", 1));
    await(eddy_sleep(0.005));
    CHECK(!eddy_server_closing(server));
    await(eddy_server_close(server, 0.01));
    CHECK(refusals == 5);
    await(eddy_stream_close(s));
}

static void a_handler_that_ignores_cancellation_does_not_hang_the_end(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_by_levels());
}

async(void, drains)
{
    ended = 0;
    eddy_server *server = await(eddy_start_server(wait_for_end, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    eddy_error err;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    char byte;
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 1);
    struct eddy_server_close *closing = spawn(eddy_server_close(server, 100));
    await(eddy_sleep(0.01));
    (void)!await(eddy_open_connection("127.0.0.1", port), &err);
    CHECK(err.code == ECONNREFUSED && !eddy_done(closing));
    await(eddy_stream_write(s, "x", 1));
    await(closing);
    CHECK(ended == 1);
    await(eddy_stream_close(s));
}

static void draining_takes_no_more_and_waits(void **state)
{
    (void)state;
    RUN_CLEAN(drains());
}

/* ==== made ready first, as TLS does ==== */

static bool upgrade(eddy_stream *s, void *argument, struct eddy_failure **failure)
{
    int *left = argument;
    struct eddy_stream_write hello = eddy_stream_write(s, "ready ", 6);
    *failure = eddy_run_here(&hello.awaitable);
    return !*failure && (*left)-- > 0;
}

async(void, made_ready)
{
    int left = 1;
    eddy_slice line;
    struct eddy_start_server start = eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0);
    start.upgrade = upgrade;
    start.upgrade_argument = &left;
    eddy_server *server = await(start);
    for (int i = 0; i < 2; i++) {
        eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
        await(eddy_stream_read_line(s, &line));
        CHECK(is(line, i ? "ready " : "ready hello\n"));
        await(eddy_stream_close(s));
    }
    await(eddy_server_close(server, 1));
}

static void connections_are_made_ready_first(void **state)
{
    (void)state;
    RUN_CLEAN(made_ready());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unix_server_has_a_file),
        cmocka_unit_test(a_stale_file_is_replaced),
        cmocka_unit_test(an_abstract_name_needs_no_file),
        cmocka_unit_test(several_hosts_share_a_port),
        cmocka_unit_test(servers_may_share_a_port),
        cmocka_unit_test(a_given_descriptor_is_taken_over),
        cmocka_unit_test(a_service_inherits_its_sockets),
        cmocka_unit_test(connections_beyond_the_limit_wait),
        cmocka_unit_test(connections_beyond_the_limit_are_closed),
        cmocka_unit_test(a_full_server_closes),
        cmocka_unit_test(a_handler_that_ignores_cancellation_does_not_hang_the_end),
        cmocka_unit_test(draining_takes_no_more_and_waits),
        cmocka_unit_test(connections_are_made_ready_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
