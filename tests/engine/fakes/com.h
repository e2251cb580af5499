/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of COM that the fake AHADMIN needs, with the memory layout of 64-bit Windows, on Linux and on Windows.
 */
#ifndef TLSFLEET_COM_H
#define TLSFLEET_COM_H

#include "fake.h"

typedef uint32_t HRES; /* an HRESULT, unsigned */
typedef uint16_t *BSTRING; /* 32-bit length in bytes before the first character */

enum { VT_EMPTY_ = 0, VT_I2_ = 2, VT_I4_ = 3, VT_R4_ = 4, VT_R8_ = 5, VT_BSTR_ = 8, VT_BOOL_ = 11, VT_UNKNOWN_ = 13, VT_DISPATCH_ = 9 };
enum { VT_I1_ = 16, VT_UI1_ = 17, VT_UI2_ = 18, VT_UI4_ = 19, VT_I8_ = 20, VT_UI8_ = 21, VT_INT_ = 22, VT_UINT_ = 23 };

#define OK 0u
#define E_NOT_IMPLEMENTED 0x80004001u
#define E_NO_INTERFACE 0x80004002u
#define E_NULL_POINTER 0x80004003u
#define E_DENIED 0x80070005u
#define E_NO_FILE 0x80070002u
#define E_NO_PATH 0x80070003u
#define E_INVALID_DATA 0x8007000Du
#define E_SHARING 0x80070020u
#define E_LOCKED 0x80070021u
#define E_NOT_SUPPORTED 0x80070032u
#define E_BAD_ARGUMENT 0x80070057u
#define E_EXISTS 0x800700B7u
#define E_INDEX 0x80070585u
#define E_UNKNOWN_OBJECT 0x800710D8u
#define E_NO_CLASS 0x80040154u
#define E_NO_AGGREGATION 0x80040110u

typedef struct {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
} IDENTIFIER;

typedef struct {
    uint16_t type, reserved[3];
    union {
        int8_t i1;
        uint8_t ui1;
        int16_t i2;
        uint16_t ui2;
        int32_t i4;
        uint32_t ui4;
        int64_t i8;
        uint64_t ui8;
        float r4;
        double r8;
        int16_t truth; /* -1 true, 0 false */
        BSTRING string;
        void *unknown;
        void *room[2];
    } is;
} VARIANT_;

/* What every object begins with. */
typedef struct {
    const void *const *slots;
    uint32_t references;
} unknown;

/* com.c */
BSTRING string_new(const char *utf8); /* NULL for NULL */
void string_free(BSTRING string);
char *string_utf8(const uint16_t *string); /* BSTR or PCWSTR; NULL for NULL; free() it */
int same_id(const IDENTIFIER *one, const IDENTIFIER *other);
uint32_t count_up(uint32_t *references);
uint32_t count_down(uint32_t *references);
int variant_number(const VARIANT_ *value, int64_t *into); /* 1 when the value is a whole number */
char *variant_text(const VARIANT_ *value); /* strings, numbers and truth values; NULL for everything else; free() it */
void variant_string(VARIANT_ *into, const char *utf8);
void variant_unsigned(VARIANT_ *into, uint32_t value);
void variant_integer(VARIANT_ *into, int32_t value);
void variant_truth(VARIANT_ *into, int value);
HRES complain(HRES code, const char *file, unsigned line, const char *why); /* IErrorInfo where there is one; gives the code back */

extern const IDENTIFIER IID_UNKNOWN;

#endif
