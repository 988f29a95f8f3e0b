/* SPDX-License-Identifier: MIT */
/*
 * bio.c - OpenSSL's end of a connection: it reads the received ciphertext; the ciphertext that it writes is stored
 * until it is sent.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <string.h>

#include "base/assert.h"
#include "os/memory.h"
#include "tls/openssl.h"

enum { FIRST_ROOM = 512 };

static int read_bytes(BIO *bio, char *data, int size)
{
    struct tls_connection *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (c->cipher_size == 0 && c->ended)
        return 0;
    if (c->cipher_size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t count = c->cipher_size < (size_t)size ? c->cipher_size : (size_t)size;
    memcpy(data, c->cipher, count);
    c->cipher += count;
    c->cipher_size -= count;
    return (int)count;
}

static bool make_room(struct tls_output *output, size_t size)
{
    size_t room = output->room ? output->room : FIRST_ROOM;
    while (room - output->end < size)
        room *= 2;
    if (output->data && room == output->room)
        return true;
    char *data = memory_grow(output->data, room);
    if (!data)
        return false;
    output->data = data;
    output->room = room;
    return true;
}

static int write_bytes(BIO *bio, const char *data, int size)
{
    struct tls_connection *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!make_room(&c->filling, (size_t)size))
        return -1;
    memcpy(c->filling.data + c->filling.end, data, (size_t)size);
    c->filling.end += (size_t)size;
    EDDY_INVARIANT(c->filling.end <= c->filling.room);
    return size;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_connection *c = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return c->ended && c->cipher_size == 0;
    return command == BIO_CTRL_FLUSH;
}

/* One for the whole process, because OpenSSL requires that it outlives each BIO. */
static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "eddy transport");
    if (!method)
        return;
    BIO_meth_set_read(method, read_bytes);
    BIO_meth_set_write(method, write_bytes);
    BIO_meth_set_ctrl(method, control);
}

BIO *tls_bio_new(struct tls_connection *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio)
        return NULL;
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    return bio;
}
#endif
