/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * XML text to a tree. Document type declarations are refused, and so is text that is not UTF-8.
 */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 200 };

typedef struct {
    xml *tree;
    const char *at, *end, *counted; /* `counted`: up to where lines have been counted */
    unsigned line;
} reader;

static unsigned line_here(reader *self)
{
    for (; self->counted < self->at; self->counted++)
        self->line += *self->counted == '\n';
    return self->line;
}

static int refuse(reader *self, const char *why)
{
    if (!self->tree->fault) {
        self->tree->fault = why;
        self->tree->line = line_here(self);
    }
    return -1;
}

static int blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

static int name_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '_' ||
           letter == '-' || letter == '.' || letter == ':' || (letter & 0x80);
}

static int starts(const reader *self, const char *with)
{
    size_t length = strlen(with);

    return (size_t)(self->end - self->at) >= length && !memcmp(self->at, with, length);
}

static const char *find(const reader *self, const char *what)
{
    const char *at = self->at;
    size_t length = strlen(what);

    for (; (size_t)(self->end - at) >= length; at++) {
        at = memchr(at, what[0], (size_t)(self->end - at));
        if (!at || (size_t)(self->end - at) < length)
            return NULL;
        if (!memcmp(at, what, length))
            return at;
    }
    return NULL;
}

static size_t name_here(const reader *self)
{
    size_t length = 0;

    while (self->at + length < self->end && name_letter(self->at[length]))
        length++;
    return length && self->at[0] != '-' && self->at[0] != '.' && !(self->at[0] >= '0' && self->at[0] <= '9') ? length : 0;
}

