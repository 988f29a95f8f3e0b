/* SPDX-License-Identifier: MIT */
/* deflate.c - bodies that are sent as a whole, compressed by zlib. A server has one state of zlib, since compressing
 * never waits. */
#define EDDY_LIBRARY
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "exchange.h"

enum { SHORTEST = 256, GZIP = 15 + 16, LEVEL = 5, PIECE = 16384 };

struct deflater {
    z_stream stream;
};

static struct deflater *deflater_of(struct eddy_http_server *server)
{
    struct deflater *deflater = server->deflater;
    if (deflater)
        return deflateReset(&deflater->stream) == Z_OK ? deflater : NULL;
    deflater = calloc(1, sizeof *deflater);
    if (!deflater || deflateInit2(&deflater->stream, LEVEL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    return server->deflater = deflater;
}

void deflater_free(struct deflater *deflater)
{
    if (deflater)
        deflateEnd(&deflater->stream);
    free(deflater);
}

static bool is_text(const char *type)
{
    static const char *const also[] = {"application/json", "application/javascript", "application/xml",
                                       "image/svg+xml"};
    if (!type || strncasecmp(type, "text/", 5) == 0)
        return true;
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (strncasecmp(type, also[i], strlen(also[i])) == 0)
            return true;
    return false;
}

/* "gzip" in the list, and not with the weight 0. */
static bool wants_gzip(const struct exchange *x)
{
    const char *list = x->readable ? head_value(&x->head, "Accept-Encoding", 0) : NULL;
    if (!list)
        return false;
    for (const char *item = list; *item; item += strcspn(item, ",")) {
        item += strspn(item, ", \t");
        size_t size = strcspn(item, ",; \t");
        if (size != 4 || strncasecmp(item, "gzip", 4) != 0)
            continue;
        const char *weight = item + size + strspn(item + size, " \t");
        weight += *weight == ';';
        weight += strspn(weight, " \t");
        return strncasecmp(weight, "q=0", 3) != 0 || strcspn(weight + 3, ",123456789") < strcspn(weight + 3, ",");
    }
    return false;
}

/* Compresses all of `in` to `out`. */
static bool deflate_all(z_stream *stream, const eddy_buffer *in, eddy_buffer *out)
{
    unsigned char piece[PIECE];
    int state;
    stream->next_in = (unsigned char *)(uintptr_t)in->data;
    stream->avail_in = (unsigned)in->size;
    do {
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        state = deflate(stream, Z_FINISH);
        if (!eddy_buffer_append(out, piece, sizeof piece - stream->avail_out))
            return false;
    } while (state == Z_OK);
    return state == Z_STREAM_END;
}

bool exchange_deflate(struct exchange *x)
{
    eddy_buffer out = {0};
    bool fits = x->out.size >= SHORTEST && x->out.size <= UINT32_MAX && is_text(x->response.type);
    if (!fits || !eddy_http_add_field(&x->response, "Vary", "Accept-Encoding") || !wants_gzip(x))
        return false;
    struct deflater *deflater = deflater_of(x->server);
    bool done = deflater && deflate_all(&deflater->stream, &x->out, &out) && out.size < x->out.size &&
                eddy_http_add_field(&x->response, "Content-Encoding", "gzip");
    eddy_buffer_free(done ? &x->out : &out);
    if (done)
        x->out = out;
    return done;
}
