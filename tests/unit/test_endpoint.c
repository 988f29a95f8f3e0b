/* SPDX-License-Identifier: MIT */
/* test_endpoint.c - rules of endpoints: the order of calls, addresses, errors, limits, the end of the loop. */
#include <eddy.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

/* An endpoint, and what its protocol was told. */
struct side {
    char log[200];       /* a letter a call: m(ade) r(eceived) f(ailed) p(aused) u(npaused) l(ost) */
    eddy_endpoint *e;    /* until lost */
    int error;           /* of failed or lost */
    size_t received;     /* bytes */
    int count;           /* datagrams */
    char last[64];       /* the last bytes received */
    eddy_address from;   /* and their sender */
    bool answers, closes; /* what it receives; when it receives */
};

static struct side *side_of(eddy_endpoint *e)
{
    return eddy_endpoint_argument(e);
}

static void note(struct side *side, char what)
{
    size_t length = strlen(side->log);
    if (length < sizeof side->log - 1 && (length == 0 || side->log[length - 1] != what))
        side->log[length] = what;
}

static void made(eddy_endpoint *e)
{
    side_of(e)->e = e;
    note(side_of(e), 'm');
}

static void received(eddy_endpoint *e, const char *data, size_t size, const eddy_address *from)
{
    struct side *side = side_of(e);
    size_t part = size < sizeof side->last - 1 ? size : sizeof side->last - 1;
    note(side, 'r');
    side->received += size;
    side->count++;
    side->from = *from;
    memcpy(side->last, data, part);
    side->last[part] = 0;
    if (side->answers)
        assert_int_equal(eddy_endpoint_send(e, data, size, from), 0);
    if (side->closes)
        eddy_endpoint_close(e);
}

static void failed(eddy_endpoint *e, int error)
{
    note(side_of(e), 'f');
    side_of(e)->error = error;
}

static void paused(eddy_endpoint *e)
{
    note(side_of(e), 'p');
}

static void resumed(eddy_endpoint *e)
{
    note(side_of(e), 'u');
}

static void lost(eddy_endpoint *e, int error)
{
    struct side *side = side_of(e);
    note(side, 'l');
    side->error = error;
    assert_true(eddy_endpoint_is_closing(e) && eddy_endpoint_send(e, "x", 1, NULL) == EPIPE);
    eddy_endpoint_close(e);
    eddy_endpoint_abort(e);
    side->e = NULL;
}

static const struct eddy_datagram_protocol plain = {
    .made = made, .received = received, .failed = failed, .paused = paused, .resumed = resumed, .lost = lost};

async(void, passes, (int, count))
{
    while (count-- > 0)
        await(eddy_sleep(0));
}

async(void, until_log, (struct side *, side), (const char *, log))
{
    while (strcmp(side->log, log) != 0) {
        CHECK(strlen(side->log) <= strlen(log));
        await(eddy_sleep(0.0005));
    }
}

async(void, until_count, (struct side *, side), (int, count))
{
    while (side->count < count)
        await(eddy_sleep(0.0005));
}

static eddy_address loopback(void)
{
    eddy_address address;
    assert_int_equal(eddy_address_ip(&address, "127.0.0.1", 0), 0);
    return address;
}

/* A server at a free port of the loopback, and a client of it. */
async(void, open_two, (struct side *, server), (struct side *, client), (eddy_address *, address))
{
    *address = loopback();
    CHECK(eddy_endpoint_open(&server->e, address, NULL, &plain, server) == 0);
    CHECK(server->log[0] == 0);
    CHECK(eddy_endpoint_address(server->e, false, address) == 0 && eddy_address_port(address) > 0);
    CHECK(eddy_endpoint_open(&client->e, NULL, address, &plain, client) == 0);
    await(until_log(server, "m"));
    await(until_log(client, "m"));
}

async(void, close_two, (struct side *, server), (struct side *, client))
{
    eddy_endpoint_close(server->e);
    eddy_endpoint_close(client->e);
    while (server->e || client->e)
        await(eddy_sleep(0.0005));
    CHECK(server->error == 0 && client->error == 0);
}

