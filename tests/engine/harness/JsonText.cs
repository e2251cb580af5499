// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace TlsFleet.Harness
{
    // A small JSON parser for what the tests send: objects become Hashtables as in PowerShell, lists object arrays, integers Int64.
    public sealed class JsonText
    {
        private readonly string text;
        private int at;

        private JsonText(string text)
        {
            this.text = text;
        }

        public static object Parse(string text)
        {
            JsonText parser = new JsonText(text);
            object value = parser.Value();
            if (parser.Next() != '\0')
                throw parser.Bad("something follows");
            return value;
        }

        private FormatException Bad(string what)
        {
            return new FormatException("JSON at " + at + ": " + what);
        }

        private char Next()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            return at < text.Length ? text[at] : '\0';
        }

        private bool Taken(char wanted)
        {
            if (Next() != wanted)
                return false;
            at++;
            return true;
        }

        private object Value()
        {
            char first = Next();
            if (first == '{')
                return Members();
            if (first == '[')
                return Items();
            if (first == '"')
                return Words();
            int start = at;
            while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0)
                at++;
            string word = text.Substring(start, at - start);
            if (word == "null" || word == "true" || word == "false")
                return word == "null" ? null : (object)(word == "true");
            long number;
            double large;
            if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
                return number;
            if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out large))
                throw Bad("no value: " + word);
            return large;
        }

        private Hashtable Members()
        {
            Hashtable table = new Hashtable(StringComparer.OrdinalIgnoreCase);
            at++;
            while (!Taken('}'))
            {
                Taken(',');
                Next();
                string key = Words();
                if (!Taken(':'))
                    throw Bad("no colon");
                table[key] = Value();
            }
            return table;
        }

        private object[] Items()
        {
            List<object> items = new List<object>();
            at++;
            while (!Taken(']'))
            {
                Taken(',');
                items.Add(Value());
            }
            return items.ToArray();
        }

        private string Words()
        {
            StringBuilder words = new StringBuilder();
            if (text[at++] != '"')
                throw Bad("no string");
            for (;;)
            {
                char letter = text[at++];
                if (letter == '"')
                    return words.ToString();
                if (letter == '\\')
                    letter = Escaped(text[at++]);
                words.Append(letter);
            }
        }

        private char Escaped(char letter)
        {
            const string names = "bfnrt", values = "\b\f\n\r\t";
            if (letter == 'u')
            {
                at += 4;
                return (char)int.Parse(text.Substring(at - 4, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            int index = names.IndexOf(letter);
            return index < 0 ? letter : values[index];
        }
    }
}
