/* SPDX-License-Identifier: MIT */
/* kernels.h - what each Linux release brought that Eddy has a use for: facts, not probes (those:
 * os/probe.h). */
#ifndef EDDY_CLI_KERNELS_H
#define EDDY_CLI_KERNELS_H

/* Prints the table in Markdown; the row that a kernel of this release ("6.1.0-13-amd64") reaches
 * is marked. */
void kernels_print(const char *release);

#endif
