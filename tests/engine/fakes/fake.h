/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What both fakes share: the chosen state folder, its tab-separated tables, and the faults a test asks for. README.md describes the files.
 */
#ifndef TLSFLEET_FAKE_H
#define TLSFLEET_FAKE_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* A file as it was when it was last read; two equal stamps mean that it need not be read again. */
typedef struct {
    int64_t size; /* bytes; -1: there is no such file */
    int64_t time;
    uint64_t number; /* inode, where the system tells it */
} stamp;

typedef struct {
    size_t columns;
    char **column; /* NULL in a column is null */
} row;

typedef struct {
    stamp seen;
    size_t count;
    row *rows;
    char *text;     /* the file's bytes, cut into columns */
    char **columns; /* all columns of all rows */
    int loaded;
} table;

/* fake_file.c: all paths are UTF-8 */
stamp file_stamp(const char *path);
int same_stamp(stamp one, stamp other);
char *file_read(const char *path, size_t *length); /* NUL behind the last byte; NULL when it cannot be read; free() it */
int file_replace(const char *path, const char *data, size_t length); /* temporary file, then rename; 0 or -1 */
void lock(void);
void unlock(void);
/* Between processes, around reading, changing and writing back; the caller holds the lock. Nothing on Windows. */
int lock_state(const char *path);
void unlock_state(int held);

/* fake_state.c: the caller holds the lock */
const char *state_folder(void);
unsigned state_generation(void); /* changes with every choice of a folder */
char *state_path(const char *name); /* free() it */
int table_refresh(table *self, const char *name); /* 1 when the table was read anew, else 0 */
const char *cell(const row *self, size_t column); /* NULL: null, or no such column */
const char *setting(const table *self, const char *name, const char *missing); /* second column of the row that begins with name */
int has_setting(const table *self, const char *name);
uint32_t number(const char *text, uint32_t missing); /* decimal or 0x..., saturated at 32 bits */
int same_text(const char *one, const char *other);   /* without regard to ASCII case; NULL equals NULL only */

/* Text that grows; used for tables and XML that are written back. */
typedef struct {
    char *data;
    size_t length, room;
} text;

void add_bytes(text *self, const char *data, size_t length);
void add_string(text *self, const char *string);
void add_cell(text *self, const char *value); /* escaped, \N for NULL */
int table_write(const char *name, const text *content);

/* The code a fault file wants for this call now, else 0. Counts the call. */
uint32_t fault(const char *name, const char *call, const char *id);

/* What a call has just written, as a file of this folder named after moment and call; where there is no such folder, nothing is kept. */
void trace(const char *folder, const char *call, const char *data, size_t length);

void *need(size_t size); /* zeroed memory; ends the process when there is none */

#endif
