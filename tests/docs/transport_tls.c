/* SPDX-License-Identifier: MIT */
/* transport_tls.c - transports with TLS: a server, a client that connects by name, and an upgrade in the middle */
#include <eddy/keywords.h>
#include <stdio.h>
#include <string.h>

#include "../unit/certificates.h"

// [server]
static void greet(eddy_transport *t) /* made: the handshake is over */
{
    eddy_transport_write(t, "hello\n", 6);
    eddy_transport_close(t); /* close_notify follows what was written */
}

static const struct eddy_protocol greeting = {.made = greet};

static int listen_with(eddy_tls *tls, eddy_listener **listener)
{
    eddy_address address;
    eddy_address_ip(&address, "127.0.0.1", 0);
    int error = eddy_transport_listen(listener, &address, &greeting, NULL);
    return error ? error : eddy_listener_set_tls(*listener, tls); /* it keeps a reference */
}
// [server]

static eddy_event over;

// [client]
static void made(eddy_transport *t)
{
    struct eddy_tls_facts facts = {.size = sizeof facts};
    if (eddy_transport_tls_facts(t, &facts))
        printf("connected by %s\n", facts.version);
}

static void received(eddy_transport *t, const char *data, size_t size)
{
    (void)t;
    printf("%.*s", (int)size, data);
}

static void lost(eddy_transport *t, int error)
{
    if (error)
        printf("%s: %s\n", eddy_error_name(error), eddy_transport_reason(t));
    eddy_event_set(&over);
}

static const struct eddy_protocol reader = {.made = made, .received = received, .lost = lost};

static int visit(const char *host, int port, eddy_tls *tls)
{
    eddy_transport *t;
    int error = eddy_transport_connect_host(&t, host, port, NULL, &reader, NULL);
    if (!error)
        error = eddy_transport_start_tls(t, tls, host); /* before `made`, which then waits for the handshake */
    return error;
}
// [client]

// [upgrade]
static eddy_tls *upgrade_by; /* a client's context */

/* As SMTP's STARTTLS: the answer to the command is the last line in plain text. */
static void command_answered(eddy_transport *t, const char *data, size_t size)
{
    bool is_ready = size >= 3 && memcmp(data, "220", 3) == 0;
    if (!is_ready || eddy_transport_start_tls(t, upgrade_by, "localhost") != 0)
        eddy_transport_abort(t);
}

static void upgraded(eddy_transport *t) /* secured */
{
    eddy_transport_write(t, "QUIT\r\n", 6); /* encrypted */
    eddy_transport_write_eof(t);
}

static const struct eddy_protocol mailer = {.received = command_answered, .secured = upgraded, .lost = lost};
// [upgrade]

/* The other side of it, as a task. */
async(void, answer, (eddy_stream *, s), (eddy_tls *, tls))
{
    eddy_slice line;
    await(eddy_stream_write(s, "220 go ahead\r\n", 14));
    await(eddy_start_tls(s, tls, NULL));
    await(eddy_stream_read_line(s, &line));
    printf("encrypted: %.4s\n", line.data);
    await(eddy_stream_close(s)); /* with close_notify */
}

async(void, upgrade, (eddy_tls *, server))
{
    eddy_server *smtp = await(eddy_start_server(answer, server, "127.0.0.1", 0));
    eddy_event_clear(&over);
    int error = eddy_transport_connect_host(NULL, "localhost", eddy_server_port(smtp), NULL, &mailer, NULL);
    if (error)
        throw(error, "connecting");
    await(eddy_event_wait(&over));
    await(eddy_server_close(smtp, 1));
}

async(int, main_task, (const char *, certificate), (const char *, authority))
{
    const eddy_tls_options for_server = {.size = sizeof for_server, .certificate_file = certificate};
    const eddy_tls_options for_client = {.size = sizeof for_client, .ca_file = authority};
    eddy_tls *server = eddy_tls_server_new(&for_server), *client = upgrade_by = eddy_tls_client_new(&for_client);
    defer(eddy_tls_free, server);
    defer(eddy_tls_free, client);
    eddy_listener *listener;
    if (listen_with(server, &listener) != 0)
        return 1;
    int port = eddy_address_port(eddy_listener_address(listener));
    if (visit("localhost", port, client) != 0)
        return 1;
    await(eddy_event_wait(&over));
    eddy_listener_close(listener);
    await(upgrade(server));
    return 0;
}

int main(void)
{
    if (certificates_make(NULL) != 0)
        return 1;
    struct certificate_path certificate = certificate_at("server"), authority = certificate_at("authority");
    int status = eddy_run(main_task(certificate.text, authority.text));
    certificates_remove(NULL);
    return status;
}
