/* SPDX-License-Identifier: MIT */
/* base.h - version, export and attribute macros, and the small types that every other header needs. */
#ifndef EDDY_BASE_H
#define EDDY_BASE_H

#if __SIZEOF_POINTER__ < 8
#error "Eddy needs a 64-bit machine: compile for x86-64 or aarch64, without -m32 or -mx32 (docs/platforms.md)"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0
/* 0x00MMmmpp: compared by eddy_run between the header that a program was compiled with and the library. */
#define EDDY_VERSION ((EDDY_VERSION_MAJOR << 16) | (EDDY_VERSION_MINOR << 8) | EDDY_VERSION_PATCH)
#define EDDY_VERSION_STRING "0.1.0"

#define EDDY_API __attribute__((visibility("default")))
#define EDDY_MUST_USE __attribute__((warn_unused_result))
#define EDDY_PRINTF(text, first) __attribute__((format(printf, text, first)))

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a void coroutine: C needs an object there. */
typedef struct eddy_void {
    char unit;
} eddy_void;

/* A place in the source, of an await, a spawn or a throw. The macros make one static object for each place. */
struct eddy_site {
    const char *file;     /* the name that the compiler was given */
    const char *function; /* __func__: the body's name, "fetch__body" for the async function fetch */
    int line;
};

/* Bytes that another object owns, valid until the next read of the stream they came from. */
typedef struct eddy_slice {
    const char *data;
    size_t size;
} eddy_slice;

/* The library's version, "0.1.0".  Since 0.1. */
EDDY_API const char *eddy_version(void);

/*
 * Describes x by its kind, name, address and state, as in `<generator object func at 0x55d0 (suspended)>`. x:
 * pointer to a coroutine, generator, async generator, task or future. Returns the length that the whole text needs,
 * as snprintf does. Python: repr(). Since 0.1.
 */
EDDY_API size_t eddy_describe(const void *x, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
