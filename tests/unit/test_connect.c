/* SPDX-License-Identifier: MIT */
/* test_connect.c - rules of eddy_open_connection to hosts with several addresses. */
#include <math.h>

#include "several_hosts.h"

static int accepted;

async(void, greet, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    accepted++;
    await(eddy_stream_write(s, "hi", 2));
}

/* A port of 127.0.0.1 on which nothing listens. */
async(int, deserted_port)
{
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    await(eddy_server_close(server, 0));
    return port;
}

async(void, expect_greeting, (eddy_stream *, s), (const char *, host), (int, port))
{
    char buffer[2], name[64], expected[64];
    CHECK(await(eddy_stream_read_exactly(s, buffer, 2)) == 2);
    eddy_stream_peer_name(s, name, sizeof name);
    snprintf(expected, sizeof expected, "%s:%d", host, port);
    CHECK(strcmp(name, expected) == 0);
    await(eddy_stream_close(s));
}

/* ---- the order ---- */

/* Every attempt fails; those by IPv6 fail differently, since they cannot come from an IPv4 address. */
async(void, all_fail)
{
    eddy_error err;
    char expected[500];
    const char *refused = eddy_error_text(ECONNREFUSED), *wrong = eddy_error_text(EAFNOSUPPORT);
    int port = await(deserted_port());
    const eddy_connection_options options = {.size = sizeof options, .local_host = "127.0.0.1", .stagger = INFINITY};
    ANSWER("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "::2");
    (void)!await(eddy_open_connection_with_options("several.test", port, &options), &err);
    snprintf(expected, sizeof expected,
             "eddy_open_connection(\"several.test\", %d): 127.0.0.1:%d: %s, [::1]:%d: %s, 127.0.0.2:%d: %s, "
             "[::2]:%d: %s, 127.0.0.3:%d: %s",
             port, port, refused, port, wrong, port, refused, port, wrong, port, refused);
    CHECK(err.code == ECONNREFUSED && strcmp(err.message, expected) == 0);
    ANSWER("::1", "::2", "127.0.0.1");
    (void)!await(eddy_open_connection_with_options("several.test", port, &options), &err);
    snprintf(expected, sizeof expected, "): [::1]:%d: %s, 127.0.0.1:%d: %s, [::2]:%d: %s", port, wrong, port, refused,
             port, wrong);
    CHECK(err.code == EAFNOSUPPORT && strstr(err.message, expected));
}

/* A reason that all attempts share is told once, by its code. */
async(void, all_fail_alike)
{
    eddy_error err;
    char expected[100];
    int port = await(deserted_port());
    ANSWER("127.0.0.1", "127.0.0.2");
    (void)!await(eddy_open_connection("several.test", port), &err);
    snprintf(expected, sizeof expected, "eddy_open_connection(\"several.test\", %d)", port);
    CHECK(err.code == ECONNREFUSED && strcmp(err.message, expected) == 0);
}

async(void, too_many_reasons)
{
    eddy_error err;
    int port = await(deserted_port());
    const eddy_connection_options options = {.size = sizeof options, .local_host = "127.0.0.1", .stagger = INFINITY};
    ANSWER("127.0.0.1", "2001:db8:1111:2222:3333:4444:5555:1", "127.0.0.2", "2001:db8:1111:2222:3333:4444:5555:2",
           "127.0.0.3", "2001:db8:1111:2222:3333:4444:5555:3", "127.0.0.4", "2001:db8:1111:2222:3333:4444:5555:4",
           "127.0.0.5", "2001:db8:1111:2222:3333:4444:5555:5", "127.0.0.6", "2001:db8:1111:2222:3333:4444:5555:6");
    (void)!await(eddy_open_connection_with_options("several.test", port, &options), &err);
    CHECK(err.code == EAFNOSUPPORT && strstr(err.message, "127.0.0.1:"));
}

/* ---- which address is connected ---- */

async(void, second_answers)
{
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.2", 0));
    int port = eddy_server_port(server);
    ANSWER("127.0.0.1", "127.0.0.2", "127.0.0.3");
    await(expect_greeting(await(eddy_open_connection("several.test", port)), "127.0.0.2", port));
    await(eddy_server_close(server, 1));
    CHECK(accepted == 1);
}

async(void, one_family)
{
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    const eddy_connection_options options = {.size = sizeof options, .family = AF_INET};
    ANSWER("::1", "::2", "127.0.0.1");
    await(expect_greeting(await(eddy_open_connection_with_options("several.test", port, &options)), "127.0.0.1", port));
    await(eddy_server_close(server, 1));
}

/* More addresses than are tried: only the first ones are. */
async(void, very_many)
{
    static const char *many[40];
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.2", 0));
    int port = eddy_server_port(server);
    for (int i = 0; i < 39; i++)
        many[i] = "127.0.0.1";
    many[15] = "127.0.0.2";
    answer = many;
    await(expect_greeting(await(eddy_open_connection("several.test", port)), "127.0.0.2", port));
    await(eddy_server_close(server, 1));
}

/* All answer at about the same time: one connection is handed over, and the sockets of the others are closed. */
async(void, all_answer)
{
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "0.0.0.0", 0));
    int port = eddy_server_port(server);
    const eddy_connection_options options = {.size = sizeof options, .stagger = 1e-9};
    char buffer[2];
    ANSWER("127.0.0.1", "127.0.0.2", "127.0.0.3");
    for (int i = 0; i < 20; i++) {
        eddy_stream *s = await(eddy_open_connection_with_options("several.test", port, &options));
        CHECK(await(eddy_stream_read_exactly(s, buffer, 2)) == 2);
        await(eddy_stream_close(s));
    }
    await(eddy_server_close(server, 1));
}

