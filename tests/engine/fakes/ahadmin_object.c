/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counting, QueryInterface, Release, for objects of all kinds.
 */
#include "ahadmin.h"

#include <stdlib.h>

static const IDENTIFIER face_id = {0xdf0b3d60, 0x548f, 0x101b, {0x8e, 0x65, 0x08, 0x00, 0x2b, 0x2b, 0xd1, 0x19}};

HRES object_new(const kind *of, document *file, node *at, const element_schema *schema, object **into)
{
    object *made = need(sizeof(*made));

    made->base.slots = of->slots;
    made->base.references = 1;
    made->kind = of;
    made->file = document_hold(file);
    made->at = at;
    made->schema = schema;
    *into = made;
    return OK;
}

/* ISupportErrorInfo, without which .NET does not look for the text of an error. A second face of an object, with the object's own count. */
typedef struct {
    const void *const *slots;
    uint32_t references;
    object *of;
} face;

static HRES face_query(face *self, const IDENTIFIER *id, void **into)
{
    if (into && same_id(id, &face_id)) {
        count_up(&self->references);
        *into = self;
        return OK;
    }
    return query_interface(self->of, id, into);
}

static uint32_t face_add(face *self)
{
    return count_up(&self->references);
}

static uint32_t face_release(face *self)
{
    uint32_t left = count_down(&self->references);

    if (!left) {
        release(self->of);
        free(self);
    }
    return left;
}

static HRES face_supports(face *self, const IDENTIFIER *id)
{
    (void)self;
    (void)id;
    return OK;
}

static const void *const face_slots[] = {(const void *)face_query, (const void *)face_add, (const void *)face_release, (const void *)face_supports};

static void *face_new(object *of)
{
    face *made = need(sizeof(*made));

    add_reference(of);
    made->slots = face_slots;
    made->references = 1;
    made->of = of;
    return made;
}

HRES query_interface(object *self, const IDENTIFIER *id, void **into)
{
    const IDENTIFIER *const *mine = self->kind->ids;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (same_id(id, &face_id)) {
        *into = face_new(self);
        return OK;
    }
    while (*mine && !same_id(*mine, id))
        mine++;
    if (!*mine && !same_id(&IID_UNKNOWN, id))
        return E_NO_INTERFACE;
    add_reference(self);
    *into = self;
    return OK;
}

uint32_t add_reference(object *self)
{
    return count_up(&self->base.references);
}

void end_object(object *self)
{
    document_drop(self->file);
    free(self->items);
    free(self->text);
    free(self);
}

uint32_t release(object *self)
{
    uint32_t left = count_down(&self->base.references);

    if (!left)
        self->kind->end(self);
    return left;
}

HRES not_implemented(void)
{
    return E_NOT_IMPLEMENTED;
}
