/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of records out of the structures a caller hands over.
 */
#include "httpapi.h"

#include <stdlib.h>
#include <string.h>

uint32_t key_of_address(const SOCKET_ROOM *address, record_key *into)
{
    uint16_t family;

    memset(into, 0, sizeof(*into));
    into->id = IPPORT;
    if (!address)
        return INVALID_PARAMETER;
    memcpy(&family, address, sizeof(family));
    if (family != IPV4 && family != IPV6)
        return INVALID_PARAMETER;
    /* The caller's address has the room of its family only. */
    memcpy(&into->address, address, family == IPV4 ? 16 : 28);
    return DONE;
}

/* SNI and central-store keys hold the port in an IPv4 address that must be 0.0.0.0 (F1.04). */
static int only_port(const SOCKET_ROOM *address)
{
    static const uint8_t any[4];

    return address->family == IPV4 && !memcmp(address->v4.address, any, 4) && port_of(address);
}

uint32_t key_of_name(int id, const SSL_SNI_KEY *given, record_key *into)
{
    memset(into, 0, sizeof(*into));
    into->id = id;
    if (!only_port(&given->IpPort) || !given->Host || !given->Host[0])
        return INVALID_PARAMETER;
    memcpy(&into->address, &given->IpPort, 8);
    into->host = utf8(given->Host);
    return DONE;
}

uint32_t key_of_port(const SSL_CCS_KEY *given, record_key *into)
{
    memset(into, 0, sizeof(*into));
    into->id = CCS;
    if (!only_port(&given->LocalAddress))
        return INVALID_PARAMETER;
    memcpy(&into->address, &given->LocalAddress, 8);
    return DONE;
}
