/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Set, update and delete. The tables are written back whole; new rows come last, changed rows keep their place.
 */
#include "httpapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write a table again, with row `at` left out (replacement NULL) or replaced; `at` beyond the end adds the row. */
static uint32_t rewrite(const char *name, const table *source, size_t at, const text *replacement)
{
    text content = {NULL, 0, 0};
    size_t i, c;
    int failed;

    for (i = 0; i < source->count; i++) {
        if (i == at) {
            if (replacement)
                add_bytes(&content, replacement->data, replacement->length);
            continue;
        }
        for (c = 0; c < source->rows[i].columns; c++) {
            if (c)
                add_string(&content, "\t");
            add_cell(&content, source->rows[i].column[c]);
        }
        add_string(&content, "\n");
    }
    if (at >= source->count && replacement)
        add_bytes(&content, replacement->data, replacement->length);
    failed = table_write(name, &content);
    if (!failed && !strcmp(name, "http/records.txt")) {
        char *folder = state_path("trace");

        trace(folder, "records", content.data ? content.data : "", content.length);
        free(folder);
    }
    free(content.data);
    return failed ? WRITE_FAULT : DONE;
}

static uint32_t save(int what, const char *name, const table *source, size_t at, const text *line)
{
    int there = at < source->count;

    if (what == SET && there)
        return ALREADY_EXISTS;
    if (what != SET && !there)
        return FILE_NOT_FOUND;
    return rewrite(name, source, at, what == DELETE ? NULL : line);
}

static void add_number(text *line, uint32_t value)
{
    char digits[16];

    snprintf(digits, sizeof(digits), "\t%u", value);
    add_string(line, digits);
}

static void add_wide(text *line, const WIDE *string)
{
    char *plain = utf8(string);

    add_string(line, "\t");
    add_cell(line, plain);
    free(plain);
}

static int has_options(const SSL_PARAM *value)
{
    return value->DefaultFlags || value->DefaultCertCheckMode || value->DefaultRevocationFreshnessTime ||
           value->DefaultRevocationUrlRetrievalTimeout || value->pDefaultSslCtlIdentifier || value->pDefaultSslCtlStoreName;
}

/* The row of a record, or why http.sys would not take it. */
static uint32_t describe(const record_key *key, const SSL_PARAM *value, text *line)
{
    int hashless = is_central(key) || key->id == SCOPED_CCS, works;
    char *text_of_key, thumbprint[130] = "", app_id[40], *store;
    uint32_t i;

    if (hashless) {
        if (value->SslHashLength || (is_central(key) && has_options(value)))
            return INVALID_PARAMETER;
    } else if (value->SslHashLength == 0 || value->SslHashLength > 64 || !value->pSslHash)
        return INVALID_PARAMETER;
    for (i = 0; i < value->SslHashLength; i++)
        snprintf(thumbprint + 2 * i, 3, "%02X", ((const uint8_t *)value->pSslHash)[i]);
    store = utf8(value->pSslCertStoreName);
    works = hashless || certificate_works(store, thumbprint);
    free(store);
    if (!works)
        return NO_SUCH_LOGON_SESSION;
    text_of_key = format_key(key);
    add_string(line, family_name(key->id));
    add_string(line, "\t");
    add_cell(line, text_of_key);
    free(text_of_key);
    add_string(line, "\t");
    add_cell(line, hashless ? NULL : thumbprint);
    add_wide(line, value->pSslCertStoreName);
    format_guid(&value->AppId, app_id);
    add_string(line, "\t");
    add_cell(line, app_id);
    add_number(line, value->DefaultFlags);
    add_number(line, value->DefaultCertCheckMode);
    add_number(line, value->DefaultRevocationFreshnessTime);
    add_number(line, value->DefaultRevocationUrlRetrievalTimeout);
    add_wide(line, value->pDefaultSslCtlIdentifier);
    add_wide(line, value->pDefaultSslCtlStoreName);
    add_string(line, "\n");
    return DONE;
}

