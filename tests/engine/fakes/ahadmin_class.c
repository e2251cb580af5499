/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two COM classes, and their class factory.
 */
#include "ahadmin.h"

#include <stdlib.h>
#include <string.h>

static const IDENTIFIER factory_id = {1, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const IDENTIFIER reading_class = {0x228fb8f7, 0xfb53, 0x4fd5, {0x8c, 0x7b, 0xff, 0x59, 0xde, 0x60, 0x6c, 0x5b}};
static const IDENTIFIER writing_class = {0x2b72133b, 0x3f5b, 0x4602, {0x89, 0x52, 0x80, 0x35, 0x46, 0xce, 0x33, 0x44}};

EXPORT HRES DllGetClassObject(const IDENTIFIER *class_id, const IDENTIFIER *id, void **into);
EXPORT HRES DllCanUnloadNow(void);
EXPORT HRES tlsfleet_fake_manager(int writable, void **into);

/* Without inetsrv there is no IIS, hence no class. */
static int installed(void)
{
    table host;
    int result;

    memset(&host, 0, sizeof(host));
    lock();
    table_refresh(&host, "machine/host.txt");
    result = !has_setting(&host, "iis_major") || setting(&host, "iis_major", NULL);
    unlock();
    free(host.text);
    free(host.rows);
    free(host.columns);
    return result;
}

/* Factories are two things that last as long as the process; counting them changes nothing. */
typedef struct {
    const void *const *slots;
    const kind *makes;
} factory;

static HRES factory_query(factory *self, const IDENTIFIER *id, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = same_id(id, &IID_UNKNOWN) || same_id(id, &factory_id) ? self : NULL;
    return *into ? OK : E_NO_INTERFACE;
}

static uint32_t factory_count(factory *self)
{
    (void)self;
    return 1;
}

static HRES factory_create(factory *self, void *outer, const IDENTIFIER *id, void **into)
{
    object *made;
    HRES code;

    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (outer)
        return E_NO_AGGREGATION;
    code = installed() ? fault_of("create") : E_NO_CLASS;
    if (code)
        return code;
    object_new(self->makes, NULL, NULL, NULL, &made);
    code = query_interface(made, id, into);
    release(made);
    return code;
}

static HRES factory_lock(factory *self, int32_t locked)
{
    (void)self;
    (void)locked;
    return OK;
}

static const void *const factory_slots[] = {(const void *)factory_query, (const void *)factory_count, (const void *)factory_count,
                                            (const void *)factory_create, (const void *)factory_lock};
static factory reading_factory = {factory_slots, &MANAGER}, writing_factory = {factory_slots, &WRITABLE_MANAGER};

HRES DllGetClassObject(const IDENTIFIER *class_id, const IDENTIFIER *id, void **into)
{
    if (!into)
        return E_NULL_POINTER;
    *into = NULL;
    if (same_id(class_id, &reading_class))
        return factory_query(&reading_factory, id, into);
    if (same_id(class_id, &writing_class))
        return factory_query(&writing_factory, id, into);
    return 0x80040111u; /* CLASS_E_CLASSNOTAVAILABLE */
}

HRES DllCanUnloadNow(void)
{
    return 1; /* S_FALSE: stay */
}

/* The shortest way to a manager, for callers without COM. */
HRES tlsfleet_fake_manager(int writable, void **into)
{
    return factory_create(writable ? &writing_factory : &reading_factory, NULL, &IID_UNKNOWN, into);
}

#ifndef _WIN32
EXPORT HRES CoCreateInstance(const IDENTIFIER *class_id, void *outer, uint32_t context, const IDENTIFIER *id, void **into);

/* Mono asks ole32 for it; on Windows the registry leads here. */
HRES CoCreateInstance(const IDENTIFIER *class_id, void *outer, uint32_t context, const IDENTIFIER *id, void **into)
{
    factory *found;
    HRES code = DllGetClassObject(class_id, &factory_id, (void **)&found);

    (void)context;
    return code ? code : factory_create(found, outer, id, into);
}
#endif
