/* SPDX-License-Identifier: MIT */
/* modules.c - see modules.h. */
#include "cli/modules.h"

const struct module modules[MODULES] = {
    {"curl", "eddy/curl.h", "libeddy-curl.a", "modules/curl", "libcurl4-openssl-dev", "-lcurl"},
    {"sqlite", "eddy/sqlite.h", "libeddy-sqlite.a", "modules/sqlite", "libsqlite3-dev", "-lsqlite3"},
};
