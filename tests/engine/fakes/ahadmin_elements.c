/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collections of elements: counting, finding, adding, deleting.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

static const IDENTIFIER elements_id = {0xc8550bff, 0x5281, 0x4b1e, {0xac, 0x34, 0x99, 0xb6, 0xfa, 0x38, 0x46, 0x4d}};

/* The items as a list, made again after every edit of the file, so that Item is quick. */
static void look(object *self)
{
    const char *name = self->schema->item->name;
    node *at;

    if (self->items && self->seen == self->file->edits)
        return;
    free(self->items);
    self->count = 0;
    for (at = xml_first(self->at, name); at; at = xml_next(at, name))
        self->count++;
    self->items = need((self->count + 1) * sizeof(*self->items));
    self->count = 0;
    for (at = xml_first(self->at, name); at; at = xml_next(at, name))
        self->items[self->count++] = at;
    self->seen = self->file->edits;
}

static HRES get_count(object *self, uint32_t *into)
{
    if (!into)
        return E_NULL_POINTER;
    look(self);
    *into = (uint32_t)self->count;
    return OK;
}

/* By number, or by an element of this collection. A text is not an index here (A1.20). */
static HRES find(object *self, const VARIANT_ *index, size_t *into)
{
    int64_t wanted;

    look(self);
    if (index->type == VT_UNKNOWN_ || index->type == VT_DISPATCH_) {
        const object *given = index->is.unknown;

        if (!element_kind(given))
            return E_BAD_ARGUMENT;
        for (*into = 0; *into < self->count; ++*into)
            if (self->items[*into] == given->at)
                return OK;
        return E_INDEX;
    }
    if (!variant_number(index, &wanted) || wanted < 0 || (uint64_t)wanted >= self->count)
        return E_INDEX;
    *into = (size_t)wanted;
    return OK;
}

static HRES get_item(object *self, VARIANT_ index, void **into)
{
    size_t place = 0;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    code = find(self, &index, &place);
    return code ? code : element_new(self->file, self->items[place], self->schema->item, into);
}

/* Put a collection that the file did not have into the file. */
static void attach(node *collection)
{
    node *at;

    for (at = collection->parent->first; at && at != collection; at = at->next)
        ;
    if (!at)
        xml_append(collection->parent, collection);
}

/* The blanks and line ends before a new item: those before its neighbour, or those before the collection and two blanks more. */
static node *indentation(document *file, const node *collection, const node *neighbour)
{
    const node *model = neighbour ? neighbour->previous : collection->previous;
    const char *source = model && !model->name ? model->source : "";
    size_t length = model && !model->name ? model->source_length : 0, start = length;
    node *made = xml_node(file->tree, NULL, 0);
    char *copy;

    while (start && source[start - 1] != '\n')
        start--;
    if (start && start-- > 1 && source[start - 1] == '\r')
        start--;
    copy = xml_memory(file->tree, length - start + 3);
    memcpy(copy, source + start, length - start);
    if (!neighbour)
        strcat(copy, "  ");
    made->source = copy;
    made->source_length = strlen(copy);
    return made;
}

static void insert(object *self, node *item, size_t place)
{
    node *last = self->count ? self->items[self->count - 1] : NULL, *before;

    attach(self->at);
    if (place < self->count) {
        /* The blanks of the neighbour are before the new item then, and new ones between the two. */
        node *blanks = indentation(self->file, self->at, self->items[place]);

        xml_insert(self->at, item, self->items[place]);
        xml_insert(self->at, blanks, self->items[place]);
        return;
    }
    before = last ? last->next : self->at->first;
    if (!last && !before) {
        /* An empty collection: the end tag needs a line of its own as well. */
        node *close = indentation(self->file, self->at, NULL);

        close->source_length -= 2;
        xml_append(self->at, close);
        before = close;
    }
    xml_insert(self->at, indentation(self->file, self->at, last), before);
    xml_insert(self->at, item, before);
}

