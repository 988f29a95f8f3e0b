/* SPDX-License-Identifier: MIT */
/* test_transport.c - rules of transports and protocols: the order of calls, limits, both ends, the end of the loop. */
#include <eddy.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/protocol.h"
#include "transport_side.h"

static char *no_room(eddy_transport *t, size_t *size)
{
    (void)t;
    (void)size;
    return NULL;
}

static const struct eddy_protocol without_room = {.made = made, .lost = lost, .buffer = no_room};

static void abort_side(struct side *side)
{
    side->in_call = true;
    eddy_transport_abort(side->t);
    side->in_call = false;
}

/* A transport and the plain socket at its other end. */
static int open_pair(struct side *side, const struct eddy_protocol *protocol)
{
    int ends[2];
    assert_true(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    assert_true(open_side(side, ends[0], protocol) == 0);
    return ends[1];
}

/* What arrives at a plain socket until its end. */
async(size_t, drain, (int, fd))
{
    static char bytes[65536];
    size_t total = 0, size;
    while ((size = await(eddy_recv(fd, bytes, sizeof bytes, 0))) > 0)
        total += size;
    return total;
}

/* ==== the order of calls ==== */

async(void, is_told_in_order)
{
    struct side side = {.keeps_open = false};
    int fd = open_pair(&side, &plain);
    CHECK(side.log[0] == 0);
    await(until_log(&side, "m"));
    put(fd, "hello");
    await(until_log(&side, "mr"));
    CHECK(strcmp(side.last, "hello") == 0 && eddy_transport_is_reading(side.t));
    close(fd);
    await(until_log(&side, "mrel"));
    CHECK(side.error == 0);
    await(passes(3));
    CHECK(strcmp(side.log, "mrel") == 0);
}

static void a_protocol_is_told_in_order_and_once(void **state)
{
    (void)state;
    RUN_CLEAN(is_told_in_order());
}

async(void, stays_half_open)
{
    struct side side = {.keeps_open = true};
    int fd = open_pair(&side, &plain);
    await(until_log(&side, "m"));
    shutdown(fd, SHUT_WR);
    await(until_log(&side, "me"));
    CHECK(eddy_transport_write(side.t, "answer", 6) == 0);
    CHECK(eddy_transport_write_eof(side.t) == 0 && eddy_transport_write_eof(side.t) == 0);
    CHECK(eddy_transport_write(side.t, "x", 1) == EPIPE);
    CHECK(await(drain(fd)) == 6);
    close_side(&side);
    await(until_log(&side, "mel"));
    close(fd);
}

static void a_protocol_may_go_on_writing_after_the_end(void **state)
{
    (void)state;
    RUN_CLEAN(stays_half_open());
}

static void close_now(struct side *side)
{
    eddy_transport_close(side->t);
    eddy_transport_close(side->t);
}

static void abort_now(struct side *side)
{
    eddy_transport_abort(side->t);
}

async(void, closes_inside_of_calls)
{
    struct side at_made = {.at_made = close_now}, at_received = {.at_received = close_now},
                aborts = {.at_received = abort_now};
    int first = open_pair(&at_made, &plain), second = open_pair(&at_received, &plain);
    int third = open_pair(&aborts, &plain);
    put(second, "x");
    put(third, "x");
    await(until_log(&at_made, "ml"));
    await(until_log(&at_received, "mrl"));
    await(until_log(&aborts, "mrl"));
    CHECK(!at_made.error && !at_received.error && !aborts.error);
    close(first), close(second), close(third);
}

static void it_may_be_closed_inside_of_its_calls(void **state)
{
    (void)state;
    RUN_CLEAN(closes_inside_of_calls());
}

/* ==== writing ==== */

async(void, flushes, (bool, aborts))
{
    struct side side = {.error = 0};
    int fd = open_pair(&side, &plain);
    await(until_log(&side, "m"));
    CHECK(eddy_transport_write(side.t, much, MUCH) == 0);
    await(passes(5)); /* the socket takes no more */
    CHECK(strcmp(side.log, "mp") == 0 && eddy_transport_unsent(side.t) > 0);
    if (aborts)
        abort_side(&side);
    else
        close_side(&side);
    CHECK(eddy_transport_is_closing(side.t) && !eddy_transport_is_reading(side.t));
    CHECK(eddy_transport_write(side.t, "more", 4) == (aborts ? EPIPE : 0)); /* as asyncio sends it */
    if (aborts) /* whether the peer receives or not */
        await(until_log(&side, "mpl"));
    size_t size = await(drain(fd));
    CHECK(aborts ? size < MUCH : size == MUCH + 4);
    await(until_log(&side, aborts ? "mpl" : "mpul"));
    CHECK(side.error == 0);
    close(fd);
}

static void closing_sends_what_was_written_and_aborting_does_not(void **state)
{
    (void)state;
    RUN_CLEAN(flushes(false));
    RUN_CLEAN(flushes(true));
}

async(void, tells_limits)
{
    struct side side = {.error = 0};
    size_t low, high;
    int fd = open_pair(&side, &plain);
    eddy_transport_limits(side.t, &low, &high);
    CHECK(low == 16384 && high == 65536);
    CHECK(eddy_transport_set_limits(side.t, 10, 9) == EINVAL);
    CHECK(eddy_transport_set_limits(side.t, 10, EDDY_LIMIT_DEFAULT) == 0);
    eddy_transport_limits(side.t, &low, &high);
    CHECK(low == 10 && high == 40);
    CHECK(eddy_transport_set_limits(side.t, EDDY_LIMIT_DEFAULT, 100) == 0);
    eddy_transport_limits(side.t, &low, &high);
    CHECK(low == 25 && high == 100);
    CHECK(eddy_transport_write(side.t, much, 100) == 0 && side.log[0] == 0); /* not above the limit, and not yet made */
    CHECK(eddy_transport_write(side.t, much, 1) == 0 && strcmp(side.log, "p") == 0);
    CHECK(eddy_transport_write(side.t, much, 1) == 0 && strcmp(side.log, "p") == 0);
    await(until_log(&side, "pmu"));
    eddy_slice parts[] = {{much, 60}, {much, 0}, {much, 60}};
    CHECK(eddy_transport_writev(side.t, parts, 3) == 0 && eddy_transport_writev(side.t, parts, 0) == 0);
    await(until_log(&side, "pmupu"));
    close_side(&side);
    CHECK(await(drain(fd)) == 222);
    await(until_log(&side, "pmupul"));
    close(fd);
}

static void pausing_and_resuming_of_a_writer_take_turns(void **state)
{
    (void)state;
    RUN_CLEAN(tells_limits());
}

async(void, is_resumed_at_the_lower_limit)
{
    struct side side = {.error = 0};
    int fd = open_pair(&side, &plain);
    CHECK(eddy_transport_set_limits(side.t, MUCH / 2, MUCH - 1) == 0);
    CHECK(eddy_transport_write(side.t, much, MUCH) == 0);
    close_side(&side);
    CHECK(await(drain(fd)) == MUCH);
    await(until_log(&side, "pmul"));
    CHECK(side.unsent > 0 && side.unsent <= MUCH / 2);
    close(fd);
}

static void a_writer_is_resumed_before_all_is_sent(void **state)
{
    (void)state;
    RUN_CLEAN(is_resumed_at_the_lower_limit());
}

async(void, loses_its_peer)
{
    struct side side = {.keeps_open = true};
    int fd = open_pair(&side, &plain);
    await(until_log(&side, "m"));
    close(fd);
    await(until_log(&side, "me"));
    CHECK(eddy_transport_write(side.t, "x", 1) == 0);
    await(until_log(&side, "mel"));
    CHECK(side.error == EPIPE);
}

static void an_error_of_the_socket_is_told(void **state)
{
    (void)state;
    RUN_CLEAN(loses_its_peer());
}

/* ==== reading ==== */

static void pause_now(struct side *side)
{
    eddy_transport_pause(side->t);
    eddy_transport_pause(side->t);
}

async(void, pauses)
{
    struct side side = {.at_made = pause_now};
    int fd = open_pair(&side, &plain);
    put(fd, "one");
    await(until_log(&side, "m"));
    await(passes(5));
    CHECK(side.received == 0 && !eddy_transport_is_reading(side.t));
    eddy_transport_resume(side.t);
    eddy_transport_resume(side.t);
    await(until_log(&side, "mr"));
    side.at_received = pause_now;
    put(fd, "two");
    while (side.received < 6)
        await(eddy_sleep(0.0005));
    put(fd, "three"); /* it may be received while nobody wants it, and waits then */
    await(passes(5));
    CHECK(side.received == 6);
    side.at_received = NULL;
    eddy_transport_resume(side.t);
    eddy_transport_pause(side.t);
    await(passes(3));
    CHECK(side.received == 6);
    eddy_transport_resume(side.t);
    while (side.received < 11)
        await(eddy_sleep(0.0005));
    put(fd, "four");
    eddy_transport_pause(side.t); /* perhaps it has been received already */
    await(passes(3));
    close(fd);
    close_side(&side);
    await(until_log(&side, "mrl"));
}

static void a_reader_that_pauses_is_told_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(pauses());
}

