/* SPDX-License-Identifier: MIT */
/*
 * ask_udp.c - questions over UDP, which may lose them: each one is asked again, with longer and longer pauses, until
 * it is answered.
 *
 * A question has a number that its answer repeats, so that a late answer is not taken for the answer to another
 * question. The server here loses every question the first time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <eddy/keywords.h>

enum { MOST = 512, ATTEMPTS = 4 };

static void close_socket(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* A socket at a port of this machine that the kernel chooses; own: its address. Returns -1 and errno on failure. */
static int open_datagrams(eddy_address *own)
{
    socklen_t size = sizeof own->data;
    struct sockaddr *name = (struct sockaddr *)(void *)own->data;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    eddy_address_ip(own, "127.0.0.1", 0);
    if (fd >= 0 && (bind(fd, name, own->size) != 0 || getsockname(fd, name, &size) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- the server ---- */

async(void, answer_questions, (int, fd))
{
    char text[MOST], answer[MOST + 16];
    eddy_address from;
    for (int lost = 0;;) {
        size_t size = await(eddy_recvfrom(fd, text, sizeof text, 0, &from));
        if (lost++ % 2 == 0)
            continue;
        int length = snprintf(answer, sizeof answer, "%.*s, said aloud", (int)size, text);
        await(eddy_sendto(fd, answer, (size_t)length, 0, &from));
    }
}

/* ---- the client ---- */

/* Receives the answer with this question's number; others are dropped. */
async(size_t, await_answer, (int, fd), (const char *, number), (char *, answer), (size_t, size))
{
    for (;;) {
        size_t got = await(eddy_recvfrom(fd, answer, size - 1, 0, NULL));
        answer[got] = '\0';
        if (strncmp(answer, number, strlen(number)) == 0)
            return got;
    }
}

async(int, ask, (int, fd), (const eddy_address *, server), (const char *, question), (char *, answer), (size_t, size))
{
    static unsigned last_number;
    char text[MOST], number[16];
    snprintf(number, sizeof number, "%u ", ++last_number);
    int length = snprintf(text, sizeof text, "%s%s", number, question);
    if (length >= (int)sizeof text)
        throw(EMSGSIZE, "a question of %d bytes", length);
    double patience = 0.25;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++, patience *= 2) {
        eddy_error err;
        await(eddy_sendto(fd, text, (size_t)length, 0, server));
        await_for(await_answer(fd, number, answer, size), patience, &err);
        if (!err.code)
            return attempt;
        if (err.code != ETIMEDOUT)
            rethrow(&err);
    }
    throw(ETIMEDOUT, "\"%s\": no answer to %d questions", question, ATTEMPTS);
}

async(int, main_task)
{
    static const char *const questions[] = {"how are you?", "what time is it?"};
    eddy_address here, there;
    char answer[MOST];
    int mine = open_datagrams(&here), its = open_datagrams(&there);
    defer(close_socket, &mine);
    defer(close_socket, &its);
    if (mine < 0 || its < 0)
        throw(errno, "no sockets");
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, answer_questions(its));
        for (size_t i = 0; i < 2; i++) {
            int attempts = await(ask(mine, &there, questions[i], answer, sizeof answer));
            printf("%s (asked %d times)\n", answer, attempts);
        }
        eddy_group_cancel(group);
    }
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
