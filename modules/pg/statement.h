/* SPDX-License-Identifier: MIT */
/* statement.h - the statements that are prepared on a connection, and what a statement does to its connection. */
#ifndef EDDY_PG_STATEMENT_H
#define EDDY_PG_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATEMENT_NAME = 24 };

struct statement {
    struct statement *next;             /* of the same place in the table */
    struct statement *newer, *older;    /* by its last use */
    uint64_t hash;
    uint64_t number;                    /* no other statement of the connection has it */
    char name[STATEMENT_NAME];          /* the server's */
    bool is_sent;                       /* the server has been told to prepare it */
    bool is_prepared;                   /* and has said that it did */
    char sql[];
};

struct statements {
    struct statement **at;    /* NULL: none was prepared yet */
    size_t places;            /* a power of two */
    size_t count, most;
    struct statement *newest, *oldest;
    struct statement *retired; /* not used any more, and to be deallocated; linked by `next` */
    uint64_t names;           /* given so far: a name is never used twice */
};

/* The statement of this text, which is added if it is new, and not sent then. NULL: no memory. */
struct statement *statements_get(struct statements *all, const char *sql);
/* Takes out a retired one, or the oldest one if there are too many, for the server to deallocate; its name is copied.
 * False: there is none. */
bool statements_shrink(struct statements *all, char name[STATEMENT_NAME]);
/* The server has prepared it. It may be gone already. */
void statements_confirm(struct statements *all, uint64_t number);
/* The server does not have it, or may not. It may be gone already. 0 is allowed. */
void statements_forget(struct statements *all, uint64_t number);
/* It is not used any more, but the server has it. It may be gone already. */
void statements_retire(struct statements *all, uint64_t number);
void statements_retire_all(struct statements *all);
/* The server has none of them any more. */
void statements_clear(struct statements *all);

enum effect {
    EFFECT_NONE,     /* tables, functions, and what is not known */
    EFFECT_KEPT,     /* rows: preparing it is of use, and an error leaves nothing of what it did */
    EFFECT_SESSION,  /* changes the connection for those that use it afterwards */
    EFFECT_PLANS,    /* the same, and what was prepared before may be of no more use */
    EFFECT_NO_PLANS, /* the same, and what was prepared before is gone */
    EFFECT_COPY      /* has another protocol */
};

/* What a statement does to its connection, by its first word. */
enum effect statement_effect(const char *sql);

#endif