static void pause_the_other(struct side *side)
{
    eddy_transport_pause(side->other->t);
}

/* Both get something in one pass: the first to be told pauses the other, which then holds what has come for it. */
async(struct side *, make_one_hold, (struct side *, a), (struct side *, b), (int *, fds))
{
    a->at_received = b->at_received = pause_the_other;
    a->other = b;
    b->other = a;
    fds[0] = open_pair(a, &plain);
    fds[1] = open_pair(b, &plain);
    await(passes(3));
    put(fds[0], "0123456789abcdefghij");
    put(fds[1], "0123456789abcdefghij");
    while (a->received + b->received < 20)
        await(eddy_sleep(0.0005));
    await(passes(3));
    CHECK(a->received + b->received == 20);
    a->at_received = b->at_received = NULL;
    return a->received ? b : a;
}

async(void, holds_what_has_come)
{
    struct side a = {.error = 0}, b = {.error = 0}, c = {.error = 0}, d = {.error = 0};
    int fds[2], others[2];
    struct side *holds = await(make_one_hold(&a, &b, fds));
    eddy_transport_set_protocol(holds->t, &with_buffer, holds); /* it gets that in pieces */
    eddy_transport_resume(holds->t);
    while (holds->received < 20)
        await(eddy_sleep(0.0005));
    CHECK(strcmp(holds->last, "ghij") == 0);
    holds = await(make_one_hold(&c, &d, others));
    eddy_transport_resume(holds->t); /* and closes before it is told */
    CHECK(eddy_transport_write(holds->t, much, MUCH) == 0);
    close_side(holds);
    CHECK(await(drain(others[holds == &d])) == MUCH && holds->received == 0);
    await(until_log(holds, "mpul"));
    abort_side(holds->other);
    abort_side(&a);
    close_side(&b);
    await(until_log(holds->other, "mrl"));
    await(until_log(&a, "mrl"));
    await(until_log(&b, "mrl"));
    close(fds[0]), close(fds[1]), close(others[0]), close(others[1]);
}

