// error: integer from pointer|too many arguments
// flags: -fsyntax-only
/* SPDX-License-Identifier: MIT */
/* A handler is async(void, handler, (eddy_stream *, s), (void *, argument)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_server *server = await(eddy_start_server(f, NULL, "localhost", 0));
    return server != NULL;
}
