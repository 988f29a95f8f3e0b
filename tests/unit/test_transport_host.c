/* SPDX-License-Identifier: MIT */
/* test_transport_host.c - rules of transports that connect to a host by its name. */
#include "several_hosts.h"
#include "transport_side.h"

/* A listener of 127.0.0.1 and its connections. */
static eddy_listener *listen_for(struct side *side)
{
    eddy_listener *listener = NULL;
    eddy_address address;
    eddy_address_ip(&address, "127.0.0.1", 0);
    assert_int_equal(eddy_transport_listen(&listener, &address, &plain, side), 0);
    return listener;
}

static int connect_side(struct side *side, const char *host, int port, const eddy_connection_options *options)
{
    side->in_call = true;
    int error = eddy_transport_connect_host(&side->t, host, port, options, &plain, side);
    side->in_call = false;
    return error;
}

static void note_reason(struct side *side)
{
    snprintf(side->last, sizeof side->last, "%.*s", (int)sizeof side->last - 1, eddy_transport_reason(side->t));
}

/* ==== what works ==== */

async(void, reaches_second_address)
{
    struct side server = {.keeps_open = false}, client = {.error = -1};
    char host[] = "several.test";
    eddy_listener *listener = listen_for(&server);
    int port = eddy_address_port(eddy_listener_address(listener));
    eddy_address peer;
    ANSWER("::1", "127.0.0.1");
    CHECK(connect_side(&client, host, port, NULL) == 0);
    memset(host, 0, sizeof host); /* it was copied */
    CHECK(eddy_transport_write(client.t, "early", 5) == 0 && eddy_transport_unsent(client.t) == 5);
    CHECK(eddy_transport_address(client.t, true, &peer) != 0);
    await(until_log(&client, "m"));
    await(until_log(&server, "mr"));
    CHECK(strcmp(server.last, "early") == 0 && eddy_transport_address(client.t, true, &peer) == 0);
    CHECK(eddy_address_port(&peer) == port && eddy_transport_reason(client.t)[0] == 0);
    close_side(&client);
    await(until_log(&client, "ml"));
    await(until_log(&server, "mrel"));
    eddy_listener_close(listener);
    CHECK(client.error == 0);
}

async(void, takes_options)
{
    struct side server = {.keeps_open = false}, client = {.error = -1};
    eddy_listener *listener = listen_for(&server);
    char local[] = "127.0.0.2";
    eddy_address own;
    char name[64] = "";
    const eddy_connection_options options = {.size = sizeof options, .local_host = local};
    ANSWER("127.0.0.1");
    CHECK(connect_side(&client, "several.test", eddy_address_port(eddy_listener_address(listener)), &options) == 0);
    memset(local, 0, sizeof local);
    await(until_log(&client, "m"));
    CHECK(eddy_transport_address(client.t, false, &own) == 0);
    eddy_address_format(&own, name, sizeof name);
    CHECK(strncmp(name, "127.0.0.2:", 10) == 0);
    close_side(&client);
    await(until_log(&client, "ml"));
    await(until_log(&server, "mel"));
    eddy_listener_close(listener);
}

/* ==== what does not ==== */

async(void, finds_nobody)
{
    struct side side = {.at_lost = note_reason};
    CHECK(connect_side(&side, "nobody.test", 80, NULL) == 0);
    await(until_log(&side, "l"));
    CHECK(side.error == ENOENT && strstr(side.last, "eddy_transport_connect_host(\"nobody.test\", 80): "));
}

async(void, is_refused)
{
    struct side server = {.keeps_open = false}, side = {.at_lost = note_reason};
    eddy_listener *listener = listen_for(&server);
    int port = eddy_address_port(eddy_listener_address(listener));
    eddy_listener_close(listener);
    await(passes(3));
    ANSWER("127.0.0.1");
    CHECK(connect_side(&side, "several.test", port, NULL) == 0);
    await(until_log(&side, "l"));
    CHECK(side.error == ECONNREFUSED && strstr(side.last, "several.test"));
    CHECK(connect_side(&side, "several.test", 0, NULL) == EINVAL);
    CHECK(connect_side(&side, "several.test", 65536, NULL) == EINVAL);
    CHECK(connect_side(&side, "several.test", port, &(eddy_connection_options){.size = 0}) == EINVAL);
}

async(void, is_given_up, (bool, aborts))
{
    struct side side = {.error = -1};
    ANSWER("127.0.0.1");
    CHECK(connect_side(&side, "several.test", 9, NULL) == 0);
    if (aborts)
        eddy_transport_abort(side.t);
    else
        close_side(&side);
    CHECK(eddy_transport_is_closing(side.t));
    await(until_log(&side, "l"));
    CHECK(side.error == 0);
}

/* The name server does not answer. */
async(void, is_given_up_while_it_looks)
{
    struct side side = {.error = -1};
    CHECK(sem_init(&slow_answer, 0, 0) == 0);
    CHECK(connect_side(&side, "slow.test", 9, NULL) == 0);
    await(passes(3));
    close_side(&side);
    await(until_log(&side, "l"));
    CHECK(side.error == 0 && sem_post(&slow_answer) == 0);
}

static struct side left;

/* Nothing waits for it: the loop ends. */
async(void, is_left)
{
    ANSWER("127.0.0.1");
    left = (struct side){.error = -1};
    CHECK(connect_side(&left, "several.test", 9, NULL) == 0);
    await(passes(1));
}

static void it_connects_to_the_address_that_answers(void **state)
{
    (void)state;
    RUN_CLEAN(reaches_second_address());
    RUN_CLEAN(takes_options());
}

static void a_failure_is_told_in_words(void **state)
{
    (void)state;
    RUN_CLEAN(finds_nobody());
    RUN_CLEAN(is_refused());
}

static void it_may_be_given_up_while_it_connects(void **state)
{
    (void)state;
    RUN_CLEAN(is_given_up(false));
    RUN_CLEAN(is_given_up(true));
    RUN_CLEAN(is_given_up_while_it_looks());
    RUN_CLEAN(is_left());
    assert_string_equal(left.log, "l");
    assert_int_equal(left.error, ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_connects_to_the_address_that_answers),
        cmocka_unit_test(a_failure_is_told_in_words),
        cmocka_unit_test(it_may_be_given_up_while_it_connects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
