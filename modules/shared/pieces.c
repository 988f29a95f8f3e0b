/* SPDX-License-Identifier: MIT */
/* pieces.c - see pieces.h. What arrives whole is never copied. */
#include "pieces.h"

#include <string.h>

enum { MOST_IDLE = 65536 };

bool pieces_give(struct pieces *pieces, eddy_slice bytes)
{
    if (!pieces->kept.size) {
        pieces->input = bytes;
        return true;
    }
    if (!eddy_buffer_append(&pieces->kept, bytes.data, bytes.size))
        return false;
    pieces->input = (eddy_slice){pieces->kept.data, pieces->kept.size};
    return true;
}

bool pieces_keep(struct pieces *pieces)
{
    eddy_slice rest = pieces->input;
    if (!rest.data) /* they are kept already: the read after it was cancelled */
        return true;
    pieces->input = (eddy_slice){0};
    if (pieces->kept.size) {
        memmove(pieces->kept.data, rest.data, rest.size);
        pieces->kept.size = rest.size;
        if (!rest.size && pieces->kept.capacity > MOST_IDLE)
            eddy_buffer_free(&pieces->kept);
        return true;
    }
    return !rest.size || eddy_buffer_append(&pieces->kept, rest.data, rest.size);
}

void pieces_forget(struct pieces *pieces)
{
    eddy_buffer_free(&pieces->kept);
    pieces->input = (eddy_slice){0};
}
