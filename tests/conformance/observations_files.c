/* SPDX-License-Identifier: MIT */
/* observations_files.c - pipes, FIFOs, files, misuse, order, and streams, which use the simulated network in the
 * simulation. */
#define _GNU_SOURCE
#include "observations.h"

/* ==== pipes ==== */

async(void, pipes)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
        abort();
    SEE("write", eddy_write(ends[1], "hello", 5));
    SEE("write nothing", eddy_write(ends[1], "", 0));
    SEE("read into nothing", eddy_read(ends[0], buffer, 0));
    SEE("read", eddy_read(ends[0], buffer, 3));
    SEE("at an offset", eddy_pread(ends[0], buffer, 3, 0));
    SEE("written at an offset", eddy_pwrite(ends[1], "x", 1, 7));
    SEE("the rest is there", eddy_read(ends[0], buffer, 10));
    SEE_WAIT("an empty one", eddy_read(ends[0], buffer, 10));
    SEE("the wrong way", eddy_read(ends[1], buffer, 10));
    SEE("the wrong way to write", eddy_write(ends[0], "x", 1));
    SEE("receive", eddy_recv(ends[0], buffer, 10, 0));
    SEE("send", eddy_send_bytes(ends[1], "x", 1, 0));
    SEE("accept", eddy_accept(ends[0]));
    SEE_WAIT("poll of an empty one", eddy_poll(ends[0], POLLIN));
    close(ends[1]);
    SEE("the end", eddy_read(ends[0], buffer, 10));
    SEE("poll at the end", eddy_poll(ends[0], POLLIN));
    close(ends[0]);
    unix_pair(SOCK_STREAM, ends);
    SEE("a socket at an offset", eddy_pread(ends[0], buffer, 3, 0));
    SEE("written there", eddy_pwrite(ends[0], "x", 1, 0));
    close_both(ends);
}

/* ==== files ==== */

