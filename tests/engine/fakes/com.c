/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Strings, variants, ids, counting, error texts.
 */
#include "com.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const IDENTIFIER IID_UNKNOWN = {0, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

#ifdef _WIN32
#define COBJMACROS
#include <windows.h>
#include <oleauto.h>

BSTRING string_new(const char *utf8)
{
    BSTRING result;
    int length;

    if (!utf8)
        return NULL;
    length = MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0);
    result = (BSTRING)SysAllocStringLen(NULL, (UINT)length - 1);
    if (!result)
        abort();
    MultiByteToWideChar(CP_UTF8, 0, utf8, -1, (wchar_t *)result, length);
    return result;
}

void string_free(BSTRING string)
{
    SysFreeString((BSTR)string);
}

char *string_utf8(const uint16_t *string)
{
    char *result;
    int length;

    if (!string)
        return NULL;
    length = WideCharToMultiByte(CP_UTF8, 0, (const wchar_t *)string, -1, NULL, 0, NULL, NULL);
    result = need((size_t)length);
    WideCharToMultiByte(CP_UTF8, 0, (const wchar_t *)string, -1, result, length, NULL, NULL);
    return result;
}

HRES complain(HRES code, const char *file, unsigned line, const char *why)
{
    ICreateErrorInfo *making;
    IErrorInfo *made;
    char text[1024];
    BSTRING words;

    snprintf(text, sizeof(text), "Filename: %s\nLine number: %u\nError: %s (simulated)\n", file, line, why);
    words = string_new(text);
    if (SUCCEEDED(CreateErrorInfo(&making))) {
        ICreateErrorInfo_SetDescription(making, (LPOLESTR)words);
        if (SUCCEEDED(ICreateErrorInfo_QueryInterface(making, &IID_IErrorInfo, (void **)&made))) {
            SetErrorInfo(0, made);
            IErrorInfo_Release(made);
        }
        ICreateErrorInfo_Release(making);
    }
    string_free(words);
    return code;
}
#else
/* Mono frees a BSTR by free() of the address four bytes before it, and makes its own the same way. */
static BSTRING string_room(size_t letters)
{
    uint32_t *room = need(4 + 2 * (letters + 1));

    *room = (uint32_t)(2 * letters);
    return (BSTRING)(room + 1);
}

BSTRING string_new(const char *utf8)
{
    const uint8_t *at = (const uint8_t *)utf8;
    size_t length = 0;
    BSTRING result;

    if (!utf8)
        return NULL;
    result = string_room(strlen(utf8));
    while (*at) {
        uint32_t letter = *at++;
        int more = letter >= 0xF0 ? 3 : letter >= 0xE0 ? 2 : letter >= 0xC0 ? 1 : 0;

        letter &= more ? 0x3Fu >> more : 0x7Fu;
        for (; more && (*at & 0xC0) == 0x80; more--)
            letter = letter << 6 | (*at++ & 0x3F);
        if (letter >= 0x10000) {
            result[length++] = (uint16_t)(0xD800 + ((letter - 0x10000) >> 10));
            letter = 0xDC00 + ((letter - 0x10000) & 0x3FF);
        }
        result[length++] = (uint16_t)letter;
    }
    ((uint32_t *)result)[-1] = (uint32_t)(2 * length);
    return result;
}

void string_free(BSTRING string)
{
    if (string)
        free((uint32_t *)string - 1);
}

char *string_utf8(const uint16_t *string)
{
    size_t length = 0, used = 0;
    char *result;

    if (!string)
        return NULL;
    while (string[length])
        length++;
    result = need(length * 3 + 1);
    while (*string) {
        uint32_t letter = *string++;
        int more;

        if (letter >= 0xD800 && letter < 0xDC00 && *string >= 0xDC00 && *string < 0xE000)
            letter = 0x10000 + ((letter - 0xD800) << 10) + (*string++ - 0xDC00u);
        more = letter < 0x80 ? 0 : letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
        result[used++] = (char)(more == 0 ? letter : (more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0) | letter >> (6 * more));
        while (more--)
            result[used++] = (char)(0x80 | (letter >> (6 * more) & 63));
    }
    return result;
}

HRES complain(HRES code, const char *file, unsigned line, const char *why)
{
    (void)file;
    (void)line;
    (void)why;
    return code; /* Mono asks nobody for an error text here */
}
#endif

int same_id(const IDENTIFIER *one, const IDENTIFIER *other)
{
    return !memcmp(one, other, sizeof(*one));
}

uint32_t count_up(uint32_t *references)
{
    return __atomic_add_fetch(references, 1, __ATOMIC_SEQ_CST);
}

uint32_t count_down(uint32_t *references)
{
    return __atomic_sub_fetch(references, 1, __ATOMIC_SEQ_CST);
}

int variant_number(const VARIANT_ *value, int64_t *into)
{
    switch (value->type) {
    case VT_I1_: *into = value->is.i1; return 1;
    case VT_UI1_: *into = value->is.ui1; return 1;
    case VT_I2_: *into = value->is.i2; return 1;
    case VT_UI2_: *into = value->is.ui2; return 1;
    case VT_I4_:
    case VT_INT_: *into = value->is.i4; return 1;
    case VT_UI4_:
    case VT_UINT_: *into = value->is.ui4; return 1;
    case VT_I8_:
    case VT_UI8_: *into = value->is.i8; return 1;
    case VT_R4_: *into = (int64_t)value->is.r4; return (float)*into == value->is.r4;
    case VT_R8_: *into = (int64_t)value->is.r8; return (double)*into == value->is.r8;
    default: return 0;
    }
}

char *variant_text(const VARIANT_ *value)
{
    int64_t whole;
    char *result;

    if (value->type == VT_BSTR_)
        return string_utf8(value->is.string ? value->is.string : (const uint16_t *)u"");
    result = need(24);
    if (value->type == VT_BOOL_)
        strcpy(result, value->is.truth ? "true" : "false");
    else if (variant_number(value, &whole))
        snprintf(result, 24, "%lld", (long long)whole);
    else {
        free(result);
        return NULL;
    }
    return result;
}

void variant_string(VARIANT_ *into, const char *utf8)
{
    memset(into, 0, sizeof(*into));
    into->type = VT_BSTR_;
    into->is.string = string_new(utf8);
}

void variant_unsigned(VARIANT_ *into, uint32_t value)
{
    memset(into, 0, sizeof(*into));
    into->type = VT_UI4_;
    into->is.ui4 = value;
}

void variant_integer(VARIANT_ *into, int32_t value)
{
    memset(into, 0, sizeof(*into));
    into->type = VT_I4_;
    into->is.i4 = value;
}

void variant_truth(VARIANT_ *into, int value)
{
    memset(into, 0, sizeof(*into));
    into->type = VT_BOOL_;
    into->is.truth = value ? -1 : 0;
}
