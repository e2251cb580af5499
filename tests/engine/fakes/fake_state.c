/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chosen state folder, its tables, and the faults.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;
static unsigned generation = 1;

EXPORT int tlsfleet_fake_select(const char *path);

int tlsfleet_fake_select(const char *path)
{
    size_t room = path ? strlen(path) + 20 : 0;
    char *name;
    stamp marker;

    if (!path)
        return 3;
    name = need(room);
    snprintf(name, room, "%s/state.txt", path);
    marker = file_stamp(name);
    if (marker.size < 0) {
        free(name);
        return 3;
    }
    lock();
    free(folder);
    strcpy(name, path);
    folder = name;
    generation++;
    unlock();
    return 0;
}

const char *state_folder(void)
{
    if (!folder) {
        const char *named = getenv("TLSFLEET_FAKE_STATE");

        if (named && *named) {
            folder = need(strlen(named) + 1);
            strcpy(folder, named);
        }
    }
    return folder;
}

unsigned state_generation(void)
{
    return generation;
}

char *state_path(const char *name)
{
    const char *start = state_folder();
    size_t room = (start ? strlen(start) : 1) + strlen(name) + 2;
    char *path = need(room);

    snprintf(path, room, "%s/%s", start ? start : ".", name);
    return path;
}

/* Undo the escapes of one column in place; NULL for \N. */
static char *plain(char *column)
{
    char *from = column, *to = column;

    if (!strcmp(column, "\\N"))
        return NULL;
    while (*from) {
        if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
            from++;
        } else
            *to++ = *from++;
    }
    *to = 0;
    return column;
}

static void cut(table *self, size_t length)
{
    size_t rows = 0, columns = 0, i;
    char *at = self->text, *end = self->text + length;

    for (i = 0; i < length; i++) {
        rows += self->text[i] == '\n';
        columns += self->text[i] == '\n' || self->text[i] == '\t';
    }
    self->rows = need((rows + 1) * sizeof(row));
    self->columns = need((columns + rows + 2) * sizeof(char *));
    columns = 0;
    while (at < end) {
        row *current = &self->rows[self->count++];
        char *stop = memchr(at, '\n', (size_t)(end - at));

        if (!stop)
            stop = end;
        *stop = 0;
        current->column = self->columns + columns;
        for (;;) {
            char *tab = strchr(at, '\t');

            if (tab)
                *tab = 0;
            self->columns[columns++] = plain(at);
            current->columns++;
            if (!tab)
                break;
            at = tab + 1;
        }
        at = stop + 1;
    }
}

int table_refresh(table *self, const char *name)
{
    char *path = state_path(name);
    stamp now = file_stamp(path);
    size_t length = 0;

    if (self->loaded == (int)generation && same_stamp(now, self->seen)) {
        free(path);
        return 0;
    }
    free(self->text);
    free(self->rows);
    free(self->columns);
    memset(self, 0, sizeof(*self));
    self->text = now.size < 0 ? NULL : file_read(path, &length);
    self->seen = now;
    self->loaded = (int)generation;
    if (self->text)
        cut(self, length);
    free(path);
    return 1;
}

const char *cell(const row *self, size_t column)
{
    return column < self->columns ? self->column[column] : NULL;
}

static const row *find(const table *self, const char *name)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        const char *first = cell(&self->rows[i], 0);

        if (first && !strcmp(first, name))
            return &self->rows[i];
    }
    return NULL;
}

int has_setting(const table *self, const char *name)
{
    return find(self, name) != NULL;
}

const char *setting(const table *self, const char *name, const char *missing)
{
    const row *found = find(self, name);

    return found ? cell(found, 1) : missing;
}

uint32_t number(const char *string, uint32_t missing)
{
    char *end;
    unsigned long long value;

    if (!string || !*string)
        return missing;
    value = strtoull(string, &end, string[0] == '0' && (string[1] == 'x' || string[1] == 'X') ? 16 : 10);
    return *end ? missing : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int lower(int letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
}

int same_text(const char *one, const char *other)
{
    if (!one || !other)
        return one == other;
    while (*one && lower(*one) == lower(*other)) {
        one++;
        other++;
    }
    return lower(*one) == lower(*other);
}

/* Each library has one fault file, so one table is enough. */
uint32_t fault(const char *name, const char *call, const char *id)
{
    static table faults;
    static uint32_t *calls; /* how often each row has matched */
    size_t i, code = id ? 2 : 1;
    uint32_t result = 0;

    if (table_refresh(&faults, name)) {
        free(calls);
        calls = need((faults.count + 1) * sizeof(*calls));
    }
    for (i = 0; i < faults.count; i++) {
        const row *wanted = &faults.rows[i];
        const char *which = id ? cell(wanted, 1) : "*";
        uint32_t first = number(cell(wanted, code + 1), 1), times = number(cell(wanted, code + 2), 0);

        if (!same_text(cell(wanted, 0), call) || !which || (strcmp(which, "*") && strcmp(which, id)))
            continue;
        calls[i]++;
        if (!result && calls[i] >= first && (!times || calls[i] - first < times))
            result = number(cell(wanted, code), 0);
    }
    return result;
}

