/* SPDX-License-Identifier: MIT */
/* linked.c - the engine of a library that contains it: the static library, and the amalgamation. */
#ifdef EDDY_WITH_TLS
#include "tls/engine.h"

const struct tls_engine *tls_engine(struct tls_problem *problem)
{
    (void)problem;
    return &tls_openssl;
}
#endif
