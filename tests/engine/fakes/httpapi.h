/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Structures of the HTTP Server API configuration functions as they lie in memory on 64-bit Windows. The names of structures and fields are
 * Windows' own, so that test_fakes.py can compare sizes and offsets by name. Built on Linux as well: wchar_t is no use, WCHAR has 16 bits.
 */
#ifndef TLSFLEET_HTTPAPI_H
#define TLSFLEET_HTTPAPI_H

#include "fake.h"

typedef uint16_t WIDE;

enum { IPV4 = 2, IPV6 = 23 }; /* Windows' numbers; Linux says 10 for IPv6 */
enum { EXACT = 0, NEXT = 1 };
enum { LISTEN = 0, IPPORT = 1, URLACL = 2, SNI = 5, CCS = 6, SCOPED_CCS = 11 };
enum {
    DONE = 0,
    FILE_NOT_FOUND = 2,
    ACCESS_DENIED = 5,
    INVALID_HANDLE = 6,
    WRITE_FAULT = 29,
    INVALID_PARAMETER = 87,
    INSUFFICIENT_BUFFER = 122,
    PROC_NOT_FOUND = 127,
    ALREADY_EXISTS = 183,
    MORE_DATA = 234,
    NO_MORE_ITEMS = 259,
    DLL_INIT_FAILED = 1114,
    NO_SUCH_LOGON_SESSION = 1312
};

typedef struct {
    uint16_t HttpApiMajorVersion, HttpApiMinorVersion;
} HTTPAPI_VERSION;

/* An IPv4 or IPv6 socket address in the room of a SOCKADDR_STORAGE; called otherwise because Windows' own headers have that name. Ports are in network order. */
typedef union {
    uint16_t family;
    struct {
        uint16_t family, port;
        uint8_t address[4];
    } v4;
    struct {
        uint16_t family, port;
        uint32_t flow;
        uint8_t address[16];
        uint32_t scope;
    } v6;
    uint64_t align;
    uint8_t bytes[128];
} SOCKET_ROOM;

typedef struct {
    uint32_t Data1;
    uint16_t Data2, Data3;
    uint8_t Data4[8];
} GUID_;

typedef struct {
    uint32_t SslHashLength;
    void *pSslHash;
    GUID_ AppId;
    WIDE *pSslCertStoreName;
    uint32_t DefaultCertCheckMode, DefaultRevocationFreshnessTime, DefaultRevocationUrlRetrievalTimeout;
    WIDE *pDefaultSslCtlIdentifier, *pDefaultSslCtlStoreName;
    uint32_t DefaultFlags;
} SSL_PARAM;

typedef struct {
    SOCKET_ROOM *pIpPort; /* in fact a SOCKADDR of 16 or 28 bytes */
} SSL_KEY;

typedef struct {
    SOCKET_ROOM IpPort;
    WIDE *Host;
} SSL_SNI_KEY;

typedef struct {
    SOCKET_ROOM LocalAddress;
} SSL_CCS_KEY;

typedef struct {
    SSL_KEY KeyDesc;
    SSL_PARAM ParamDesc;
} SSL_SET;

typedef struct {
    SSL_SNI_KEY KeyDesc;
    SSL_PARAM ParamDesc;
} SSL_SNI_SET;

typedef struct {
    SSL_CCS_KEY KeyDesc;
    SSL_PARAM ParamDesc;
} SSL_CCS_SET;

typedef struct {
    uint32_t QueryDesc;
    SSL_KEY KeyDesc;
    uint32_t dwToken;
} SSL_QUERY;

typedef struct {
    uint32_t QueryDesc;
    SSL_SNI_KEY KeyDesc;
    uint32_t dwToken;
} SSL_SNI_QUERY;

typedef struct {
    uint32_t QueryDesc;
    SSL_CCS_KEY KeyDesc;
    uint32_t dwToken;
} SSL_CCS_QUERY;

typedef struct {
    WIDE *pUrlPrefix, *pStringSecurityDescriptor;
} URLACL_SET;

typedef struct {
    uint32_t QueryDesc;
    WIDE *pUrlPrefix;
    uint32_t dwToken;
} URLACL_QUERY;

typedef struct {
    uint16_t AddrLength;
    SOCKET_ROOM *pAddress;
} IP_LISTEN_PARAM;

typedef struct {
    uint32_t AddrCount;
    SOCKET_ROOM AddrList[1];
} IP_LISTEN_QUERY;

/* The key of a record without its spelling; two keys are the same when same_key() says so. */
typedef struct {
    int id;
    SOCKET_ROOM address; /* family, port; the address for IPPORT and LISTEN only */
    char *host;               /* UTF-8; NULL where the family has none */
} record_key;

typedef struct {
    record_key key;
    const row *source;
} record;

/* httpapi_text.c: UTF-16, addresses, ids and hashes as text */
char *utf8(const WIDE *string);    /* NULL for NULL; free() it */
size_t utf16(const char *string, WIDE *into); /* length without the NUL that is written too; into may be NULL */
int parse_address(const char *string, SOCKET_ROOM *into); /* without port; 0 or -1 */
void format_address(const SOCKET_ROOM *address, char *into, size_t room);
int parse_key(int id, const char *string, record_key *into); /* 0 or -1 */
char *format_key(const record_key *key);
int same_key(const record_key *one, const record_key *other);
int is_central(const record_key *key); /* the record of the central store, also in its older spelling, host name `*` (F1.05) */
int parse_guid(const char *string, GUID_ *into);
void format_guid(const GUID_ *id, char into[40]);
size_t parse_hex(const char *string, uint8_t *into, size_t room);
unsigned port_of(const SOCKET_ROOM *address);

/* httpapi_records.c: the tables, read again when they changed. The caller holds the lock. */
int family_of(const char *name); /* configuration id, -1 unknown */
const char *family_name(int id);
int knows(uint32_t id);          /* does this Windows know the id, and the fake too */
int exports_update(void);        /* 1, 0, -1 not to be told */
uint32_t short_buffer(void);     /* 122 or 234 */
int empty_listen_is_error(void);
size_t records_of(int id, const record **list); /* rows of records.txt in file order */
const record *record_at(const record_key *key); /* NULL: there is none */
const table *records_table(void);
const table *urlacl_table(void);
const table *listen_table(void);
int certificate_works(const char *store, const char *thumbprint);

/* httpapi_keys.c: keys out of the caller's structures; DONE or INVALID_PARAMETER */
uint32_t key_of_address(const SOCKET_ROOM *address, record_key *into);
uint32_t key_of_name(int id, const SSL_SNI_KEY *given, record_key *into);
uint32_t key_of_port(const SSL_CCS_KEY *given, record_key *into);

/* httpapi_query.c, httpapi_write.c: the work behind the exported functions */
uint32_t query(uint32_t id, const void *input, uint32_t length, void *output, uint32_t room, uint32_t *needed);
enum { SET, UPDATE, DELETE };
uint32_t change(int what, uint32_t id, const void *input, uint32_t length);

#endif
