/* SPDX-License-Identifier: MIT */
/*
 * rows.c - the result of a statement.
 *
 * Invariant: text and blobs lie one after another in `bytes`, which moves as it grows; until the end the values hold
 * their offsets, then pointers.
 */
#define EDDY_LIBRARY
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "../shared/number.h"

struct rows {
    eddy_sqlite_rows rows; /* first */
    eddy_buffer values, bytes, names;
};

void eddy_sqlite_rows_free(eddy_sqlite_rows *rows)
{
    struct rows *self = (struct rows *)(void *)rows;
    if (!self)
        return;
    eddy_buffer_free(&self->values);
    eddy_buffer_free(&self->bytes);
    eddy_buffer_free(&self->names);
    free(self);
}

/* Of n bytes, with a 0 byte after them. */
static bool add_bytes(struct rows *self, const void *data, size_t n, size_t *offset)
{
    *offset = self->bytes.size;
    return (n == 0 || eddy_buffer_append(&self->bytes, data, n)) && eddy_buffer_append(&self->bytes, "", 1);
}

/* Text, or a blob. */
static bool add_bytes_of(struct rows *self, sqlite3_stmt *statement, int column, enum eddy_sqlite_kind kind,
                         eddy_sqlite_value *value)
{
    const void *data = kind == EDDY_SQLITE_TEXT ? (const void *)sqlite3_column_text(statement, column)
                                                : sqlite3_column_blob(statement, column);
    size_t size = (size_t)sqlite3_column_bytes(statement, column), offset;
    if ((!data && size) || !add_bytes(self, data, size, &offset))
        return false;
    value->kind = kind;
    value->u.bytes = (eddy_slice){(const char *)(uintptr_t)offset, size};
    return true;
}

static bool get_value(struct rows *self, sqlite3_stmt *statement, int column, eddy_sqlite_value *value)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: *value = ed_sqlite_integer(sqlite3_column_int64(statement, column)); return true;
    case SQLITE_FLOAT: *value = ed_sqlite_real(sqlite3_column_double(statement, column)); return true;
    case SQLITE_TEXT: return add_bytes_of(self, statement, column, EDDY_SQLITE_TEXT, value);
    case SQLITE_BLOB: return add_bytes_of(self, statement, column, EDDY_SQLITE_BLOB, value);
    default: return true;
    }
}

static bool add_value(struct rows *self, sqlite3_stmt *statement, int column)
{
    eddy_sqlite_value value = {.kind = EDDY_SQLITE_NULL};
    return get_value(self, statement, column, &value) && eddy_buffer_append(&self->values, &value, sizeof value);
}

static bool add_row(struct rows *self, sqlite3_stmt *statement)
{
    for (size_t i = 0; i < self->rows.columns; i++)
        if (!add_value(self, statement, (int)i))
            return false;
    self->rows.count++;
    return true;
}

static bool add_names(struct rows *self, sqlite3_stmt *statement)
{
    for (size_t i = 0; i < self->rows.columns; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        size_t offset;
        if (!name || !add_bytes(self, name, strlen(name), &offset) ||
            !eddy_buffer_append(&self->names, &offset, sizeof offset))
            return false;
    }
    return true;
}

/* Offsets become pointers. */
static void settle(struct rows *self)
{
    eddy_sqlite_value *values = (void *)self->values.data;
    char **names = (void *)self->names.data;
    const size_t *offsets = (void *)self->names.data;
    for (size_t i = 0; i < self->rows.count * self->rows.columns; i++)
        if (values[i].kind == EDDY_SQLITE_TEXT || values[i].kind == EDDY_SQLITE_BLOB)
            values[i].u.bytes.data = self->bytes.data + (uintptr_t)values[i].u.bytes.data;
    for (size_t i = 0; i < self->rows.columns; i++)
        names[i] = self->bytes.data + offsets[i];
    self->rows.values = values;
    self->rows.names = (const char *const *)names;
}

static int read_all(struct rows *self, sqlite3_stmt *statement)
{
    int result;
    sqlite3 *handle = sqlite3_db_handle(statement);
    int64_t total = sqlite3_total_changes64(handle);
    self->rows.columns = (size_t)sqlite3_column_count(statement);
    if (!add_names(self, statement))
        return SQLITE_NOMEM;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (!add_row(self, statement))
            return SQLITE_NOMEM;
    /* SQLite's count stays as it was after a statement of another kind, as CREATE. */
    self->rows.changes = sqlite3_total_changes64(handle) == total ? 0 : sqlite3_changes64(handle);
    self->rows.last_id = sqlite3_last_insert_rowid(handle);
    settle(self);
    return result;
}

int rows_read(sqlite3_stmt *statement, eddy_sqlite_rows **rows)
{
    struct rows *self = calloc(1, sizeof *self);
    int result = self ? read_all(self, statement) : SQLITE_NOMEM;
    if (result == SQLITE_DONE)
        *rows = &self->rows;
    else if (self)
        eddy_sqlite_rows_free(&self->rows);
    return result;
}

/* ==== reading ==== */

static const eddy_sqlite_value *value_at(const eddy_sqlite_rows *rows, size_t row, size_t column)
{
    return &rows->values[row * rows->columns + column];
}

int64_t eddy_sqlite_integer(const eddy_sqlite_rows *rows, size_t row, size_t column)
{
    const eddy_sqlite_value *value = value_at(rows, row, column);
    switch (value->kind) {
    case EDDY_SQLITE_INTEGER: return value->u.integer;
    case EDDY_SQLITE_REAL: return (int64_t)value->u.real;
    case EDDY_SQLITE_TEXT: return strtoll(value->u.bytes.data, NULL, 10);
    default: return 0;
    }
}

double eddy_sqlite_real(const eddy_sqlite_rows *rows, size_t row, size_t column)
{
    const eddy_sqlite_value *value = value_at(rows, row, column);
    switch (value->kind) {
    case EDDY_SQLITE_INTEGER: return (double)value->u.integer;
    case EDDY_SQLITE_REAL: return value->u.real;
    case EDDY_SQLITE_TEXT: return number_parse(value->u.bytes.data);
    default: return 0;
    }
}

const char *eddy_sqlite_text(const eddy_sqlite_rows *rows, size_t row, size_t column)
{
    const eddy_sqlite_value *value = value_at(rows, row, column);
    return value->kind == EDDY_SQLITE_TEXT || value->kind == EDDY_SQLITE_BLOB ? value->u.bytes.data : "";
}

bool eddy_sqlite_is_null(const eddy_sqlite_rows *rows, size_t row, size_t column)
{
    return value_at(rows, row, column)->kind == EDDY_SQLITE_NULL;
}
