/* SPDX-License-Identifier: MIT */
/*
 * echo.c - both ends of an echo, for test_peers.py to put others at the other end:
 *
 *     echo serve HOST PORT        says "listening PORT"; sends back what comes, then ends its side as the client does
 *     echo serve-unix PATH
 *     echo connect HOST PORT N    sends N bytes while it reads, ends its side, and compares what comes with them
 *     echo connect-unix PATH N
 *     echo get HOST PORT PATH N   N requests of HTTP/1.1 on one connection, sent before the first answer is read
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

async(void, serve, (eddy_stream *, s), (void *, nothing))
{
    eddy_slice bytes;
    (void)nothing;
    while (await(eddy_stream_read_some(s, &bytes)) > 0)
        await(eddy_stream_write(s, bytes.data, bytes.size));
    await(eddy_stream_write_eof(s));
}

async(void, stop, (eddy_server *, server))
{
    await(eddy_server_close(server, 5));
}

async(int, listen_at, (const eddy_server_options *, options))
{
    eddy_error err;
    eddy_server *server = await(eddy_start_server_with_options(serve, (void *)NULL, options));
    printf("listening %d\n", eddy_server_port(server));
    fflush(stdout);
    await_always(eddy_sleep(INFINITY), &err);
    await(stop(server));
    rethrow(&err);
}

/* The byte at a position. The period is not a power of two, so that a lost or doubled buffer is detected. */
static unsigned char byte_at(size_t place)
{
    return (unsigned char)(place % 251);
}

async(void, send_bytes, (eddy_stream *, s), (size_t, count))
{
    char part[10007];
    for (size_t sent = 0; sent < count;) {
        size_t size = count - sent < sizeof part ? count - sent : sizeof part;
        for (size_t i = 0; i < size; i++)
            part[i] = (char)byte_at(sent + i);
        await(eddy_stream_write(s, part, size));
        sent += size;
    }
    await(eddy_stream_write_eof(s));
}

async(int, exchange, (eddy_stream *, s), (size_t, count))
{
    size_t came = 0;
    eddy_slice bytes;
    defer(eddy_stream_abort, s);
    struct send_bytes *sender = spawn(send_bytes(s, count));
    while (await(eddy_stream_read_some(s, &bytes)) > 0)
        for (size_t i = 0; i < bytes.size; i++, came++)
            if ((unsigned char)bytes.data[i] != byte_at(came))
                throw(EBADMSG, "byte %zu is not what was sent", came);
    if (came != count)
        throw(EBADMSG, "%zu of %zu bytes came back", came, count);
    await(sender);
    printf("%zu bytes\n", came);
    return 0;
}

async(int, connect_to, (const char *, host), (int, port), (size_t, count))
{
    return await(exchange(await(eddy_open_connection(host, port)), count));
}

async(int, connect_unix, (const char *, path), (size_t, count))
{
    return await(exchange(await(eddy_open_unix_connection(path)), count));
}

/* Prints the status and the size of the body. */
async(void, read_answer, (eddy_stream *, s))
{
    eddy_slice line;
    char status[64] = "", body[4096];
    size_t size = 0, left;
    for (bool first = true; await(eddy_stream_read_until(s, "\r\n", &line)) > 2; first = false) {
        if (first)
            snprintf(status, sizeof status, "%.*s", (int)line.size - 2, line.data);
        else if (!strncasecmp(line.data, "content-length:", 15))
            size = strtoul(line.data + 15, NULL, 10);
    }
    for (left = size; left;)
        left -= await(eddy_stream_read_exactly(s, body, left < sizeof body ? left : sizeof body));
    printf("%s, %zu bytes\n", status, size);
}

async(int, get, (const char *, host), (int, port), (const char *, path), (size_t, count))
{
    eddy_stream *s = await(eddy_open_connection(host, port));
    defer(eddy_stream_abort, s);
    for (size_t i = 0; i < count; i++)
        await(eddy_stream_printf(s, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host));
    for (size_t i = 0; i < count; i++)
        await(read_answer(s));
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    eddy_server_options options = {.size = sizeof options};
    if (!strcmp(what, "serve") && argc == 4) {
        options.host = argv[2];
        options.port = atoi(argv[3]);
        return eddy_run(listen_at(&options));
    }
    if (!strcmp(what, "serve-unix")) {
        options.unix_path = argv[2];
        return eddy_run(listen_at(&options));
    }
    if (!strcmp(what, "connect") && argc == 5)
        return eddy_run(connect_to(argv[2], atoi(argv[3]), strtoul(argv[4], NULL, 10)));
    if (!strcmp(what, "connect-unix") && argc == 4)
        return eddy_run(connect_unix(argv[2], strtoul(argv[3], NULL, 10)));
    if (!strcmp(what, "get") && argc == 6)
        return eddy_run(get(argv[2], atoi(argv[3]), argv[4], strtoul(argv[5], NULL, 10)));
    fprintf(stderr, "echo.c says how to call it\n");
    return 2;
}
