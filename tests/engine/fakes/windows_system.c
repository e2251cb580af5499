/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event log that modules leave a line in, and the table of TCP sockets.
 */
#include "windows.h"

#include <stdlib.h>
#include <string.h>

enum { V4 = 2, V6 = 23, OWNER_PID_ALL = 5 };

static table sockets;

/* -- advapi32: event log ---------------------------------------------------------------------------------------------- */

EXPORT void *RegisterEventSourceW(const WIDE *server, const WIDE *source);
EXPORT int ReportEventW(void *log, uint16_t type, uint16_t category, uint32_t id, void *user, uint16_t count, uint32_t size, const WIDE **texts, void *data);
EXPORT int DeregisterEventSource(void *log);

void *RegisterEventSourceW(const WIDE *server, const WIDE *source)
{
    char *name = utf8(source);
    int known = !server && same_text(name, "Ansible") && !is("log", "no");

    free(name);
    opened += known;
    return known ? &opened : NULL;
}

int ReportEventW(void *log, uint16_t type, uint16_t category, uint32_t id, void *user, uint16_t count, uint32_t size, const WIDE **texts, void *data)
{
    text lines = {NULL, 0, 0};
    char *path = state_path("windows/log.txt"), *before = file_read(path, &lines.length), *said;

    if (log != &opened || type != 4 || category || id || user || count != 1 || size || data)
        return failed(INVALID_PARAMETER);
    lines.length = 0;
    said = utf8(texts[0]);
    add_string(&lines, before ? before : "");
    add_cell(&lines, said);
    add_string(&lines, "\n");
    table_write("windows/log.txt", &lines);
    free(said);
    free(before);
    free(path);
    free(lines.data);
    return 1;
}

int DeregisterEventSource(void *log)
{
    opened -= log == &opened;
    return 1;
}

/* -- iphlpapi --------------------------------------------------------------------------------------------------------- */

EXPORT uint32_t GetExtendedTcpTable(uint8_t *into, uint32_t *size, int sorted, uint32_t family, int kind, uint32_t reserved);

static void put(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

/* A table that is larger than the caller's first guess is refused once, as a table that grows is. */
uint32_t GetExtendedTcpTable(uint8_t *into, uint32_t *size, int sorted, uint32_t family, int kind, uint32_t reserved)
{
    size_t width = family == V6 ? 56 : 24, count = 0, i;
    uint32_t fault = number(fact("tcp", "0"), 0), needed;

    if (sorted || kind != OWNER_PID_ALL || reserved || (family != V4 && family != V6))
        return INVALID_PARAMETER;
    if (fault)
        return fault;
    lock();
    table_refresh(&sockets, "windows/tcp.txt");
    for (i = 0; i < sockets.count; i++)
        count += (family == V6) == !!strchr(cell(&sockets.rows[i], 0), ':');
    needed = (uint32_t)(4 + count * width);
    if (*size < needed || !into) {
        *size = needed;
        unlock();
        return INSUFFICIENT_BUFFER;
    }
    put(into, (uint32_t)count);
    into += 4;
    for (i = 0; i < sockets.count; i++) {
        const row *line = &sockets.rows[i];
        SOCKET_ROOM address;
        uint32_t port = number(cell(line, 1), 0), state = number(cell(line, 2), 0), owner = number(cell(line, 3), 0);

        if ((family == V6) != !!strchr(cell(line, 0), ':') || parse_address(cell(line, 0), &address))
            continue;
        memset(into, 0, width);
        port = (port & 0xFF) << 8 | port >> 8;
        if (family == V6) {
            memcpy(into, address.v6.address, 16);
            put(into + 20, port);
            put(into + 48, state);
            put(into + 52, owner);
        } else {
            put(into, state);
            memcpy(into + 4, address.v4.address, 4);
            put(into + 8, port);
            put(into + 20, owner);
        }
        into += width;
    }
    unlock();
    return DONE;
}
