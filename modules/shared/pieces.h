/* SPDX-License-Identifier: MIT */
/* pieces.h - bytes that arrive in pieces, of which a reader takes whole units. */
#ifndef EDDY_MODULES_PIECES_H
#define EDDY_MODULES_PIECES_H

#include <eddy.h>

struct pieces {
    eddy_buffer kept; /* the beginning of a unit, from earlier reads */
    eddy_slice input; /* what was given and not yet taken: in `kept`, or the caller's */
};

/* Bytes have arrived; they must live until pieces_keep. False: no memory. */
bool pieces_give(struct pieces *pieces, eddy_slice bytes);
/* The first `size` bytes of the input have been read. */
static inline void pieces_take(struct pieces *pieces, size_t size)
{
    pieces->input.data += size;
    pieces->input.size -= size;
}
/* Before the next bytes are read: keeps what is left. False: no memory. */
bool pieces_keep(struct pieces *pieces);
void pieces_forget(struct pieces *pieces);

#endif
