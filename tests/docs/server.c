/* SPDX-License-Identifier: MIT */
/* server.c - a server with options, on a Unix socket, asked once */
#include <eddy/keywords.h>
#include <stdio.h>
#include <unistd.h>

async(void, greet, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    await(eddy_stream_printf(s, "hello\n"));
}

async(void, print_line, (eddy_stream *, s))
{
    eddy_slice line;
    defer(eddy_stream_abort, s);
    await(eddy_stream_read_line(s, &line));
    printf("%.*s", (int)line.size, line.data);
}

async(void, with_options)
{
    // [options]
    eddy_server_options options = {
        .size = sizeof options,
        .host = "127.0.0.1",
        .max_connections = 10000,
        .shed = true, /* rather than letting them wait */
    };
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    // [options]
    int port = eddy_server_port(server);
    // [from]
    eddy_connection_options from = {.size = sizeof from, .local_host = "127.0.0.2"};
    eddy_stream *s = await(eddy_open_connection_with_options("127.0.0.1", port, &from));
    // [from]
    await(print_line(s));
    // [stats]
    struct eddy_server_stats stats = {.size = sizeof stats};
    eddy_server_stats_shared(server, &stats);
    printf("%llu connections on %zu servers\n", (unsigned long long)stats.accepted, stats.servers);
    // [stats]
    await(eddy_server_close(server, 1));
}

async(void, at_a_name)
{
    char name[64];
    snprintf(name, sizeof name, "@eddy-example-%d", (int)getpid());
    // [unix]
    eddy_server *server = await(eddy_start_unix_server(greet, (void *)NULL, name));
    eddy_stream *s = await(eddy_open_unix_connection(name));
    // [unix]
    await(print_line(s));
    await(eddy_server_close(server, 1));
}

async(int, main_task)
{
    // [address]
    eddy_address address;
    char text[64];
    if (eddy_address_ip(&address, "::1", 8080) == 0)
        eddy_address_format(&address, text, sizeof text);
    puts(text); /* [::1]:8080 */
    // [address]
    await(with_options());
    await(at_a_name());
    return 0;
}

int main(void) { return eddy_run(main_task()); }
