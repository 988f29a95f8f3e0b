/* SPDX-License-Identifier: MIT */
/*
 * file_bench.h - shared by the programs about files: Eddy's and the one in plain C: `PROGRAM copy|send PATH`.
 *
 * copy: PATH to "PATH.copy", 256 KiB at a time.  send: PATH over TCP to a process that throws it away.  Prints
 * `cpu N` and `wall N`, nanoseconds of this process, all its threads included, for each MiB.
 */
#ifndef FILE_BENCH_H
#define FILE_BENCH_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

enum { FILE_PART = 256 * 1024 };

static double file_began[2];
static const char *file_path;

static inline void file_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench: not so: %s\n", what);
    exit(1);
}

static inline size_t file_size(const char *path)
{
    struct stat status;
    file_require(stat(path, &status) == 0, "the file is there");
    return (size_t)status.st_size;
}

static inline const char *file_arguments(int argc, char **argv)
{
    file_require(argc == 3, "there are two arguments");
    file_path = argv[2];
    return argv[1];
}

static inline const char *file_other(const char *path, char other[512])
{
    snprintf(other, 512, "%s.copy", path);
    return other;
}

static inline double file_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline void file_begin(void)
{
    file_began[0] = file_clock(CLOCK_PROCESS_CPUTIME_ID);
    file_began[1] = file_clock(CLOCK_MONOTONIC);
}

static inline void file_end(void)
{
    double mebibytes = (double)file_size(file_path) / (1 << 20);
    printf("cpu %.1f\n", (file_clock(CLOCK_PROCESS_CPUTIME_ID) - file_began[0]) / mebibytes);
    printf("wall %.1f\n", (file_clock(CLOCK_MONOTONIC) - file_began[1]) / mebibytes);
}

/* Takes one connection and reads all its bytes, in a separate process, which ends with the connection or with its
 * parent. */
static inline int file_reader(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    file_require(bind(listener, (struct sockaddr *)&own, sizeof own) == 0 && listen(listener, 1) == 0 &&
                     getsockname(listener, (struct sockaddr *)&own, &length) == 0,
                 "it listens");
    if (fork() == 0) {
        static char waste[FILE_PART];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = accept(listener, NULL, NULL);
        while (recv(fd, waste, sizeof waste, 0) > 0)
            ;
        _exit(0);
    }
    close(listener);
    return ntohs(own.sin_port);
}

#endif
