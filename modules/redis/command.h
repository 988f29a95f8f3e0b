/* SPDX-License-Identifier: MIT */
/* command.h - commands as the bytes that are sent. */
#ifndef EDDY_REDIS_COMMAND_H
#define EDDY_REDIS_COMMAND_H

#include "eddy/redis.h"

/* What a command does to its connection beside its reply. */
enum effect {
    EFFECT_NONE,
    EFFECT_HOLDS,   /* the connection differs from others until EFFECT_ENDS: WATCH, MULTI */
    EFFECT_ENDS,    /* EXEC, DISCARD, UNWATCH */
    EFFECT_CHANGES, /* it differs from now on: SELECT, AUTH */
    EFFECT_BREAKS   /* replies no longer belong to commands: SUBSCRIBE, MONITOR */
};

/* Appends a command. Returns 0, or ENOMEM, or EINVAL and *why: buffer is unchanged then. */
int command_append(eddy_buffer *buffer, const eddy_redis_word *words, size_t count, const char **why);
/* The same for words of bytes. */
int command_append_array(eddy_buffer *buffer, const eddy_slice *words, size_t count, const char **why);
/* Of a command, by its first word, and of CLIENT by its second. */
enum effect command_effect(eddy_slice name, eddy_slice second);
/* The errno value for an error of the server, by its first word. */
int command_error(const char *text);

#endif
