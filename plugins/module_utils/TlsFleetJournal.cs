// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace TlsFleet
{
	// The journal of an apply: a line `checksum TAB name TAB value` for whatever happens, written ahead and only ever added to.
	// Names: run, started, owner, steps (together, first), guard (with its time and the number of steps), begin, done, failed, undo, undone, lost (with
	// the index of a step), expired (with the time at which the guard acted), end.
	public sealed class Journal
	{
		public const string Folder = @"%ProgramData%\tlsfleet.iis", File = "journal.txt";
		public readonly List<KeyValuePair<string, string>> Lines = new List<KeyValuePair<string, string>>();

		// Bytes of the sound lines. A torn last line does not count: the process died in the middle of it.
		public long Sound;

		// A line in the middle is not as it was written: nobody can tell what happened.
		public bool Damaged;

		public static Journal Parse(byte[] bytes)
		{
			Journal journal = new Journal();
			string text = Encoding.ASCII.GetString(bytes);
			int start = 0;
			for (int end; (end = text.IndexOf('\n', start)) >= 0; start = end + 1)
			{
				string[] parts = text.Substring(start, end - start).Split(new[] { '\t' }, 3);
				if (parts.Length == 3 && Sum(parts[1] + "\t" + parts[2]) == parts[0] && journal.Sound == start)
				{
					journal.Lines.Add(new KeyValuePair<string, string>(parts[1], parts[2]));
					journal.Sound = end + 1;
				}
				else if (end + 1 < bytes.Length)
					journal.Damaged = true;
			}
			return journal;
		}

		// Bytes of a line. Values are ASCII without line ends, as JSON is here.
		public static string Line(string name, string value)
		{
			string body = name + "\t" + value;
			return Sum(body) + "\t" + body + "\n";
		}

		// FNV-1a, 32 bits: it has to notice what a disk leaves of a line, not an enemy. He cannot come near a file that the applier trusts; the reader
		// takes nothing of it as it stands.
		private static string Sum(string text)
		{
			uint sum = 2166136261;
			unchecked
			{
				foreach (char letter in text)
					sum = (sum ^ letter) * 16777619;
			}
			return sum.ToString("x8", CultureInfo.InvariantCulture);
		}

		// The newest value of a name, or null.
		public string this[string name]
		{
			get
			{
				string found = null;
				foreach (KeyValuePair<string, string> line in Lines)
					if (line.Key == name)
						found = line.Value;
				return found;
			}
		}

		// Nothing to undo: it never began (the first lines are not whole), or came to its end.
		public bool Finished
		{
			get { return !Damaged && (this["steps"] == null || this["end"] != null); }
		}

		// All steps are done, and the guard undoes them unless somebody confirms.
		public bool Waiting
		{
			get
			{
				string guard = this["guard"];
				return guard != null && !Finished && this["expired"] == null && this["undo"] == null
					&& guard.EndsWith("\t" + Count("done").ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
			}
		}

		public static string Time(DateTime moment)
		{
			return moment.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
		}

		public int Count(string name)
		{
			int count = 0;
			foreach (KeyValuePair<string, string> line in Lines)
				count += line.Key == name ? 1 : 0;
			return count;
		}

		// `journal` of the document: an apply that has not come to its end, or one that its guard has undone; or null. Whoever may not
		// look into the folder is told that there is no such file by File.Exists, but not by opening it.
		public static Bag View(string path)
		{
			Journal journal;
			try
			{
				journal = Parse(Bytes(path));
			}
			catch (IOException fault)
			{
				if (XmlFile.IsMissing(fault))
					return null;
				throw;
			}
			string guard = journal["guard"], expired = journal["expired"];
			if (journal.Finished && expired == null)
				return null;
			Bag view = new Bag
			{
				{ "run", journal["run"] ?? "damaged" }, { "started", journal["started"] ?? "" },
				{ "steps", JsonReader.Parse(journal["steps"] ?? "[]") }, { "done", journal.Count("done") - journal.Count("undone") }
			};
			if (guard == null)
				return view;
			string state = expired == null ? "armed" : journal.Finished ? "undone" : "failed";
			return view.Put("guard", new Bag { { "state", state }, { "at", expired ?? guard.Split('\t')[0] } });
		}

		// The one that lies there, or an empty one.
		public static Journal Of(string path)
		{
			return Parse(System.IO.File.Exists(path) ? Bytes(path) : new byte[0]);
		}

		// An applier may be writing.
		public static byte[] Bytes(string path)
		{
			using (FileStream stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
			using (MemoryStream copy = new MemoryStream())
			{
				stream.CopyTo(copy);
				return copy.ToArray();
			}
		}
	}
}
