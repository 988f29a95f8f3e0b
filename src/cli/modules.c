/* SPDX-License-Identifier: MIT */
/* modules.c - see modules.h. */
#include "cli/modules.h"

#include <stddef.h>

#define MODULE(name, needs, links) \
    {name, "eddy/" name ".h", "libeddy-" name ".a", "modules/" name "/include", needs, links, NULL}

/* wslay is optional, and has no pkg-config file. */
#ifdef EDDY_HTTP_WITH_WSLAY
#define HTTP_LINKS "-lz -lwslay"
#else
#define HTTP_LINKS "-lz"
#endif

const struct module modules[MODULES] = {
    MODULE("curl", "libcurl4-openssl-dev", "-lcurl"),
    MODULE("http", "zlib1g-dev", HTTP_LINKS),
    MODULE("pg", "libpq-dev", "-lpq"),
    MODULE("jobs", "libcbor-dev", "-lcbor"),
    {"nats", "eddy/nats.h", "libeddy-nats.a", "modules/nats/include", "", "", "eddy/jobs.h"},
    MODULE("redis", "", ""),
    MODULE("sqlite", "libsqlite3-dev", "-lsqlite3"),
};
