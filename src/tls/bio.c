/* SPDX-License-Identifier: MIT */
/*
 * bio.c - OpenSSL's end of a TLS transport: it reads the ciphertext that the transport below lent; what it writes is
 * stored until it is sent.
 */
#ifdef EDDY_WITH_TLS
#define EDDY_LIBRARY
#include <string.h>

#include "base/assert.h"
#include "os/memory.h"
#include "tls/tls.h"

enum { FIRST_ROOM = 512 };

void tls_forget_input(struct tls_transport *t)
{
    transport_give_back(t->transport.below, &t->chunk);
    memory_free(t->early);
    t->early = NULL;
}

static int read_bytes(BIO *bio, char *data, int size)
{
    struct tls_transport *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->cipher_size == 0 && t->ended)
        return 0;
    if (t->cipher_size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t count = t->cipher_size < (size_t)size ? t->cipher_size : (size_t)size;
    memcpy(data, t->cipher, count);
    t->cipher += count;
    t->cipher_size -= count;
    if (t->cipher_size == 0)
        tls_forget_input(t);
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
    struct tls_transport *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!make_room(&t->filling, (size_t)size))
        return -1;
    memcpy(t->filling.data + t->filling.end, data, (size_t)size);
    t->filling.end += (size_t)size;
    EDDY_INVARIANT(t->filling.end <= t->filling.room);
    return size;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_transport *t = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return t->ended && t->cipher_size == 0;
    return command == BIO_CTRL_FLUSH;
}

/* One for the whole process, which OpenSSL wants to outlive each BIO. */
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

BIO *tls_bio_new(struct tls_transport *t)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio)
        return NULL;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    return bio;
}
#endif
