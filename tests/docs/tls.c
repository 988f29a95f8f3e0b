/* SPDX-License-Identifier: MIT */
/* tls.c - a server and a client that speak TLS, with an authority of their own; TLS on a live stream */
#include <stdio.h>
#include <eddy/keywords.h>

#include "../unit/certificates.h"

// [server]
async(void, greet, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    await(eddy_stream_printf(s, "hello over %s\n", eddy_tls_version(s)));
}

async(eddy_server *, serve, (const char *, certificate))
{
    eddy_error err;
    eddy_tls_options options = {.size = sizeof options, .certificate_file = certificate, .alpn = "greeting"};
    eddy_tls *tls = eddy_tls_server_new(&options, &err);
    if (!tls)
        rethrow(&err);
    defer(eddy_tls_free, tls); /* the server keeps a reference */
    return await(eddy_over_tls(eddy_start_server(greet, (void *)NULL, "127.0.0.1", 0), tls));
}
// [server]

// [client]
async(void, visit, (int, port), (const char *, authority))
{
    eddy_error err;
    eddy_slice line;
    eddy_tls_options options = {.size = sizeof options, .ca_file = authority, .alpn = "greeting"};
    eddy_tls *tls = eddy_tls_client_new(&options, &err); /* NULL instead: the authorities of the system */
    if (!tls)
        rethrow(&err);
    defer(eddy_tls_free, tls);
    eddy_stream *s = await(eddy_open_tls_connection("localhost", port, tls));
    defer(eddy_stream_abort, s);
    await(eddy_stream_read_line(s, &line));
    printf("%.*s", (int)line.size, line.data);
}
// [client]

// [facts]
static void show(const eddy_stream *s)
{
    char subject[200];
    const char *protocol = eddy_tls_alpn(s), *name = eddy_tls_server_name(s);
    if (!eddy_tls_version(s)) {
        printf("no TLS\n");
        return;
    }
    if (eddy_tls_peer_subject(s, subject, sizeof subject) == 0)
        snprintf(subject, sizeof subject, "nobody");
    printf("%s, %s, with %s\n", protocol ? protocol : "no protocol", name ? name : "no name", subject);
    printf("%s%s\n", eddy_tls_cipher(s) ? "encrypted" : "plain", eddy_tls_resumed(s) ? ", resumed" : "");
}
// [facts]

// [start]
/* After a conversation in plain text, as SMTP's STARTTLS does. */
async(void, secure, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host))
{
    await(eddy_start_tls(s, tls, host)); /* from here on everything is encrypted */
    show(s);
}
// [start]

async(void, on_live_streams, (const char *, certificate), (const char *, authority))
{
    eddy_stream *ends[2];
    eddy_tls_options of_server = {.size = sizeof of_server, .certificate_file = certificate},
                     of_client = {.size = sizeof of_client, .ca_file = authority};
    eddy_tls *server = eddy_tls_server_new(&of_server), *client = eddy_tls_client_new(&of_client);
    defer(eddy_tls_free, server);
    defer(eddy_tls_free, client);
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    show(ends[0]);
    await(eddy_gather(secure(ends[0], client, "localhost"), secure(ends[1], server, NULL)));
}

async(void, main_task)
{
    char authority[200], certificate[200];
    eddy_error err;
    snprintf(certificate, sizeof certificate, "%s", certificate_at("server").text);
    snprintf(authority, sizeof authority, "%s", certificate_at("authority").text);
    eddy_server *server = await(serve(certificate));
    await(visit(eddy_server_port(server), authority));
    await(visit(eddy_server_port(server), NULL), &err);
    printf("%s\n", eddy_error_text(err.code));
    await(eddy_server_close(server, 1));
    await(on_live_streams(certificate, authority));
}

int main(void)
{
    if (certificates_make(NULL) != 0)
        return 1;
    int status = eddy_run(main_task());
    certificates_remove(NULL);
    return status;
}
