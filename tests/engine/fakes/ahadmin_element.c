/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One configuration element, and the collection of its child elements.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

static const IDENTIFIER element_id = {0x64ff8ccc, 0xb287, 0x4dae, {0xb0, 0x8a, 0xa7, 0x2c, 0xbf, 0x45, 0xf4, 0x53}};
static const IDENTIFIER children_id = {0x08a90f5f, 0x0702, 0x48d6, {0xb4, 0x5f, 0x02, 0xa9, 0x88, 0x5a, 0x97, 0x68}};

HRES element_new(document *file, node *at, const element_schema *schema, void **into)
{
    return object_new(&ELEMENT, file, at, schema, (object **)into);
}

const element_schema *element_kind(const object *self)
{
    /* The vtable tells; of an object of somebody else nothing more may be looked at. */
    return self && self->base.slots == ELEMENT.slots ? self->schema : NULL;
}

static int lists(const char *names, const char *name)
{
    size_t length = strlen(name);
    const char *at;

    if (!names || !strcmp(names, "*"))
        return names != NULL;
    for (at = strstr(names, name); at; at = strstr(at + 1, name))
        if ((at == names || strchr(", ", at[-1])) && (!at[length] || strchr(", ", at[length])))
            return 1;
    return 0;
}

HRES may_change(const document *file, const node *at, const char *attribute)
{
    const node *above;

    if (!file->writable)
        return complain(E_LOCKED, file->path, at->line, "The configuration object is read only, because it has been committed by a read-only manager");
    for (above = at; above; above = above->parent) {
        const char *locked = above->name ? xml_get(above, "lockItem") : NULL;

        if (locked && same_text(locked, "true"))
            return complain(E_LOCKED, file->path, above->line, "The configuration element is locked");
    }
    if (attribute && lists(xml_get(at, "lockAttributes"), attribute))
        return complain(E_LOCKED, file->path, at->line, "The attribute is locked");
    return OK;
}

static HRES get_name(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->schema->name);
    return OK;
}

static HRES get_collection(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = NULL; /* stays so for an element that is no collection (A1.27) */
    return self->schema->item ? object_new(&ELEMENTS, self->file, self->at, self->schema, (object **)into) : OK;
}

static HRES get_properties(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    return object_new(&PROPERTIES, self->file, self->at, self->schema, (object **)into);
}

static HRES get_children(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    return self->schema->children ? object_new(&CHILDREN, self->file, self->at, self->schema, (object **)into) : OK;
}

static HRES get_metadata(object *self, const uint16_t *name, VARIANT_ *into)
{
    char *plain = string_utf8(name);
    HRES code = E_NULL_POINTER;

    if (into)
        memset(into, 0, sizeof(*into));
    if (plain && into) {
        const char *value = xml_get(self->at, plain);

        code = is_lock(plain) ? OK : E_NOT_SUPPORTED;
        if (!code && !strcmp(plain, "lockItem"))
            variant_truth(into, value && same_text(value, "true"));
        else if (!code)
            variant_string(into, value ? value : "");
    }
    free(plain);
    return code;
}

static HRES set_metadata(object *self, const uint16_t *name, VARIANT_ value)
{
    char *plain = string_utf8(name), *text = variant_text(&value);
    HRES code = !plain ? E_NULL_POINTER : !text ? E_BAD_ARGUMENT : !is_lock(plain) ? E_NOT_SUPPORTED : may_change(self->file, self->at, NULL);

    if (!code) {
        xml_set(self->file->tree, self->at, plain, *text ? text : NULL);
        self->file->dirty = 1;
    }
    free(plain);
    free(text);
    return code;
}

static HRES get_schema(object *self, void **into)
{
    return into ? schema_new(self->file, self->schema, into) : E_NULL_POINTER;
}

/* A child element that the schema knows is there, even where the file has none: it is made, and written only once something is in it. */
static HRES child(object *self, const char *name, void **into)
{
    const element_schema *schema = child_schema(self->schema, name);
    node *found;

    if (!schema)
        return E_INDEX;
    found = xml_first(self->at, name);
    if (!found) {
        found = xml_node(self->file->tree, name, strlen(name));
        found->parent = self->at; /* hangs on, without being in the list: see attach() in ahadmin_elements.c */
    }
    return element_new(self->file, found, schema, into);
}

static HRES get_element(object *self, const uint16_t *name, void **into)
{
    char *plain = string_utf8(name);
    HRES code = E_NULL_POINTER;

    if (into)
        *into = NULL;
    if (plain && into)
        code = child(self, plain, into);
    free(plain);
    return code;
}

static HRES get_property(object *self, const uint16_t *name, void **into)
{
    char *plain = string_utf8(name);
    HRES code = E_NULL_POINTER;

    if (into)
        *into = NULL;
    if (plain && into)
        code = property_new(self->file, self->at, self->schema, plain, into);
    free(plain);
    return code;
}

static HRES clear(object *self)
{
    const attribute_schema *known;
    HRES code = fault_of("clear");

    if (!code)
        code = may_change(self->file, self->at, NULL);
    if (code)
        return code;
    for (known = self->schema->attributes; known->name; known++)
        xml_set(self->file->tree, self->at, known->name, NULL);
    while (self->at->first)
        xml_remove(self->at->first);
    self->file->dirty = 1;
    self->file->edits++;
    return OK;
}

static HRES get_methods(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    return self->schema->methods ? object_new(&METHODS, self->file, self->at, self->schema, (object **)into) : OK;
}

static const void *const element_slots[] = {UNKNOWN_SLOTS,
                                            (const void *)get_name,
                                            (const void *)get_collection,
                                            (const void *)get_properties,
                                            (const void *)get_children,
                                            (const void *)get_metadata,
                                            (const void *)set_metadata,
                                            (const void *)get_schema,
                                            (const void *)get_element,
                                            (const void *)get_property,
                                            (const void *)clear,
                                            (const void *)get_methods};
const kind ELEMENT = {element_slots, {&element_id, NULL}, end_object};

static HRES children_count(object *self, uint32_t *into)
{
    const element_schema *const *listed;

    if (!into)
        return E_NULL_POINTER;
    for (listed = self->schema->children, *into = 0; *listed; listed++)
        ++*into;
    return OK;
}

static HRES children_item(object *self, VARIANT_ index, void **into)
{
    const element_schema *const *listed = self->schema->children;
    int64_t wanted;
    char *name;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (variant_number(&index, &wanted)) {
        for (; *listed && wanted > 0; wanted--)
            listed++;
        return wanted || !*listed ? E_INDEX : child(self, (*listed)->name, into);
    }
    name = variant_text(&index);
    code = name ? child(self, name, into) : E_BAD_ARGUMENT;
    free(name);
    return code;
}

static const void *const children_slots[] = {UNKNOWN_SLOTS, (const void *)children_count, (const void *)children_item};
const kind CHILDREN = {children_slots, {&children_id, NULL}, end_object};