async(void, descriptors_of_files)
{
    const char *path = path_of("file");
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    SEE("write", eddy_write(fd, "hello", 5));
    SEE("read at the end", eddy_read(fd, buffer, 10));
    SEE("at an offset", eddy_pread(fd, buffer, 10, 1));
    SEE("behind the end", eddy_pread(fd, buffer, 10, 100));
    SEE("at a negative one", eddy_pread(fd, buffer, 10, -1));
    SEE("at another", eddy_pread(fd, buffer, 10, -2));
    SEE("written at a negative one", eddy_pwrite(fd, "x", 1, -1));
    SEE("nothing", eddy_pread(fd, buffer, 0, 0));
    SEE("written behind the end", eddy_pwrite(fd, "x", 1, 9));
    SEE("its size", eddy_pread(fd, buffer, 100, 0));
    SEE("receive", eddy_recv(fd, buffer, 10, 0));
    struct sockaddr_in address = {.sin_family = AF_INET};
    SEE_DONE("connect", eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    SEE("write to what is read", eddy_write(fd, "x", 1));
    SEE("the same at an offset", eddy_pwrite(fd, "x", 1, 0));
    close(fd);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    SEE("read what is written", eddy_read(fd, buffer, 1));
    SEE("the same at an offset", eddy_pread(fd, buffer, 1, 0));
    SEE("at an offset, appending", eddy_pwrite(fd, "zz", 2, 0));
    close(fd);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SEE("read a folder", eddy_read(fd, buffer, 10));
    SEE("at an offset", eddy_pread(fd, buffer, 10, 0));
    close(fd);
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    SEE("nothing", eddy_pread(fd, buffer, 10, 5));
    SEE("into nothing", eddy_pwrite(fd, "x", 1, 5));
    close(fd);
}

static long stat_of(const struct stat *status)
{
    return S_ISDIR(status->st_mode) ? -1 : (long)status->st_size;
}

async(int, opened, (const char *, path), (int, flags))
{
    eddy_file *file = await(eddy_file_open(path, flags, 0600));
    await(eddy_file_close(file));
    return 0;
}

async(void, files_by_name)
{
    struct stat status;
    eddy_buffer all = {0};
    SEE("an empty name", opened("", O_RDONLY));
    SEE("to be made", opened("", O_RDWR | O_CREAT));
    SEE("none", opened(path_of("none"), O_RDONLY));
    SEE("made", opened(path_of("made"), O_RDWR | O_CREAT | O_EXCL));
    SEE("made twice", opened(path_of("made"), O_RDWR | O_CREAT | O_EXCL));
    SEE("through a file", opened(path_of("made/x"), O_RDONLY));
    SEE("a file as a folder", opened(path_of("made"), O_RDONLY | O_DIRECTORY));
    SEE("a folder to be written", opened(folder, O_RDWR));
    SEE("a folder", opened(folder, O_RDONLY));
    SEE("flags that contradict", opened(path_of("made"), O_RDONLY | O_CREAT | O_DIRECTORY));
    SEE_DONE("write a file", eddy_write_file(path_of("made"), "12345", 5));
    SEE_DONE("without a name", eddy_write_file("", "12345", 5));
    SEE("read a file", eddy_read_file(path_of("made"), &all));
    SEE("without a name", eddy_read_file("", &all));
    eddy_buffer_free(&all);
    SEE_DONE("stat", eddy_stat(path_of("made"), &status));
    printf("  size: %ld\n", stat_of(&status));
    SEE_DONE("stat of nothing", eddy_stat("", &status));
    SEE_DONE("lstat of nothing", eddy_lstat("", &status));
    SEE_DONE("stat of none", eddy_stat(path_of("none"), &status));
    SEE_DONE("rename", eddy_rename(path_of("made"), path_of("moved")));
    SEE_DONE("rename none", eddy_rename(path_of("made"), path_of("moved")));
    SEE_DONE("rename to nothing", eddy_rename(path_of("moved"), ""));
    SEE_DONE("rename nothing", eddy_rename("", path_of("moved")));
    SEE_DONE("unlink nothing", eddy_unlink(""));
    SEE_DONE("unlink a folder", eddy_unlink(folder));
    SEE_DONE("mkdir", eddy_mkdir(path_of("folder"), 0700));
    SEE_DONE("mkdir twice", eddy_mkdir(path_of("folder"), 0700));
    SEE_DONE("mkdir nothing", eddy_mkdir("", 0700));
    SEE_DONE("rmdir a file", eddy_rmdir(path_of("moved")));
    SEE_DONE("rmdir nothing", eddy_rmdir(""));
    SEE_DONE("rmdir one that is not empty", eddy_rmdir(folder));
    SEE_DONE("rmdir", eddy_rmdir(path_of("folder")));
    SEE_DONE("unlink", eddy_unlink(path_of("moved")));
    SEE_DONE("unlink twice", eddy_unlink(path_of("moved")));
}

async(void, an_open_file)
{
    eddy_file *file = await(eddy_file_open(path_of("open"), O_RDWR | O_CREAT, 0600));
    eddy_slice line;
    SEE_DONE("write", eddy_file_write(file, "one\ntwo", 7));
    SEE_DONE("write nothing", eddy_file_write(file, "", 0));
    SEE("at", eddy_file_read_at(file, buffer, 100, 4));
    SEE("behind the end", eddy_file_read_at(file, buffer, 100, 400));
    SEE("at a negative offset", eddy_file_read_at(file, buffer, 100, -1));
    SEE_DONE("written there", eddy_file_write_at(file, "x", 1, -1));
    printf("  seek: %ld\n", (long)eddy_file_seek(file, 0, SEEK_SET));
    SEE("line", eddy_file_read_line(file, &line));
    SEE("read", eddy_file_read(file, buffer, 100));
    SEE("the end", eddy_file_read(file, buffer, 100));
    SEE_DONE("sync", eddy_file_sync(file));
    SEE_DONE("truncate", eddy_file_truncate(file, 2));
    SEE_DONE("to a negative size", eddy_file_truncate(file, -1));
    SEE("what is left", eddy_file_read_at(file, buffer, 100, 0));
    await(eddy_file_close(file));
    unlink(path_of("open"));
}

async(void, fifos)
{
    const char *path = path_of("fifo");
    if (mkfifo(path, 0600))
        abort();
    SEE("nobody reads", opened(path, O_WRONLY | O_NONBLOCK));
    int holder = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    eddy_file *reader = await(eddy_file_open(path, O_RDONLY | O_NONBLOCK, 0));
    eddy_file *writer = await(eddy_file_open(path, O_WRONLY | O_NONBLOCK, 0));
    SEE_DONE("write", eddy_file_write(writer, "abc", 3));
    SEE("read", eddy_file_read(reader, buffer, 2));
    SEE("at an offset", eddy_file_read_at(reader, buffer, 2, 0));
    SEE_DONE("truncate", eddy_file_truncate(writer, 0));
    SEE_DONE("sync", eddy_file_sync(writer));
    SEE("the rest", eddy_file_read(reader, buffer, 100));
    SEE_WAIT("an empty one", eddy_file_read(reader, buffer, 100));
    printf("  seek: %s\n", eddy_file_seek(reader, 0, SEEK_SET) < 0 ? "no" : "yes");
    close(holder);
    await(eddy_file_close(writer));
    SEE("the end", eddy_file_read(reader, buffer, 100));
    await(eddy_file_close(reader));
    unlink(path);
}

/* ==== misuse ==== */

async(void, no_descriptors)
{
    static const int wrong[] = {-1, 9999};
    struct iovec part = {buffer, 10};
    struct sockaddr_in address = {.sin_family = AF_INET};
    eddy_address to;
    eddy_address_ip(&to, "127.0.0.1", 1);
    for (int i = 0; i < 2; i++) {
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        SEE("recv", eddy_recv(wrong[i], buffer, 10, 0));
        SEE("recv all", eddy_recv(wrong[i], buffer, 10, MSG_WAITALL));
        SEE("send", eddy_send_bytes(wrong[i], "x", 1, 0));
        SEE("recvmsg", eddy_recvmsg(wrong[i], &message, 0));
        SEE("sendmsg", eddy_sendmsg(wrong[i], &message, 0));
        SEE("recvfrom", eddy_recvfrom(wrong[i], buffer, 10, 0, NULL));
        SEE("sendto", eddy_sendto(wrong[i], "x", 1, 0, &to));
        SEE("read", eddy_read(wrong[i], buffer, 10));
        SEE("write", eddy_write(wrong[i], "x", 1));
        SEE("pread", eddy_pread(wrong[i], buffer, 10, 0));
        SEE("pwrite", eddy_pwrite(wrong[i], "x", 1, 0));
        SEE("accept", eddy_accept(wrong[i]));
        SEE_DONE("connect", eddy_connect(wrong[i], (struct sockaddr *)&address, sizeof address));
        SEE("poll", eddy_poll(wrong[i], POLLIN));
    }
}

async(void, wrong_memory)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    await(eddy_send_bytes(ends[0], "abc", 3, 0));
    SEE("recv", eddy_recv(ends[1], (void *)8, 10, 0));
    SEE("send", eddy_send_bytes(ends[0], (void *)8, 10, 0));
    SEE("write", eddy_write(ends[0], (void *)8, 10));
    close_both(ends);
}

