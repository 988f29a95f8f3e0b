/* SPDX-License-Identifier: MIT */
/* session.h - a connection that a task has for itself. */
#ifndef EDDY_PG_SESSION_H
#define EDDY_PG_SESSION_H

#include "pool.h"

/* Takes a line; if the handle is already a task's own, it is that one again. For session_end. */
eddy_async_declare(eddy_pg *, session_begin, (eddy_pg *, of));
/* Gives it back, as new as it was, in some seconds at most. Fails with ECANCELED only, and has given it back then.
 * If own is of, nothing is given back. */
eddy_async_declare(void, session_end, (eddy_pg *, own), (eddy_pg *, of));
/* Leaves the pipeline, so that the task can use the connection by link.h. session_make_line reverses it. */
eddy_async_declare(void, session_make_plain, (eddy_pg *, own));
void session_make_line(eddy_pg *own);

#endif
