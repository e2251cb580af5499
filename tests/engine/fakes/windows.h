/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other functions of Windows that the engine calls: crypt32, ncrypt, advapi32, iphlpapi, shell32 for Mono, wevtapi for Wine, too. README.md describes their
 * files. An argument that Windows would not take ends in its error; so does a flag that was forgotten.
 */
#ifndef TLSFLEET_WINDOWS_H
#define TLSFLEET_WINDOWS_H

#include "httpapi.h"

extern int opened; /* handles and contexts that nobody has given back yet */

const char *fact(const char *name, const char *missing); /* a row of windows/facts.txt */
int is(const char *name, const char *value);
int failed(uint32_t code); /* FALSE, with a last error */
int hand_out(const void *data, size_t size, void *into, size_t room); /* copies what fits whole; nonzero: it does not */

#endif