/* ==== order ==== */

async(void, take_one, (int, fd), (const char *, name))
{
    char byte;
    await(eddy_recv(fd, &byte, 1, 0));
    printf("  %s has %c\n", name, byte);
}

async(void, order)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    __auto_type first = spawn(take_one(ends[1], "first"));
    __auto_type second = spawn(take_one(ends[1], "second"));
    __auto_type third = spawn(take_one(ends[1], "third"));
    await(eddy_sleep(moment));
    eddy_cancel(second);
    await(second, &(eddy_error){0});
    await(eddy_send_bytes(ends[0], "ab", 2, 0));
    await(first);
    await(third);
    close_both(ends);
}

/* ==== streams: in the simulation they use its network ==== */

static const char *what;  /* what the server should do */
static long got[2];       /* what the server then read */
static bool served;       /* it has */
static eddy_event go_on = EDDY_EVENT_INIT;

async(void, serve, (eddy_stream *, s), (void *, unused))
{
    (void)unused;
    eddy_slice line;
    size_t size = await(eddy_stream_read_line(s, &line));
    if (strcmp(what, "echo") == 0)
        await(eddy_stream_write(s, line.data, size));
    if (strcmp(what, "half") == 0)
        await(eddy_stream_write_eof(s));
    if (strcmp(what, "abort") == 0) {
        reset_on_close(eddy_stream_descriptor(s));
        eddy_stream_abort(s);
        return;
    }
    await(eddy_event_wait(&go_on));
    for (int i = 0; i < 2; i++)
        got[i] = (long)await(eddy_stream_read(s, buffer, sizeof buffer));
    served = true;
}

async(void, until_served)
{
    while (!served)
        await(eddy_sleep(0.001));
    printf("  the server has read: %ld, %ld\n", got[0], got[1]);
}

