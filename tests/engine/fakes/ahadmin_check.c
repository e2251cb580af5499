/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values and keys of a section against its schema. One bad value anywhere makes the whole section unreadable, as it does on Windows.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

const char *wrong_value(const attribute_schema *schema, const char *value)
{
    unsigned long long whole;
    char *end;

    switch (schema->type) {
    case T_STRING:
        return schema->required && !*value ? "String must not be empty" : NULL;
    case T_UINT:
        whole = strtoull(value, &end, 10);
        return *value < '0' || *value > '9' || *end || whole > UINT32_MAX ? "Not a valid unsigned integer" : NULL;
    case T_BOOL:
        return same_text(value, "true") || same_text(value, "false") ? NULL : "Not a valid boolean";
    default:
        return NULL;
    }
}

static HRES check_element(const document *file, const node *at, const element_schema *schema, int ssl_flags)
{
    const attribute_schema *known;
    const char *why = NULL;
    size_t i;

    for (i = 0; !why && i < at->attribute_count; i++) {
        const char *name = at->attributes[i].name;

        if (is_lock(name))
            continue;
        for (known = schema->attributes; known->name && strcmp(known->name, name); known++)
            ;
        if (!known->name || known->computed || (!ssl_flags && !strcmp(name, "sslFlags")))
            why = "Unrecognized attribute";
        else
            why = wrong_value(known, at->attributes[i].value);
    }
    for (known = schema->attributes; !why && known->name; known++)
        if (known->required && !xml_get(at, known->name))
            why = "Missing required attribute";
    return why ? complain(E_INVALID_DATA, file->path, at->line, why) : OK;
}

int key_order(const char *one, const char *other)
{
    int x, y;

    do {
        x = (unsigned char)*one++;
        y = (unsigned char)*other++;
        x += x >= 'A' && x <= 'Z' ? 32 : 0;
        y += y >= 'A' && y <= 'Z' ? 32 : 0;
    } while (x && x == y);
    return x - y;
}

static int by_key(const void *one, const void *other)
{
    return key_order(*(char *const *)one, *(char *const *)other);
}

char *key_of(const node *item, const element_schema *schema, const attribute_schema *unique)
{
    const attribute_schema *part;
    text key = {NULL, 0, 0};

    add_bytes(&key, "", 0);
    for (part = schema->attributes; part->name; part++) {
        const char *value = xml_get(item, part->name);

        if (unique ? part == unique : part->combined_key)
            add_string(&key, value ? value : "");
        if (!unique && part->combined_key)
            add_string(&key, "\n");
    }
    return key.data;
}

/* Does a key (that of one attribute, or the combined one) occur twice among the items? */
static int repeated(const node *collection, const element_schema *schema, const attribute_schema *unique)
{
    size_t count = 0, i;
    const node *at;
    char **keys;
    int found = 0;

    for (at = xml_first(collection, schema->name); at; at = xml_next(at, schema->name))
        count++;
    keys = need(count * sizeof(*keys));
    for (at = xml_first(collection, schema->name), i = 0; at; at = xml_next(at, schema->name))
        keys[i++] = key_of(at, schema, unique);
    qsort(keys, count, sizeof(*keys), by_key);
    for (i = 1; i < count; i++)
        found |= !key_order(keys[i - 1], keys[i]);
    for (i = 0; i < count; i++)
        free(keys[i]);
    free(keys);
    return found;
}

static HRES check(const document *file, const node *section, const element_schema *schema, int ssl_flags)
{
    const element_schema *const *child;
    const attribute_schema *key;
    const node *at;
    int combined = 0;
    HRES code = check_element(file, section, schema, ssl_flags);

    for (child = schema->children; !code && child && *child; child++) {
        at = xml_first(section, (*child)->name);
        code = at ? check(file, at, *child, ssl_flags) : OK;
    }
    if (code || !schema->item)
        return code;
    for (at = xml_first(section, schema->item->name); !code && at; at = xml_next(at, schema->item->name))
        code = check(file, at, schema->item, ssl_flags);
    for (key = schema->item->attributes; !code && key->name; key++) {
        combined |= key->combined_key;
        if (key->unique_key && repeated(section, schema->item, key))
            code = complain(E_EXISTS, file->path, section->line, "Cannot add duplicate collection entry");
    }
    if (!code && combined && repeated(section, schema->item, NULL))
        code = complain(E_EXISTS, file->path, section->line, "Cannot add duplicate collection entry");
    return code;
}

HRES check_section(const document *file, const node *section, const element_schema *schema)
{
    return check(file, section, schema, knows_ssl_flags());
}
