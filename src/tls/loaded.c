/* SPDX-License-Identifier: MIT */
/*
 * loaded.c - the engine of the shared library: a separate object, which depends on OpenSSL.
 *
 * Invariant: a loaded engine is never unloaded, since OpenSSL cannot be removed from a process.
 */
#if defined(EDDY_WITH_TLS) && defined(EDDY_TLS_APART)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/memory.h"
#include "tls/engine.h"

static const struct tls_host host = {memory_alloc, memory_alloc_zeroed, memory_grow, memory_copy_string, memory_free};

/* NULL: the engine was not loaded yet; atomic. */
static const struct tls_engine *loaded;

static void tell(struct tls_problem *problem, int code, const char *words)
{
    problem->code = code;
    snprintf(problem->text, sizeof problem->text, "the part of Eddy that does TLS cannot be loaded: %s",
             words ? words : "no reason is known");
}

/* The path of this library. A program's link to it may lie in another folder. */
static bool find_library(char path[PATH_MAX])
{
    Dl_info library;
    return dladdr(&host, &library) && realpath(library.dli_fname, path);
}

/* The object's path: below the library if it is installed, beside it if it was built or copied there. */
static void find_object(char path[PATH_MAX], const char *library)
{
    static const char *const names[] = {TLS_OBJECT, TLS_FOLDER "/" TLS_OBJECT};
    int folder = (int)(strrchr(library, '/') - library);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, PATH_MAX, "%.*s/%s", folder, library, names[i]);
        if (access(path, F_OK) == 0)
            return;
    }
}

static const struct tls_engine *load(struct tls_problem *problem)
{
    char library[PATH_MAX], path[PATH_MAX];
    if (!find_library(library)) {
        tell(problem, ELIBACC, "the folder of libeddy.so cannot be found");
        return NULL;
    }
    find_object(path, library);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *entry = object ? dlsym(object, TLS_ENTRY) : NULL;
    if (!entry) {
        tell(problem, ELIBACC, dlerror());
        return NULL;
    }
    tls_entry *enter;
    memcpy(&enter, &entry, sizeof enter); /* ISO C has no conversion from an object's address to a function's */
    const struct tls_engine *engine = enter(&host);
    if (engine->version == EDDY_VERSION && engine->connection_size == sizeof(struct tls_connection))
        return engine;
    tell(problem, EDDY_VERSION_MISMATCH, "it is of another build than libeddy.so: install both again, and restart");
    return NULL;
}

const struct tls_engine *tls_engine(struct tls_problem *problem)
{
    const struct tls_engine *engine = __atomic_load_n(&loaded, __ATOMIC_ACQUIRE);
    if (engine)
        return engine;
    engine = load(problem);
    if (engine)
        __atomic_store_n(&loaded, engine, __ATOMIC_RELEASE);
    return engine;
}
#endif
