/* SPDX-License-Identifier: MIT */
/* link.h - a connected stream to a server that has accepted the login. */
#ifndef EDDY_REDIS_LINK_H
#define EDDY_REDIS_LINK_H

#include "address.h"
#include "reader.h"

struct link {
    eddy_stream *stream; /* NULL: not connected */
    struct reader reader;
};

/* Connects and logs in, within connect_seconds. After a failure link is empty. */
eddy_async_declare(void, link_open, (struct link *, link), (const struct address *, address));
/* Sends a command and returns the reply, errors included; for a link that nothing else uses. */
eddy_async_declare(eddy_redis_reply *, link_ask, (struct link *, link), (const eddy_buffer *, command));
/* Waits for a whole reply. */
eddy_async_declare(void, link_receive, (struct link *, link), (struct view *, view));
/* Gives everything up; harmless for an empty one. */
void link_close(struct link *link);

/* Seconds to wait before an attempt to connect, after so many that have failed. */
double link_delay(const struct address *address, unsigned failures);

/* The errno value for what a reader refused; its words are in reader.why. */
int link_error(enum reader_result result);
/* The message of an error, or the text of its code. */
const char *link_words(const eddy_error *err);

#endif
