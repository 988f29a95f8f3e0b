/* SPDX-License-Identifier: MIT */
/* message.h - messages: those that have arrived, as one block, and the bytes of those that are sent. */
#ifndef EDDY_NATS_MESSAGE_H
#define EDDY_NATS_MESSAGE_H

#include "reader.h"

/* NULL: no memory. */
eddy_nats_message *message_new(eddy_nats *client, const struct view *view);

/* NULL: it may be published to (subscribed to, with wildcards). Else what is wrong. */
const char *subject_problem(const char *subject, bool wildcards);
/* NULL: it can be sent. */
const char *outgoing_problem(const eddy_nats_outgoing *m);
/* Bytes of its headers; 0: none. */
size_t outgoing_header_size(const eddy_nats_outgoing *m);
/* Appends it. False: no memory, and buffer is unchanged. */
bool outgoing_append(eddy_buffer *buffer, const eddy_nats_outgoing *m, const char *reply);

#endif
