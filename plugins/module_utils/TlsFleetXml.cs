// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Xml;

//AssemblyReference -Name System.Xml.dll -CLR Framework

namespace TlsFleet
{
	// One element as it is passed: its path of local names from the root, its attributes without regard to case, its line.
	public sealed class XmlPlace
	{
		public readonly List<string> Path = new List<string>();
		public readonly Dictionary<string, string> Attributes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
		public int Line;

		public string this[string name]
		{
			get
			{
				string value;
				return Attributes.TryGetValue(name, out value) ? value : null;
			}
		}

		// Does the path end with these names, and are there `depth` names in all? Depth 0: any number.
		public bool Is(int depth, params string[] names)
		{
			if (Path.Count < names.Length || (depth > 0 && Path.Count != depth))
				return false;
			for (int index = 0; index < names.Length; index++)
				if (!Path[Path.Count - names.Length + index].Equals(names[index], StringComparison.Ordinal))
					return false;
			return true;
		}
	}

	// Reads a configuration file that IIS and others may write meanwhile: without locking it, and again when it changed or was half
	// written (A6.02, A6.03). No entity is ever fetched.
	public static class XmlFile
	{
		private const int Attempts = 5, MillisecondsBetween = 200;

		// Calls `start` when a reading begins (again), then `visit` for every element in file order. Throws what the last attempt threw.
		public static void Visit(IMachine machine, string path, Action start, Action<XmlPlace> visit)
		{
			for (int attempt = 1; ; attempt++)
			{
				try
				{
					start();
					var before = new FileInfo(path);
					long length = before.Length;
					DateTime written = before.LastWriteTimeUtc;
					Once(path, visit);
					var after = new FileInfo(path);
					if ((after.Length == length && after.LastWriteTimeUtc == written) || attempt == Attempts)
						return;
				}
				catch (Exception fault)
				{
					bool passing = fault is XmlException || (fault is IOException && !IsMissing(fault));
					if (!passing || attempt == Attempts)
						throw;
				}
				machine.Pause(MillisecondsBetween);
			}
		}

		public static bool IsMissing(Exception fault)
		{
			return Gaps.CodeOf(fault) == "not_found";
		}

		private static void Once(string path, Action<XmlPlace> visit)
		{
			var settings = new XmlReaderSettings
			{
				DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null,
				IgnoreComments = true, IgnoreProcessingInstructions = true, IgnoreWhitespace = true
			};
			using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
			using (XmlReader reader = XmlReader.Create(stream, settings))
			{
				IXmlLineInfo lines = reader as IXmlLineInfo;
				var place = new XmlPlace();
				while (reader.Read())
				{
					if (reader.NodeType == XmlNodeType.EndElement)
						place.Path.RemoveAt(place.Path.Count - 1);
					if (reader.NodeType != XmlNodeType.Element)
						continue;
					bool empty = reader.IsEmptyElement;
					place.Path.Add(reader.LocalName);
					place.Line = lines == null ? 0 : lines.LineNumber;
					place.Attributes.Clear();
					while (reader.MoveToNextAttribute())
						place.Attributes[reader.LocalName] = reader.Value;
					visit(place);
					if (empty)
						place.Path.RemoveAt(place.Path.Count - 1);
				}
			}
		}
	}
}
