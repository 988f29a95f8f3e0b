/* SPDX-License-Identifier: MIT */
/*
 * rows.c - see rows.h.
 *
 * Invariant: values are libpq's, as text. Those of bytea are decoded in place, where two digits become one byte; so
 * their size is known from the text's, and a 0 byte follows them.
 */
#define EDDY_LIBRARY
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../shared/number.h"

/* Numbers of types in the server's catalogue, which never change. */
enum { TYPE_BOOL = 16, TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_OID = 26,
       TYPE_FLOAT4 = 700, TYPE_FLOAT8 = 701 };

struct rows {
    eddy_pg_rows rows; /* first */
    PGresult *result;
    eddy_pg_column column[];
};

static const struct rows *self_of(const eddy_pg_rows *rows)
{
    return (const struct rows *)(const void *)rows;
}

static enum eddy_pg_kind kind_of(unsigned type)
{
    switch (type) {
    case TYPE_BOOL: return EDDY_PG_BOOLEAN;
    case TYPE_BYTEA: return EDDY_PG_BYTES;
    case TYPE_INT2: case TYPE_INT4: case TYPE_INT8: case TYPE_OID: return EDDY_PG_INTEGER;
    case TYPE_FLOAT4: case TYPE_FLOAT8: return EDDY_PG_REAL;
    default: return EDDY_PG_TEXT;
    }
}

static unsigned digit_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

/* False: it is not hex. */
static bool decode(char *text, size_t size)
{
    if (size < 2 || text[0] != '\\' || text[1] != 'x')
        return false;
    for (size_t i = 0; i < (size - 2) / 2; i++)
        text[i] = (char)(digit_of(text[2 * i + 2]) << 4 | digit_of(text[2 * i + 3]));
    text[(size - 2) / 2] = '\0';
    return true;
}

static bool decode_column(PGresult *result, int column)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (!PQgetisnull(result, row, column) &&
            !decode(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)))
            return false;
    return true;
}

static bool describe(struct rows *self)
{
    bool is_hex = true;
    for (int i = 0; i < (int)self->rows.columns; i++) {
        unsigned type = PQftype(self->result, i);
        self->column[i] = (eddy_pg_column){PQfname(self->result, i), type, kind_of(type)};
        if (type == TYPE_BYTEA)
            is_hex = is_hex && decode_column(self->result, i);
    }
    return is_hex;
}

eddy_pg_rows *rows_new(PGresult *result, int *code, const char **why)
{
    size_t columns = (size_t)PQnfields(result);
    struct rows *self = malloc(sizeof *self + columns * sizeof self->column[0]);
    *code = ENOMEM;
    *why = "there is no memory for the rows";
    if (!self) {
        PQclear(result);
        return NULL;
    }
    self->result = result;
    self->rows = (eddy_pg_rows){(size_t)PQntuples(result), columns, self->column, 0, PQcmdStatus(result)};
    if (strncmp(self->rows.tag, "SELECT", 6) != 0)
        self->rows.changes = strtoll(PQcmdTuples(result), NULL, 10);
    if (describe(self))
        return &self->rows;
    *code = EBADMSG;
    *why = "values of bytea are read if bytea_output is hex";
    eddy_pg_rows_free(&self->rows);
    return NULL;
}

void eddy_pg_rows_free(eddy_pg_rows *rows)
{
    if (!rows)
        return;
    PQclear(self_of(rows)->result);
    free(rows);
}

/* ==== reading ==== */

const char *eddy_pg_text(const eddy_pg_rows *rows, size_t row, size_t column)
{
    return PQgetvalue(self_of(rows)->result, (int)row, (int)column);
}

bool eddy_pg_is_null(const eddy_pg_rows *rows, size_t row, size_t column)
{
    return PQgetisnull(self_of(rows)->result, (int)row, (int)column);
}

eddy_slice eddy_pg_bytes(const eddy_pg_rows *rows, size_t row, size_t column)
{
    size_t size = (size_t)PQgetlength(self_of(rows)->result, (int)row, (int)column);
    bool is_decoded = rows->column[column].kind == EDDY_PG_BYTES && size > 0;
    return (eddy_slice){eddy_pg_text(rows, row, column), is_decoded ? (size - 2) / 2 : size};
}

int64_t eddy_pg_integer(const eddy_pg_rows *rows, size_t row, size_t column)
{
    const char *text = eddy_pg_text(rows, row, column);
    switch (rows->column[column].kind) {
    case EDDY_PG_BOOLEAN: return *text == 't';
    case EDDY_PG_REAL: return (int64_t)number_parse(text);
    default: return strtoll(text, NULL, 10);
    }
}

double eddy_pg_real(const eddy_pg_rows *rows, size_t row, size_t column)
{
    if (rows->column[column].kind == EDDY_PG_BOOLEAN)
        return (double)eddy_pg_integer(rows, row, column);
    return number_parse(eddy_pg_text(rows, row, column));
}

bool eddy_pg_boolean(const eddy_pg_rows *rows, size_t row, size_t column)
{
    return rows->column[column].kind == EDDY_PG_BOOLEAN ? *eddy_pg_text(rows, row, column) == 't'
                                                        : eddy_pg_real(rows, row, column) != 0;
}

int eddy_pg_find_column(const eddy_pg_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->columns; i++)
        if (strcmp(rows->column[i].name, name) == 0)
            return (int)i;
    return -1;
}
