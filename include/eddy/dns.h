/* SPDX-License-Identifier: MIT */
/*
 * dns.h - names of hosts to addresses, and back, without blocking the loop.
 *
 * The system's resolver does the work (nsswitch.conf, /etc/hosts and name servers as configured), on separate
 * threads, 16 at most: a name server that does not answer holds up neither files nor blocking functions. A cancelled
 * wait returns at once; the thread goes on until the resolver gives up, and eddy_run waits for it when it ends.
 */
#ifndef EDDY_DNS_H
#define EDDY_DNS_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The result of eddy_getnameinfo: both texts as getnameinfo(3) writes them. */
typedef struct eddy_host_name {
    char host[1025];
    char service[32];
} eddy_host_name;

#ifdef __cplusplus
}
#endif
#endif
