/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HttpQueryServiceConfiguration: exact and next queries, answers laid out in the caller's buffer.
 */
#include "httpapi.h"

#include <stdlib.h>
#include <string.h>

/* An answer under construction. Without a buffer it only counts, so that every answer is laid out twice: to measure, then to write. */
typedef struct {
    uint8_t *buffer;
    size_t used;
} answer;

static void *claim(answer *self, size_t size, size_t align)
{
    void *result;

    self->used = (self->used + align - 1) / align * align;
    result = self->buffer ? self->buffer + self->used : NULL;
    self->used += size;
    return result;
}

static WIDE *claim_string(answer *self, const char *string)
{
    WIDE *result;

    if (!string)
        return NULL;
    result = claim(self, (utf16(string, NULL) + 1) * sizeof(WIDE), sizeof(WIDE));
    if (result)
        utf16(string, result);
    return result;
}

static void lay_out_value(answer *self, const row *source, SSL_PARAM *into)
{
    const char *thumbprint = cell(source, 2), *app_id = cell(source, 4);
    size_t size = thumbprint ? strlen(thumbprint) / 2 : 0;
    void *hash = size ? claim(self, size, 4) : NULL;
    WIDE *store = claim_string(self, cell(source, 3)), *identifier = claim_string(self, cell(source, 9)),
         *list = claim_string(self, cell(source, 10));

    if (!into)
        return;
    memset(into, 0, sizeof(*into));
    into->SslHashLength = (uint32_t)size;
    into->pSslHash = hash;
    if (hash)
        parse_hex(thumbprint, hash, size);
    if (app_id)
        parse_guid(app_id, &into->AppId);
    into->pSslCertStoreName = store;
    into->DefaultFlags = number(cell(source, 5), 0);
    into->DefaultCertCheckMode = number(cell(source, 6), 0);
    into->DefaultRevocationFreshnessTime = number(cell(source, 7), 0);
    into->DefaultRevocationUrlRetrievalTimeout = number(cell(source, 8), 0);
    into->pDefaultSslCtlIdentifier = identifier;
    into->pDefaultSslCtlStoreName = list;
}

static void lay_out_record(answer *self, const record *found)
{
    if (found->key.id == IPPORT) {
        SSL_SET *set = claim(self, sizeof(*set), 8);
        size_t size = found->key.address.family == IPV4 ? 16 : 28;
        SOCKET_ROOM *address = claim(self, size, 8);

        if (set) {
            memcpy(address, &found->key.address, size);
            set->KeyDesc.pIpPort = address;
        }
        lay_out_value(self, found->source, set ? &set->ParamDesc : NULL);
    } else if (found->key.id == CCS) {
        SSL_CCS_SET *set = claim(self, sizeof(*set), 8);

        if (set)
            set->KeyDesc.LocalAddress = found->key.address;
        lay_out_value(self, found->source, set ? &set->ParamDesc : NULL);
    } else {
        SSL_SNI_SET *set = claim(self, sizeof(*set), 8);
        WIDE *host = claim_string(self, found->key.host);

        if (set) {
            set->KeyDesc.IpPort = found->key.address;
            set->KeyDesc.Host = host;
        }
        lay_out_value(self, found->source, set ? &set->ParamDesc : NULL);
    }
}

static void lay_out_reservation(answer *self, const row *found)
{
    URLACL_SET *set = claim(self, sizeof(*set), 8);
    WIDE *prefix = claim_string(self, cell(found, 0)), *sddl = claim_string(self, cell(found, 1));

    if (set) {
        set->pUrlPrefix = prefix;
        set->pStringSecurityDescriptor = sddl;
    }
}

static void lay_out_listen(answer *self)
{
    const table *list = listen_table();
    uint32_t *count = claim(self, offsetof(IP_LISTEN_QUERY, AddrList), 8);
    SOCKET_ROOM *addresses = claim(self, list->count * sizeof(*addresses), 8);
    size_t i;

    if (!count)
        return;
    *count = (uint32_t)list->count;
    for (i = 0; i < list->count; i++)
        if (!cell(&list->rows[i], 0) || parse_address(cell(&list->rows[i], 0), &addresses[i]))
            abort(); /* http/listen.txt holds something else than addresses */
}

