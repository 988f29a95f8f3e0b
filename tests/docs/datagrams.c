/* SPDX-License-Identifier: MIT */
/* datagrams.c - UDP by the low-level calls: the answer goes to the sender */
#include <eddy/keywords.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_socket(int *fd)
{
    close(*fd);
}

/* A socket on a free port of this machine, and its address. */
static int open_datagrams(eddy_address *own)
{
    socklen_t size = sizeof own->data;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    eddy_address_ip(own, "127.0.0.1", 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)own->data, own->size) == 0)
        getsockname(fd, (struct sockaddr *)(void *)own->data, &size);
    return fd;
}

// [answer]
async(void, answer_one, (int, fd))
{
    char text[512];
    eddy_address from;
    size_t size = await(eddy_recvfrom(fd, text, sizeof text, 0, &from));
    await(eddy_sendto(fd, text, size, 0, &from));
}
// [answer]

async(int, main_task)
{
    eddy_address here, there;
    char text[512];
    int mine = open_datagrams(&here), its = open_datagrams(&there);
    defer(close_socket, &mine);
    defer(close_socket, &its);
    struct answer_one *server = spawn(answer_one(its));
    await(eddy_sendto(mine, "hello", 5, 0, &there));
    size_t size = await(eddy_recvfrom(mine, text, sizeof text, 0, NULL));
    printf("%.*s\n", (int)size, text);
    await(server);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
