/* SPDX-License-Identifier: MIT */
/*
 * head.h - the heads of HTTP/1.1 messages, read by the letter of RFC 9112.
 *
 * Whatever two readers could understand in two ways is refused: a proxy in front may have read it the other way. Pure:
 * no memory is taken, nothing waits. head_find works on bytes that may be incomplete; the readers get a complete head,
 * which they change in place: each string that they point to ends with a 0 byte.
 */
#ifndef EDDY_HTTP_HEAD_H
#define EDDY_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits on what a peer may send. */
struct head_limits {
    size_t line;   /* bytes of the first line, without its end */
    size_t size;   /* bytes of the whole head */
    size_t fields; /* number of fields */
};

/* The search for the end of a head; all zero at its beginning. */
struct head_search {
    size_t checked; /* bytes that were searched */
    size_t lines;   /* complete lines that are not empty */
    size_t skipped; /* bytes of the empty lines before the head, which do not belong to it */
};

/* A field, as places in the head: name and value end with a 0 byte. */
struct head_field {
    uint16_t name, value;
    uint16_t name_size, value_size;
};

struct head {
    /* first line */
    const char *method, *target; /* of a request */
    size_t target_size;
    int status;                  /* of a response */
    const char *reason;
    int minor;                   /* HTTP/1.minor */
    /* fields */
    char *text;                  /* the head itself */
    struct head_field *fields;   /* memory of the caller */
    size_t count;                /* of fields */
    const char *host;            /* value of the Host field; NULL: there is none */
    int64_t length;              /* the Content-Length; -1: there is none */
    bool chunked;                /* Transfer-Encoding: chunked */
    bool closes;                 /* Connection: close */
    bool keeps;                  /* Connection: keep-alive */
    bool upgrades;               /* Connection: upgrade */
    bool expects;                /* Expect: 100-continue */
    /* refusal */
    int refused;                 /* the status that answers it; 0: it is good */
    const char *why;             /* a sentence for the log, if it is refused */
};

/*
 * Searches [data, data + size) for the end of a head, going on where the last search ended. Returns the size of the
 * head with its empty line, counted from data + skipped; 0: more bytes are needed; -1: it is refused, and head says
 * why.
 */
int64_t head_find(struct head_search *search, const char *data, size_t size, const struct head_limits *limits,
                  struct head *head);
/*
 * Reads a complete head of a request or a response. text: its bytes, which are changed; size: at most 65535. fields:
 * room for one field fewer than there are lines. False: it is refused.
 */
bool head_read_request(struct head *head, char *text, size_t size, struct head_field *fields,
                       const struct head_limits *limits);
bool head_read_response(struct head *head, char *text, size_t size, struct head_field *fields,
                        const struct head_limits *limits);
/* The value of the n-th field of this name (0: the first), without regard to case; NULL: there is none. */
const char *head_value(const struct head *head, const char *name, size_t n);

/* Notes why a head is refused, with the status that answers it. Returns false. */
bool head_refuse(struct head *head, int status, const char *why);
/* The value of a hexadecimal digit; -1: the byte is no such digit. */
int head_digit(char c);
/* True: the text is a token of RFC 9110, such as the name of a field or a method. */
bool head_is_token(const char *text, size_t size);
/* True: the text may be the value of a field. */
bool head_is_value(const char *text, size_t size);
/* True: the text is "host", "host:port" or "[address]:port". */
bool head_is_host(const char *text, size_t size);
/* True: the text may be the target of a request. */
bool head_is_target(const char *text);
/* True: the comma-separated list has this word, without regard to case. */
bool head_has_word(const char *list, const char *word);

#endif