/* Are the keys of a new item complete, and unlike those of the items that are there? */
static HRES admit(object *self, const node *item)
{
    const element_schema *schema = self->schema->item;
    const attribute_schema *key;
    int combined = 0;
    HRES code = OK;
    size_t i;

    for (key = schema->attributes; key->name; key++)
        if (key->required && !xml_get(item, key->name))
            return complain(E_NO_FILE, self->file->path, self->at->line, "Element is missing required attributes");
    for (key = schema->attributes; !code; key++) {
        const attribute_schema *unique = key->name && key->unique_key ? key : NULL;

        combined |= key->name && key->combined_key;
        if (unique || (!key->name && combined)) {
            char *mine = key_of(item, schema, unique);

            for (i = 0; !code && i < self->count; i++) {
                char *other = key_of(self->items[i], schema, unique);

                code = key_order(mine, other) ? OK : complain(E_EXISTS, self->file->path, self->items[i]->line, "Cannot add duplicate collection entry");
                free(other);
            }
            free(mine);
        }
        if (!key->name)
            break;
    }
    return code;
}

static HRES add_element(object *self, object *element, int32_t position)
{
    HRES code = fault_of("add");

    if (code)
        return code;
    if (!element)
        return E_BAD_ARGUMENT;
    look(self);
    if (element_kind(element) != self->schema->item || element->file != self->file || element->at->parent)
        return E_BAD_ARGUMENT;
    if (position < -1 || (position > 0 && (size_t)position > self->count))
        return E_INDEX;
    code = may_change(self->file, self->at, NULL);
    if (!code)
        code = admit(self, element->at);
    if (code)
        return code;
    insert(self, element->at, position < 0 ? self->count : (size_t)position);
    self->file->edits++;
    self->file->dirty = 1;
    return OK;
}

static void take_out(document *file, node *item)
{
    node *blanks = item->previous;

    if (blanks && !blanks->name && blanks->source_length && blanks->source[0] != '<')
        xml_remove(blanks);
    xml_remove(item);
    file->edits++;
    file->dirty = 1;
}

static HRES delete_element(object *self, VARIANT_ index)
{
    size_t place = 0;
    HRES code = fault_of("delete");

    if (!code)
        code = find(self, &index, &place);
    if (!code)
        code = may_change(self->file, self->items[place], NULL);
    if (!code)
        take_out(self->file, self->items[place]);
    return code;
}

static HRES clear(object *self)
{
    HRES code = fault_of("clear");
    size_t i;

    if (!code)
        code = may_change(self->file, self->at, NULL);
    if (code)
        return code;
    look(self);
    for (i = 0; i < self->count; i++)
        take_out(self->file, self->items[i]);
    return OK;
}

static HRES create_element(object *self, const uint16_t *name, void **into)
{
    const element_schema *schema = self->schema->item;
    char *plain = string_utf8(name);
    HRES code = fault_of("new");

    if (into)
        *into = NULL;
    if (!into)
        code = E_NULL_POINTER;
    else if (!code && plain && *plain && strcmp(plain, schema->name))
        code = E_INDEX;
    free(plain);
    return code ? code : element_new(self->file, xml_node(self->file->tree, schema->name, strlen(schema->name)), schema, into);
}

static HRES get_schema(object *self, void **into)
{
    (void)self;
    if (into)
        *into = NULL;
    return E_NOT_IMPLEMENTED; /* IAppHostCollectionSchema: nobody asks for it here */
}

static const void *const elements_slots[] = {UNKNOWN_SLOTS,
                                             (const void *)get_count,
                                             (const void *)get_item,
                                             (const void *)add_element,
                                             (const void *)delete_element,
                                             (const void *)clear,
                                             (const void *)create_element,
                                             (const void *)get_schema};
const kind ELEMENTS = {elements_slots, {&elements_id, NULL}, end_object};
