/* SPDX-License-Identifier: MIT */
/* frames.c - see frames.h. The only file that knows wslay. */
#include "frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef EDDY_HTTP_WITH_WSLAY

#include <sys/random.h>
#include <wslay/wslay.h>

/* ==== what wslay calls ==== */

/* Bytes of a frame before its payload, as far as its first two bytes tell. */
static size_t head_size_of(const struct frames *f)
{
    unsigned length = f->head_size < 2 ? 0 : f->head[1] & 127u;
    size_t mask = f->head_size >= 2 && f->head[1] & 128 ? 4 : 0;
    return 2 + mask + (length == 126 ? 2 : length == 127 ? 8 : 0);
}

static uint64_t payload_of(const struct frames *f)
{
    unsigned length = f->head[1] & 127u;
    uint64_t size = 0;
    if (length < 126)
        return length;
    for (int i = 0; i < (length == 126 ? 2 : 8); i++)
        size = size << 8 | f->head[2 + i];
    return size;
}

/* What wslay would answer by a close without a code: control frames that are long or in parts, half a code, lengths in
 * more bytes than they need. */
static bool is_valid(const struct frames *f)
{
    unsigned length = f->head[1] & 127u;
    if (f->head[0] & 8)
        return length < 126 && f->head[0] & 128 && ((f->head[0] & 15) != WSLAY_CONNECTION_CLOSE || length != 1);
    return length < 126 || (length == 126 ? f->left > 125 : f->left > UINT16_MAX && f->left <= INT64_MAX);
}

/* Takes bytes of the head of a frame along; the number of bytes that wslay may have now. */
static size_t walk_head(struct frames *f, size_t size)
{
    size_t taken = 0;
    while (taken < size && f->head_size < head_size_of(f))
        f->head[f->head_size++] = (uint8_t)f->in[taken++];
    if (f->head_size == head_size_of(f)) {
        f->left = payload_of(f);
        f->broken = !is_valid(f);
        f->head_size = f->left ? f->head_size : 0;
    }
    return taken;
}

static size_t walk_payload(struct frames *f, size_t size)
{
    if (f->left < size)
        size = (size_t)f->left;
    f->left -= size;
    f->head_size = f->left ? f->head_size : 0;
    return size;
}

