/* operation.c - an echo made of callbacks: operations without a task */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <eddy/keywords.h>

// [echo]
struct connection {
    struct eddy_operation receive, send; /* each one is in flight once at a time */
    int fd;
    size_t sent;
};

static void end_connection(struct connection *c)
{
    eddy_release(c->fd); /* before it is closed */
    close(c->fd);
    free(c);
}

static void send_rest(struct connection *c)
{
    size_t left = (size_t)c->receive.result - c->sent;
    if (eddy_operation_send(&c->send, c->fd, c->receive.data + c->sent, left, 0) != 0)
        end_connection(c);
}

static void received(struct eddy_operation *op)
{
    struct connection *c = op->argument;
    c->sent = 0;
    if (op->result > 0)
        send_rest(c);
    else /* 0: the end; negative: an errno value, ECANCELED if the loop is closed */
        end_connection(c);
}

static void sent(struct eddy_operation *op)
{
    struct connection *c = op->argument;
    if (op->result > 0)
        c->sent += (size_t)op->result;
    if (op->result > 0 && c->sent < (size_t)c->receive.result) {
        send_rest(c);
        return;
    }
    eddy_operation_give_back(&c->receive);
    if (op->result < 0 || eddy_operation_recv_lent(&c->receive, c->fd) != 0)
        end_connection(c);
}

static int echo(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        return ENOMEM;
    c->fd = fd;
    c->receive = (struct eddy_operation){.complete = received, .argument = c};
    c->send = (struct eddy_operation){.complete = sent, .argument = c};
    eddy_adopt(fd); /* it does not block, and no other code reads from it */
    return eddy_operation_recv_lent(&c->receive, fd);
}
// [echo]

static void close_fd(int *fd)
{
    close(*fd);
}

async(void, asks, (int, fd))
{
    char buffer[16];
    defer(close_fd, &fd);
    for (int i = 0; i < 3; i++) {
        await(eddy_send_bytes(fd, "hello", 5, 0));
        size_t size = await(eddy_recv(fd, buffer, sizeof buffer, 0));
        printf("%.*s\n", (int)size, buffer);
    }
}

async(void, main_task)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        throw(errno, "socketpair");
    int error = echo(ends[0]);
    if (error)
        throw(error, "the echo");
    await(asks(ends[1]));
}

int main(void)
{
    return eddy_run(main_task());
}
