// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace TlsFleet.Harness
{
    // Tables of a state folder (fakes/README.md): a row per line, columns between tabs, `\N` for null.
    public static class Rows
    {
        public static bool Exist(string folder, string name)
        {
            return File.Exists(Path.Combine(folder, name));
        }

        public static List<string[]> Read(string folder, string name)
        {
            List<string[]> rows = new List<string[]>();
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
                return rows;
            foreach (string line in File.ReadAllText(path, new UTF8Encoding(false)).Split('\n'))
                if (line.Length > 0)
                    rows.Add(Array.ConvertAll(line.Split('\t'), Plain));
            return rows;
        }

        public static Dictionary<string, string> Settings(string folder, string name)
        {
            Dictionary<string, string> values = new Dictionary<string, string>();
            foreach (string[] row in Read(folder, name))
                values[row[0]] = row[1];
            return values;
        }

        public static long Number(string text)
        {
            return text.StartsWith("0x", StringComparison.Ordinal) ? Convert.ToInt64(text.Substring(2), 16) : long.Parse(text);
        }

        private static string Plain(string column)
        {
            if (column == @"\N")
                return null;
            StringBuilder text = new StringBuilder();
            for (int index = 0; index < column.Length; index++)
            {
                char letter = column[index];
                if (letter == '\\' && index + 1 < column.Length)
                {
                    letter = column[++index];
                    letter = letter == 't' ? '\t' : letter == 'n' ? '\n' : letter == 'r' ? '\r' : letter;
                }
                text.Append(letter);
            }
            return text.ToString();
        }
    }
}
