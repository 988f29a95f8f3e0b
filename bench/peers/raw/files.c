/* SPDX-License-Identifier: MIT */
/* files.c - the same with blocking system calls, which are the cheapest way. */
#include "file_bench.h"

#include <sys/sendfile.h>

static void copy(const char *path)
{
    char other[512];
    static char part[FILE_PART];
    int from = open(path, O_RDONLY), to = open(file_other(path, other), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    file_require(from >= 0 && to >= 0, "both files are open");
    for (ssize_t got; (got = read(from, part, sizeof part)) > 0;)
        file_require(write(to, part, (size_t)got) == got, "it is written");
    close(to);
    close(from);
}

static void send_file(const char *path)
{
    int fd = open(path, O_RDONLY), s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)file_reader()),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    size_t left = file_size(path);
    file_require(connect(s, (struct sockaddr *)&peer, sizeof peer) == 0, "it is connected");
    for (ssize_t sent; left && (sent = sendfile(s, fd, NULL, left)) > 0;)
        left -= (size_t)sent;
    file_require(left == 0, "all of it was sent");
    close(s);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *what = file_arguments(argc, argv);
    file_begin();
    if (!strcmp(what, "copy"))
        copy(argv[2]);
    else
        send_file(argv[2]);
    file_end();
    return 0;
}
