/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tree: memory, children, attributes.
 */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 65536 };

struct block {
    struct block *next;
    size_t used, room;
    char memory[];
};

int xml_is_utf8(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;

    while (at < end) {
        int more = !*at ? -1 : *at < 0x80 ? 0 : *at >= 0xC2 && *at < 0xE0 ? 1 : *at >= 0xE0 && *at < 0xF0 ? 2 : *at >= 0xF0 && *at < 0xF5 ? 3 : -1;

        if (more < 0 || end - at <= more)
            return 0;
        for (at++; more; more--, at++)
            if ((*at & 0xC0) != 0x80)
                return 0;
    }
    return 1;
}

void *xml_memory(xml *self, size_t size)
{
    block *current = self->blocks;
    void *result;

    size = (size + 15) & ~(size_t)15;
    if (!current || current->room - current->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;

        current = need(sizeof(*current) + room);
        current->room = room;
        current->next = self->blocks;
        self->blocks = current;
    }
    result = current->memory + current->used;
    current->used += size;
    return result;
}

void xml_free(xml *self)
{
    block *current = self->blocks, *next;

    for (; current; current = next) {
        next = current->next;
        free(current);
    }
    free(self->source);
    free(self);
}

char *xml_string(xml *self, const char *string, size_t length)
{
    char *result = xml_memory(self, length + 1);

    memcpy(result, string, length);
    result[length] = 0;
    return result;
}

node *xml_node(xml *self, const char *name, size_t length)
{
    node *result = xml_memory(self, sizeof(*result));

    if (name)
        result->name = xml_string(self, name, length);
    return result;
}

void xml_append(node *parent, node *child)
{
    xml_insert(parent, child, NULL);
}

void xml_insert(node *parent, node *child, node *before)
{
    child->parent = parent;
    child->next = before;
    child->previous = before ? before->previous : parent->last;
    if (child->previous)
        child->previous->next = child;
    else
        parent->first = child;
    if (before)
        before->previous = child;
    else
        parent->last = child;
}

void xml_remove(node *child)
{
    node *parent = child->parent;

    if (child->previous)
        child->previous->next = child->next;
    else
        parent->first = child->next;
    if (child->next)
        child->next->previous = child->previous;
    else
        parent->last = child->previous;
    child->parent = child->next = child->previous = NULL;
}

static node *element_from(node *at, const char *name)
{
    while (at && !(at->name && (!name || !strcmp(at->name, name))))
        at = at->next;
    return at;
}

node *xml_first(const node *parent, const char *name)
{
    return parent ? element_from(parent->first, name) : NULL;
}

node *xml_next(const node *after, const char *name)
{
    return element_from(after->next, name);
}

const char *xml_get(const node *self, const char *name)
{
    size_t i;

    for (i = 0; i < self->attribute_count; i++)
        if (!strcmp(self->attributes[i].name, name))
            return self->attributes[i].value;
    return NULL;
}

void xml_add(xml *self, node *to, const char *name, const char *value)
{
    attribute *next;

    if (to->attribute_count == to->attribute_room) {
        attribute *old = to->attributes;

        to->attribute_room = to->attribute_room * 2 + 4;
        to->attributes = xml_memory(self, to->attribute_room * sizeof(attribute));
        if (old)
            memcpy(to->attributes, old, to->attribute_count * sizeof(attribute));
    }
    next = &to->attributes[to->attribute_count++];
    next->name = xml_string(self, name, strlen(name));
    next->value = xml_string(self, value, strlen(value));
}

void xml_set(xml *self, node *of, const char *name, const char *value)
{
    size_t i = 0;

    while (i < of->attribute_count && strcmp(of->attributes[i].name, name))
        i++;
    of->changed = 1;
    if (i == of->attribute_count) {
        if (value)
            xml_add(self, of, name, value);
    } else if (value)
        of->attributes[i].value = xml_string(self, value, strlen(value));
    else {
        memmove(of->attributes + i, of->attributes + i + 1, (of->attribute_count - i - 1) * sizeof(attribute));
        of->attribute_count--;
    }
}