/* ==== datagrams ==== */

async(void, answers_by_address)
{
    struct side server = {.answers = true}, client = {.answers = false};
    eddy_address address, own;
    await(open_two(&server, &client, &address));
    CHECK(eddy_endpoint_send(client.e, "hello", 5, NULL) == 0);
    await(until_count(&client, 1));
    CHECK(strcmp(client.last, "hello") == 0 && eddy_address_equal(&client.from, &address));
    CHECK(eddy_endpoint_address(client.e, false, &own) == 0 && eddy_address_equal(&own, &server.from));
    CHECK(eddy_endpoint_send(client.e, "", 0, &address) == 0); /* empty, and the peer by its address */
    await(until_count(&client, 2));
    CHECK(client.received == 5 && client.last[0] == 0);
    await(close_two(&server, &client));
    CHECK(strcmp(server.log, "mrl") == 0 && strcmp(client.log, "mrl") == 0);
}

static void datagrams_come_with_their_sender(void **state)
{
    (void)state;
    RUN_CLEAN(answers_by_address());
}

async(void, keeps_bounds)
{
    static char bytes[65536];
    struct side server = {.answers = false}, client = {.answers = false};
    eddy_address address, other = loopback();
    await(open_two(&server, &client, &address));
    CHECK(eddy_endpoint_send(client.e, bytes, 65536, NULL) == EMSGSIZE);
    CHECK(eddy_endpoint_send(client.e, "x", 1, &other) == EINVAL);
    CHECK(eddy_endpoint_send(server.e, "x", 1, NULL) == EINVAL);
    CHECK(eddy_endpoint_send(client.e, bytes, 60000, NULL) == 0);
    CHECK(eddy_endpoint_send(client.e, bytes, 3, NULL) == 0);
    await(until_count(&server, 2));
    CHECK(server.received == 60003);
    await(close_two(&server, &client));
}

static void each_datagram_arrives_as_one(void **state)
{
    (void)state;
    RUN_CLEAN(keeps_bounds());
}

async(void, has_no_receiver)
{
    struct side client = {.error = 0};
    eddy_address address = loopback();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address.data;
    CHECK(fd >= 0 && bind(fd, (void *)address.data, address.size) == 0);
    CHECK(getsockname(fd, (void *)address.data, &size) == 0 && close(fd) == 0);
    CHECK(eddy_endpoint_open(&client.e, NULL, &address, &plain, &client) == 0);
    CHECK(eddy_endpoint_send(client.e, "x", 1, NULL) == 0);
    await(until_log(&client, "mf"));
    CHECK(client.error == ECONNREFUSED && !eddy_endpoint_is_closing(client.e));
    eddy_endpoint_close(client.e);
    await(until_log(&client, "mfl"));
    CHECK(client.error == 0);
}

static void an_error_of_one_datagram_does_not_end_it(void **state)
{
    (void)state;
    RUN_CLEAN(has_no_receiver());
}

/* ==== limits ==== */

/* A Unix socket whose receiver does not read takes no more after some datagrams, without losing one. */
async(void, tells_limits, (bool, aborts))
{
    struct side side = {.error = -1};
    int ends[2], got = 0;
    char bytes[1000] = {0};
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(eddy_endpoint_take(&side.e, ends[0], &plain, &side) == 0);
    CHECK(eddy_endpoint_set_limits(side.e, 9, 8) == EINVAL);
    CHECK(eddy_endpoint_set_limits(side.e, 1008, 2016) == 0);
    CHECK(eddy_endpoint_send(side.e, bytes, 1000, NULL) == 0 && eddy_endpoint_send(side.e, bytes, 1000, NULL) == 0);
    CHECK(eddy_endpoint_unsent(side.e) == 2016 && side.log[0] == 0);
    enum { COUNT = 1000 };
    for (int i = 2; i < COUNT; i++)
        CHECK(eddy_endpoint_send(side.e, bytes, 1000, NULL) == 0);
    CHECK(strcmp(side.log, "p") == 0);
    await(passes(5));
    CHECK(eddy_endpoint_unsent(side.e) > 2016);
    if (aborts)
        eddy_endpoint_abort(side.e);
    else
        eddy_endpoint_close(side.e);
    CHECK(eddy_endpoint_send(side.e, bytes, 1, NULL) == EPIPE);
    while (!aborts && got < COUNT) {
        if (read(ends[1], bytes, sizeof bytes) > 0)
            got++;
        else
            await(eddy_sleep(0.0005));
    }
    await(until_log(&side, aborts ? "pml" : "pmul"));
    CHECK(side.error == 0);
    close(ends[1]);
}

