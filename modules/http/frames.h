/* SPDX-License-Identifier: MIT */
/*
 * frames.h - the frames of a WebSocket (RFC 6455), taken apart and put together by wslay. Pure: nothing waits.
 *
 * Invariant: bytes that are to be sent are in `out`, frame by frame. While a message waits to be taken, no frame after
 * it is looked at, so that a close comes when the program has seen all that was before it. After the first failure
 * nothing more is taken.
 */
#ifndef EDDY_HTTP_FRAMES_H
#define EDDY_HTTP_FRAMES_H

#include <eddy.h>

enum { CLOSE_NORMAL = 1000, CLOSE_AWAY = 1001, CLOSE_WITHOUT_CODE = 1005, CLOSE_LOST = 1006, CLOSE_FAILED = 1011 };

/* A message that has arrived; from malloc. */
struct message {
    size_t size;
    bool text;
    char data[]; /* a 0 byte follows */
};

struct frames {
    void *context;          /* of wslay; NULL: it is not open */
    const char *in, *end;   /* bytes that wslay may take */
    uint8_t head[14];       /* the beginning of the frame that arrives */
    size_t head_size;       /* bytes of it that wslay has */
    uint64_t left;          /* bytes of the frame after its head, for wslay to take */
    bool may_begin;         /* wslay may have the next frame */
    eddy_buffer out;
    struct message *ready;  /* NULL: no message is complete */
    bool lacks;             /* there was no memory */
    bool broken;            /* the head of a frame is not valid */
    bool ended;             /* the peer has sent a close */
    int code;               /* of the peer's close; CLOSE_LOST until it comes */
    char reason[124];       /* of the peer's close */
};

/* Returns 0, ENOMEM, or ENOSYS: the module was built without wslay. */
int frames_open(struct frames *f, bool is_server, size_t max_message);
/* May be called for a struct that is all zero. */
void frames_close(struct frames *f);
/* Takes bytes of the peer from *data on, until a message is complete; *data moves on. Answers to pings and to the
 * peer's close go to `out`. Returns 0; ENOMEM; EMSGSIZE (a message beyond the limit), EBADMSG (against the rules): then
 * a close with the code of that goes to `out`. */
int frames_take(struct frames *f, const char **data, const char *end);
/* The next message, which the caller frees; NULL: none is complete. */
struct message *frames_next(struct frames *f);
/* Put a message (text or bytes), a ping, a close into `out`. Return 0; ENOMEM; EPIPE: a close was sent already. */
int frames_add(struct frames *f, bool text, const void *data, size_t size);
int frames_add_ping(struct frames *f);
int frames_add_close(struct frames *f, int code, const char *reason);

/* True: the bytes are valid UTF-8. */
bool utf8_is_valid(const char *text, size_t size);

#endif
