// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Linq;

namespace TlsFleet.Harness
{
    // machine/registry.txt as HKEY_LOCAL_MACHINE.
    public sealed class FakeRegistry : IRegistry
    {
        private const string Root = @"HKLM\";
        private readonly Dictionary<string, Dictionary<string, object>> keys =
            new Dictionary<string, Dictionary<string, object>>(StringComparer.OrdinalIgnoreCase);

        public FakeRegistry(string folder)
        {
            foreach (string[] row in Rows.Read(folder, "machine/registry.txt"))
                Set(KeyOf(row), row[1], Data(row));
        }

        // A row with an empty name and no value only makes the key.
        public void Set(string key, string name, object value)
        {
            if (!keys.ContainsKey(key))
                keys[key] = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
            if (name.Length > 0)
                keys[key][name] = value;
        }

        public static string KeyOf(string[] row)
        {
            return row[0].Substring(Root.Length);
        }

        public static object Data(string[] row)
        {
            switch (row[2])
            {
                case "dword": return unchecked((int)Rows.Number(row[3]));
                case "binary": return Bytes(row[3]);
                case "multi_sz": return row.Skip(3).ToArray();
                default: return row[3];
            }
        }

        public static byte[] Bytes(string hex)
        {
            return Enumerable.Range(0, hex.Length / 2).Select(index => Convert.ToByte(hex.Substring(2 * index, 2), 16)).ToArray();
        }

        public object Value(string key, string name)
        {
            object value = null;
            if (keys.ContainsKey(key))
                keys[key].TryGetValue(name, out value);
            return value;
        }

        public string[] Keys(string key)
        {
            string above = key + "\\";
            return keys.Keys.Where(one => one.StartsWith(above, StringComparison.OrdinalIgnoreCase))
                .Select(one => one.Substring(above.Length).Split('\\')[0]).Distinct().ToArray();
        }

        public string[] Names(string key)
        {
            return keys.ContainsKey(key) ? keys[key].Keys.ToArray() : new string[0];
        }
    }
}
