// error: a handler is an async function
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

static void handle(eddy_stream *s, void *nothing)
{
    eddy_stream_abort(s);
    (void)nothing;
}

async(int, g)
{
    await(eddy_start_server(handle, NULL, "localhost", 80));
    return 0;
}
