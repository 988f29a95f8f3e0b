/* SPDX-License-Identifier: MIT */
/* talk.h - a conversation of a model program, and the end that answers. */
#ifndef TESTS_MODEL_TALK_H
#define TESTS_MODEL_TALK_H

#include <eddy/keywords.h>

#include "program.h"

/* Sends back what it gets, to the end. */
async_declare(void, echo, (eddy_stream *, s), (void *, unused));
/* Says op->size bytes over a connection to echo, and listens. */
async_declare(void, talk, (const struct op *, op));

#endif
