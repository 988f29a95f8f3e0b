/* SPDX-License-Identifier: MIT */
/*
 * wire.c - values as bytes: CBOR (RFC 8949) by libcbor.
 *
 * Invariant: after a failure nothing more is written (read): the calls do nothing, and `failed` says it at the end.
 */
#define EDDY_LIBRARY
#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

enum { HEAD = 9 }; /* bytes that the head of an item has at most */
enum kind { NONE, NATURAL, NEGATIVE, REAL, TEXT, BYTES, NOTHING, ARRAY };

/* ==== writing ==== */

static unsigned char *room(struct eddy_wire *w, size_t size)
{
    if (w->failed)
        return NULL;
    if (w->size + size > w->capacity) {
        size_t capacity = w->capacity * 2 + size + 64;
        unsigned char *data = realloc(w->data, capacity);
        if (!data) {
            w->failed = true;
            return NULL;
        }
        w->data = data;
        w->capacity = capacity;
    }
    return w->data + w->size;
}

void eddy_wire_put_natural(struct eddy_wire *w, uint64_t value)
{
    unsigned char *at = room(w, HEAD);
    if (at)
        w->size += cbor_encode_uint(value, at, HEAD);
}

void eddy_wire_put_number(struct eddy_wire *w, int64_t value)
{
    if (value >= 0) {
        eddy_wire_put_natural(w, (uint64_t)value);
        return;
    }
    unsigned char *at = room(w, HEAD);
    if (at)
        w->size += cbor_encode_negint((uint64_t)-(value + 1), at, HEAD);
}

void eddy_wire_put_real(struct eddy_wire *w, double value)
{
    unsigned char *at = room(w, HEAD);
    if (at)
        w->size += cbor_encode_double(value, at, HEAD);
}

static void put(struct eddy_wire *w, const char *data, size_t size, size_t (*head)(size_t, unsigned char *, size_t))
{
    unsigned char *at = room(w, size + HEAD);
    if (!at)
        return;
    size_t used = head(size, at, HEAD);
    if (size)
        memcpy(at + used, data, size);
    w->size += used + size;
}

void eddy_wire_put_text(struct eddy_wire *w, const char *text)
{
    unsigned char *at = text ? NULL : room(w, HEAD);
    if (text)
        put(w, text, strlen(text), cbor_encode_string_start);
    else if (at)
        w->size += cbor_encode_null(at, HEAD);
}

void eddy_wire_put_bytes(struct eddy_wire *w, eddy_slice bytes)
{
    put(w, bytes.data, bytes.size, cbor_encode_bytestring_start);
}

void eddy_wire_put_count(struct eddy_wire *w, size_t count)
{
    unsigned char *at = room(w, HEAD);
    if (at)
        w->size += cbor_encode_array_start(count, at, HEAD);
}

void eddy_wire_put_sign(struct eddy_wire *w, const char *text)
{
    unsigned char *at = room(w, strlen(text));
    if (!at)
        return;
    memcpy(at, text, strlen(text));
    w->size += strlen(text);
}

/* ==== reading ==== */

static void take_natural(struct eddy_wire_reader *r, uint64_t value)
{
    r->item.kind = NATURAL;
    r->item.number = value;
}

static void take_negative(struct eddy_wire_reader *r, uint64_t value)
{
    r->item.kind = NEGATIVE;
    r->item.number = value;
}

static void take_uint8(void *r, uint8_t value)
{
    take_natural(r, value);
}

static void take_uint16(void *r, uint16_t value)
{
    take_natural(r, value);
}

static void take_uint32(void *r, uint32_t value)
{
    take_natural(r, value);
}

static void take_uint64(void *r, uint64_t value)
{
    take_natural(r, value);
}

static void take_negint8(void *r, uint8_t value)
{
    take_negative(r, value);
}

static void take_negint16(void *r, uint16_t value)
{
    take_negative(r, value);
}

static void take_negint32(void *r, uint32_t value)
{
    take_negative(r, value);
}

static void take_negint64(void *r, uint64_t value)
{
    take_negative(r, value);
}

static void take_double(void *reader, double value)
{
    struct eddy_wire_reader *r = reader;
    r->item.kind = REAL;
    r->item.real = value;
}