static void closing_sends_what_was_given_and_aborting_does_not(void **state)
{
    (void)state;
    RUN_CLEAN(tells_limits(false));
    RUN_CLEAN(tells_limits(true));
}

/* ==== ends and errors ==== */

async(void, closes_as_it_receives)
{
    struct side server = {.closes = true}, client = {.answers = false};
    eddy_address address;
    await(open_two(&server, &client, &address));
    for (int i = 0; i < 3; i++)
        CHECK(eddy_endpoint_send(client.e, "x", 1, NULL) == 0);
    await(until_log(&server, "mrl"));
    CHECK(server.count == 1);
    eddy_endpoint_close(client.e);
    while (client.e)
        await(eddy_sleep(0.0005));
}

static void nothing_is_received_after_closing(void **state)
{
    (void)state;
    RUN_CLEAN(closes_as_it_receives());
}

async(void, is_refused)
{
    eddy_address v4 = loopback(), v6, nothing = {.size = 0};
    int ends[2];
    CHECK(eddy_address_ip(&v6, "::1", 0) == 0);
    CHECK(eddy_endpoint_open(NULL, NULL, NULL, &plain, NULL) == EINVAL);
    CHECK(eddy_endpoint_open(NULL, &nothing, NULL, &plain, NULL) == EINVAL);
    CHECK(eddy_endpoint_open(NULL, &v4, &v6, &plain, NULL) == EINVAL);
    CHECK(eddy_endpoint_take(NULL, -1, &plain, NULL) == EBADF);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(eddy_endpoint_take(NULL, ends[0], &plain, NULL) == EINVAL);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    await(passes(1));
}

static void errors_are_returned(void **state)
{
    (void)state;
    eddy_address address = loopback();
    RUN_CLEAN(is_refused());
    assert_int_equal(eddy_endpoint_open(NULL, &address, NULL, &plain, NULL), EDDY_NO_LOOP);
}

async(void, leaves_two, (struct side *, sides))
{
    eddy_address address = loopback();
    CHECK(eddy_endpoint_open(NULL, &address, NULL, &plain, &sides[0]) == 0);
    await(passes(3));
    CHECK(eddy_endpoint_open(&sides[1].e, &address, NULL, &plain, &sides[1]) == 0);
    CHECK(eddy_endpoint_address(sides[0].e, false, &address) == 0);
    CHECK(eddy_endpoint_send(sides[1].e, "x", 1, &address) == 0); /* never sent */
}

static void each_endpoint_is_told_of_the_end_of_its_loop(void **state)
{
    (void)state;
    struct side sides[2] = {{.error = 0}, {.error = 0}};
    RUN_CLEAN(leaves_two(sides));
    assert_string_equal(sides[0].log, "ml");
    assert_string_equal(sides[1].log, "ml");
    assert_true(sides[0].error == ECANCELED && sides[1].error == ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_come_with_their_sender),
        cmocka_unit_test(each_datagram_arrives_as_one),
        cmocka_unit_test(an_error_of_one_datagram_does_not_end_it),
        cmocka_unit_test(closing_sends_what_was_given_and_aborting_does_not),
        cmocka_unit_test(nothing_is_received_after_closing),
        cmocka_unit_test(errors_are_returned),
        cmocka_unit_test(each_endpoint_is_told_of_the_end_of_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
