/* SPDX-License-Identifier: MIT */
/* sockets.h - sock_recv and its relatives: methods of Core. */
#ifndef EDDYLOOP_SOCKETS_H
#define EDDYLOOP_SOCKETS_H

#include "operation.h"

extern PyMethodDef socket_methods[];
/* Wakes the task that sends a file by this descriptor, which is about to be closed. -1: an exception is set. */
int socket_end_sending(Core *core, int fd);

#endif
