/* SPDX-License-Identifier: MIT */
/*
 * ack.c - acknowledgements of the messages of JetStream.
 *
 * Such a message asks for an answer at "$JS.ACK.STREAM.CONSUMER.DELIVERIES.SEQUENCE.SEQUENCE.TIME.PENDING"; newer
 * servers put "DOMAIN.ACCOUNT-HASH." after "ACK." and a token at the end.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

static bool is_of_jetstream(const eddy_nats_message *m)
{
    return strncmp(m->reply, "$JS.ACK.", 8) == 0;
}

static int answer(const eddy_nats_message *m, const char *text)
{
    const char *why;
    eddy_nats_outgoing message = {.subject = m->reply, .data = {text, strlen(text)}};
    return is_of_jetstream(m) ? line_put(m->client, &message, &why) : EINVAL;
}

int eddy_nats_ack(const eddy_nats_message *m)
{
    return answer(m, "+ACK");
}

int eddy_nats_nak(const eddy_nats_message *m, double seconds)
{
    char text[64];
    if (!(seconds > 0))
        return answer(m, "-NAK");
    snprintf(text, sizeof text, "-NAK {\"delay\":%lld}", (long long)((seconds < 9e9 ? seconds : 9e9) * 1e9));
    return answer(m, text);
}

int eddy_nats_progress(const eddy_nats_message *m)
{
    return answer(m, "+WPI");
}

int eddy_nats_terminate(const eddy_nats_message *m)
{
    return answer(m, "+TERM");
}

eddy_async_define(void, eddy_nats_ack_surely, (const eddy_nats_message *, m))
{
    eddy_nats_outgoing message = {.subject = m->reply, .data = {"+ACK", 4}};
    if (!is_of_jetstream(m))
        eddy_raise(EINVAL, "%s: \"%s\" is not a message of a consumer", m->client->link.label, m->subject);
    eddy_nats_message_free(eddy_await(eddy_nats_ask(m->client, &message)));
}

eddy_nats_delivery eddy_nats_delivery_of(const eddy_nats_message *m)
{
    const char *parts[12];
    size_t count = 0;
    for (const char *at = m->reply; is_of_jetstream(m) && at && count < 12; count++) {
        parts[count] = at;
        at = strchr(at, '.');
        at = at ? at + 1 : NULL;
    }
    size_t first = count >= 11 ? 6 : 4;
    if (count < 9)
        return (eddy_nats_delivery){.sequence = 0};
    return (eddy_nats_delivery){.deliveries = strtoull(parts[first], NULL, 10),
                                .sequence = strtoull(parts[first + 1], NULL, 10),
                                .stored_at = (double)strtoull(parts[first + 3], NULL, 10) / 1e9,
                                .pending = strtoull(parts[first + 4], NULL, 10)};
}
