/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the text of the state folder and the binary forms of Windows.
 */
#include "httpapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

char *utf8(const WIDE *string)
{
    text result = {NULL, 0, 0};

    if (!string)
        return NULL;
    add_bytes(&result, "", 0);
    while (*string) {
        uint32_t letter = *string++;
        char bytes[4];
        size_t count;

        if (letter >= 0xD800 && letter < 0xDC00 && *string >= 0xDC00 && *string < 0xE000)
            letter = 0x10000 + ((letter - 0xD800) << 10) + (*string++ - 0xDC00u);
        if (letter < 0x80) {
            bytes[0] = (char)letter;
            count = 1;
        } else if (letter < 0x800) {
            bytes[0] = (char)(0xC0 | letter >> 6);
            bytes[1] = (char)(0x80 | (letter & 63));
            count = 2;
        } else if (letter < 0x10000) {
            bytes[0] = (char)(0xE0 | letter >> 12);
            bytes[1] = (char)(0x80 | (letter >> 6 & 63));
            bytes[2] = (char)(0x80 | (letter & 63));
            count = 3;
        } else {
            bytes[0] = (char)(0xF0 | letter >> 18);
            bytes[1] = (char)(0x80 | (letter >> 12 & 63));
            bytes[2] = (char)(0x80 | (letter >> 6 & 63));
            bytes[3] = (char)(0x80 | (letter & 63));
            count = 4;
        }
        add_bytes(&result, bytes, count);
    }
    return result.data;
}

size_t utf16(const char *string, WIDE *into)
{
    const uint8_t *at = (const uint8_t *)string;
    size_t length = 0;

    while (*at) {
        uint32_t letter = *at++;
        int more = letter >= 0xF0 ? 3 : letter >= 0xE0 ? 2 : letter >= 0xC0 ? 1 : 0;

        letter &= more ? 0x3Fu >> more : 0x7Fu;
        for (; more && (*at & 0xC0) == 0x80; more--)
            letter = letter << 6 | (*at++ & 0x3F);
        if (letter >= 0x10000) {
            if (into) {
                into[length] = (WIDE)(0xD800 + ((letter - 0x10000) >> 10));
                into[length + 1] = (WIDE)(0xDC00 + ((letter - 0x10000) & 0x3FF));
            }
            length += 2;
        } else {
            if (into)
                into[length] = (WIDE)letter;
            length++;
        }
    }
    if (into)
        into[length] = 0;
    return length;
}

int parse_address(const char *string, SOCKET_ROOM *into)
{
    char bare[80];
    const char *zone = strchr(string, '%');
    size_t length = zone ? (size_t)(zone - string) : strlen(string);

    memset(into, 0, sizeof(*into));
    if (length >= sizeof(bare))
        return -1;
    memcpy(bare, string, length);
    bare[length] = 0;
    if (!strchr(bare, ':')) {
        into->family = IPV4;
        return !zone && inet_pton(AF_INET, bare, into->v4.address) == 1 ? 0 : -1;
    }
    into->family = IPV6;
    into->v6.scope = zone ? number(zone + 1, 0) : 0;
    return inet_pton(AF_INET6, bare, into->v6.address) == 1 ? 0 : -1;
}

void format_address(const SOCKET_ROOM *address, char *into, size_t room)
{
    if (address->family == IPV4) {
        inet_ntop(AF_INET, (void *)address->v4.address, into, (socklen_t)room);
        return;
    }
    inet_ntop(AF_INET6, (void *)address->v6.address, into, (socklen_t)room);
    if (address->v6.scope)
        snprintf(into + strlen(into), room - strlen(into), "%%%u", address->v6.scope);
}

unsigned port_of(const SOCKET_ROOM *address)
{
    const uint8_t *bytes = address->bytes; /* both families keep it in the same place */

    return (unsigned)(bytes[2] << 8 | bytes[3]);
}

int parse_key(int id, const char *string, record_key *into)
{
    const char *colon = strrchr(string, ':'), *digits = colon ? colon + 1 : string;
    unsigned port = number(digits, 0);
    char *name;
    int result = 0;

    memset(into, 0, sizeof(*into));
    into->id = id;
    if (!port || port > 65535 || (id == CCS) == (colon != NULL))
        return -1;
    name = need(strlen(string) + 1);
    if (colon)
        memcpy(name, string, (size_t)(colon - string));
    if (id == IPPORT) {
        size_t length = strlen(name);

        if (name[0] == '[' && name[length - 1] == ']') {
            name[length - 1] = 0;
            result = parse_address(name + 1, &into->address);
        } else
            result = strchr(name, ':') ? -1 : parse_address(name, &into->address);
    } else
        into->address.family = IPV4;
    into->address.bytes[2] = (uint8_t)(port >> 8);
    into->address.bytes[3] = (uint8_t)port;
    if (id == SNI || id == SCOPED_CCS)
        into->host = name;
    else
        free(name);
    return result;
}

char *format_key(const record_key *key)
{
    size_t room = (key->host ? strlen(key->host) : 0) + 80;
    char *result = need(room), address[72];
    unsigned port = port_of(&key->address);

    if (key->host)
        snprintf(result, room, "%s:%u", key->host, port);
    else if (key->id == CCS)
        snprintf(result, room, "%u", port);
    else {
        format_address(&key->address, address, sizeof(address));
        snprintf(result, room, key->address.family == IPV6 ? "[%s]:%u" : "%s:%u", address, port);
    }
    return result;
}

int is_central(const record_key *key)
{
    return key->id == CCS || (key->id == SNI && same_text(key->host, "*"));
}

int same_key(const record_key *one, const record_key *other)
{
    if (is_central(one) && is_central(other))
        return port_of(&one->address) == port_of(&other->address);
    if (one->id != other->id || one->address.family != other->address.family ||
        port_of(&one->address) != port_of(&other->address) || !same_text(one->host, other->host))
        return 0;
    if (one->address.family == IPV4)
        return !memcmp(one->address.v4.address, other->address.v4.address, 4);
    return !memcmp(one->address.v6.address, other->address.v6.address, 16) && one->address.v6.scope == other->address.v6.scope;
}

int parse_guid(const char *string, GUID_ *into)
{
    unsigned field[11];
    int i, end = 0;

    if (sscanf(string, "{%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x}%n", field, field + 1, field + 2, field + 3, field + 4, field + 5, field + 6,
               field + 7, field + 8, field + 9, field + 10, &end) != 11 || end != 38 || string[end])
        return -1;
    into->Data1 = field[0];
    into->Data2 = (uint16_t)field[1];
    into->Data3 = (uint16_t)field[2];
    for (i = 0; i < 8; i++)
        into->Data4[i] = (uint8_t)field[3 + i];
    return 0;
}

void format_guid(const GUID_ *id, char into[40])
{
    const uint8_t *rest = id->Data4;

    snprintf(into, 40, "{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", id->Data1, id->Data2, id->Data3, rest[0], rest[1], rest[2], rest[3],
             rest[4], rest[5], rest[6], rest[7]);
}

size_t parse_hex(const char *string, uint8_t *into, size_t room)
{
    size_t count = 0;
    unsigned byte;

    for (; count < room && sscanf(string, "%2x", &byte) == 1 && string[1]; string += 2)
        into[count++] = (uint8_t)byte;
    return count;
}
