/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Properties of an element: values read, written and cleared; and their collection.
 */
#include "ahadmin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const IDENTIFIER property_id = {0xed35f7a1, 0x5024, 0x4e7b, {0xa4, 0x4d, 0x07, 0xdd, 0xaf, 0x4b, 0x52, 0x4d}};
static const IDENTIFIER properties_id = {0x0191775e, 0xbcff, 0x445a, {0xb4, 0xf4, 0x3b, 0xdd, 0xa5, 0x4e, 0x28, 0x16}};

/* Attributes of an element that this Windows knows, one after the other. */
static const attribute_schema *next_known(const attribute_schema *at)
{
    while (at->name && !strcmp(at->name, "sslFlags") && !knows_ssl_flags())
        at++;
    return at;
}

HRES property_new(document *file, node *at, const element_schema *schema, const char *name, void **into)
{
    const attribute_schema *known;
    object *made;

    for (known = next_known(schema->attributes); known->name && strcmp(known->name, name); known = next_known(known + 1))
        ;
    if (!known->name)
        return E_INDEX;
    /* The schema cannot be read: an element of the file still shows its values, a fresh one cannot tell what it may have. */
    if (!strcmp(name, "sslFlags") && knows_ssl_flags() < 0 && !at->source)
        return E_DENIED;
    object_new(&PROPERTY, file, at, schema, &made);
    made->attribute = known;
    *into = made;
    return OK;
}

/* The state of a site as iis/sites.txt tells it. */
static HRES site_state(const object *self, uint32_t *into)
{
    static table sites;
    static size_t next; /* sites are asked about in file order, mostly */
    const char *id = xml_get(self->at, "id");
    HRES code = E_UNKNOWN_OBJECT;
    size_t i;

    lock();
    *into = fault(FAULTS, "state", NULL);
    if (*into)
        code = *into;
    else {
        table_refresh(&sites, "iis/sites.txt");
        for (i = 0; id && i < sites.count; i++) {
            const row *asked = &sites.rows[(next + i) % sites.count];

            if (cell(asked, 0) && number(cell(asked, 0), 0) == number(id, 1)) {
                *into = number(cell(asked, 1), 4);
                code = *into >= 0x80000000u ? *into : OK;
                next += i + 1;
                break;
            }
        }
    }
    unlock();
    if (!code && *into > 5) /* 5: no value */
        code = E_INVALID_DATA;
    return code ? complain(code, self->file->path, self->at->line, "The runtime does not answer about the site") : OK;
}

static const char *stored(const object *self)
{
    return xml_get(self->at, self->attribute->name);
}

static HRES get_name(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->attribute->name);
    return OK;
}

static HRES get_value(object *self, VARIANT_ *into)
{
    const char *value = stored(self);
    uint32_t state;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    memset(into, 0, sizeof(*into));
    if (self->attribute->computed) {
        code = site_state(self, &state);
        if (!code && state < 5)
            variant_integer(into, (int32_t)state);
        return code;
    }
    if (!value)
        value = self->attribute->missing;
    if (self->attribute->type == T_UINT)
        variant_unsigned(into, number(value, 0));
    else if (self->attribute->type == T_BOOL)
        variant_truth(into, same_text(value, "true"));
    else
        variant_string(into, value);
    return OK;
}

static HRES put_value(object *self, VARIANT_ value)
{
    char *text = variant_text(&value);
    const char *why;
    HRES code = fault_of("put");

    if (!code && (!text || self->attribute->computed))
        code = text ? E_LOCKED : E_BAD_ARGUMENT;
    if (!code)
        code = may_change(self->file, self->at, self->attribute->name);
    if (!code) {
        why = wrong_value(self->attribute, text);
        code = why ? complain(E_INVALID_DATA, self->file->path, self->at->line, why) : OK;
    }
    if (!code) {
        xml_set(self->file->tree, self->at, self->attribute->name, text);
        self->file->dirty |= self->at->parent != NULL; /* a new element counts when it is added */
    }
    free(text);
    return code;
}

static HRES clear(object *self)
{
    HRES code = fault_of("clear");

    if (!code)
        code = self->attribute->computed ? E_LOCKED : may_change(self->file, self->at, self->attribute->name);
    if (!code && stored(self)) {
        xml_set(self->file->tree, self->at, self->attribute->name, NULL);
        self->file->dirty |= self->at->parent != NULL;
    }
    return code;
}

static HRES get_string_value(object *self, BSTRING *into)
{
    const char *value = stored(self);
    uint32_t state;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (self->attribute->computed) {
        code = site_state(self, &state);
        if (code)
            return code;
        value = STATE_NAMES[state];
    }
    *into = string_new(value ? value : self->attribute->missing);
    return OK;
}

/* No exception is attached: a section with a bad value is not opened at all. */
static HRES get_exception(object *self, void **into)
{
    (void)self;
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    return OK;
}

static HRES get_metadata(object *self, const uint16_t *name, VARIANT_ *into)
{
    char *plain = string_utf8(name);
    int missing = !stored(self);
    HRES code = OK;

    if (into)
        memset(into, 0, sizeof(*into));
    if (!plain || !into)
        code = E_NULL_POINTER;
    else if (!strcmp(plain, "isDefaultValue") || !strcmp(plain, "isInheritedFromDefault"))
        variant_truth(into, missing);
    else if (!strcmp(plain, "isLocked") || !strcmp(plain, "isPropertyEncrypted"))
        variant_truth(into, 0);
    else if (!strcmp(plain, "encryptionProvider"))
        variant_string(into, "");
    else
        code = E_NOT_SUPPORTED;
    free(plain);
    return code;
}

static HRES set_metadata(object *self, const uint16_t *name, VARIANT_ value)
{
    (void)self;
    (void)value;
    return name ? E_NOT_SUPPORTED : E_NULL_POINTER;
}

static HRES get_schema(object *self, void **into)
{
    object *made;

    if (!into)
        return E_NULL_POINTER;
    object_new(&PROPERTY_SCHEMA, self->file, NULL, self->schema, &made);
    made->attribute = self->attribute;
    *into = made;
    return OK;
}

static const void *const property_slots[] = {UNKNOWN_SLOTS,
                                             (const void *)get_name,
                                             (const void *)get_value,
                                             (const void *)put_value,
                                             (const void *)clear,
                                             (const void *)get_string_value,
                                             (const void *)get_exception,
                                             (const void *)get_metadata,
                                             (const void *)set_metadata,
                                             (const void *)get_schema};
const kind PROPERTY = {property_slots, {&property_id, NULL}, end_object};

static HRES properties_count(object *self, uint32_t *into)
{
    const attribute_schema *known;

    if (!into)
        return E_NULL_POINTER;
    for (known = next_known(self->schema->attributes), *into = 0; known->name; known = next_known(known + 1))
        ++*into;
    return OK;
}

static HRES properties_item(object *self, VARIANT_ index, void **into)
{
    const attribute_schema *known = next_known(self->schema->attributes);
    int64_t wanted;
    char *name;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (variant_number(&index, &wanted)) {
        for (; known->name && wanted > 0; wanted--)
            known = next_known(known + 1);
        return wanted || !known->name ? E_INDEX : property_new(self->file, self->at, self->schema, known->name, into);
    }
    name = variant_text(&index);
    code = name ? property_new(self->file, self->at, self->schema, name, into) : E_BAD_ARGUMENT;
    free(name);
    return code;
}

static const void *const properties_slots[] = {UNKNOWN_SLOTS, (const void *)properties_count, (const void *)properties_item};
const kind PROPERTIES = {properties_slots, {&properties_id, NULL}, end_object};
