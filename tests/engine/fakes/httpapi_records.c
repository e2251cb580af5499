/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tables behind the API: records by family, reservations, the listen list, certificates, and what this Windows can do.
 */
#include "httpapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int id;
    const char *name;
    uint32_t build; /* first build whose httpapi.dll takes the id (F12.08) */
} families[] = {{IPPORT, "ipport", 0}, {SNI, "hostnameport", 9200}, {CCS, "ccs", 9200}, {SCOPED_CCS, "scopedccs", 18362}};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static table os, records, urlacl, listen, certificates;
static struct {
    record *list;
    size_t count;
} parsed[FAMILIES];

static int place(int id)
{
    int i;

    for (i = 0; i < FAMILIES; i++)
        if (families[i].id == id)
            return i;
    return -1;
}

int family_of(const char *name)
{
    int i;

    for (i = 0; i < FAMILIES; i++)
        if (same_text(families[i].name, name))
            return families[i].id;
    return -1;
}

const char *family_name(int id)
{
    int i = place(id);

    return i < 0 ? NULL : families[i].name;
}

static const table *os_table(void)
{
    table_refresh(&os, "http/os.txt");
    return &os;
}

int knows(uint32_t id)
{
    const table *facts = os_table();
    const char *list = setting(facts, "ids", NULL);
    int i = place((int)id);

    if (id != LISTEN && id != URLACL && i < 0)
        return 0;
    if (!list)
        return i < 0 || number(setting(facts, "build", NULL), 17763) >= families[i].build;
    while (*list) {
        char *end;

        if (strtoul(list, &end, 10) == id && end != list)
            return 1;
        list = *end == ',' ? end + 1 : end + strlen(end);
    }
    return 0;
}

int exports_update(void)
{
    const table *facts = os_table();
    const char *told = setting(facts, "update", NULL);

    if (!has_setting(facts, "update"))
        return number(setting(facts, "build", NULL), 17763) >= 15063;
    return told ? same_text(told, "yes") : -1;
}

uint32_t short_buffer(void)
{
    static int turn;
    const char *wanted = setting(os_table(), "short_buffer", "122");

    if (same_text(wanted, "alternate"))
        return turn++ % 2 ? MORE_DATA : INSUFFICIENT_BUFFER;
    return number(wanted, INSUFFICIENT_BUFFER);
}

int empty_listen_is_error(void)
{
    return same_text(setting(os_table(), "empty_listen", "list"), "2");
}

static void parse_records(void)
{
    size_t i;
    int f;

    for (f = 0; f < FAMILIES; f++) {
        for (i = 0; i < parsed[f].count; i++)
            free(parsed[f].list[i].key.host);
        free(parsed[f].list);
        parsed[f].list = need((records.count + 1) * sizeof(record));
        parsed[f].count = 0;
    }
    for (i = 0; i < records.count; i++) {
        const char *family = cell(&records.rows[i], 0), *key = cell(&records.rows[i], 1);
        record *next;

        f = family ? place(family_of(family)) : -1;
        if (f >= 0)
            next = &parsed[f].list[parsed[f].count];
        if (f < 0 || !key || parse_key(families[f].id, key, &next->key)) {
            fprintf(stderr, "fake httpapi: %s/http/records.txt, row %u: not a record\n", state_folder() ? state_folder() : ".", (unsigned)i + 1);
            abort();
        }
        next->source = &records.rows[i];
        parsed[f].count++;
    }
}

const table *records_table(void)
{
    if (table_refresh(&records, "http/records.txt"))
        parse_records();
    return &records;
}

size_t records_of(int id, const record **list)
{
    int f = place(id);

    records_table();
    *list = parsed[f].list;
    return parsed[f].count;
}

const record *record_at(const record_key *key)
{
    int ids[] = {key->id, key->id == CCS ? SNI : CCS}, turn;
    const record *list;
    size_t count, i;

    for (turn = 0; turn < (is_central(key) ? 2 : 1); turn++)
        for (count = records_of(ids[turn], &list), i = 0; i < count; i++)
            if (same_key(&list[i].key, key))
                return &list[i];
    return NULL;
}

const table *urlacl_table(void)
{
    table_refresh(&urlacl, "http/urlacl.txt");
    return &urlacl;
}

const table *listen_table(void)
{
    table_refresh(&listen, "http/listen.txt");
    return &listen;
}

int certificate_works(const char *store, const char *thumbprint)
{
    size_t i;

    table_refresh(&certificates, "certs/index.txt");
    for (i = 0; i < certificates.count; i++) {
        const row *known = &certificates.rows[i];

        if (same_text(cell(known, 0), store ? store : "MY") && same_text(cell(known, 1), thumbprint))
            return same_text(cell(known, 15), "yes");
    }
    return 0;
}
