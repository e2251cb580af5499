/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fake AHADMIN: objects with the interfaces' real vtables over one loaded configuration file.
 */
#ifndef TLSFLEET_AHADMIN_H
#define TLSFLEET_AHADMIN_H

#include "com.h"
#include "xml.h"

#define APPHOST "MACHINE/WEBROOT/APPHOST"
#define REDIRECTION "MACHINE/REDIRECTION"
#define FAULTS "iis/faults.txt"

/* -- schema (ahadmin_schema.c) ----------------------------------------------------------------------------------- */

enum type { T_STRING, T_UINT, T_BOOL, T_ENUM };

typedef struct {
    const char *name;
    enum type type;
    const char *missing; /* default, as text */
    int required, unique_key, combined_key, computed;
} attribute_schema;

typedef struct element_schema {
    const char *name;
    const attribute_schema *attributes; /* ends with a NULL name */
    const struct element_schema *const *children; /* ends with NULL; NULL: none */
    const struct element_schema *item; /* what the element is a collection of; NULL: of nothing */
    const char *const *methods; /* ends with NULL; NULL: none */
} element_schema;

extern const element_schema SITES_SCHEMA, REDIRECTION_SCHEMA;
extern const char *const STATE_NAMES[]; /* by number; ends with NULL */
const element_schema *child_schema(const element_schema *self, const char *name);
int is_lock(const char *name); /* lockItem and its like: metadata, legal on every element */

/* -- a loaded file (ahadmin_file.c) ------------------------------------------------------------------------------ */

typedef struct {
    uint32_t references;
    xml *tree;
    char *path;    /* where it was read, and is written */
    char *original; /* what it held then */
    size_t original_length;
    int writable, dirty;
    unsigned edits; /* grows with every change of the tree */
} document;

HRES document_load(const char *config_path, int writable, document **into);
HRES document_commit(document *self);
document *document_hold(document *self);
void document_drop(document *self);
int knows_ssl_flags(void); /* of the IIS schema: 1, 0, -1 it cannot be read */
HRES fault_of(const char *call); /* takes the lock */

/* -- values against the schema (ahadmin_check.c) ----------------------------------------------------------------- */

HRES check_section(const document *file, const node *section, const element_schema *schema); /* A2.04, A2.08, A2.09 */
const char *wrong_value(const attribute_schema *schema, const char *value); /* what is wrong; NULL: nothing */
char *key_of(const node *item, const element_schema *schema, const attribute_schema *unique); /* free() it */
int key_order(const char *one, const char *other); /* like strcmp, without ASCII case */

/* -- objects ----------------------------------------------------------------------------------------------------- */

struct object;

typedef struct {
    const void *const *slots;
    const IDENTIFIER *ids[3]; /* what QueryInterface gives besides IUnknown; ends with NULL */
    void (*end)(struct object *self);
} kind;

typedef struct object {
    unknown base;
    const kind *kind;
    document *file;
    node *at;
    const element_schema *schema;
    const attribute_schema *attribute;
    node **items; /* of a collection, as of `seen` */
    size_t count;
    unsigned seen;
    char *text; /* manager: commit path; file: configuration path; method: name */
} object;

HRES object_new(const kind *of, document *file, node *at, const element_schema *schema, object **into);
HRES query_interface(object *self, const IDENTIFIER *id, void **into);
uint32_t add_reference(object *self);
uint32_t release(object *self);
void end_object(object *self); /* the usual end: drops the file, frees the text */

extern const kind MANAGER, WRITABLE_MANAGER, CONFIG_MANAGER, CONFIG_FILE, ELEMENT, ELEMENTS, CHILDREN, PROPERTIES, PROPERTY;
extern const kind METHODS, METHOD, METHOD_INSTANCE, ELEMENT_SCHEMA, PROPERTY_SCHEMAS, PROPERTY_SCHEMA;

HRES element_new(document *file, node *at, const element_schema *schema, void **into);
HRES property_new(document *file, node *at, const element_schema *schema, const char *name, void **into);
HRES schema_new(document *file, const element_schema *schema, void **into);
HRES may_change(const document *file, const node *at, const char *attribute); /* OK, or E_LOCKED */
HRES not_implemented(void);
const element_schema *element_kind(const object *self); /* NULL when the object is no element of ours */

/* The three slots every interface begins with. */
#define UNKNOWN_SLOTS (const void *)query_interface, (const void *)add_reference, (const void *)release

#endif
