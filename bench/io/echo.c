/* SPDX-License-Identifier: MIT */
/* echo.c - Eddy's echo server: a task a connection, as in the guide; with SERVER_CORES, a loop on each of so many. */
#include <eddy/keywords.h>
#include <math.h>
#include <stdio.h>

#include "server.h"

async(void, echo, (eddy_stream *, s), (void *, nothing))
{
    eddy_slice bytes;
    eddy_error err = {0}; /* a client that has disconnected is not an error of the server */
    (void)nothing;
    while (!err.code && await(eddy_stream_read_some(s, &bytes), &err) > 0)
        await(eddy_stream_write(s, bytes.data, bytes.size), &err);
}

async(void, main_task)
{
    const char *certificate = getenv(SERVER_CERTIFICATE);
    const eddy_server_options place = {
        .size = sizeof place, .host = "127.0.0.1", .shared = getenv(SERVER_CORES), .balance = EDDY_BALANCE_EXACT};
    struct eddy_start_server start = eddy_start_server_with_options(echo, (void *)NULL, &place);
    eddy_tls_options options = {.size = sizeof options, .certificate_file = certificate};
    if (certificate)
        start = eddy_over_tls(start, eddy_tls_server_new(&options));
    eddy_server *server = await(start);
    if (eddy_core_index() <= 0)
        server_says(eddy_server_port(server));
    await(eddy_sleep(INFINITY));
}

int main(void)
{
    server_limits();
    const char *cores = getenv(SERVER_CORES);
    return cores ? eddy_run_on_cores(atoi(cores), main_task()) : eddy_run(main_task());
}
