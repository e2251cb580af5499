/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Growing text, and tables written back.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

void add_bytes(text *self, const char *data, size_t length)
{
    if (self->length + length + 1 > self->room) {
        self->room = (self->length + length + 1) * 2;
        self->data = realloc(self->data, self->room);
        if (!self->data)
            abort();
    }
    if (length)
        memcpy(self->data + self->length, data, length);
    self->length += length;
    self->data[self->length] = 0;
}

void add_string(text *self, const char *string)
{
    add_bytes(self, string, strlen(string));
}

void add_cell(text *self, const char *value)
{
    if (!value) {
        add_string(self, "\\N");
        return;
    }
    for (; *value; value++) {
        switch (*value) {
        case '\\': add_string(self, "\\\\"); break;
        case '\t': add_string(self, "\\t"); break;
        case '\n': add_string(self, "\\n"); break;
        case '\r': add_string(self, "\\r"); break;
        default: add_bytes(self, value, 1);
        }
    }
}

int table_write(const char *name, const text *content)
{
    char *path = state_path(name);
    int result = file_replace(path, content->data ? content->data : "", content->length);

    free(path);
    return result;
}
