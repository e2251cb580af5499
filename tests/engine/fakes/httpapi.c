/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The exported functions of the fake httpapi: argument checks that do not depend on the id, faults, and the lock.
 */
#include "httpapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char FAULTS[] = "http/faults.txt";
enum { INITIALIZE_SERVER = 1, INITIALIZE_CONFIG = 2 };

static unsigned initialized; /* HttpInitialize calls for the configuration that have no HttpTerminate yet */

EXPORT uint32_t HttpInitialize(HTTPAPI_VERSION version, uint32_t flags, void *reserved);
EXPORT uint32_t HttpTerminate(uint32_t flags, void *reserved);
EXPORT uint32_t HttpQueryServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *output, uint32_t room,
                                              uint32_t *needed, void *overlapped);
EXPORT uint32_t HttpSetServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped);
EXPORT uint32_t HttpDeleteServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped);
#ifndef NO_UPDATE
EXPORT uint32_t HttpUpdateServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped);
#endif
EXPORT int tlsfleet_fake_exports(const char *name);

uint32_t HttpInitialize(HTTPAPI_VERSION version, uint32_t flags, void *reserved)
{
    uint32_t code;

    if (reserved || version.HttpApiMajorVersion < 1 || version.HttpApiMajorVersion > 2 || version.HttpApiMinorVersion ||
        !flags || flags & ~(uint32_t)(INITIALIZE_SERVER | INITIALIZE_CONFIG))
        return INVALID_PARAMETER;
    lock();
    code = fault(FAULTS, "initialize", "*");
    if (!code && flags & INITIALIZE_CONFIG)
        initialized++;
    unlock();
    return code;
}

uint32_t HttpTerminate(uint32_t flags, void *reserved)
{
    uint32_t code = DONE;

    lock();
    if (reserved || !flags || flags & ~(uint32_t)(INITIALIZE_SERVER | INITIALIZE_CONFIG))
        code = INVALID_PARAMETER;
    else if (flags & INITIALIZE_CONFIG && initialized)
        initialized--;
    unlock();
    return code;
}

/* What all configuration calls check first. */
static uint32_t admit(const char *call, const void *handle, uint32_t id, const void *overlapped)
{
    char name[16];
    uint32_t code;

    if (!initialized)
        return DLL_INIT_FAILED;
    if (handle)
        return INVALID_HANDLE;
    if (overlapped)
        return INVALID_PARAMETER;
    snprintf(name, sizeof(name), "%u", id);
    code = fault(FAULTS, call, name);
    if (code)
        return code;
    return knows(id) ? DONE : INVALID_PARAMETER;
}

uint32_t HttpQueryServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *output, uint32_t room, uint32_t *needed,
                                       void *overlapped)
{
    uint32_t code;

    lock();
    code = admit("query", handle, id, overlapped);
    if (!code)
        code = query(id, input, length, output, room, needed);
    unlock();
    return code;
}

static uint32_t write_call(const char *call, int what, void *handle, uint32_t id, void *input, uint32_t length, void *overlapped)
{
    char *folder, name[16];
    uint32_t code;
    int held;

    lock();
    folder = state_path("http");
    held = lock_state(folder);
    free(folder);
    snprintf(name, sizeof(name), "%u", id);
    code = what == UPDATE && !exports_update() ? (uint32_t)PROC_NOT_FOUND : admit(call, handle, id, overlapped);
    if (!code)
        code = fault(FAULTS, "write", name);
    if (!code)
        code = change(what, id, input, length);
    if (!code)
        code = fault(FAULTS, "written", name);
    unlock_state(held);
    unlock();
    return code;
}

uint32_t HttpSetServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped)
{
    return write_call("set", SET, handle, id, input, length, overlapped);
}

uint32_t HttpDeleteServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped)
{
    return write_call("delete", DELETE, handle, id, input, length, overlapped);
}

#ifndef NO_UPDATE
uint32_t HttpUpdateServiceConfiguration(void *handle, uint32_t id, void *input, uint32_t length, void *overlapped)
{
    return write_call("update", UPDATE, handle, id, input, length, overlapped);
}
#endif

int tlsfleet_fake_exports(const char *name)
{
    static const char *const always[] = {"HttpInitialize", "HttpTerminate", "HttpQueryServiceConfiguration", "HttpSetServiceConfiguration",
                                         "HttpDeleteServiceConfiguration"};
    size_t i;
    int result = 0;

    for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (!strcmp(name, always[i]))
            return 1;
    if (!strcmp(name, "HttpUpdateServiceConfiguration")) {
        lock();
        result = exports_update();
        unlock();
    }
    return result;
}