static void change(struct side *side)
{
    bool is_plain = eddy_transport_protocol(side->t) == &plain;
    eddy_transport_set_protocol(side->t, is_plain ? &with_buffer : &plain, side);
}

async(void, gives_the_rest_to_another)
{
    struct side a = {.error = 0}, b = {.error = 0};
    int fds[2];
    struct side *holds = await(make_one_hold(&a, &b, fds));
    eddy_transport_set_protocol(holds->t, &with_buffer, holds);
    holds->at_received = change; /* the first 16 bytes fill its memory; the other protocol has none */
    eddy_transport_resume(holds->t);
    while (holds->received < 20)
        await(eddy_sleep(0.0005));
    CHECK(holds->received == 20 && strcmp(holds->last, "ghij") == 0);
    abort_side(&a);
    abort_side(&b);
    await(until_log(&a, "mrl"));
    await(until_log(&b, "mrl"));
    close(fds[0]), close(fds[1]);
}

static void what_has_come_waits_while_it_pauses(void **state)
{
    (void)state;
    RUN_CLEAN(holds_what_has_come());
    RUN_CLEAN(gives_the_rest_to_another());
}

async(void, receives_into_its_memory)
{
    struct side side = {.error = 0}, refuses = {.error = 0};
    int fd = open_pair(&side, &with_buffer), other = open_pair(&refuses, &without_room);
    put(fd, "0123456789abcdefghij"); /* more than there is room for at once */
    while (side.received < 20)
        await(eddy_sleep(0.0005));
    CHECK(strcmp(side.last, "ghij") == 0);
    put(other, "x");
    await(until_log(&refuses, "ml"));
    CHECK(refuses.error == ENOBUFS);
    close(fd), close(other);
    await(until_log(&side, "mrel"));
}

static void a_protocol_may_bring_its_own_memory(void **state)
{
    (void)state;
    RUN_CLEAN(receives_into_its_memory());
}