/* One entity, after the ampersand, into UTF-8. The number of bytes written, or -1. */
static int entity(reader *self, char *into)
{
    static const struct {
        const char *name;
        char letter;
    } named[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    unsigned long code;
    char *stop;
    size_t i;

    for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (starts(self, named[i].name)) {
            self->at += strlen(named[i].name);
            *into = named[i].letter;
            return 1;
        }
    if (!starts(self, "#"))
        return refuse(self, "an entity that nobody has declared");
    code = self->at[1] == 'x' ? strtoul(self->at + 2, &stop, 16) : strtoul(self->at + 1, &stop, 10);
    if (*stop != ';' || !code || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return refuse(self, "a character reference that is none");
    self->at = stop + 1;
    i = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (i == 1) {
        into[0] = (char)code;
        return 1;
    }
    into[0] = (char)((i == 2 ? 0xC0 : i == 3 ? 0xE0 : 0xF0) | code >> (6 * (i - 1)));
    for (code <<= 6 * (4 - i), stop = into + 1; stop < into + i; stop++, code <<= 6)
        *stop = (char)(0x80 | (code >> 12 & 63));
    return (int)i;
}

static int attribute_here(reader *self, node *of)
{
    size_t length = name_here(self), used = 0;
    char *name, *value, quote;
    const char *stop;

    if (!length)
        return refuse(self, "an attribute's name is expected");
    name = xml_string(self->tree, self->at, length);
    if (xml_get(of, name))
        return refuse(self, "an attribute is there twice");
    self->at += length;
    while (self->at < self->end && blank(*self->at))
        self->at++;
    if (!starts(self, "="))
        return refuse(self, "an attribute without a value");
    self->at++;
    while (self->at < self->end && blank(*self->at))
        self->at++;
    quote = self->at < self->end ? *self->at : 0;
    if (quote != '"' && quote != '\'')
        return refuse(self, "an attribute's value is not in quotation marks");
    self->at++;
    stop = memchr(self->at, quote, (size_t)(self->end - self->at));
    if (!stop)
        return refuse(self, "an attribute's value does not end");
    value = xml_memory(self->tree, (size_t)(stop - self->at) + 1);
    while (self->at < stop) {
        if (*self->at == '<')
            return refuse(self, "a < inside an attribute's value");
        if (*self->at == '&') {
            int count;

            self->at++;
            count = entity(self, value + used);
            if (count < 0)
                return -1;
            used += (size_t)count;
        } else {
            value[used++] = blank(*self->at) ? ' ' : *self->at;
            self->at++;
        }
    }
    self->at = stop + 1;
    xml_add(self->tree, of, name, value);
    return 0;
}

static int start_tag(reader *self, node *parent, node **made)
{
    const char *start = self->at;
    size_t length;
    node *element;

    self->at++;
    length = name_here(self);
    if (!length)
        return refuse(self, "an element's name is expected");
    element = xml_node(self->tree, self->at, length);
    element->line = line_here(self);
    self->at += length;
    for (;;) {
        const char *before = self->at;

        while (self->at < self->end && blank(*self->at))
            self->at++;
        if (starts(self, "/>") || starts(self, ">"))
            break;
        if (self->at == self->end)
            return refuse(self, "a tag does not end");
        if (self->at == before || attribute_here(self, element))
            return refuse(self, "blanks are missing between attributes");
    }
    element->empty = *self->at == '/';
    self->at += element->empty ? 2 : 1;
    element->source = start;
    element->source_length = (size_t)(self->at - start);
    xml_append(parent, element);
    *made = element;
    return 0;
}

/* Everything that is not a tag: text, comments, processing instructions, CDATA. */
static int verbatim(reader *self, node *parent)
{
    const char *start = self->at, *stop, *closing = NULL;
    node *piece;

    if (starts(self, "<!--"))
        closing = "-->";
    else if (starts(self, "<?"))
        closing = "?>";
    else if (starts(self, "<![CDATA["))
        closing = "]]>";
    else if (*start == '<')
        return refuse(self, "a document type or another declaration");
    stop = closing ? find(self, closing) : memchr(start, '<', (size_t)(self->end - start));
    if (closing && !stop)
        return refuse(self, "a comment or an instruction does not end");
    self->at = closing ? stop + strlen(closing) : stop ? stop : self->end;
    piece = xml_node(self->tree, NULL, 0);
    piece->source = start;
    piece->source_length = (size_t)(self->at - start);
    if (!parent->parent && !closing)
        for (; start < self->at; start++)
            if (!blank(*start))
                return refuse(self, "text outside of the root element");
    xml_append(parent, piece);
    return 0;
}

static int end_tag(reader *self, node *element)
{
    const char *start = self->at;
    size_t length;

    self->at += 2;
    length = name_here(self);
    if (!element->name || length != strlen(element->name) || memcmp(self->at, element->name, length))
        return refuse(self, "an end tag does not match its start tag");
    self->at += length;
    while (self->at < self->end && blank(*self->at))
        self->at++;
    if (!starts(self, ">"))
        return refuse(self, "a tag does not end");
    self->at++;
    element->tail = start;
    element->tail_length = (size_t)(self->at - start);
    return 0;
}

static void everything(reader *self)
{
    node *open = self->tree->root, *made;
    int depth = 0, roots = 0;

    while (self->at < self->end) {
        if (starts(self, "</")) {
            if (end_tag(self, open))
                return;
            open = open->parent;
            depth--;
        } else if (*self->at == '<' && self->at + 1 < self->end && self->at[1] != '!' && self->at[1] != '?') {
            if (!depth && roots++) {
                refuse(self, "a second root element");
                return;
            }
            if (start_tag(self, open, &made))
                return;
            if (!made->empty) {
                open = made;
                if (++depth > DEEPEST) {
                    refuse(self, "too deep");
                    return;
                }
            }
        } else if (verbatim(self, open))
            return;
    }
    if (depth || !roots)
        refuse(self, depth ? "the file ends inside an element" : "there is no element");
}

xml *xml_parse(char *source, size_t length)
{
    xml *tree = need(sizeof(*tree));
    reader self = {tree, source, source + length, source, 1};

    tree->source = source;
    tree->root = xml_node(tree, NULL, 0);
    if (!xml_is_utf8(source, length))
        refuse(&self, "not UTF-8");
    else {
        if (starts(&self, "\xEF\xBB\xBF")) {
            node *mark = xml_node(tree, NULL, 0);

            mark->source = self.at;
            mark->source_length = 3;
            xml_append(tree->root, mark);
            self.at += 3;
        }
        everything(&self);
    }
    return tree;
}
