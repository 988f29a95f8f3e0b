/* SPDX-License-Identifier: MIT */
/*
 * stream.h - asyncio's streams with their hot paths in C.
 *
 * Reader, writer and protocol of a connection remain asyncio's own objects, with asyncio's own attributes. They get a
 * class that derives from theirs, in which some methods are in C; whatever is rare is done by asyncio's own method.
 */
#ifndef EDDYLOOP_STREAM_H
#define EDDYLOOP_STREAM_H

#include "transport.h"

/* If the protocol is one of a stream, its reader gets the bytes directly from now on. -1: an exception is set. */
int stream_bind(Transport *t);
/* After connection_made. -1: an exception is set. */
int stream_made(Transport *t);
/* 1: the reader has the bytes; 0: the protocol must be called; -1: an exception is set. */
int stream_feed(Transport *t, const char *data, size_t size);

#endif
