/* SPDX-License-Identifier: MIT */
/* echo.c - Eddy's echo server: a task a connection, as in the guide. */
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
    struct eddy_start_server start = eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0);
    eddy_tls_options options = {.size = sizeof options, .certificate_file = certificate};
    if (certificate)
        start = eddy_over_tls(start, eddy_tls_server_new(&options));
    eddy_server *server = await(start);
    server_says(eddy_server_port(server));
    await(eddy_sleep(INFINITY));
}

int main(void)
{
    server_limits();
    return eddy_run(main_task());
}
