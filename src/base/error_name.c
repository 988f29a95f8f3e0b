/* SPDX-License-Identifier: MIT */
/* error_name.c - names and texts of errno values and of Eddy's own codes; one table, one place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eddy/error.h"

/* The errno values that the library and its users meet; the C library has no portable way to name one. */
#define ERRNO_TABLE(X) \
    X(EPERM) X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(ENOEXEC) X(EBADF) X(ECHILD) X(EAGAIN) \
    X(ENOMEM) X(EACCES) X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) \
    X(EINVAL) X(ENFILE) X(EMFILE) X(ENOTTY) X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) \
    X(EPIPE) X(EDOM) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) X(ENOTEMPTY) X(ELOOP) \
    X(ENOMSG) X(EIDRM) X(ENOSTR) X(ENODATA) X(ETIME) X(ENOLINK) X(EPROTO) X(EBADMSG) X(EOVERFLOW) \
    X(EILSEQ) X(EUSERS) X(ENOTSOCK) X(EDESTADDRREQ) X(EMSGSIZE) X(EPROTOTYPE) X(ENOPROTOOPT) \
    X(EPROTONOSUPPORT) X(ESOCKTNOSUPPORT) X(EOPNOTSUPP) X(EPFNOSUPPORT) X(EAFNOSUPPORT) X(EADDRINUSE) \
    X(EADDRNOTAVAIL) X(ENETDOWN) X(ENETUNREACH) X(ENETRESET) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) \
    X(EISCONN) X(ENOTCONN) X(ESHUTDOWN) X(ETOOMANYREFS) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTDOWN) \
    X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS) X(ESTALE) X(EDQUOT) X(ECANCELED) X(EOWNERDEAD) \
    X(ENOTRECOVERABLE) X(ELIBACC)

const char *eddy_error_name(int code)
{
    static __thread char unknown[16];
    switch (code) {
#define ERRNO_CASE(name) \
    case name: \
        return #name;
        ERRNO_TABLE(ERRNO_CASE)
#define EDDY_CASE(name, number, text) \
    case number: \
        return #name;
        EDDY_ERROR_TABLE(EDDY_CASE)
    case 0:
        return "OK";
    default:
        snprintf(unknown, sizeof unknown, "E%d", code);
        return unknown;
    }
}

const char *eddy_error_text(int code)
{
    switch (code) {
#define TEXT_CASE(name, number, text) \
    case number: \
        return text;
        EDDY_ERROR_TABLE(TEXT_CASE)
    default:
        return strerror(code);
    }
}

const char *eddy_version(void)
{
    return EDDY_VERSION_STRING;
}
