/* SPDX-License-Identifier: MIT */
/* inflate.c - see inflate.h. */
#include "inflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP = 15 + 16, ROOM = 32768 };

struct inflater {
    z_stream stream;
    bool ended;
    unsigned char room[ROOM];
};

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater && inflateInit2(&inflater->stream, GZIP) == Z_OK)
        return inflater;
    free(inflater);
    return NULL;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater)
        inflateEnd(&inflater->stream);
    free(inflater);
}

long inflater_take(struct inflater *inflater, const char *data, size_t *size, const char **out)
{
    z_stream *stream = &inflater->stream;
    *out = (const char *)inflater->room;
    if (inflater->ended) { /* what follows is dropped, as gzip does it */
        *size = 0;
        return 0;
    }
    stream->next_in = (unsigned char *)(uintptr_t)data;
    stream->avail_in = *size > UINT32_MAX / 2 ? UINT32_MAX / 2 : (unsigned)*size;
    stream->next_out = inflater->room;
    stream->avail_out = ROOM;
    size_t given = stream->avail_in;
    int state = inflate(stream, Z_NO_FLUSH);
    *size -= given - stream->avail_in;
    inflater->ended = state == Z_STREAM_END;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
        return -1;
    return (long)(ROOM - stream->avail_out);
}

bool inflater_ended(const struct inflater *inflater)
{
    return inflater->ended;
}
