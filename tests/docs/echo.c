/* SPDX-License-Identifier: MIT */
/* echo.c - an echo server and its client in one program */
#include <stdio.h>
#include <string.h>
#include <eddy/keywords.h>

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    char buffer[4096];
    (void)argument;
    for (size_t n; (n = await(eddy_stream_read(s, buffer, sizeof buffer))) > 0;)
        await(eddy_stream_write(s, buffer, n));
} /* the server closes the stream */

async(void, main_task)
{
    eddy_slice line;
    eddy_server *server = await(eddy_start_server(echo, NULL, "127.0.0.1", 0)); /* 0: any free port */
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_stream_printf(s, "hello, %s\n", "eddy"));
    await(eddy_stream_read_line(s, &line));
    printf("%.*s", (int)line.size, line.data);
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1.0));
}

int main(void)
{
    return eddy_run(main_task());
}
