/* SPDX-License-Identifier: MIT */
/* call.h - what a task wants to have sent, and the replies that it gets: an awaitable. */
#ifndef EDDY_REDIS_CALL_H
#define EDDY_REDIS_CALL_H

#include "reply.h"

enum call_form {
    CALL_COMMAND,    /* one reply; an error of the server is the call's failure */
    CALL_PIPELINE,   /* a reply for each command */
    CALL_TRANSACTION /* the same between MULTI and EXEC, whose reply is the result */
};

/* It lies on the stack of its task, and is the line's from its start to its completion. */
struct call {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_redis *line;
    enum call_form form;
    const eddy_redis_word *words;  /* the command, or NULL */
    const eddy_slice *slices;      /* the same of bytes, or NULL */
    const eddy_redis_batch *batch; /* the same for several commands, or NULL */
    size_t word_count;
    eddy_redis_reply *reply;       /* the result; or the only one so far */
    eddy_redis_reply **replies;    /* of several commands; malloc'ed */
    size_t count, got;             /* replies that it needs; that have come */
    uint64_t number;               /* of its first reply, in the queue */
    struct call *next, **link;     /* while it waits to be sent; link NULL: it was sent */
    bool no_memory;                /* for one of the replies */
};

/* Appends its bytes. Returns 0, or ENOMEM or EINVAL and *why. */
int call_encode(const struct call *call, eddy_buffer *buffer, const char **why);
/* One of its replies has come. True: it was the last one, and the call has completed. */
bool call_reply(struct call *call, const struct view *view, const char *label);
/* Frees what it has got, and completes it. */
void call_fail(struct call *call, int code, const char *label, const char *why);

#endif
