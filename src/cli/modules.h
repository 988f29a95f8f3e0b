/* SPDX-License-Identifier: MIT */
/* modules.h - the modules beside the library, which `eddy run` links with a program that includes their header. */
#ifndef EDDY_CLI_MODULES_H
#define EDDY_CLI_MODULES_H

enum { MODULES = 7 };

struct module {
    const char *name;    /* of its folder; libeddy-NAME.a, <eddy/NAME.h> */
    const char *header;  /* "eddy/NAME.h" */
    const char *archive; /* "libeddy-NAME.a" */
    const char *include; /* "modules/NAME/include", in the sources */
    const char *needs;   /* Debian's package that it is built with; "": none */
    const char *links;   /* what its archive is linked with */
    const char *above;   /* the header of a module that needs this one; NULL: none does */
};

extern const struct module modules[MODULES];

#endif
