/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two managers, the configuration manager and its file.
 */
#include "ahadmin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const IDENTIFIER read_id = {0x9be77978, 0x73ed, 0x4a9a, {0x87, 0xfd, 0x13, 0xf0, 0x9f, 0xec, 0x1b, 0x13}};
static const IDENTIFIER write_id = {0xfa7660f6, 0x7b3f, 0x4237, {0xa8, 0xbf, 0xed, 0x0a, 0xd0, 0xdc, 0xbb, 0xd9}};
static const IDENTIFIER config_manager_id = {0x8f6d760f, 0xf0cb, 0x4d69, {0xb5, 0xf6, 0x84, 0x8b, 0x33, 0xe9, 0xbd, 0xc6}};
static const IDENTIFIER config_file_id = {0xada4e6fb, 0xe025, 0x401e, {0xa5, 0xd0, 0xc3, 0x13, 0x4a, 0x28, 0x1f, 0x07}};

/* The manager's copy of the file is taken at the first section access (A4.04). */
static HRES load(object *self, const char *config_path, document **into)
{
    HRES code = OK;

    if (!strcmp(config_path, REDIRECTION))
        return document_load(REDIRECTION, 0, into);
    if (!self->file)
        code = document_load(APPHOST, self->kind == &WRITABLE_MANAGER, &self->file);
    *into = document_hold(self->file);
    return code;
}

static HRES section(object *self, const char *name, const char *config_path, void **into)
{
    int redirection = same_text(config_path, REDIRECTION), here = same_text(config_path, APPHOST);
    const element_schema *schema = &SITES_SCHEMA;
    document *file = NULL;
    node *at;
    HRES code = fault_of("section");

    if (code)
        return code;
    if (!here && !redirection) {
        /* Sites belong to one level only (A4.09); what is not even below it does not exist. */
        size_t length = strlen(APPHOST);
        char *start = need(length + 1);
        int below = strlen(config_path) > length && config_path[length] == '/';

        memcpy(start, config_path, below ? length : 0);
        below = below && same_text(start, APPHOST);
        free(start);
        return below ? E_LOCKED : complain(E_NO_PATH, config_path, 0, "Unrecognized configuration path");
    }
    if (redirection)
        schema = &REDIRECTION_SCHEMA;
    if (strcmp(name, schema->name))
        return complain(E_INVALID_DATA, config_path, 0, "This section is not known to the simulated schema");
    code = load(self, redirection ? REDIRECTION : APPHOST, &file);
    if (code)
        return code;
    at = xml_first(file->tree->root, NULL);
    at = redirection ? xml_first(at, "configurationRedirection") : xml_first(xml_first(at, "system.applicationHost"), "sites");
    if (!at)
        code = complain(E_INVALID_DATA, file->path, 0, "The section is missing");
    else
        code = check_section(file, at, schema);
    if (!code)
        code = element_new(file, at, schema, into);
    document_drop(file);
    return code;
}

static HRES get_section(object *self, const uint16_t *name, const uint16_t *config_path, void **into)
{
    char *plain_name = string_utf8(name), *plain_path = string_utf8(config_path);
    HRES code = E_BAD_ARGUMENT;

    if (!into)
        code = E_NULL_POINTER;
    else {
        *into = NULL;
        if (plain_name && plain_path)
            code = section(self, plain_name, plain_path, into);
    }
    free(plain_name);
    free(plain_path);
    return code;
}

/* Names this fake has no use for are unknown to it, and unknown names are an error (A1.40). */
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

static HRES get_config_manager(object *self, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    return object_new(&CONFIG_MANAGER, self->file, NULL, NULL, (object **)into);
}

static HRES commit(object *self)
{
    HRES code = fault_of("commit");

    if (!code && self->file)
        code = document_commit(self->file);
    return code ? code : fault_of("committed");
}

static HRES get_commit_path(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->text ? self->text : APPHOST);
    return OK;
}

static HRES put_commit_path(object *self, const uint16_t *path)
{
    char *plain = string_utf8(path);

    if (!plain)
        return E_NULL_POINTER;
    if (!same_text(plain, APPHOST)) {
        free(plain);
        return complain(E_NO_PATH, "", 0, "The simulated configuration is committed to MACHINE/WEBROOT/APPHOST only");
    }
    free(self->text);
    self->text = plain;
    return OK;
}

static const void *const reading[] = {UNKNOWN_SLOTS, (const void *)get_section, (const void *)get_metadata, (const void *)set_metadata,
                                      (const void *)get_config_manager};
static const void *const writing[] = {UNKNOWN_SLOTS,           (const void *)get_section,     (const void *)get_metadata,
                                      (const void *)set_metadata, (const void *)get_config_manager, (const void *)commit,
                                      (const void *)get_commit_path, (const void *)put_commit_path};
const kind MANAGER = {reading, {&read_id, NULL}, end_object};
const kind WRITABLE_MANAGER = {writing, {&write_id, &read_id, NULL}, end_object};

static HRES get_config_file(object *self, const uint16_t *config_path, void **into)
{
    char *plain = string_utf8(config_path);
    document *file = NULL;
    object *made;
    HRES code = E_NO_PATH;

    if (into)
        *into = NULL;
    if (!plain || !into)
        code = E_NULL_POINTER;
    else if (same_text(plain, APPHOST) || same_text(plain, REDIRECTION))
        code = document_load(same_text(plain, APPHOST) ? APPHOST : REDIRECTION, 0, &file);
    if (code) {
        free(plain);
        return code;
    }
    object_new(&CONFIG_FILE, file, NULL, NULL, &made);
    document_drop(file);
    made->text = plain;
    *into = made;
    (void)self;
    return OK;
}

static HRES get_unique_path(object *self, const uint16_t *config_path, BSTRING *into)
{
    char *plain = string_utf8(config_path);

    (void)self;
    if (!plain || !into) {
        free(plain);
        return E_NULL_POINTER;
    }
    *into = string_new(plain);
    free(plain);
    return OK;
}

static HRES get_config_path(object *self, BSTRING *into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = string_new(self->text);
    return OK;
}

/* With the prefix that Windows puts before it (A6.01). */
static HRES get_file_path(object *self, BSTRING *into)
{
    size_t room = strlen(self->file->path) + 5;
    char *path;

    if (!into)
        return E_NULL_POINTER;
    path = need(room);
    snprintf(path, room, "\\\\?\\%s", self->file->path);
    *into = string_new(path);
    free(path);
    return OK;
}

static const void *const manager_slots[] = {UNKNOWN_SLOTS, (const void *)get_config_file, (const void *)get_unique_path};
static const void *const file_slots[] = {UNKNOWN_SLOTS,
                                         (const void *)get_config_path,
                                         (const void *)get_file_path,
                                         (const void *)not_implemented,  /* Locations */
                                         (const void *)not_implemented,  /* GetAdminSection */
                                         (const void *)get_metadata,
                                         (const void *)set_metadata,
                                         (const void *)not_implemented,  /* ClearInvalidSections */
                                         (const void *)not_implemented}; /* RootSectionGroup */
const kind CONFIG_MANAGER = {manager_slots, {&config_manager_id, NULL}, end_object};
const kind CONFIG_FILE = {file_slots, {&config_file_id, NULL}, end_object};
