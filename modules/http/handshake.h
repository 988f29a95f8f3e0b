/* SPDX-License-Identifier: MIT */
/* handshake.h - how a WebSocket begins: RFC 6455, 4. Pure. */
#ifndef EDDY_HTTP_HANDSHAKE_H
#define EDDY_HTTP_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

enum { KEY_ROOM = 32, ANSWER_ROOM = 32 };

/* A new key of a client, at random. False: the system has no random bytes. */
bool handshake_make_key(char key[KEY_ROOM]);
/* True: it is 16 bytes in base64. */
bool handshake_is_key(const char *key);
/* What the server has to answer. */
void handshake_answer(const char *key, char answer[ANSWER_ROOM]);
/* The first word of `ours` that is also in `theirs` (lists with commas); its size, 0: there is none. *word lies in
 * `ours`. */
size_t handshake_agree(const char *ours, const char *theirs, const char **word);

#endif
