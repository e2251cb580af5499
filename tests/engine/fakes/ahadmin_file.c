/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading, checking and committing a configuration file.
 */
#include "ahadmin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HRES fault_of(const char *call)
{
    HRES code;

    lock();
    code = fault(FAULTS, call, NULL);
    unlock();
    return code;
}

int knows_ssl_flags(void)
{
    static stamp seen;
    static unsigned choice; /* of the folder, when the answer was found */
    static int answer;
    char *path, *source;
    stamp now;

    lock();
    path = state_path("config/schema/IIS_schema.xml");
    now = file_stamp(path);
    if (choice != state_generation() || !same_stamp(now, seen)) {
        source = file_read(path, NULL);
        answer = source ? strstr(source, "name=\"sslFlags\"") != NULL : -1;
        free(source);
        seen = now;
        choice = state_generation();
    }
    unlock();
    free(path);
    return answer;
}

/* The folder below the state folder that stands for a Windows folder (machine/paths.txt); NULL: there is none. */
static char *folder_of(const char *windows)
{
    static table paths;
    char *result = NULL;
    size_t i;

    lock();
    table_refresh(&paths, "machine/paths.txt");
    for (i = 0; i < paths.count; i++)
        if (same_text(cell(&paths.rows[i], 0), windows) && cell(&paths.rows[i], 1))
            result = state_path(cell(&paths.rows[i], 1));
    unlock();
    return result;
}

/* Read and parse a file. On success the tree owns the bytes. */
static HRES read_tree(const char *path, xml **into)
{
    size_t length;
    char *source = file_read(path, &length);
    HRES code = OK;

    if (!source)
        return complain(file_stamp(path).size < 0 ? E_NO_FILE : E_DENIED, path, 0, "Cannot read configuration file");
    *into = xml_parse(source, length);
    if ((*into)->fault) {
        code = complain(E_INVALID_DATA, path, (*into)->line, "Configuration file is not well-formed XML");
        xml_free(*into);
    }
    return code;
}

/* Where the file of a configuration path lies; follows redirection.config. */
static HRES locate(const char *config_path, char **into)
{
    const node *section;
    const char *enabled, *target;
    char *path, *folder;
    xml *tree;
    HRES code;

    lock();
    path = state_path("config/redirection.config");
    *into = state_path(strcmp(config_path, REDIRECTION) ? "config/applicationHost.config" : "config/redirection.config");
    unlock();
    if (!strcmp(config_path, REDIRECTION) || file_stamp(path).size < 0) {
        free(path);
        return OK;
    }
    code = read_tree(path, &tree);
    free(path);
    if (code)
        return code;
    section = xml_first(xml_first(tree->root, NULL), "configurationRedirection");
    enabled = section ? xml_get(section, "enabled") : NULL;
    target = section ? xml_get(section, "path") : NULL;
    if (enabled && same_text(enabled, "true")) {
        folder = target ? folder_of(target) : NULL;
        free(*into);
        *into = NULL;
        code = folder ? OK : complain(0x80070035u, "redirection.config", section->line, "Cannot reach the path of the shared configuration");
        if (folder) {
            *into = need(strlen(folder) + 30);
            sprintf(*into, "%s/applicationHost.config", folder);
        }
        free(folder);
    }
    xml_free(tree);
    return code;
}

HRES document_load(const char *config_path, int writable, document **into)
{
    document *made;
    char *path = NULL;
    HRES code = locate(config_path, &path);
    xml *tree;

    if (!code)
        code = read_tree(path, &tree);
    if (code) {
        free(path);
        return code;
    }
    made = need(sizeof(*made));
    made->references = 1;
    made->tree = tree;
    made->path = path;
    made->original_length = strlen(tree->source);
    made->original = need(made->original_length + 1);
    memcpy(made->original, tree->source, made->original_length);
    made->writable = writable;
    *into = made;
    return OK;
}

document *document_hold(document *self)
{
    if (self)
        count_up(&self->references);
    return self;
}

void document_drop(document *self)
{
    if (!self || count_down(&self->references))
        return;
    xml_free(self->tree);
    free(self->path);
    free(self->original);
    free(self);
}

static HRES commit_file(document *self)
{
    text content = {NULL, 0, 0};
    size_t length = 0;
    char *now, *folder;
    int same;

    now = file_read(self->path, &length);
    same = now && length == self->original_length && !memcmp(now, self->original, length);
    free(now);
    if (!same)
        return complain(E_SHARING, self->path, 0, "Cannot commit configuration changes because the file has changed on disk");
    xml_write(self->tree, &content);
    if (file_replace(self->path, content.data, content.length)) {
        free(content.data);
        return complain(E_DENIED, self->path, 0, "Cannot write configuration file due to insufficient permissions");
    }
    lock();
    folder = state_path("trace");
    unlock();
    trace(folder, "config", content.data, content.length);
    free(folder);
    free(self->original);
    self->original = content.data;
    self->original_length = content.length;
    self->dirty = 0;
    return OK;
}

HRES document_commit(document *self)
{
    char *folder;
    HRES code;
    int held;

    if (!self->dirty)
        return OK; /* whether Windows rewrites a file without changes is not known; this one does not */
    lock();
    folder = state_path("config");
    unlock();
    held = lock_state(folder);
    code = commit_file(self);
    unlock_state(held);
    free(folder);
    return code;
}
