/* SPDX-License-Identifier: MIT */
/*
 * tls.c - TLS from both sides: the head of a page, and a server that sends back what it is told.
 *
 *     eddy run examples/tls.c head example.org 443                       (whom the system trusts)
 *     eddy run examples/tls.c head localhost 8443 authority.pem
 *     eddy run examples/tls.c echo server.pem 8443 [authority.pem]       (clients then have to show a certificate)
 *
 * server.pem holds the certificate and its key.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ==== the client ==== */

async(void, print_head, (eddy_stream *, s), (const char *, host))
{
    eddy_slice line;
    await(eddy_stream_printf(s, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host));
    while (await(eddy_stream_read_line(s, &line)) > 2)
        printf("%.*s", (int)line.size, line.data);
}

async(int, head, (const char *, host), (int, port), (const char *, authority))
{
    // [client]
    eddy_tls *tls = NULL; /* what the system trusts */
    if (authority) {
        eddy_tls_options options = {.size = sizeof options, .ca_file = authority};
        eddy_error err;
        tls = eddy_tls_client_new(&options, &err);
        if (!tls)
            rethrow(&err);
    }
    defer(eddy_tls_free, tls);
    eddy_stream *s = await(eddy_open_tls_connection(host, port, tls));
    defer(eddy_stream_abort, s);
    // [client]
    // [facts]
    char subject[200];
    eddy_tls_peer_subject(s, subject, sizeof subject);
    printf("%s, %s, %s%s\n", eddy_tls_version(s), eddy_tls_cipher(s), subject, eddy_tls_resumed(s) ? ", resumed" : "");
    // [facts]
    await(print_head(s, host));
    return 0;
}

/* ==== the server ==== */

async(void, echo, (eddy_stream *, s), (void *, nothing))
{
    eddy_slice bytes;
    (void)nothing;
    while (await(eddy_stream_read_some(s, &bytes)) > 0)
        await(eddy_stream_write(s, bytes.data, bytes.size));
} /* close_notify is sent for it */

// [failure]
static void complain(const eddy_error *err, void *nothing)
{
    (void)nothing;
    fprintf(stderr, "%s: %s\n", eddy_error_name(err->code), err->message);
}
// [failure]

/* Until SIGTERM; Ctrl-C cancels the main task instead. */
async(void, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM)) {
        (void)number;
        return;
    }
}

async(void, stop, (eddy_server *, server))
{
    await(eddy_server_close(server, 1));
}

async(int, serve, (const char *, certificate), (int, port), (const char *, authority))
{
    // [server]
    eddy_error err;
    eddy_tls_options options = {
        .size = sizeof options,
        .certificate_file = certificate,
        .ca_file = authority,
        .require_client_certificate = authority,
        .alpn = "echo",
        .on_failure = complain,
    };
    eddy_tls *tls = eddy_tls_server_new(&options, &err);
    if (!tls)
        rethrow(&err);
    eddy_server *server = await(eddy_over_tls(eddy_start_server(echo, (void *)NULL, "localhost", port), tls));
    eddy_tls_free(tls); /* the server keeps a reference */
    // [server]
    printf("listening %d\n", eddy_server_port(server));
    fflush(stdout);
    await_always(told_to_end(), &err);
    await(stop(server));
    if (err.code)
        rethrow(&err); /* Ctrl-C: status 130 */
    return 0;
}

int main(int argc, char **argv)
{
    const char *authority = argc > 4 ? argv[4] : NULL;
    if (argc > 3 && !strcmp(argv[1], "head"))
        return eddy_run(head(argv[2], atoi(argv[3]), authority));
    if (argc > 3 && !strcmp(argv[1], "echo"))
        return eddy_run(serve(argv[2], atoi(argv[3]), authority));
    fprintf(stderr, "usage: tls head HOST PORT [AUTHORITY] | tls echo CERTIFICATE PORT [AUTHORITY]\n");
    return 2;
}
