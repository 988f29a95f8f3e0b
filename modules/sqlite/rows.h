/* SPDX-License-Identifier: MIT */
/* rows.h - the result of a statement, as it grows on the connection's thread. */
#ifndef EDDY_SQLITE_ROWS_H
#define EDDY_SQLITE_ROWS_H

#include <sqlite3.h>

#include "eddy/sqlite.h"

/* Reads all rows of a statement that is ready to run. Returns SQLITE_DONE and *rows, or another result of SQLite. */
int rows_read(sqlite3_stmt *statement, eddy_sqlite_rows **rows);

#endif
