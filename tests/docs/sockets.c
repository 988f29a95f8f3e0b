/* SPDX-License-Identifier: MIT */
/* sockets.c - the low-level calls, on sockets of your own; names of hosts */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <eddy/keywords.h>

static void close_socket(int fd)
{
    close(fd);
}

// [accept]
async(void, answer_one, (int, listening))
{
    char buffer[100];
    int fd = await(eddy_accept(listening)); /* non-blocking, and closed on exec */
    defer(close_socket, fd);
    size_t size = await(eddy_recv(fd, buffer, sizeof buffer, 0));
    for (size_t sent = 0; sent < size;)
        sent += await(eddy_send_bytes(fd, buffer + sent, size - sent, 0));
}
// [accept]

// [connect]
async(void, ask, (const struct sockaddr *, address), (socklen_t, length))
{
    char buffer[100];
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        throw(errno, "a socket");
    defer(close_socket, fd);
    await(eddy_connect(fd, address, length));
    await(eddy_send_bytes(fd, "hello\n", 6, 0));
    if (await(eddy_poll(fd, POLLIN)) & POLLIN)
        printf("%zu bytes came back\n", await(eddy_recv(fd, buffer, sizeof buffer, 0)));
}
// [connect]

// [names]
async(void, look_up)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = await(eddy_getaddrinfo("127.0.0.1", "80", &hints));
    defer(freeaddrinfo, list);
    eddy_host_name name =
        await(eddy_getnameinfo(list->ai_addr, list->ai_addrlen, NI_NUMERICHOST | NI_NUMERICSERV));
    printf("%s port %s\n", name.host, name.service);
}
// [names]

async(void, main_task)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        throw(errno, "a socket");
    defer(close_socket, fd);
    if (bind(fd, (struct sockaddr *)&address, length) || listen(fd, 1) ||
        getsockname(fd, (struct sockaddr *)&address, &length))
        throw(errno, "listening");
    await(eddy_gather(answer_one(fd), ask((struct sockaddr *)&address, length)));
    await(look_up());
}

int main(void)
{
    return eddy_run(main_task());
}
