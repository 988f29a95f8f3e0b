/* SPDX-License-Identifier: MIT */
/* tls.h - Tls: the half in C of a protocol for TLS. */
#ifndef EDDYLOOP_TLS_H
#define EDDYLOOP_TLS_H

#include "transport.h"

/* Bytes for a protocol that is a Tls. -1: an exception is set. */
int tls_feed(PyObject *tls, const char *data, size_t size);
int tls_type_ready(PyObject *module, struct state *state);

#endif