async(void, no_host)
{
    eddy_error err;
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    ANSWER("::1", "127.0.0.1");
    await(expect_greeting(await(eddy_open_connection(NULL, port)), "127.0.0.1", port));
    await(expect_greeting(await(eddy_open_connection("", port)), "127.0.0.1", port));
    await(eddy_server_close(server, 1));
    await(eddy_open_connection(NULL, 65536), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "eddy_open_connection(\"\", 65536)"));
}

/* ---- local addresses ---- */

async(void, from_a_port)
{
    char own[64], expected[64];
    int port = await(deserted_port());
    eddy_server *server = await(eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0));
    ANSWER("127.0.0.1");
    const eddy_connection_options options = {.size = sizeof options, .local_port = port};
    eddy_stream *s = await(eddy_open_connection_with_options("several.test", eddy_server_port(server), &options));
    snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
    CHECK(eddy_stream_own_name(s, own, sizeof own) && strcmp(own, expected) == 0);
    eddy_stream_abort(s);
    await(eddy_server_close(server, 1));
}

async(void, from_nowhere)
{
    eddy_error err;
    ANSWER("127.0.0.1");
    const eddy_connection_options odd_port = {.size = sizeof odd_port, .local_port = 65536};
    (void)!await(eddy_open_connection_with_options("several.test", 1, &odd_port), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "from \"\", port 65536: not a numeric address and port"));
    const eddy_connection_options foreign = {.size = sizeof foreign, .local_host = "192.0.2.1"};
    (void)!await(eddy_open_connection_with_options("several.test", 1, &foreign), &err);
    CHECK(err.code == EADDRNOTAVAIL);
}

#define TEST(name)                                                                                                     \
    static void name##__test(void **state)                                                                             \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        accepted = 0;                                                                                                  \
        RUN_CLEAN(name());                                                                                             \
    }
TEST(all_fail)
TEST(all_fail_alike)
TEST(too_many_reasons)
TEST(second_answers)
TEST(one_family)
TEST(very_many)
TEST(all_answer)
TEST(no_host)
TEST(from_a_port)
TEST(from_nowhere)

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"families take turns, and each failure is told", all_fail__test, NULL, NULL, NULL},
        {"a reason that all share is told once", all_fail_alike__test, NULL, NULL, NULL},
        {"reasons that do not fit are cut", too_many_reasons__test, NULL, NULL, NULL},
        {"the first that answers is connected", second_answers__test, NULL, NULL, NULL},
        {"one family may be asked for", one_family__test, NULL, NULL, NULL},
        {"of very many addresses the first are tried", very_many__test, NULL, NULL, NULL},
        {"who answers too late is closed", all_answer__test, NULL, NULL, NULL},
        {"no host means this machine", no_host__test, NULL, NULL, NULL},
        {"a connection may come from a port", from_a_port__test, NULL, NULL, NULL},
        {"a connection comes from no wrong place", from_nowhere__test, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
