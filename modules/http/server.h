/* SPDX-License-Identifier: MIT */
/* server.h - the handler of the connections of a server. */
#ifndef EDDY_HTTP_SERVER_H
#define EDDY_HTTP_SERVER_H

#include "input.h"

/* argument: the struct eddy_http_server. */
async_declare(void, server_serve, (eddy_stream *, s), (void *, argument));

#endif