static uint32_t change_record(int what, int id, const void *input, uint32_t length)
{
    const SSL_SET *by_address = input;
    const SSL_SNI_SET *by_name = input;
    const SSL_CCS_SET *by_port = input;
    const SSL_PARAM *value;
    const table *source;
    const record *held;
    size_t i;
    record_key key;
    text line = {NULL, 0, 0};
    uint32_t code;

    if (length < (id == IPPORT ? sizeof(*by_address) : id == CCS ? sizeof(*by_port) : sizeof(*by_name)))
        return INSUFFICIENT_BUFFER;
    value = id == IPPORT ? &by_address->ParamDesc : id == CCS ? &by_port->ParamDesc : &by_name->ParamDesc;
    code = id == IPPORT ? key_of_address(by_address->KeyDesc.pIpPort, &key)
           : id == CCS  ? key_of_port(&by_port->KeyDesc, &key)
                        : key_of_name(id, &by_name->KeyDesc, &key);
    if (code == DONE && !port_of(&key.address))
        code = INVALID_PARAMETER;
    if (code)
        goto out;
    source = records_table();
    held = record_at(&key);
    i = held ? (size_t)(held->source - source->rows) : source->count;
    /* That the record is there, or is not, is told before the certificate is looked at. */
    if (what == DELETE || (held != NULL) == (what == UPDATE))
        code = what == DELETE ? DONE : describe(held ? &held->key : &key, value, &line);
    if (!code)
        code = save(what, "http/records.txt", source, i, &line);
out:
    free(line.data);
    free(key.host);
    return code;
}

static uint32_t change_reservation(int what, const URLACL_SET *input, uint32_t length)
{
    const table *source = urlacl_table();
    text line = {NULL, 0, 0};
    char *prefix;
    size_t i = 0;
    uint32_t code;

    if (length < sizeof(*input))
        return INSUFFICIENT_BUFFER;
    if (!input->pUrlPrefix || (what == SET && !input->pStringSecurityDescriptor))
        return INVALID_PARAMETER;
    prefix = utf8(input->pUrlPrefix);
    while (i < source->count && !same_text(cell(&source->rows[i], 0), prefix))
        i++;
    add_cell(&line, prefix);
    add_wide(&line, what == SET ? input->pStringSecurityDescriptor : NULL);
    add_string(&line, "\n");
    code = save(what, "http/urlacl.txt", source, i, &line);
    free(prefix);
    free(line.data);
    return code;
}

static uint32_t change_listen(int what, const IP_LISTEN_PARAM *input, uint32_t length)
{
    const table *source = listen_table();
    text line = {NULL, 0, 0};
    record_key wanted, known;
    char address[72];
    size_t i;
    uint32_t code;

    if (length < sizeof(*input))
        return INSUFFICIENT_BUFFER;
    code = key_of_address(input->pAddress, &wanted);
    if (code || input->AddrLength < (wanted.address.family == IPV4 ? 16 : 28))
        return INVALID_PARAMETER;
    wanted.address.bytes[2] = wanted.address.bytes[3] = 0; /* the list holds addresses, whatever the port */
    memset(&known, 0, sizeof(known));
    known.id = IPPORT;
    for (i = 0; i < source->count; i++)
        if (!parse_address(cell(&source->rows[i], 0), &known.address) && same_key(&known, &wanted))
            break;
    format_address(&wanted.address, address, sizeof(address));
    add_cell(&line, address);
    add_string(&line, "\n");
    code = save(what, "http/listen.txt", source, i, &line);
    free(line.data);
    return code;
}

uint32_t change(int what, uint32_t id, const void *input, uint32_t length)
{
    if (!input || (uintptr_t)input % 8)
        return INVALID_PARAMETER;
    if (what == UPDATE && id != IPPORT && id != SNI && id != CCS)
        return INVALID_PARAMETER;
    if (id == LISTEN)
        return change_listen(what, input, length);
    if (id == URLACL)
        return change_reservation(what, input, length);
    return change_record(what, (int)id, input, length);
}