static void take_text(void *reader, cbor_data data, size_t size)
{
    struct eddy_wire_reader *r = reader;
    r->item.kind = TEXT;
    r->item.bytes = (eddy_slice){(const char *)data, size};
}

static void take_bytes(void *reader, cbor_data data, size_t size)
{
    take_text(reader, data, size);
    ((struct eddy_wire_reader *)reader)->item.kind = BYTES;
}

static void take_null(void *reader)
{
    ((struct eddy_wire_reader *)reader)->item.kind = NOTHING;
}

static void take_array(void *reader, size_t size)
{
    take_natural(reader, size);
    ((struct eddy_wire_reader *)reader)->item.kind = ARRAY;
}

/* Reads the next item; false: there is none. */
static bool next(struct eddy_wire_reader *r)
{
    struct cbor_callbacks to = cbor_empty_callbacks;
    to.uint8 = take_uint8;
    to.uint16 = take_uint16;
    to.uint32 = take_uint32;
    to.uint64 = take_uint64;
    to.negint8 = take_negint8;
    to.negint16 = take_negint16;
    to.negint32 = take_negint32;
    to.negint64 = take_negint64;
    to.float8 = take_double;
    to.string = take_text;
    to.byte_string = take_bytes;
    to.null = take_null;
    to.array_start = take_array;
    r->item.kind = NONE;
    if (r->failed)
        return false;
    struct cbor_decoder_result result = cbor_stream_decode(r->data, r->size, &to, r);
    if (result.status != CBOR_DECODER_FINISHED) {
        r->failed = true;
        return false;
    }
    r->data += result.read;
    r->size -= result.read;
    return true;
}

int64_t eddy_wire_get_number(struct eddy_wire_reader *r, int64_t least, uint64_t most)
{
    if (next(r) && r->item.kind == NATURAL && r->item.number <= most)
        return (int64_t)r->item.number;
    if (!r->failed && r->item.kind == NEGATIVE && least < 0 && r->item.number <= (uint64_t)-(least + 1))
        return -1 - (int64_t)r->item.number;
    r->failed = true;
    return 0;
}

double eddy_wire_get_real(struct eddy_wire_reader *r)
{
    if (next(r) && r->item.kind == REAL)
        return r->item.real;
    r->failed = true;
    return 0;
}

/* The memory of a text or an array. The caller frees it by `free`, so the note about it stands apart. */
struct block {
    struct block *next;
    void *memory;
};

void *eddy_wire_room(struct eddy_wire_reader *r, size_t size)
{
    struct block *block = r->failed ? NULL : malloc(sizeof *block);
    void *memory = block ? calloc(1, size + 1) : NULL;
    if (!memory) {
        free(block);
        r->failed = true;
        return NULL;
    }
    *block = (struct block){r->blocks, memory};
    r->blocks = block;
    return memory;
}

void wire_forget(struct eddy_wire_reader *r, bool with_memory)
{
    for (struct block *block; (block = r->blocks);) {
        r->blocks = block->next;
        if (with_memory)
            free(block->memory);
        free(block);
    }
}

char *eddy_wire_get_text(struct eddy_wire_reader *r)
{
    if (next(r) && r->item.kind == NOTHING)
        return NULL;
    if (r->failed || r->item.kind != TEXT || memchr(r->item.bytes.data, 0, r->item.bytes.size)) {
        r->failed = true;
        return NULL;
    }
    char *text = eddy_wire_room(r, r->item.bytes.size);
    if (text && r->item.bytes.size)
        memcpy(text, r->item.bytes.data, r->item.bytes.size);
    return text;
}

eddy_slice eddy_wire_get_bytes(struct eddy_wire_reader *r)
{
    eddy_slice none = {"", 0};
    if (!next(r) || r->item.kind != BYTES) {
        r->failed = true;
        return none;
    }
    eddy_slice bytes = r->item.bytes;
    char *copy = eddy_wire_room(r, bytes.size);
    if (!copy)
        return none;
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return (eddy_slice){copy, bytes.size};
}

/* Each item has one byte at least, so that a false count asks for no memory. */
size_t eddy_wire_get_count(struct eddy_wire_reader *r)
{
    if (next(r) && r->item.kind == ARRAY && r->item.number <= r->size)
        return (size_t)r->item.number;
    r->failed = true;
    return 0;
}
