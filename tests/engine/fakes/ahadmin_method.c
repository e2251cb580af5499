/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods of a site: Start and Stop, which change iis/sites.txt at once, without any commit.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

static const IDENTIFIER methods_id = {0xd6c7cd8f, 0xbb8d, 0x4f96, {0xb5, 0x91, 0xd3, 0xa5, 0xf1, 0x32, 0x02, 0x69}};
static const IDENTIFIER method_id = {0x7883ca1c, 0x1112, 0x4447, {0x84, 0xc3, 0x52, 0xfb, 0xeb, 0x38, 0x06, 0x9d}};
static const IDENTIFIER instance_id = {0xb80f3c42, 0x60e0, 0x4ae0, {0x90, 0x07, 0xf5, 0x28, 0x52, 0xd3, 0xdb, 0xed}};

static HRES named(const kind *of, const object *self, const char *name, void **into)
{
    object *made;

    object_new(of, self->file, self->at, self->schema, &made);
    made->text = need(strlen(name) + 1);
    strcpy(made->text, name);
    *into = made;
    return OK;
}

static HRES get_count(object *self, uint32_t *into)
{
    if (!into)
        return E_NULL_POINTER;
    for (*into = 0; self->schema->methods[*into]; ++*into)
        ;
    return OK;
}

static HRES get_item(object *self, VARIANT_ index, void **into)
{
    int64_t wanted = -1, i;
    char *name = NULL;
    HRES code = E_INDEX;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (!variant_number(&index, &wanted)) {
        name = variant_text(&index);
        if (!name)
            return E_BAD_ARGUMENT;
    }
    for (i = 0; code && self->schema->methods[i]; i++)
        if (name ? !strcmp(name, self->schema->methods[i]) : i == wanted)
            code = named(&METHOD, self, self->schema->methods[i], into);
    free(name);
    return code;
}

static HRES get_name(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->text);
    return OK;
}

static HRES create(object *self, void **into)
{
    return into ? named(&METHOD_INSTANCE, self, self->text, into) : E_NULL_POINTER;
}

/* A site's row in iis/sites.txt gets the state; a site that is not there yet gets a row. */
static HRES execute(object *self)
{
    const char *id = xml_get(self->at, "id"), *state = !strcmp(self->text, "Start") ? "1" : "3";
    table sites;
    text content = {NULL, 0, 0};
    int found = 0, failed;
    size_t i;

    if (!id)
        return E_UNKNOWN_OBJECT;
    memset(&sites, 0, sizeof(sites));
    lock();
    table_refresh(&sites, "iis/sites.txt");
    for (i = 0; i <= sites.count; i++) {
        int mine = i < sites.count && cell(&sites.rows[i], 0) && !strcmp(cell(&sites.rows[i], 0), id);

        if (i == sites.count && found)
            break;
        add_cell(&content, i < sites.count ? cell(&sites.rows[i], 0) : id);
        add_string(&content, "\t");
        add_cell(&content, mine || i == sites.count ? state : cell(&sites.rows[i], 1));
        add_string(&content, "\n");
        found |= mine;
    }
    failed = table_write("iis/sites.txt", &content);
    unlock();
    free(content.data);
    free(sites.text);
    free(sites.rows);
    free(sites.columns);
    return failed ? E_DENIED : OK;
}

/* Neither Start nor Stop takes or gives anything: no input element, no output element, no metadata. */
static HRES nothing(object *self, void **into)
{
    (void)self;
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
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

static HRES set_metadata(object *self, const uint16_t *name, VARIANT_ value)
{
    (void)self;
    (void)value;
    return name ? E_NOT_SUPPORTED : E_NULL_POINTER;
}

static const void *const methods_slots[] = {UNKNOWN_SLOTS, (const void *)get_count, (const void *)get_item};
static const void *const method_slots[] = {UNKNOWN_SLOTS, (const void *)get_name, (const void *)nothing, (const void *)create};
static const void *const instance_slots[] = {UNKNOWN_SLOTS,          (const void *)nothing,      (const void *)nothing,
                                             (const void *)execute, (const void *)get_metadata, (const void *)set_metadata};
const kind METHODS = {methods_slots, {&methods_id, NULL}, end_object};
const kind METHOD = {method_slots, {&method_id, NULL}, end_object};
const kind METHOD_INSTANCE = {instance_slots, {&instance_id, NULL}, end_object};
