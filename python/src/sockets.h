/* SPDX-License-Identifier: MIT */
/* sockets.h - sock_recv and its relatives: methods of Core. */
#ifndef EDDYLOOP_SOCKETS_H
#define EDDYLOOP_SOCKETS_H

#include "operation.h"

extern PyMethodDef socket_methods[];

#endif