async(void, visit, (eddy_stream *, s), (const char *, name))
{
    char bytes[64];
    what = name;
    go_on = (eddy_event)EDDY_EVENT_INIT;
    served = false;
    printf(" %s\n", name);
    SEE_DONE("write", eddy_stream_write(s, "line\n", 5));
    SEE_DONE("write nothing", eddy_stream_write(s, "", 0));
    if (strcmp(name, "silent") == 0)
        SEE_WAIT("read", eddy_stream_read(s, bytes, sizeof bytes));
    else
        SEE("read", eddy_stream_read(s, bytes, 2));
    if (strcmp(name, "abort") == 0) {
        SEE("read after it", eddy_stream_read(s, bytes, sizeof bytes));
        SEE_DONE("write after it", eddy_stream_write(s, "x", 1));
    }
    if (strcmp(name, "half") == 0)
        SEE_DONE("the other way", eddy_stream_write(s, "more", 4));
    if (strcmp(name, "abort") != 0)
        SEE_DONE("end", eddy_stream_write_eof(s));
    SEE_DONE("end twice", eddy_stream_write_eof(s));
    if (strcmp(name, "half") == 0)
        SEE_DONE("write after it", eddy_stream_write(s, "x", 1));
    eddy_event_set(&go_on);
    if (strcmp(name, "abort") != 0)
        await(until_served());
    await(eddy_stream_close(s));
}

async(void, connections_of_streams)
{
    static const char *const names[] = {"echo", "half", "silent", "abort"};
    eddy_server *tcp = await(eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        await(visit(await(eddy_open_connection("127.0.0.1", eddy_server_port(tcp))), names[i]));
    int port = eddy_server_port(tcp);
    await(eddy_server_close(tcp, 1));
    eddy_error err;
    await(eddy_open_connection("127.0.0.1", port), &err);
    print("nobody listens", &err, 0);
    char path[128];
    snprintf(path, sizeof path, "%s", path_of("server"));
    eddy_server *local = await(eddy_start_unix_server(serve, (void *)NULL, path));
    for (size_t i = 0; i < 3; i++)
        await(visit(await(eddy_open_unix_connection(path)), names[i]));
    await(eddy_server_close(local, 1));
    await(eddy_open_unix_connection(path), &err);
    print("its file is gone", &err, 0);
    await(eddy_open_unix_connection(""), &err);
    print("an empty path", &err, 0);
    await(eddy_start_unix_server(serve, (void *)NULL, ""), &err);
    print("a server of it", &err, 0);
}

/* What the low-level calls report about a stream's socket; in the simulation it is a simulated one. */
async(void, calls_on_a_stream)
{
    what = "silent";
    go_on = (eddy_event)EDDY_EVENT_INIT;
    served = false;
    eddy_server *server = await(eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    int fd = eddy_stream_descriptor(s);
    struct sockaddr_in address = {.sin_family = AF_INET};
    SEE("send", eddy_send_bytes(fd, "line\n", 5, 0));
    SEE("send nothing", eddy_send_bytes(fd, "", 0, 0));
    SEE("writable", eddy_poll(fd, POLLOUT));
    SEE_WAIT("readable", eddy_poll(fd, POLLIN));
    SEE("accept", eddy_accept(fd));
    SEE_DONE("connect", eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    SEE("at an offset", eddy_pread(fd, buffer, 1, 0));
    SEE("urgent data", eddy_recv(fd, buffer, 1, MSG_OOB));
    SEE_WAIT("receive", eddy_recv(fd, buffer, 10, 0));
    SEE_WAIT("receive all", eddy_recv(fd, buffer, 10, MSG_WAITALL));
    SEE_WAIT("receive into nothing", eddy_recv(fd, buffer, 0, 0));
    eddy_event_set(&go_on);
    SEE("write", eddy_write(fd, "abc", 3));
    await(eddy_sleep(moment));
    await(eddy_stream_close(s));
    await(until_served());
    await(eddy_server_close(server, 1));
}

#define PROGRAMS(PROGRAM)                                                                                              \
    PROGRAM(pipes) PROGRAM(descriptors_of_files) PROGRAM(files_by_name) PROGRAM(an_open_file) PROGRAM(fifos)           \
    PROGRAM(no_descriptors) PROGRAM(wrong_memory) PROGRAM(order) PROGRAM(connections_of_streams)                       \
    PROGRAM(calls_on_a_stream)

OBSERVE(PROGRAMS)
