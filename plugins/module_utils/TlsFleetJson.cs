// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace TlsFleet
{
	// An object of the answer: its keys are written in the order in which they were put.
	public sealed class Bag : IEnumerable
	{
		private readonly List<KeyValuePair<string, object>> items = new List<KeyValuePair<string, object>>();

		public Bag Put(string key, object value)
		{
			items.Add(new KeyValuePair<string, object>(key, value));
			return this;
		}

		// Leaves the key out where the contract allows that for its default.
		public Bag PutUnless(object byDefault, string key, object value)
		{
			return Equals(value, byDefault) ? this : Put(key, value);
		}

		// The value of a key; null where there is none.
		public object this[string key]
		{
			get
			{
				foreach (KeyValuePair<string, object> item in items)
					if (item.Key == key)
						return item.Value;
				return null;
			}
		}

		// For collection initializers.
		public void Add(string key, object value)
		{
			Put(key, value);
		}

		public IEnumerator GetEnumerator()
		{
			return items.GetEnumerator();
		}
	}

	// JSON in ASCII only, because the code page between the host and the controller is not ours to choose.
	public static class Json
	{
		public static string Write(object value)
		{
			var text = new StringBuilder(4096);
			Append(text, value);
			return text.ToString();
		}

		public static void Append(StringBuilder text, object value)
		{
			string words = value as string;
			Bag bag = value as Bag;
			if (value == null)
				text.Append("null");
			else if (words != null)
				Quote(text, words);
			else if (bag != null)
				AppendBag(text, bag);
			else if (value is IDictionary)
				AppendBag(text, Of((IDictionary)value));
			else if (value is bool)
				text.Append((bool)value ? "true" : "false");
			else if (value is int || value is long || value is uint || value is short || value is ushort || value is byte)
				text.Append(Convert.ToInt64(value).ToString(CultureInfo.InvariantCulture));
			else if (value is IEnumerable)
				AppendList(text, (IEnumerable)value);
			else
				throw new ArgumentException("no JSON for " + value.GetType());
		}

		// What JsonReader has read.
		private static Bag Of(IDictionary table)
		{
			Bag bag = new Bag();
			foreach (DictionaryEntry item in table)
				bag.Put((string)item.Key, item.Value);
			return bag;
		}

		private static void AppendBag(StringBuilder text, Bag bag)
		{
			char before = '{';
			foreach (KeyValuePair<string, object> item in bag)
			{
				text.Append(before);
				Quote(text, item.Key);
				text.Append(':');
				Append(text, item.Value);
				before = ',';
			}
			text.Append(before == '{' ? "{}" : "}");
		}

		private static void AppendList(StringBuilder text, IEnumerable list)
		{
			char before = '[';
			foreach (object item in list)
			{
				text.Append(before);
				Append(text, item);
				before = ',';
			}
			text.Append(before == '[' ? "[]" : "]");
		}

		private static void Quote(StringBuilder text, string words)
		{
			text.Append('"');
			foreach (char letter in words)
			{
				if (letter == '"' || letter == '\\')
					text.Append('\\').Append(letter);
				else if (letter >= ' ' && letter < 127)
					text.Append(letter);
				else
					text.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
			}
			text.Append('"');
		}

		// The document's key and value in an answer: as it is up to 64 KB, else gzip and base64 (contracts.md section 6).
		public static void AppendDocument(StringBuilder text, object document)
		{
			string plain = Write(document);
			if (plain.Length <= 64 * 1024)
			{
				text.Append("\"document\":").Append(plain);
				return;
			}
			using (var packed = new MemoryStream())
			{
				using (var gzip = new GZipStream(packed, CompressionMode.Compress, true))
				{
					byte[] bytes = Encoding.ASCII.GetBytes(plain);
					gzip.Write(bytes, 0, bytes.Length);
				}
				text.Append("\"document_gz\":\"").Append(Convert.ToBase64String(packed.ToArray())).Append('"');
			}
		}
	}
}
