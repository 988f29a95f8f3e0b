/* SPDX-License-Identifier: MIT */
/* link.h - a connected stream to a server that has accepted the login. */
#ifndef EDDY_NATS_LINK_H
#define EDDY_NATS_LINK_H

#include "address.h"
#include "reader.h"

struct link {
    eddy_stream *stream;  /* NULL: not connected */
    struct reader reader;
    size_t message_limit; /* bytes that the server takes in a message */
    char label[160];      /* the server, for messages */
};

/* Connects to the first server that answers, beginning after the last one, and logs in. After a failure link is
 * empty. */
eddy_async_declare(void, link_open, (struct link *, link), (struct address *, address));
/* Gives everything up; harmless for an empty one. */
void link_close(struct link *link);
/* What a server says of itself: the limit, and other servers of its cluster, which the address gets. False: no
 * memory. */
bool link_read_info(struct link *link, struct address *address, const char *json);

/* Seconds to wait before an attempt to connect, after so many that have failed. */
double link_delay(const struct address *address, unsigned failures);
/* The errno value for what a reader refused; its words are in reader.why. */
int link_error(enum reader_result result);
/* The errno value for the text of an -ERR. */
int link_refusal(eddy_slice text);
/* The message of an error, or the text of its code. */
const char *link_words(const eddy_error *err);

#endif
