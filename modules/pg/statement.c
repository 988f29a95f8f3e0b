/* SPDX-License-Identifier: MIT */
/*
 * statement.c - see statement.h.
 *
 * Invariant: each statement is in the table and in the list, whose order is that of the last uses; or it is retired,
 * and in neither.
 */
#include "statement.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PLACES = 64 };

static uint64_t hash_of(const char *sql, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u ^ size, word;
    for (; size >= 8; sql += 8, size -= 8) {
        memcpy(&word, sql, 8);
        hash = (hash ^ word) * 0x9fb21c651e98df25u;
        hash ^= hash >> 32;
    }
    for (; size; sql++, size--)
        hash = (hash ^ (unsigned char)*sql) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static struct statement **place_of(const struct statements *all, uint64_t hash)
{
    return &all->at[hash & (all->places - 1)];
}

static void unlink_use(struct statements *all, struct statement *s)
{
    *(s->newer ? &s->newer->older : &all->newest) = s->older;
    *(s->older ? &s->older->newer : &all->oldest) = s->newer;
}

static void link_newest(struct statements *all, struct statement *s)
{
    s->newer = NULL;
    s->older = all->newest;
    *(s->older ? &s->older->newer : &all->oldest) = s;
    all->newest = s;
}

static bool grow(struct statements *all)
{
    struct statements wider = *all;
    wider.places = all->places ? all->places * 2 : PLACES;
    wider.at = calloc(wider.places, sizeof *wider.at);
    if (!wider.at)
        return all->at; /* longer chains do no harm */
    for (struct statement *s = all->newest; s; s = s->older) {
        s->next = *place_of(&wider, s->hash);
        *place_of(&wider, s->hash) = s;
    }
    free(all->at);
    *all = wider;
    return true;
}

static struct statement *add(struct statements *all, const char *sql, size_t size, uint64_t hash)
{
    if (all->count >= all->places && !grow(all))
        return NULL;
    struct statement *s = calloc(1, sizeof *s + size + 1);
    if (!s)
        return NULL;
    s->hash = hash;
    memcpy(s->sql, sql, size);
    s->number = ++all->names;
    snprintf(s->name, sizeof s->name, "eddy%llu", (unsigned long long)s->number);
    s->next = *place_of(all, hash);
    *place_of(all, hash) = s;
    link_newest(all, s);
    all->count++;
    return s;
}

static struct statement *find(const struct statements *all, const char *sql, uint64_t hash)
{
    struct statement *s = all->at ? *place_of(all, hash) : NULL;
    while (s && (s->hash != hash || strcmp(s->sql, sql) != 0))
        s = s->next;
    return s;
}

struct statement *statements_get(struct statements *all, const char *sql)
{
    size_t size = strlen(sql);
    uint64_t hash = hash_of(sql, size);
    struct statement *s = find(all, sql, hash);
    if (!s)
        return add(all, sql, size, hash);
    if (all->newest != s) {
        unlink_use(all, s);
        link_newest(all, s);
    }
    return s;
}

static void take_out(struct statements *all, struct statement *s)
{
    struct statement **link = place_of(all, s->hash);
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    unlink_use(all, s);
    all->count--;
}

static void drop(struct statements *all, struct statement *s)
{
    take_out(all, s);
    free(s);
}

static void drop_retired(struct statement **link)
{
    struct statement *s = *link;
    *link = s->next;
    free(s);
}

static struct statement **find_retired(struct statements *all, uint64_t number)
{
    struct statement **link = &all->retired;
    while (*link && (*link)->number != number)
        link = &(*link)->next;
    return link;
}

/* One whose preparation may still fail stays: to deallocate it would fail, too. */
static bool shrink_retired(struct statements *all, char name[STATEMENT_NAME])
{
    struct statement **link = &all->retired;
    while (*link && !(*link)->is_prepared)
        link = &(*link)->next;
    if (!*link)
        return false;
    memcpy(name, (*link)->name, STATEMENT_NAME);
    drop_retired(link);
    return true;
}

bool statements_shrink(struct statements *all, char name[STATEMENT_NAME])
{
    if (shrink_retired(all, name))
        return true;
    if (all->count <= all->most)
        return false;
    memcpy(name, all->oldest->name, STATEMENT_NAME);
    drop(all, all->oldest);
    return true;
}

static struct statement *find_number(const struct statements *all, uint64_t number)
{
    struct statement *s = all->newest;
    while (s && s->number != number)
        s = s->older;
    return s;
}

void statements_confirm(struct statements *all, uint64_t number)
{
    struct statement *s = find_number(all, number);
    if (!s)
        s = *find_retired(all, number);
    if (s)
        s->is_prepared = true;
}

void statements_forget(struct statements *all, uint64_t number)
{
    struct statement *s = number ? find_number(all, number) : NULL;
    struct statement **retired = number && !s ? find_retired(all, number) : &s;
    if (s)
        drop(all, s);
    else if (*retired)
        drop_retired(retired);
}

static void retire(struct statements *all, struct statement *s)
{
    take_out(all, s);
    s->next = all->retired;
    all->retired = s;
}

void statements_retire(struct statements *all, uint64_t number)
{
    struct statement *s = find_number(all, number);
    if (s)
        retire(all, s);
}

void statements_retire_all(struct statements *all)
{
    while (all->newest)
        retire(all, all->newest);
}

void statements_clear(struct statements *all)
{
    statements_retire_all(all);
    while (all->retired)
        drop_retired(&all->retired);
    free(all->at);
    all->at = NULL;
    all->places = 0;
}

/* ==== effects ==== */

/* Past a comment, which may have others in it; NULL: it has no end. */
static const char *after_comment(const char *sql)
{
    size_t depth = 0;
    do {
        bool opens = sql[0] == '/' && sql[1] == '*', closes = sql[0] == '*' && sql[1] == '/';
        depth = depth + opens - closes;
        sql += opens || closes ? 2 : 1;
    } while (depth && *sql);
    return depth ? NULL : sql;
}

/* Past blanks, comments, parentheses and empty statements. */
static const char *first_word(const char *sql)
{
    const char *after;
    for (;;) {
        if (isspace((unsigned char)*sql) || *sql == '(' || *sql == ';')
            sql++;
        else if (sql[0] == '-' && sql[1] == '-')
            sql += strcspn(sql, "\r\n");
        else if (sql[0] == '/' && sql[1] == '*' && (after = after_comment(sql)))
            sql = after;
        else
            return sql;
    }
}

static size_t length_of_word(const char *word)
{
    return strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool is_word(const char *word, const char *wanted)
{
    return length_of_word(word) == strlen(wanted) && strncasecmp(word, wanted, strlen(wanted)) == 0;
}

/* DEALLOCATE ALL, DEALLOCATE PREPARE ALL, DISCARD ALL: word is its first one. */
static bool leaves_no_plans(const char *word)
{
    if (!is_word(word, "deallocate") && !is_word(word, "discard"))
        return false;
    word = first_word(word + length_of_word(word));
    if (is_word(word, "prepare"))
        word = first_word(word + length_of_word(word));
    return is_word(word, "all");
}

enum effect statement_effect(const char *sql)
{
    static const struct {
        const char *word;
        enum effect effect;
    } known[] = {
        {"select", EFFECT_KEPT},       {"insert", EFFECT_KEPT},       {"update", EFFECT_KEPT},
        {"delete", EFFECT_KEPT},       {"with", EFFECT_KEPT},         {"values", EFFECT_KEPT},
        {"merge", EFFECT_KEPT},        {"table", EFFECT_KEPT},        {"copy", EFFECT_COPY},
        {"begin", EFFECT_SESSION},     {"start", EFFECT_SESSION},     {"commit", EFFECT_SESSION},
        {"end", EFFECT_SESSION},       {"rollback", EFFECT_PLANS},    {"abort", EFFECT_SESSION},
        {"savepoint", EFFECT_SESSION}, {"release", EFFECT_SESSION},   {"set", EFFECT_PLANS},
        {"reset", EFFECT_PLANS},       {"listen", EFFECT_SESSION},    {"unlisten", EFFECT_SESSION},
        {"declare", EFFECT_SESSION},   {"fetch", EFFECT_SESSION},     {"move", EFFECT_SESSION},
        {"close", EFFECT_SESSION},     {"prepare", EFFECT_SESSION},   {"execute", EFFECT_SESSION},
        {"deallocate", EFFECT_PLANS},  {"discard", EFFECT_PLANS},     {"load", EFFECT_SESSION},
        {"lock", EFFECT_SESSION},
    };
    const char *word = first_word(sql);
    if (leaves_no_plans(word))
        return EFFECT_NO_PLANS;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is_word(word, known[i].word))
            return known[i].effect;
    return EFFECT_NONE;
}
