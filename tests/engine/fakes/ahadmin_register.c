/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * On Windows only: the entries in the registry by which COM finds the two classes.
 */
#include <windows.h>
#include <wchar.h>

__declspec(dllexport) HRESULT DllRegisterServer(void);

static int put(const wchar_t *key, const wchar_t *name, const wchar_t *value)
{
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_SZ, value, (DWORD)((wcslen(value) + 1) * sizeof(wchar_t))) == ERROR_SUCCESS;
}

HRESULT DllRegisterServer(void)
{
    static const wchar_t *const rows[][2] = {
        {L"{228fb8f7-fb53-4fd5-8c7b-ff59de606c5b}", L"Microsoft.ApplicationHost.AdminManager"},
        {L"{2b72133b-3f5b-4602-8952-803546ce3344}", L"Microsoft.ApplicationHost.WritableAdminManager"},
    };
    wchar_t key[200], path[MAX_PATH];
    HMODULE here = NULL;
    int i, done = 1;

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, (const wchar_t *)&DllRegisterServer,
                       &here);
    GetModuleFileNameW(here, path, MAX_PATH);
    for (i = 0; i < 2; i++) {
        wcscpy(key, L"Software\\Classes\\CLSID\\");
        wcscat(wcscat(key, rows[i][0]), L"\\InprocServer32");
        done &= put(key, NULL, path) && put(key, L"ThreadingModel", L"Both");
        wcscpy(key, L"Software\\Classes\\");
        wcscat(wcscat(key, rows[i][1]), L"\\CLSID");
        done &= put(key, NULL, rows[i][0]);
    }
    return done ? S_OK : E_ACCESSDENIED;
}
