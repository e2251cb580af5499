/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wevtapi: queries of event logs. Of an XPath query only the event ids count.
 */
#include "windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNEL_NOT_FOUND = 15007, BY_CHANNEL_NEWEST_FIRST = 0x201, AS_XML = 1 };

#ifdef _WIN32
#define CALL __stdcall
#else
#define CALL
#endif

typedef struct {
    char *log, *query;
    size_t next; /* rows that have not been looked at yet, counted from the oldest */
} search;

static table events;

EXPORT void *CALL EvtQuery(void *session, const WIDE *path, const WIDE *query, uint32_t flags);
EXPORT int CALL EvtNext(search *results, uint32_t size, void **item, int32_t timeout, uint32_t flags, uint32_t *returned);
EXPORT int CALL EvtRender(void *context, char *item, uint32_t flags, uint32_t size, WIDE *buffer, uint32_t *used, uint32_t *properties);
EXPORT int CALL EvtClose(void *handle);

void *CALL EvtQuery(void *session, const WIDE *path, const WIDE *query, uint32_t flags)
{
    uint32_t code = number(fact("events", "0"), 0);
    search *results;
    size_t i;
    int known;

    if (session || flags != BY_CHANNEL_NEWEST_FIRST)
        code = INVALID_PARAMETER;
    if (code) {
        failed(code);
        return NULL;
    }
    results = need(sizeof(*results));
    results->log = utf8(path);
    results->query = utf8(query);
    lock();
    table_refresh(&events, "machine/events.txt");
    results->next = events.count;
    known = same_text(results->log, "System");
    for (i = 0; i < events.count; i++)
        known |= same_text(cell(&events.rows[i], 0), results->log);
    unlock();
    opened++;
    if (known)
        return results;
    EvtClose(results);
    failed(CHANNEL_NOT_FOUND);
    return NULL;
}

/* Does the query name the id of this event? */
static int asked(const char *query, const char *xml)
{
    const char *id = strstr(xml, "<EventID"), *at;
    unsigned long wanted;

    if (!id || !(id = strchr(id, '>')))
        return 0;
    wanted = strtoul(id + 1, NULL, 10);
    for (at = query; (at = strstr(at, "EventID=")); at++)
        if (strtoul(at + 8, NULL, 10) == wanted)
            return 1;
    return 0;
}

int CALL EvtNext(search *results, uint32_t size, void **item, int32_t timeout, uint32_t flags, uint32_t *returned)
{
    uint32_t code = number(fact("events_next", "0"), 0);

    if (size != 1 || timeout != -1 || flags)
        return failed(INVALID_PARAMETER);
    if (code)
        return failed(code);
    lock();
    while (results->next > 0) {
        const row *line = &events.rows[--results->next];

        if (same_text(cell(line, 0), results->log) && asked(results->query, cell(line, 1))) {
            text copy = {NULL, 0, 0};

            add_string(&copy, cell(line, 1));
            *item = copy.data;
            *returned = 1;
            opened++;
            unlock();
            return 1;
        }
    }
    unlock();
    return failed(NO_MORE_ITEMS);
}

/* Sizes are bytes, the NUL among them. */
int CALL EvtRender(void *context, char *item, uint32_t flags, uint32_t size, WIDE *buffer, uint32_t *used, uint32_t *properties)
{
    uint32_t code = number(fact("events_render", "0"), 0);

    if (context || flags != AS_XML)
        return failed(INVALID_PARAMETER);
    *properties = 0;
    *used = 2 * ((uint32_t)utf16(item, NULL) + 1);
    if (code)
        return failed(code);
    if (size < *used)
        return failed(INSUFFICIENT_BUFFER);
    utf16(item, buffer);
    return 1;
}

/* Memory of a handle is kept: tests are short, and a search cannot be told from an event here. */
int CALL EvtClose(void *handle)
{
    opened -= handle != NULL;
    return 1;
}
