/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Schema objects: which properties an element may have. This is how a caller finds out whether this IIS knows sslFlags.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

static const IDENTIFIER element_schema_id = {0xef13d885, 0x642c, 0x4709, {0x99, 0xec, 0xb8, 0x95, 0x61, 0xc6, 0xbc, 0x69}};
static const IDENTIFIER properties_id = {0x8bed2c68, 0xa5fb, 0x4b28, {0x85, 0x81, 0xa0, 0xdc, 0x52, 0x67, 0x41, 0x9f}};
static const IDENTIFIER property_id = {0x450386db, 0x7409, 0x4667, {0x93, 0x5e, 0x38, 0x4d, 0xbb, 0xee, 0x2a, 0x9e}};

HRES schema_new(document *file, const element_schema *schema, void **into)
{
    return object_new(&ELEMENT_SCHEMA, file, NULL, schema, (object **)into);
}

static HRES element_name(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->schema->name);
    return OK;
}

static HRES no(object *self, int16_t *into)
{
    (void)self;
    if (!into)
        return E_NULL_POINTER;
    *into = 0;
    return OK;
}

static HRES get_metadata(object *self, const uint16_t *name, VARIANT_ *into)
{
    (void)self;
    if (!name || !into)
        return E_NULL_POINTER;
    memset(into, 0, sizeof(*into));
    return E_NOT_SUPPORTED;
}

static HRES get_properties(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (knows_ssl_flags() < 0)
        return E_DENIED; /* the schema files cannot be read */
    return object_new(&PROPERTY_SCHEMAS, self->file, NULL, self->schema, (object **)into);
}

static const void *const element_slots[] = {UNKNOWN_SLOTS,
                                            (const void *)element_name,
                                            (const void *)no, /* DoesAllowUnschematizedProperties */
                                            (const void *)get_metadata,
                                            (const void *)not_implemented, /* CollectionSchema */
                                            (const void *)not_implemented, /* ChildElementSchemas */
                                            (const void *)get_properties,
                                            (const void *)no}; /* IsCollectionDefault */
const kind ELEMENT_SCHEMA = {element_slots, {&element_schema_id, NULL}, end_object};

/* The n-th known attribute, or the one of a name; NULL: there is none. */
static const attribute_schema *find(const object *self, int64_t wanted, const char *name, uint32_t *count)
{
    const attribute_schema *at;
    int ssl_flags = knows_ssl_flags();
    uint32_t seen = 0;

    for (at = self->schema->attributes; at->name; at++) {
        if (!ssl_flags && !strcmp(at->name, "sslFlags"))
            continue;
        if (name ? !strcmp(at->name, name) : seen == wanted)
            return at;
        seen++;
    }
    if (count)
        *count = seen;
    return NULL;
}

static HRES get_count(object *self, uint32_t *into)
{
    if (!into)
        return E_NULL_POINTER;
    find(self, -1, NULL, into);
    return OK;
}

static HRES get_item(object *self, VARIANT_ index, void **into)
{
    const attribute_schema *found;
    int64_t wanted = -1;
    char *name = NULL;
    object *made;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (!variant_number(&index, &wanted)) {
        name = variant_text(&index);
        if (!name)
            return E_BAD_ARGUMENT;
    }
    found = find(self, wanted, name, NULL);
    free(name);
    if (!found)
        return E_INDEX;
    object_new(&PROPERTY_SCHEMA, self->file, NULL, self->schema, &made);
    made->attribute = found;
    *into = made;
    return OK;
}

static const void *const properties_slots[] = {UNKNOWN_SLOTS, (const void *)get_count, (const void *)get_item};
const kind PROPERTY_SCHEMAS = {properties_slots, {&properties_id, NULL}, end_object};

static HRES text_out(BSTRING *into, const char *value)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(value);
    return OK;
}

static HRES truth_out(int16_t *into, int value)
{
    if (!into)
        return E_NULL_POINTER;
    *into = value ? -1 : 0;
    return OK;
}

static HRES property_name(object *self, BSTRING *into)
{
    return text_out(into, self->attribute->name);
}

static HRES property_type(object *self, BSTRING *into)
{
    static const char *const names[] = {"string", "uint", "bool", "enum"};

    return text_out(into, names[self->attribute->type]);
}

static HRES property_default(object *self, VARIANT_ *into)
{
    const attribute_schema *at = self->attribute;

    if (!into)
        return E_NULL_POINTER;
    if (at->type == T_UINT && *at->missing)
        variant_unsigned(into, number(at->missing, 0));
    else if (at->type == T_BOOL)
        variant_truth(into, same_text(at->missing, "true"));
    else
        variant_string(into, at->missing);
    return OK;
}

static HRES property_required(object *self, int16_t *into)
{
    return truth_out(into, self->attribute->required);
}

static HRES property_unique(object *self, int16_t *into)
{
    return truth_out(into, self->attribute->unique_key);
}

static HRES property_combined(object *self, int16_t *into)
{
    return truth_out(into, self->attribute->combined_key);
}

static HRES property_validation(object *self, BSTRING *into)
{
    return text_out(into, self->attribute->type == T_STRING && self->attribute->required ? "nonEmptyString" : "");
}

static HRES property_parameter(object *self, BSTRING *into)
{
    (void)self;
    return text_out(into, "");
}

static const void *const property_slots[] = {UNKNOWN_SLOTS,
                                             (const void *)property_name,
                                             (const void *)property_type,
                                             (const void *)property_default,
                                             (const void *)property_required,
                                             (const void *)property_unique,
                                             (const void *)property_combined,
                                             (const void *)no, /* IsExpanded */
                                             (const void *)property_validation,
                                             (const void *)property_parameter,
                                             (const void *)get_metadata,
                                             (const void *)no, /* IsCaseSensitive */
                                             (const void *)not_implemented, /* PossibleValues */
                                             (const void *)no, /* DoesAllowInfinite */
                                             (const void *)no, /* IsEncrypted */
                                             (const void *)property_parameter}; /* TimeSpanFormat */
const kind PROPERTY_SCHEMA = {property_slots, {&property_id, NULL}, end_object};
