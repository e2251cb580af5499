/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the configuration schema says about sites and bindings, as far as the fake needs it.
 */
#include "ahadmin.h"

#include <string.h>

const char *const STATE_NAMES[] = {"Starting", "Started", "Stopping", "Stopped", "Unknown", NULL};

static const attribute_schema nothing[] = {{NULL, T_STRING, NULL, 0, 0, 0, 0}};
static const attribute_schema binding_attributes[] = {
    {"protocol", T_STRING, "", 1, 0, 1, 0},
    {"bindingInformation", T_STRING, "", 1, 0, 1, 0},
    {"sslFlags", T_UINT, "0", 0, 0, 0, 0},
    {NULL, T_STRING, NULL, 0, 0, 0, 0},
};
static const attribute_schema site_attributes[] = {
    {"name", T_STRING, "", 1, 1, 0, 0},
    {"id", T_UINT, "", 1, 1, 0, 0},
    {"serverAutoStart", T_BOOL, "true", 0, 0, 0, 0},
    {"state", T_ENUM, "Unknown", 0, 0, 0, 1},
    {NULL, T_STRING, NULL, 0, 0, 0, 0},
};
static const attribute_schema redirection_attributes[] = {
    {"enabled", T_BOOL, "false", 0, 0, 0, 0},
    {"path", T_STRING, "", 0, 0, 0, 0},
    {"userName", T_STRING, "", 0, 0, 0, 0},
    {"password", T_STRING, "", 0, 0, 0, 0},
    {NULL, T_STRING, NULL, 0, 0, 0, 0},
};
static const char *const site_methods[] = {"Start", "Stop", NULL};

static const element_schema binding_schema = {"binding", binding_attributes, NULL, NULL, NULL};
static const element_schema bindings_schema = {"bindings", nothing, NULL, &binding_schema, NULL};
static const element_schema *const site_children[] = {&bindings_schema, NULL};
static const element_schema site_schema = {"site", site_attributes, site_children, NULL, site_methods};
const element_schema SITES_SCHEMA = {"system.applicationHost/sites", nothing, NULL, &site_schema, NULL};
const element_schema REDIRECTION_SCHEMA = {"configurationRedirection", redirection_attributes, NULL, NULL, NULL};

const element_schema *child_schema(const element_schema *self, const char *name)
{
    const element_schema *const *child = self->children;

    while (child && *child && strcmp((*child)->name, name))
        child++;
    return child ? *child : NULL;
}

int is_lock(const char *name)
{
    static const char *const locks[] = {"lockItem", "lockAttributes", "lockElements", "lockAllAttributesExcept", "lockAllElementsExcept",
                                        "configSource", NULL};
    const char *const *lock = locks;

    while (*lock && strcmp(*lock, name))
        lock++;
    return *lock != NULL;
}
