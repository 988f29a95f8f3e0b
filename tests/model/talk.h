/* SPDX-License-Identifier: MIT */
/* talk.h - a conversation of a model program, and the side that answers. */
#ifndef TESTS_MODEL_TALK_H
#define TESTS_MODEL_TALK_H

#include <eddy/keywords.h>

#include "program.h"

/* Sends back the bytes that it receives, until their end. */
async_declare(void, echo, (eddy_stream *, s), (void *, unused));
/* Sends op->size bytes over a connection to echo, and reads the answer. */
async_declare(void, talk, (const struct op *, op));

#endif
