// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace TlsFleet
{
	// Reads JSON as this engine writes it: objects become Hashtables, lists object arrays, whole numbers Int64.
	public sealed class JsonReader
	{
		// Nothing of ours is deeper, and a text of brackets only must not exhaust the stack.
		private const int Deepest = 64;
		private readonly string text;
		private int at, depth;

		private JsonReader(string text)
		{
			this.text = text;
		}

		// Throws FormatException for anything else than one value.
		public static object Parse(string text)
		{
			JsonReader reader = new JsonReader(text);
			try
			{
				object value = reader.Value();
				if (reader.Next() == '\0')
					return value;
			}
			catch (IndexOutOfRangeException)
			{
			}
			catch (OverflowException)
			{
			}
			catch (ArgumentOutOfRangeException)
			{
			}
			throw new FormatException("JSON ends early, something follows it, or a number is too large, at " + reader.at);
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
			if (first == '{' || first == '[')
			{
				if (++depth > Deepest)
					throw new FormatException("JSON: too deep at " + at);
				object inner = first == '{' ? (object)Members() : Items();
				depth--;
				return inner;
			}
			if (first == '"')
				return Words();
			int start = at;
			while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0)
				at++;
			string word = text.Substring(start, at - start);
			if (word == "null")
				return null;
			return word == "true" || word == "false" ? (object)(word == "true") : long.Parse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
		}

		private Hashtable Members()
		{
			Hashtable table = new Hashtable();
			at++;
			while (!Taken('}'))
			{
				if (table.Count > 0 && !Taken(','))
					throw new FormatException("JSON: no comma at " + at);
				Next();
				string key = Words();
				if (!Taken(':'))
					throw new FormatException("JSON: no colon at " + at);
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
				if (items.Count > 0 && !Taken(','))
					throw new FormatException("JSON: no comma at " + at);
				items.Add(Value());
			}
			return items.ToArray();
		}

		private string Words()
		{
			StringBuilder words = new StringBuilder();
			if (text[at++] != '"')
				throw new FormatException("JSON: no string at " + at);
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
