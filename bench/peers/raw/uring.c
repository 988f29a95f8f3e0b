/* SPDX-License-Identifier: MIT */
/*
 * uring.c - io_uring by hand: multishot accept, multishot receive into provided buffers, one enter a turn.
 *
 * A received buffer is sent without a copy, and is returned to the ring when it has been sent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server.h"

enum { BUFFERS = 512, ENTRIES = 1024, COMPLETIONS = 16384, DESCRIPTORS = 65536, WAITING = 64 };
enum kind { ACCEPT, RECEIVE, SEND };

/* Received bytes that are not sent yet, oldest first. */
struct piece {
    unsigned short buffer;
    unsigned size, sent;
};

struct connection {
    int fd;
    bool sending, ended;
    unsigned head, tail; /* positions in pieces, modulo WAITING */
    struct piece pieces[WAITING];
};

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static char *memory;
static size_t buffer_size;
static struct connection *connections[DESCRIPTORS];

static struct io_uring_sqe *request(void)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&ring)))
        io_uring_submit(&ring);
    return sqe;
}

static void mark(struct io_uring_sqe *sqe, enum kind kind, int fd)
{
    sqe->user_data = (unsigned long long)kind << 32 | (unsigned)fd;
}

static void start_accept(int listener)
{
    struct io_uring_sqe *sqe = request();
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, 0);
    mark(sqe, ACCEPT, listener);
}

static void start_receive(int fd)
{
    struct io_uring_sqe *sqe = request();
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    mark(sqe, RECEIVE, fd);
}

static void start_send(struct connection *c)
{
    struct piece *piece = &c->pieces[c->head % WAITING];
    struct io_uring_sqe *sqe = request();
    io_uring_prep_send(sqe, c->fd, memory + piece->buffer * buffer_size + piece->sent, piece->size - piece->sent,
                       MSG_NOSIGNAL);
    mark(sqe, SEND, c->fd);
    c->sending = true;
}

static void give_back(unsigned short buffer)
{
    io_uring_buf_ring_add(free_buffers, memory + buffer * buffer_size, (unsigned)buffer_size, buffer, BUFFERS - 1, 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void end_if_done(struct connection *c)
{
    if (!c->ended || c->sending)
        return;
    close(c->fd);
    connections[c->fd] = NULL;
    free(c);
}

static void on_accept(int listener, const struct io_uring_cqe *cqe)
{
    if (cqe->res >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        c->fd = cqe->res;
        connections[c->fd] = c;
        server_no_delay(c->fd);
        start_receive(c->fd);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE))
        start_accept(listener);
}

static void on_receive(struct connection *c, const struct io_uring_cqe *cqe)
{
    if (cqe->res == -ENOBUFS) {
        start_receive(c->fd);
        return;
    }
    if (cqe->res <= 0) {
        c->ended = true;
        end_if_done(c);
        return;
    }
    c->pieces[c->tail++ % WAITING] = (struct piece){(unsigned short)(cqe->flags >> 16), (unsigned)cqe->res, 0};
    if (!c->sending)
        start_send(c);
    if (!(cqe->flags & IORING_CQE_F_MORE))
        start_receive(c->fd);
}

static void on_send(struct connection *c, const struct io_uring_cqe *cqe)
{
    struct piece *piece = &c->pieces[c->head % WAITING];
    piece->sent += cqe->res > 0 ? (unsigned)cqe->res : 0;
    if (cqe->res <= 0 || piece->sent == piece->size) {
        give_back(piece->buffer);
        c->head++;
    }
    c->sending = false;
    if (c->head != c->tail)
        start_send(c);
    else
        end_if_done(c);
}

static void set_up(void)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                              IORING_SETUP_CQSIZE,
                                     .cq_entries = COMPLETIONS};
    size_t size = BUFFERS * sizeof(struct io_uring_buf);
    free_buffers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct io_uring_buf_reg place = {.ring_addr = (unsigned long)free_buffers, .ring_entries = BUFFERS};
    if (io_uring_queue_init_params(ENTRIES, &ring, &params) || io_uring_register_buf_ring(&ring, &place, 0) ||
        posix_memalign((void **)&memory, 4096, BUFFERS * buffer_size)) {
        fprintf(stderr, "the kernel refuses io_uring\n");
        exit(1);
    }
    io_uring_register_ring_fd(&ring);
    for (unsigned short i = 0; i < BUFFERS; i++)
        give_back(i);
}

int main(int argc, char **argv)
{
    buffer_size = server_buffer(argc, argv);
    set_up();
    start_accept(server_listen(0));
    for (;;) {
        struct io_uring_cqe *cqe;
        unsigned head, count = 0;
        io_uring_submit_and_wait(&ring, 1);
        io_uring_for_each_cqe(&ring, head, cqe) {
            int fd = (int)(cqe->user_data & 0xffffffff);
            enum kind kind = (enum kind)(cqe->user_data >> 32);
            count++;
            if (kind == ACCEPT)
                on_accept(fd, cqe);
            else if (kind == RECEIVE)
                on_receive(connections[fd], cqe);
            else
                on_send(connections[fd], cqe);
        }
        io_uring_cq_advance(&ring, count);
    }
}