static void lay_out(answer *self, uint32_t id, const void *found)
{
    if (id == LISTEN)
        lay_out_listen(self);
    else if (id == URLACL)
        lay_out_reservation(self, found);
    else
        lay_out_record(self, found);
}

static uint32_t deliver(uint32_t id, const void *found, void *output, uint32_t room, uint32_t *needed)
{
    answer measured = {NULL, 0}, written = {output, 0};

    lay_out(&measured, id, found);
    if (needed)
        *needed = (uint32_t)measured.used;
    if (!output || room < measured.used)
        return short_buffer();
    memset(output, 0, measured.used);
    lay_out(&written, id, found);
    return DONE;
}

static uint32_t find_record(uint32_t id, const void *input, uint32_t length, const record **found)
{
    const SSL_QUERY *by_address = input;
    const SSL_SNI_QUERY *by_name = input;
    const SSL_CCS_QUERY *by_port = input;
    size_t size = id == IPPORT ? sizeof(*by_address) : id == CCS ? sizeof(*by_port) : sizeof(*by_name);
    static record central;
    const record *list;
    size_t count = records_of((int)id, &list);
    uint32_t kind, token, code;
    record_key key;

    if (length < size)
        return INVALID_PARAMETER;
    memcpy(&kind, input, sizeof(kind));
    if (kind == NEXT) {
        token = id == IPPORT ? by_address->dwToken : id == CCS ? by_port->dwToken : by_name->dwToken;
        *found = token < count ? &list[token] : NULL;
        return *found ? DONE : NO_MORE_ITEMS;
    }
    if (kind != EXACT)
        return INVALID_PARAMETER;
    code = id == IPPORT ? key_of_address(by_address->KeyDesc.pIpPort, &key)
           : id == CCS  ? key_of_port(&by_port->KeyDesc, &key)
                        : key_of_name((int)id, &by_name->KeyDesc, &key);
    if (code)
        return code;
    *found = record_at(&key);
    if (*found && is_central(&key)) { /* in the shape that was asked for */
        central.key = key;
        central.key.host = id == SNI ? "*" : NULL;
        central.source = (*found)->source;
        *found = &central;
    }
    free(key.host);
    return *found ? DONE : FILE_NOT_FOUND;
}

static uint32_t find_reservation(const URLACL_QUERY *input, uint32_t length, const row **found)
{
    const table *list = urlacl_table();
    size_t i = 0;
    char *prefix;

    if (length < sizeof(*input))
        return INVALID_PARAMETER;
    if (input->QueryDesc == NEXT) {
        *found = &list->rows[input->dwToken];
        return input->dwToken < list->count ? DONE : NO_MORE_ITEMS;
    }
    if (input->QueryDesc != EXACT || !input->pUrlPrefix)
        return INVALID_PARAMETER;
    prefix = utf8(input->pUrlPrefix);
    while (i < list->count && !same_text(cell(&list->rows[i], 0), prefix))
        i++;
    free(prefix);
    *found = &list->rows[i];
    return i < list->count ? DONE : FILE_NOT_FOUND;
}

uint32_t query(uint32_t id, const void *input, uint32_t length, void *output, uint32_t room, uint32_t *needed)
{
    const record *found = NULL;
    const row *reservation = NULL;
    uint32_t code;

    if (id == LISTEN) {
        if (input || length)
            return INVALID_PARAMETER;
        return empty_listen_is_error() && !listen_table()->count ? FILE_NOT_FOUND : deliver(id, NULL, output, room, needed);
    }
    if (!input || (uintptr_t)input % 8)
        return INVALID_PARAMETER;
    if (id == URLACL) {
        code = find_reservation(input, length, &reservation);
        return code ? code : deliver(id, reservation, output, room, needed);
    }
    code = find_record(id, input, length, &found);
    return code ? code : deliver(id, found, output, room, needed);
}
