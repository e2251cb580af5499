/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of windows.h share.
 */
#include "windows.h"

#include <string.h>

#ifdef _WIN32
__declspec(dllimport) void __stdcall SetLastError(uint32_t code);
#else
#include <errno.h>
#endif

int opened;
static table facts;

EXPORT int tlsfleet_fake_open(void);

int tlsfleet_fake_open(void)
{
    return opened;
}

const char *fact(const char *name, const char *missing)
{
    lock();
    table_refresh(&facts, "windows/facts.txt");
    name = setting(&facts, name, missing);
    unlock();
    return name;
}

int is(const char *name, const char *value)
{
    return same_text(fact(name, ""), value);
}

int failed(uint32_t code)
{
#ifdef _WIN32
    SetLastError(code);
#else
    errno = (int)code; /* where Mono looks for it */
#endif
    return 0;
}

int hand_out(const void *data, size_t size, void *into, size_t room)
{
    if (into && room >= size)
        memcpy(into, data, size);
    return into && room < size;
}
