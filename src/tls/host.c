/* SPDX-License-Identifier: MIT */
/* host.c - the engine as a separate object: its entry, and its memory, which the loading library provides. */
#if defined(EDDY_WITH_TLS) && defined(EDDY_TLS_APART)
#define EDDY_LIBRARY
#include "os/memory.h"
#include "tls/engine.h"

static const struct tls_host *host;

EDDY_API tls_entry eddy_tls_engine;

const struct tls_engine *eddy_tls_engine(const struct tls_host *given)
{
    host = given;
    return &tls_openssl;
}

void *memory_alloc(size_t size)
{
    return host->alloc(size);
}

void *memory_alloc_zeroed(size_t size)
{
    return host->alloc_zeroed(size);
}

void *memory_grow(void *block, size_t size)
{
    return host->grow(block, size);
}

char *memory_copy_string(const char *text)
{
    return host->copy_string(text);
}

void memory_free(void *block)
{
    host->free(block);
}
#endif