async(void, changes_its_protocol)
{
    struct side side = {.at_received = change};
    int fd = open_pair(&side, &plain);
    for (size_t i = 1; i <= 6; i++) {
        put(fd, "hello");
        while (side.received < 5 * i)
            await(eddy_sleep(0.0005));
        CHECK(strcmp(side.last, "hello") == 0);
        if (i % 2)
            change(&side); /* while it waits */
    }
    pause_now(&side);
    put(fd, "0123456789abcdefghij");
    await(passes(2));
    change(&side); /* what has perhaps come is for the next one */
    side.at_received = NULL;
    eddy_transport_resume(side.t);
    while (side.received < 50)
        await(eddy_sleep(0.0005));
    close(fd);
    await(until_log(&side, "mrel"));
}

static void another_protocol_may_take_over(void **state)
{
    (void)state;
    RUN_CLEAN(changes_its_protocol());
}

/* ==== connections ==== */

static struct side server;

static void confirm(struct side *side)
{
    if (side->received == MUCH)
        eddy_transport_write(side->t, "done", 4);
}

static void serve(eddy_transport *t)
{
    server = (struct side){.at_received = confirm};
    eddy_transport_set_protocol(t, &plain, &server);
    made(t);
}

static const struct eddy_protocol accepts = {.made = serve, .lost = lost};

async(void, connects)
{
    struct side client = {.error = 0};
    eddy_listener *listener;
    eddy_address address, name;
    eddy_address_ip(&address, "127.0.0.1", 0);
    CHECK(eddy_transport_listen(&listener, &address, &accepts, NULL) == 0);
    address = *eddy_listener_address(listener);
    CHECK(eddy_transport_connect(&client.t, &address, &plain, &client) == 0);
    CHECK(eddy_transport_write(client.t, much, MUCH) == 0); /* before it is made: sent afterwards */
    while (!client.t || client.log[1] != 'm' || !server.t)
        await(eddy_sleep(0.0005));
    CHECK(eddy_transport_address(client.t, true, &name) == 0 && eddy_address_equal(&name, &address));
    CHECK(eddy_transport_address(server.t, false, &name) == 0 && eddy_address_equal(&name, &address));
    CHECK(eddy_transport_descriptor(server.t) >= 0);
    await(until_log(&client, "pmur"));
    while (client.received < 4)
        await(eddy_sleep(0.0005));
    CHECK(server.received == MUCH && client.received == 4);
    eddy_listener_close(listener); /* connections go on */
    CHECK(eddy_transport_write(client.t, "x", 1) == 0);
    close_side(&client);
    await(until_log(&client, "pmurl"));
    await(until_log(&server, "mrel"));
    CHECK(server.received == MUCH + 1);
    CHECK(eddy_transport_connect(NULL, &address, &plain, memset(&client, 0, sizeof client)) == 0);
    await(until_log(&client, "l")); /* nobody listens: it was never made */
    CHECK(client.error == ECONNREFUSED);
    eddy_listener_close(NULL);
}

static void listeners_and_connects_make_transports(void **state)
{
    (void)state;
    RUN_CLEAN(connects());
}

static int refuse_it(struct eddy_transport *t, void *argument)
{
    (void)t;
    (void)argument;
    return ENOMEM;
}

async(void, is_refused_at_once)
{
    struct side side = {.error = 0}, client = {.error = -1};
    eddy_listener *listener;
    eddy_address address;
    eddy_address_ip(&address, "127.0.0.1", 0);
    CHECK(eddy_transport_listen(&listener, &address, &plain, &side) == 0);
    listener_set_beginning(listener, refuse_it, NULL, NULL); /* as TLS for which there is no memory */
    CHECK(eddy_transport_connect(&client.t, eddy_listener_address(listener), &plain, &client) == 0);
    await(until_log(&side, "l"));
    CHECK(side.error == ENOMEM);
    await(until_log(&client, "mel"));
    eddy_listener_close(listener);
}

static void a_connection_that_could_not_begin_is_lost_alone(void **state)
{
    (void)state;
    RUN_CLEAN(is_refused_at_once());
}

/* ==== errors ==== */

