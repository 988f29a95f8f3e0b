/* SPDX-License-Identifier: MIT */
/* inflate.h - a compressed body, unpacked as it arrives. */
#ifndef EDDY_HTTP_INFLATE_H
#define EDDY_HTTP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

struct inflater;

/* NULL: no memory. */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);
/* Unpacks of [data, data + *size) as much as its room holds; *size: how much is left. Returns the number of unpacked
 * bytes, at *out until the next call; -1: it is not valid. */
long inflater_take(struct inflater *inflater, const char *data, size_t *size, const char **out);
/* True: the compressed data are complete. */
bool inflater_ended(const struct inflater *inflater);

#endif
