/* SPDX-License-Identifier: MIT */
/*
 * server.c - what real clients talk to in test_real.py:  server CORES FOLDER [CERTIFICATE]
 *
 * Prints its port. GET /fail makes the main task of its core fail; SIGTERM ends all in order.
 */
#include <eddy/keywords.h>
#include <eddy/http.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { MOST_CORES = 8 };

static int folder;
static eddy_event fails[MOST_CORES]; /* of each core; only its loop touches it */

async(void, hello, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    eddy_http_append(response, "Hello\n", 6);
}

async(void, echo, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice bytes;
    while (await(eddy_http_read_some(request->body, &bytes)))
        await(eddy_http_write(response, bytes.data, bytes.size));
}

/* Longer than one write, with a wait inside. */
async(void, slow, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    for (int i = 0; i < 5; i++) {
        await(eddy_http_write(response, "0123456789", 10));
        await(eddy_sleep(0.02));
    }
}

async(void, file, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_send_file(response, folder, eddy_http_param(request, "*")));
}

async(void, fail, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request, (void)response;
    eddy_event_set(&fails[eddy_core_index()]);
}

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE("GET", "/", hello)},   {EDDY_HTTP_ROUTE(NULL, "/echo", echo)},
    {EDDY_HTTP_ROUTE("GET", "/slow", slow)}, {EDDY_HTTP_ROUTE("GET", "/files/*", file)},
    {EDDY_HTTP_ROUTE("GET", "/fail", fail)}, {0},
};

async(int, core, (eddy_tls *, tls))
{
    eddy_error err;
    const eddy_server_options listen = {
        .size = sizeof listen, .host = "127.0.0.1", .shared = true, .balance = EDDY_BALANCE_EXACT, .backlog = 4096};
    eddy_http_server *server = await(eddy_http_start_server(
        &(eddy_http_server_options){.listen = &listen, .tls = tls, .routes = routes, .gzip = true}));
    if (eddy_core_index() == 0) {
        printf("%d\n", eddy_server_port(eddy_http_server_of(server)));
        fflush(stdout);
    }
    await_always(eddy_event_wait(&fails[eddy_core_index()]), &err);
    await(eddy_http_server_close(server, 10));
    if (!err.code)
        throw(EIO, "this core is told to fail");
    return 0;
}

int main(int argc, char **argv)
{
    eddy_tls *tls = NULL;
    if (argc < 3 || (folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return 2;
    eddy_tls_options options = {
        .size = sizeof options, .certificate_file = argc > 3 ? argv[3] : NULL, .alpn = "http/1.1,http/1.0"};
    if (argc > 3 && !(tls = eddy_tls_server_new(&options, NULL)))
        return 3;
    int status = eddy_run_on_cores(atoi(argv[1]), core(tls));
    eddy_tls_free(tls);
    return status;
}
