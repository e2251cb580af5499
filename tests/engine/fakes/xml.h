/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small XML reader and writer for configuration files. What nobody changed is written back byte for byte, comments and blanks included.
 */
#ifndef TLSFLEET_XML_H
#define TLSFLEET_XML_H

#include "fake.h"

typedef struct {
    char *name, *value; /* UTF-8, entities resolved */
} attribute;

typedef struct node {
    struct node *parent, *first, *last, *next, *previous;
    char *name; /* NULL: text, comment, declaration; `source` says what */
    attribute *attributes;
    size_t attribute_count, attribute_room;
    const char *source, *tail; /* start tag or text, and end tag, as they stand in the file; NULL for new elements */
    size_t source_length, tail_length;
    unsigned line;
    int empty;   /* the source is <name ... /> */
    int changed; /* the start tag has to be written anew */
} node;

typedef struct block block;

typedef struct {
    node *root;       /* without a name; holds what is before, in and behind the one real element */
    char *source;     /* the file's bytes */
    block *blocks;    /* all nodes and strings */
    unsigned line;    /* of the fault */
    const char *fault; /* why the text is not well-formed; NULL when it is */
} xml;

/* xml_parse.c */
xml *xml_parse(char *source, size_t length); /* takes the buffer over; look at `fault` afterwards */
void xml_free(xml *self);

/* xml_tree.c: nodes live until xml_free, also removed ones */
int xml_is_utf8(const char *text, size_t length);
void *xml_memory(xml *self, size_t size);
char *xml_string(xml *self, const char *string, size_t length);
node *xml_node(xml *self, const char *name, size_t length);
void xml_append(node *parent, node *child);
void xml_insert(node *parent, node *child, node *before); /* before NULL: at the end */
void xml_remove(node *child);

node *xml_next(const node *after, const char *name);   /* next sibling element; name NULL: any */
node *xml_first(const node *parent, const char *name); /* parent NULL: none */
const char *xml_get(const node *self, const char *name); /* NULL: no such attribute */
void xml_add(xml *self, node *to, const char *name, const char *value);
void xml_set(xml *self, node *of, const char *name, const char *value); /* value NULL removes */

/* xml_write.c */
void xml_write(const xml *self, text *into);

#endif
