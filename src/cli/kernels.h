/* SPDX-License-Identifier: MIT */
/* kernels.h - features of Linux releases that Eddy uses: facts, not probes (for those see os/probe.h). */
#ifndef EDDY_CLI_KERNELS_H
#define EDDY_CLI_KERNELS_H

/* Prints the table in Markdown; the row that a kernel of this release ("6.1.0-13-amd64") reaches
 * is marked. */
void kernels_print(const char *release);

#endif
