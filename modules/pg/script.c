/* SPDX-License-Identifier: MIT */
/* script.c - several statements at once, by the simple protocol, which pipelines do not have. */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "link.h"
#include "session.h"

enum { MOST_BYTES = 0x3ffffff0 }; /* the server closes the connection at a longer one */

eddy_async(void, run_script, (eddy_pg *, own), (const char *, sql))
{
    eddy_error err;
    eddy_await(session_make_plain(own));
    eddy_await_always(link_run(own->line->pg, sql, own->pool->address->label), &err);
    session_make_line(own);
    if (err.code)
        eddy_reraise(&err);
}

eddy_async_define(void, eddy_pg_script, (eddy_pg *, db), (const char *, sql))
{
    eddy_error err, ending;
    if (!sql)
        eddy_raise(EINVAL, "%s: there are no statements", db->pool->address->label);
    if (strnlen(sql, MOST_BYTES) == MOST_BYTES)
        eddy_raise(EMSGSIZE, "%s: PostgreSQL takes at most 1 GiB in a script", db->pool->address->label);
    eddy_pg *own = eddy_await(session_begin(db));
    own->is_changed = true; /* by what nobody knows */
    eddy_await_always(run_script(own, sql), &err);
    eddy_await_always(session_end(own, db), &ending);
    if (err.code || ending.code)
        eddy_reraise(err.code ? &err : &ending);
}
