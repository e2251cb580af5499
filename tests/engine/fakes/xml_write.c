/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tree back to text.
 */
#include "xml.h"

#include <string.h>

static void add_value(text *into, const char *value)
{
    for (; *value; value++) {
        switch (*value) {
        case '&': add_string(into, "&amp;"); break;
        case '<': add_string(into, "&lt;"); break;
        case '>': add_string(into, "&gt;"); break;
        case '"': add_string(into, "&quot;"); break;
        case '\t': add_string(into, "&#9;"); break;
        case '\n': add_string(into, "&#10;"); break;
        case '\r': add_string(into, "&#13;"); break;
        default: add_bytes(into, value, 1);
        }
    }
}

static void add_start(const node *self, text *into)
{
    size_t i;

    add_string(into, "<");
    add_string(into, self->name);
    for (i = 0; i < self->attribute_count; i++) {
        add_string(into, " ");
        add_string(into, self->attributes[i].name);
        add_string(into, "=\"");
        add_value(into, self->attributes[i].value);
        add_string(into, "\"");
    }
    add_string(into, self->first || self->tail ? ">" : " />");
}

static void add_node(const node *self, text *into)
{
    const node *child;
    /* An element that was <name/> and has children now needs another start tag. */
    int anew = !self->source || self->changed || (self->empty && self->first);

    if (!self->name) {
        add_bytes(into, self->source, self->source_length);
        return;
    }
    if (anew)
        add_start(self, into);
    else
        add_bytes(into, self->source, self->source_length);
    for (child = self->first; child; child = child->next)
        add_node(child, into);
    if (self->tail)
        add_bytes(into, self->tail, self->tail_length);
    else if (self->first) {
        add_string(into, "</");
        add_string(into, self->name);
        add_string(into, ">");
    }
}

void xml_write(const xml *self, text *into)
{
    const node *child;

    for (child = self->root->first; child; child = child->next)
        add_node(child, into);
}
