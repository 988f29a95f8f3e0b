/* SPDX-License-Identifier: MIT */
/* address.c - addresses from text and back, addresses from raw bytes, and numeric names through the resolver. */
#include "fuzz.h"

#include <netdb.h>
#include <sys/socket.h>

/* Formats into a buffer of any size: the returned length is that of the whole text, and the buffer holds its
 * beginning. */
static void check_format(const eddy_address *address, size_t size)
{
    char whole[512], *part = malloc(size + 1);
    size_t length = eddy_address_format(address, whole, sizeof whole);
    if (length >= sizeof whole || eddy_address_format(address, part, size) != length)
        DIE("an address is formatted to two lengths");
    if (size && (strlen(part) != (length < size ? length : size - 1) || memcmp(part, whole, strlen(part)) != 0))
        DIE("an address is cut wrongly: \"%s\" of \"%s\"", part, whole);
    free(part);
}

static void check_raw(struct input in)
{
    eddy_address address = {0};
    unsigned size = take_byte(&in);
    struct input raw = take_part(&in, sizeof address.data);
    memcpy(address.data, raw.data, raw.size);
    address.size = size < sizeof address.data ? size : sizeof address.data;
    check_format(&address, size % 80);
    eddy_address_port(&address);
    if (!eddy_address_equal(&address, &address))
        DIE("an address does not equal itself");
}

static void check_ip(const char *text, int port)
{
    eddy_address address, again;
    char whole[512], *host = whole;
    if (eddy_address_ip(&address, text, port) != 0)
        return;
    check_format(&address, (size_t)port % 80);
    eddy_address_format(&address, whole, sizeof whole);
    *strrchr(whole, ':') = '\0';
    if (*host == '[') {
        host++;
        host[strlen(host) - 1] = '\0';
    }
    if (eddy_address_ip(&again, host, eddy_address_port(&address)) != 0 || !eddy_address_equal(&address, &again))
        DIE("\"%s\" reads as \"%s\", which reads as something else", text, host);
}

static void check_unix(const char *text)
{
    eddy_address address;
    char whole[512];
    if (!*text || eddy_address_unix(&address, text) != 0)
        return;
    if (eddy_address_format(&address, whole, sizeof whole) != strlen(text))
        DIE("the path \"%s\" is formatted as \"%s\"", text, whole);
}

async(int, main_task, (const char *, text), (unsigned, bits)) {
    eddy_error err;
    struct addrinfo *list, hints = {.ai_flags = AI_NUMERICHOST | (bits & 1 ? AI_PASSIVE : 0),
                                    .ai_family = bits & 2 ? AF_INET6 : bits & 4 ? AF_INET : AF_UNSPEC,
                                    .ai_socktype = bits & 8 ? SOCK_STREAM : 0};
    list = await(eddy_getaddrinfo(text, bits & 16 ? "80" : NULL, &hints), &err);
    if (!err.code)
        freeaddrinfo(list);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    unsigned bits = take_byte(&in);
    int port = (int)take_number(&in);
    char *text = malloc(in.size + 1);
    memcpy(text, in.data, in.size);
    text[in.size] = '\0';
    check_raw(in);
    check_ip(text, port);
    check_unix(text);
    FUZZ_RUN(main_task(text, bits));
    free(text);
    return 0;
}
