/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One certificate with one private key, whatever handle is asked about, and its chain.
 */
#include "windows.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOT_FOUND = (int)0x80092004,
    BAD_FLAGS = (int)0x80090009,
    SILENT = 0x40,
    INSPECTION = SILENT | 0x10000 | 0x8 | 0x4, /* silent, CNG allowed, no healing, public key compared */
    PROV_INFO = 2,
    RENEWAL = 64,
    DACL = 4,
    KEYSET_DESCRIPTOR = 8,
    UNIQUE_CONTAINER = 36,
    PAD_PKCS1 = 2,
    SHA1 = 0x8004,
    SHA256 = 0x800C,
    SIGNATURE = 256, /* bytes of a signature */
};

static int the_key, the_hash;

static size_t descriptor(uint8_t *into, size_t room)
{
    const char *hex = fact("descriptor", NULL);

    return hex ? parse_hex(hex, into, room) : 0;
}

/* -- crypt32 ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    WIDE *container, *provider;
    uint32_t type, flags, count;
    void *parameters;
    uint32_t spec;
} KEY_PROV_INFO;

EXPORT int CertGetCertificateContextProperty(void *certificate, uint32_t id, void *data, uint32_t *size);
EXPORT int IsUserAnAdmin(void);
EXPORT int CryptAcquireCertificatePrivateKey(void *certificate, uint32_t flags, void *parameters, void **key, uint32_t *spec, int *callerFrees);

int CertGetCertificateContextProperty(void *certificate, uint32_t id, void *data, uint32_t *size)
{
    uint8_t room[1024];
    KEY_PROV_INFO *info = (KEY_PROV_INFO *)room;
    size_t length = sizeof(*info);
    const char *container = fact("container", NULL), *provider = fact("provider", ""), *renewal = fact("renewal", NULL);

    (void)certificate;
    if (id == RENEWAL && renewal) {
        length = parse_hex(renewal, room, sizeof(room));
    } else if (id == PROV_INFO && container) {
        /* The texts lie behind the structure, in the caller's own buffer. */
        memset(room, 0, sizeof(room));
        info->container = (WIDE *)((uint8_t *)data + length);
        length += 2 * (utf16(container, (WIDE *)(room + length)) + 1);
        info->provider = (WIDE *)((uint8_t *)data + length);
        length += 2 * (utf16(provider, (WIDE *)(room + length)) + 1);
        info->type = number(fact("type", "0"), 0);
        info->spec = number(fact("spec", "0"), 0);
        info->flags = is("machine", "no") ? 0 : 0x20;
    } else
        return failed((uint32_t)NOT_FOUND);
    if (hand_out(room, length, data, *size))
        return failed(MORE_DATA);
    *size = (uint32_t)length;
    return 1;
}

int IsUserAnAdmin(void) /* shell32 */
{
    return !is("admin", "no");
}

int CryptAcquireCertificatePrivateKey(void *certificate, uint32_t flags, void *parameters, void **key, uint32_t *spec, int *callerFrees)
{
    uint32_t code = number(fact("acquire", "0"), 0);

    (void)certificate;
    if (flags != INSPECTION || parameters)
        return failed(INVALID_PARAMETER);
    if (code)
        return failed(code);
    *callerFrees = !is("frees", "no");
    opened += *callerFrees;
    *key = &the_key;
    *spec = is("kind", "capi") ? number(fact("spec", "1"), 1) : 0xFFFFFFFF;
    return 1;
}

typedef struct {
    uint32_t size, status, information, count;
    void **list;
} CHAIN_CONTEXT;

typedef struct {
    uint32_t size, status, information, elements;
} SIMPLE_CHAIN;

EXPORT int CertGetCertificateChain(void *engine, void *certificate, void *time, void *store, const uint32_t *para, uint32_t flags, void *reserved, CHAIN_CONTEXT **chain);
EXPORT void CertFreeCertificateChain(CHAIN_CONTEXT *chain);

int CertGetCertificateChain(void *engine, void *certificate, void *time, void *store, const uint32_t *para, uint32_t flags, void *reserved, CHAIN_CONTEXT **chain)
{
    static SIMPLE_CHAIN simple;
    static void *list[] = {&simple};
    static CHAIN_CONTEXT context;
    uint32_t code = number(fact("chain", "0"), 0);

    (void)certificate;
    /* The machine's engine, and nothing fetched. */
    if (engine != (void *)1 || time || store || *para != 32 || flags != (0x4 | 0x100 | 0x40000000 | 0x80000000) || reserved)
        return failed(INVALID_PARAMETER);
    if (code)
        return failed(code);
    simple.elements = number(fact("chain_elements", "1"), 1);
    context.status = number(fact("chain_status", "0"), 0);
    context.count = simple.elements ? 1 : 0;
    context.list = list;
    *chain = &context;
    opened++;
    return 1;
}

void CertFreeCertificateChain(CHAIN_CONTEXT *chain)
{
    opened -= chain != NULL;
}

/* -- ncrypt ----------------------------------------------------------------------------------------------------------- */

