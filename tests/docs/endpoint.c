/* endpoint.c - a counter of datagrams made of callbacks */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <eddy/keywords.h>

// [counter]
struct counter {
    int datagrams;
};

static void received(eddy_endpoint *e, const char *data, size_t size, const eddy_address *from)
{
    struct counter *counter = eddy_endpoint_argument(e);
    char answer[64];
    int length = snprintf(answer, sizeof answer, "%d: %.*s", ++counter->datagrams, (int)size, data);
    if (length > 0 && (size_t)length < sizeof answer)
        eddy_endpoint_send(e, answer, (size_t)length, from); /* an answer that is lost is asked for again */
}

static void failed(eddy_endpoint *e, int error)
{
    (void)e;
    fprintf(stderr, "a datagram was lost: %s\n", eddy_error_name(error)); /* the endpoint goes on */
}

static void lost(eddy_endpoint *e, int error)
{
    free(eddy_endpoint_argument(e));
    if (error)
        fprintf(stderr, "the counter ends: %s\n", eddy_error_name(error));
}

static const struct eddy_datagram_protocol counting = {.received = received, .failed = failed, .lost = lost};

static int start_counter(eddy_endpoint **endpoint, const eddy_address *at)
{
    struct counter *counter = calloc(1, sizeof *counter);
    int error = counter ? eddy_endpoint_open(endpoint, at, NULL, &counting, counter) : ENOMEM;
    if (error)
        free(counter);
    return error;
}
// [counter]

static void answered(eddy_endpoint *e, const char *data, size_t size, const eddy_address *from)
{
    (void)from;
    printf("%.*s\n", (int)size, data);
    eddy_event_set(eddy_endpoint_argument(e));
}

static const struct eddy_datagram_protocol asking = {.received = answered};

/* Asks again until an answer comes. */
async(void, ask, (eddy_endpoint *, client), (const char *, text))
{
    eddy_event *answer = eddy_endpoint_argument(client);
    eddy_error err = {.code = ETIMEDOUT};
    for (eddy_event_clear(answer); err.code == ETIMEDOUT; await_for(eddy_event_wait(answer), 1, &err)) {
        int error = eddy_endpoint_send(client, text, strlen(text), NULL);
        if (error)
            throw(error, "sending");
    }
    if (err.code)
        rethrow(&err);
}

async(void, main_task)
{
    eddy_endpoint *counter, *client;
    eddy_address address;
    eddy_event answer = {0}; /* set when one has come */
    eddy_address_ip(&address, "127.0.0.1", 0);
    int error = start_counter(&counter, &address);
    if (!error)
        error = eddy_endpoint_address(counter, false, &address);
    if (!error)
        error = eddy_endpoint_open(&client, NULL, &address, &asking, &answer);
    if (error)
        throw(error, "an endpoint");
    await(ask(client, "hello"));
    await(ask(client, "again"));
    eddy_endpoint_close(client);
    eddy_endpoint_close(counter);
    await(eddy_sleep(0));
}

int main(void)
{
    return eddy_run(main_task());
}
