/* SPDX-License-Identifier: MIT */
/*
 * socket_call.h - recv and send, as the kernel has them.
 *
 * The C library's are cancellation points. As soon as a process has a second thread, each of them takes fifty
 * instructions to let a pthread_cancel in and to keep it out again. The loops never wait in these calls, so there is
 * nothing to cancel. Sanitizers have to see the library's calls, which order threads and write memory.
 */
#ifndef OS_SOCKET_CALL_H
#define OS_SOCKET_CALL_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || !defined SYS_recvfrom || !defined SYS_sendto
#define SOCKET_CALL_IS_LIBRARYS 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SOCKET_CALL_IS_LIBRARYS 1
#endif
#endif

/* flags contain MSG_DONTWAIT. */
static inline ssize_t socket_call_receive(int fd, void *data, size_t size, int flags)
{
#if defined SOCKET_CALL_IS_LIBRARYS
    return recv(fd, data, size, flags);
#else
    return syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
#endif
}

static inline ssize_t socket_call_send(int fd, const void *data, size_t size, int flags)
{
#if defined SOCKET_CALL_IS_LIBRARYS
    return send(fd, data, size, flags);
#else
    return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
#endif
}

#endif