async(void, refuses)
{
    int ends[2];
    struct side side = {.error = 0};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(open_side(&side, ends[0], &plain) == EINVAL); /* it blocks */
    close(ends[0]), close(ends[1]);
    CHECK(open_side(&side, -1, &plain) == EBADF);
    CHECK(eddy_transport_connect(NULL, &(eddy_address){.size = 0}, &plain, NULL) == EINVAL);
    CHECK(eddy_transport_listen(NULL, &(eddy_address){.size = 0}, &plain, NULL) == EINVAL);
    await(passes(2));
    CHECK(side.log[0] == 0);
}

static void errors_are_returned(void **state)
{
    (void)state;
    eddy_address address;
    eddy_address_ip(&address, "127.0.0.1", 1);
    RUN_CLEAN(refuses());
    assert_int_equal(eddy_transport_open(NULL, 0, &plain, NULL), EDDY_NO_LOOP);
    assert_int_equal(eddy_transport_connect(NULL, &address, &plain, NULL), EDDY_NO_LOOP);
    assert_int_equal(eddy_transport_listen(NULL, &address, &plain, NULL), EDDY_NO_LOOP);
}

/* ==== the end of the loop ==== */

enum { LEFT = 8, NOT_MADE = 6, CONNECTS = 7 };
static struct side left[LEFT];
static int others[LEFT];

static void be_called(void *unused)
{
    (void)unused;
}

static void try_to_open_another(struct side *side)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(open_side(side, ends[0], &plain), ECANCELED);
    eddy_call_soon(be_called, NULL); /* perhaps it is not called any more */
    close(ends[0]), close(ends[1]);
}

async(void, leaves_transports)
{
    eddy_address address;
    memset(left, 0, sizeof left);
    for (int i = 0; i < NOT_MADE; i++)
        others[i] = open_pair(&left[i], i == 1 ? &with_buffer : &plain);
    left[0].at_lost = try_to_open_another;
    eddy_transport_pause(left[2].t);                         /* nothing of it is in flight */
    CHECK(eddy_transport_write(left[3].t, much, MUCH) == 0); /* it sends */
    CHECK(eddy_transport_write(left[4].t, much, MUCH) == 0);
    close_side(&left[4]);                                    /* it closes */
    left[5].keeps_open = true;
    shutdown(others[5], SHUT_WR);                            /* it is half open */
    await(until_log(&left[5], "me"));
    eddy_address_ip(&address, "127.0.0.1", 0);
    CHECK(eddy_transport_listen(NULL, &address, &plain, NULL) == 0);
    CHECK(eddy_transport_connect(NULL, &address, &plain, &left[CONNECTS]) == 0); /* nobody listens at port 0 */
    others[NOT_MADE] = open_pair(&left[NOT_MADE], &plain);
}

static void each_transport_is_told_of_the_end_of_its_loop(void **state)
{
    (void)state;
    static const char *const logs[LEFT] = {"ml", "ml", "ml", "pml", "pml", "mel", "ml", "l"};
    long blocks = memory_live_blocks();
    int descriptors = open_descriptors();
    assert_int_equal(eddy_run(leaves_transports()), 0);
    for (int i = 0; i < LEFT; i++) {
        assert_string_equal(left[i].log, logs[i]);
        assert_true(left[i].error == ECANCELED || (i == CONNECTS && left[i].error == ECONNREFUSED));
    }
    for (int i = 0; i <= NOT_MADE; i++)
        close(others[i]);
    assert_int_equal(memory_live_blocks(), blocks);
    assert_int_equal(open_descriptors(), descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_protocol_is_told_in_order_and_once),
        cmocka_unit_test(a_protocol_may_go_on_writing_after_the_end),
        cmocka_unit_test(it_may_be_closed_inside_of_its_calls),
        cmocka_unit_test(closing_sends_what_was_written_and_aborting_does_not),
        cmocka_unit_test(pausing_and_resuming_of_a_writer_take_turns),
        cmocka_unit_test(a_writer_is_resumed_before_all_is_sent),
        cmocka_unit_test(an_error_of_the_socket_is_told),
        cmocka_unit_test(a_reader_that_pauses_is_told_nothing),
        cmocka_unit_test(what_has_come_waits_while_it_pauses),
        cmocka_unit_test(a_protocol_may_bring_its_own_memory),
        cmocka_unit_test(another_protocol_may_take_over),
        cmocka_unit_test(listeners_and_connects_make_transports),
        cmocka_unit_test(a_connection_that_could_not_begin_is_lost_alone),
        cmocka_unit_test(errors_are_returned),
        cmocka_unit_test(each_transport_is_told_of_the_end_of_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