EXPORT int NCryptGetProperty(void *key, const WIDE *name, uint8_t *output, uint32_t room, uint32_t *needed, uint32_t flags);
EXPORT int NCryptSignHash(void *key, WIDE **padding, uint8_t *hash, uint32_t length, uint8_t *signature, uint32_t room, uint32_t *needed, uint32_t flags);
EXPORT int NCryptFreeObject(void *key);

static int right_key(const void *key, const char *kind)
{
    return key == &the_key && same_text(fact("kind", "cng"), kind);
}

int NCryptGetProperty(void *key, const WIDE *name, uint8_t *output, uint32_t room, uint32_t *needed, uint32_t flags)
{
    uint8_t data[512];
    const char *unique = fact("unique", NULL);
    char *asked = utf8(name);
    int named = same_text(asked, "Unique Name") && unique, listed = same_text(asked, "Security Descr");
    size_t size = listed ? descriptor(data, sizeof(data)) : 0;

    free(asked);
    if (named)
        size = 2 * (utf16(unique, (WIDE *)data) + 1);
    if (!right_key(key, "cng") || !size)
        return NOT_FOUND;
    if (flags != (uint32_t)(listed ? DACL | SILENT : SILENT))
        return BAD_FLAGS;
    *needed = (uint32_t)size;
    return hand_out(data, size, output, room) ? (int)0x80090028 : 0;
}

int NCryptSignHash(void *key, WIDE **padding, uint8_t *hash, uint32_t length, uint8_t *signature, uint32_t room, uint32_t *needed, uint32_t flags)
{
    int rsa = is("algorithm", "rsa");
    char *name = padding ? utf8(*padding) : NULL;
    int right = rsa ? same_text(name, "SHA256") && flags == (SILENT | PAD_PKCS1) : !padding && flags == SILENT;
    static const uint8_t made[SIGNATURE] = {1};

    free(name);
    if (!right_key(key, "cng") || !hash || length != 32 || !right)
        return BAD_FLAGS;
    *needed = SIGNATURE;
    if (!signature)
        return 0;
    if (hand_out(made, SIGNATURE, signature, room))
        return (int)0x80090028;
    return (int)number(fact("sign", "0"), 0);
}

int NCryptFreeObject(void *key)
{
    opened -= right_key(key, "cng");
    return 0;
}

/* -- advapi32: keys of the older kind ------------------------------------------------------------------------------------ */

EXPORT int CryptGetProvParam(void *provider, uint32_t parameter, void *data, uint32_t *size, uint32_t flags);
EXPORT int CryptReleaseContext(void *provider, uint32_t flags);
EXPORT int CryptCreateHash(void *provider, uint32_t algorithm, void *key, uint32_t flags, void **hash);
EXPORT int CryptHashData(void *hash, const uint8_t *data, uint32_t length, uint32_t flags);
EXPORT int CryptSignHashW(void *hash, uint32_t spec, void *description, uint32_t flags, uint8_t *signature, uint32_t *size);
EXPORT int CryptDestroyHash(void *hash);

int CryptGetProvParam(void *provider, uint32_t parameter, void *data, uint32_t *size, uint32_t flags)
{
    uint8_t room[512];
    const char *unique = fact("unique", NULL);
    int named = parameter == UNIQUE_CONTAINER && unique && !flags, listed = parameter == KEYSET_DESCRIPTOR && flags == DACL;
    size_t length = listed ? descriptor(room, sizeof(room)) : 0;

    if (named) { /* in the ANSI code page, with its end */
        length = strlen(unique) + 1;
        memcpy(room, unique, length);
    }
    if (!right_key(provider, "capi") || !length)
        return failed((uint32_t)BAD_FLAGS);
    if (hand_out(room, length, data, *size))
        return failed(MORE_DATA);
    *size = (uint32_t)length;
    return 1;
}

int CryptReleaseContext(void *provider, uint32_t flags)
{
    opened -= right_key(provider, "capi") && !flags;
    return 1;
}

/* Only a provider of type 24 knows SHA-256 (A9.31). */
int CryptCreateHash(void *provider, uint32_t algorithm, void *key, uint32_t flags, void **hash)
{
    int newer = number(fact("type", "24"), 24) == 24;

    if (!right_key(provider, "capi") || key || flags || algorithm != (newer ? SHA256 : SHA1) || is("hash", "no"))
        return failed(0x80090008);
    *hash = &the_hash;
    opened++;
    return 1;
}

int CryptHashData(void *hash, const uint8_t *data, uint32_t length, uint32_t flags)
{
    return hash == &the_hash && data && length && !flags ? 1 : failed((uint32_t)BAD_FLAGS);
}

int CryptSignHashW(void *hash, uint32_t spec, void *description, uint32_t flags, uint8_t *signature, uint32_t *size)
{
    uint32_t code = number(fact("sign", "0"), 0);
    static const uint8_t made[SIGNATURE] = {1};

    if (hash != &the_hash || spec != number(fact("spec", "1"), 1) || description || flags)
        return failed((uint32_t)BAD_FLAGS);
    if (signature && code)
        return failed(code);
    if (hand_out(made, SIGNATURE, signature, *size))
        return failed(MORE_DATA);
    *size = SIGNATURE;
    return 1;
}

int CryptDestroyHash(void *hash)
{
    opened -= hash == &the_hash;
    return 1;
}
