/*
 * ledger.c - a database used by several tasks: the loop goes on while SQLite waits for the disk.
 *
 *   eddy run examples/ledger.c
 */
#include <stdio.h>
#include <unistd.h>
#include <eddy/keywords.h>
#include <eddy/sqlite.h>

// [ledger]
/* A task with a transaction has a connection of its own. Closing it without a commit rolls back. */
async(void, transfer, (const char *, path), (const char *, from), (const char *, to), (int, amount))
{
    eddy_sqlite *db = await(eddy_sqlite_open(path));
    defer(eddy_sqlite_free, db);
    await(eddy_sqlite_execute(db, "begin immediate")); /* waits while another one writes */
    eddy_sqlite_rows *taken = await(eddy_sqlite_query(
        db, "update accounts set balance = balance - ? where name = ? and balance >= ?", amount, from, amount));
    bool is_covered = taken->changes == 1;
    eddy_sqlite_rows_free(taken);
    if (!is_covered)
        throw(EDDY_INVALID_STATE, "%s has not got %d", from, amount);
    eddy_sqlite_rows_free(
        await(eddy_sqlite_query(db, "update accounts set balance = balance + ? where name = ?", amount, to)));
    await(eddy_sqlite_execute(db, "commit"));
}
// [ledger]

async(void, show, (eddy_sqlite *, db))
{
    eddy_sqlite_rows *rows = await(eddy_sqlite_query(db, "select name, balance from accounts order by name"));
    defer(eddy_sqlite_rows_free, rows);
    for (size_t i = 0; i < rows->count; i++)
        printf("%s %d\n", eddy_sqlite_text(rows, i, 0), (int)eddy_sqlite_integer(rows, i, 1));
}

async(void, fill, (eddy_sqlite *, db))
{
    const char *const names[] = {"Ada", "Grace", "Tony"};
    await(eddy_sqlite_execute(db, "create table accounts(name text primary key, balance integer)"));
    for (int i = 0; i < 3; i++)
        eddy_sqlite_rows_free(await(eddy_sqlite_query(db, "insert into accounts values(?, ?)", names[i], 100)));
}

async(void, main_task, (const char *, path))
{
    eddy_error err;
    eddy_sqlite *db = await(eddy_sqlite_open(path));
    defer(eddy_sqlite_free, db);
    await(fill(db));
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, transfer(path, "Ada", "Grace", 70));
        eddy_group_spawn(group, transfer(path, "Tony", "Ada", 30));
        eddy_group_spawn(group, transfer(path, "Grace", "Tony", 20));
    }
    await(transfer(path, "Tony", "Grace", 1000), &err);
    printf("refused: %s\n", err.code ? "Tony has not got 1000" : "no");
    await(show(db));
}

static void remove_files(const char *path)
{
    char name[64];
    const char *const endings[] = {"", "-journal", "-wal", "-shm"};
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        remove(name);
    }
}

int main(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/eddy-ledger-%d.db", (int)getpid());
    int status = eddy_run(main_task(path));
    remove_files(path);
    return status;
}
