/* SPDX-License-Identifier: MIT */
/* protocol.c - a protocol of your own: messages that begin with their length, read and written whole */
#include <arpa/inet.h>
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

// [read]
enum { LARGEST = 1 << 20 };

struct message {
    uint32_t size;
    char *data; /* the receiver frees it by free() */
};

/* False: the peer ended the connection between two messages. An end inside a message is EDDY_INCOMPLETE_READ. */
async(bool, read_message, (eddy_stream *, s), (struct message *, message))
{
    uint32_t length;
    eddy_error err;
    eddy_stream_set_idle(s, true); /* a closing server may end the connection here */
    await(eddy_stream_read_exactly(s, &length, sizeof length), &err);
    if (err.code == EDDY_INCOMPLETE_READ && eddy_stream_partial(s).size == 0)
        return false;
    if (err.code)
        rethrow(&err);
    eddy_stream_set_idle(s, false);

    message->size = ntohl(length);
    if (message->size > LARGEST) /* checked before memory is taken: the peer may be hostile */
        throw(EMSGSIZE, "a message of %u bytes, at most %d are allowed", message->size, LARGEST);
    message->data = malloc(message->size + 1);
    if (!message->data)
        throw(ENOMEM, "no memory for a message of %u bytes", message->size);
    await_always(eddy_stream_read_exactly(s, message->data, message->size), &err);
    if (err.code) {
        free(message->data);
        rethrow(&err);
    }
    return true;
}
// [read]

// [write]
/* Both parts in one write, so that no other task's message comes between them. */
async(void, write_message, (eddy_stream *, s), (const char *, data), (size_t, size))
{
    uint32_t length = htonl((uint32_t)size);
    eddy_slice parts[] = {{(const char *)&length, sizeof length}, {data, size}};
    await(eddy_stream_writev(s, parts, 2));
}
// [write]

// [serve]
/* Each message is sent back reversed. */
async(void, serve, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    for (struct message message; await(read_message(s, &message));) {
        defer(free, message.data);
        for (uint32_t i = 0; i < message.size / 2; i++) {
            char c = message.data[i];
            message.data[i] = message.data[message.size - 1 - i];
            message.data[message.size - 1 - i] = c;
        }
        await_for(write_message(s, message.data, message.size), 30); /* a peer that does not read is disconnected */
    }
}
// [serve]

// [test]
/* The network may deliver a message in pieces, or two messages at once. */
async(void, client, (eddy_stream *, s))
{
    static const char bytes[] = "\0\0\0\4eddy\0\0\0\3abc";
    struct message message;
    defer(eddy_stream_abort, s);
    for (size_t i = 0; i < 6; i++) {
        await(eddy_stream_write(s, bytes + i, 1));
        await(eddy_sleep(0.01));
    }
    await(eddy_stream_write(s, bytes + 6, sizeof bytes - 1 - 6));
    for (int i = 0; i < 2 && await(read_message(s, &message)); i++) {
        printf("%.*s\n", (int)message.size, message.data);
        free(message.data);
    }
    await(eddy_stream_write(s, "\377\377\377\377", 4));
    await(eddy_stream_write_eof(s));
}

async(int, main_task)
{
    eddy_error err;
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends)); /* two streams in memory: no port, no kernel */
    defer(eddy_stream_abort, ends[0]);
    struct client *asking = spawn(client(ends[1]));
    await(serve(ends[0], NULL), &err);
    printf("%s: %s\n", eddy_error_name(err.code), err.message);
    await(asking);
    return err.code != EMSGSIZE;
}
// [test]

int main(void)
{
    return eddy_run(main_task());
}
