/* SPDX-License-Identifier: MIT */
/*
 * tls_model.h - how variables of a thread are reached: static __thread TLS_INITIAL_EXEC int depth;
 *
 * "initial-exec" is one load, where the general model calls a function at each access; and that function of glibc may
 * allocate memory, which a signal handler must not. musl keeps no room in a thread for such variables of a library that
 * is loaded later, but has all memory by then.
 */
#ifndef EDDY_BASE_TLS_MODEL_H
#define EDDY_BASE_TLS_MODEL_H

#include <limits.h> /* __GLIBC__ */

#if defined(__GLIBC__)
#define TLS_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#define TLS_INITIAL_EXEC
#endif

#endif