/* wslay gets one frame at a time: it would answer a close before what it has to answer to the frames before that. */
static ssize_t give(wslay_event_context_ptr context, uint8_t *buffer, size_t size, int flags, void *argument)
{
    struct frames *f = argument;
    size_t rest = (size_t)(f->end - f->in);
    (void)flags;
    bool begins = f->head_size == 0;
    if (rest == 0 || (begins && !f->may_begin)) {
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (begins)
        f->may_begin = false;
    if (rest < size)
        size = rest;
    size = f->left ? walk_payload(f, size) : walk_head(f, size);
    if (f->broken) {
        wslay_event_shutdown_read(context);
        wslay_event_queue_close(context, WSLAY_CODE_PROTOCOL_ERROR, NULL, 0);
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buffer, f->in, size);
    f->in += size;
    return (ssize_t)size;
}

static ssize_t put(wslay_event_context_ptr context, const uint8_t *data, size_t size, int flags, void *argument)
{
    struct frames *f = argument;
    (void)flags;
    if (eddy_buffer_append(&f->out, data, size))
        return (ssize_t)size;
    f->lacks = true;
    wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static int make_mask(wslay_event_context_ptr context, uint8_t *buffer, size_t size, void *argument)
{
    (void)argument;
    if (getrandom(buffer, size, 0) == (ssize_t)size)
        return 0;
    wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void note_close(struct frames *f, const struct wslay_event_on_msg_recv_arg *got)
{
    size_t size = got->msg_length > 2 ? got->msg_length - 2 : 0;
    f->ended = true;
    f->code = got->status_code ? got->status_code : CLOSE_WITHOUT_CODE;
    if (size >= sizeof f->reason)
        size = sizeof f->reason - 1;
    if (size)
        memcpy(f->reason, got->msg + 2, size);
    f->reason[size] = 0;
}

static void note_message(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *got, void *argument)
{
    struct frames *f = argument;
    (void)context;
    if (got->opcode == WSLAY_CONNECTION_CLOSE)
        note_close(f, got);
    if (got->opcode != WSLAY_TEXT_FRAME && got->opcode != WSLAY_BINARY_FRAME)
        return;
    struct message *message = malloc(sizeof *message + got->msg_length + 1);
    if (!message) {
        f->lacks = true;
        return;
    }
    *message = (struct message){.size = got->msg_length, .text = got->opcode == WSLAY_TEXT_FRAME};
    if (got->msg_length)
        memcpy(message->data, got->msg, got->msg_length);
    message->data[got->msg_length] = 0;
    f->ready = message;
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = give, .send_callback = put, .genmask_callback = make_mask, .on_msg_recv_callback = note_message};

/* ==== life ==== */

int frames_open(struct frames *f, bool is_server, size_t max_message)
{
    wslay_event_context_ptr context;
    *f = (struct frames){.code = CLOSE_LOST};
    if ((is_server ? wslay_event_context_server_init : wslay_event_context_client_init)(&context, &callbacks, f) != 0)
        return ENOMEM;
    wslay_event_config_set_max_recv_msg_length(context, max_message);
    f->context = context;
    return 0;
}

void frames_close(struct frames *f)
{
    if (!f->context)
        return;
    free(f->ready);
    wslay_event_context_free(f->context);
    eddy_buffer_free(&f->out);
    f->context = NULL;
}

/* ==== frames ==== */

/* Moves the frames that wslay has made to `out`. */
static int make_frames(struct frames *f)
{
    return wslay_event_send(f->context) != 0 || f->lacks ? ENOMEM : 0;
}

/* The rest of a frame, or the next one. */
static int take_one(struct frames *f)
{
    f->may_begin = f->head_size == 0;
    int error = wslay_event_recv(f->context);
    if (error || f->lacks || make_frames(f))
        return ENOMEM;
    if (wslay_event_get_read_enabled(f->context) || f->ended)
        return 0;
    return wslay_event_get_status_code_sent(f->context) == WSLAY_CODE_MESSAGE_TOO_BIG ? EMSGSIZE : EBADMSG;
}

int frames_take(struct frames *f, const char **data, const char *end)
{
    int error = 0;
    f->in = *data;
    f->end = end;
    while (!error && f->in < f->end && !f->ready && !f->ended)
        error = take_one(f);
    *data = error || f->ended ? f->end : f->in;
    return error;
}

static int add(struct frames *f, int opcode, const void *data, size_t size)
{
    const struct wslay_event_msg message = {.opcode = (uint8_t)opcode, .msg = data, .msg_length = size};
    int error = wslay_event_queue_msg(f->context, &message);
    if (error)
        return error == WSLAY_ERR_NO_MORE_MSG ? EPIPE : ENOMEM;
    return make_frames(f);
}

int frames_add(struct frames *f, bool text, const void *data, size_t size)
{
    return add(f, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, data, size);
}

int frames_add_ping(struct frames *f)
{
    return add(f, WSLAY_PING, NULL, 0);
}

int frames_add_close(struct frames *f, int code, const char *reason)
{
    int error = wslay_event_queue_close(f->context, (uint16_t)code, (const uint8_t *)reason, strlen(reason));
    if (error)
        return error == WSLAY_ERR_NO_MORE_MSG ? EPIPE : ENOMEM;
    return make_frames(f);
}

#else

int frames_open(struct frames *f, bool is_server, size_t max_message)
{
    (void)f, (void)is_server, (void)max_message;
    return ENOSYS;
}

void frames_close(struct frames *f)
{
    (void)f;
}

int frames_take(struct frames *f, const char **data, const char *end)
{
    (void)f, (void)data, (void)end;
    return ENOSYS;
}

int frames_add(struct frames *f, bool text, const void *data, size_t size)
{
    (void)f, (void)text, (void)data, (void)size;
    return ENOSYS;
}

int frames_add_ping(struct frames *f)
{
    (void)f;
    return ENOSYS;
}

int frames_add_close(struct frames *f, int code, const char *reason)
{
    (void)f, (void)code, (void)reason;
    return ENOSYS;
}

#endif

struct message *frames_next(struct frames *f)
{
    struct message *message = f->ready;
    f->ready = NULL;
    return message;
}
