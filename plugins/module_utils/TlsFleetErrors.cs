// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Security;
using System.Xml;

namespace TlsFleet
{
	// A failure that the contract has a code for (contracts.md section 6). Call and Number name the Windows function and its result.
	public sealed class HostException : Exception
	{
		public readonly string Code, Place, Hint, Call;
		public readonly long? Number;

		public HostException(string code, string message, string place, string hint, string call, long? number) : base(message)
		{
			Code = code;
			Place = place;
			Hint = hint;
			Call = call;
			Number = number;
		}

		public HostException(string code, string message) : this(code, message, null, null, null, null)
		{
		}

		// A Windows function that did not return 0; only "access denied" has a name of its own, every other code stays a number.
		public static HostException OfCall(string call, uint number)
		{
			string code = number == 5 ? "access_denied" : number.ToString(CultureInfo.InvariantCulture);
			string says = new Win32Exception((int)number).Message;
			return new HostException(code, call + " returned " + number + ": " + says, null, null, call, number);
		}
	}

	// What could not be read: nothing is dropped silently. A layer that fails leaves its entry here and the others go on.
	public sealed class Gaps
	{
		public readonly List<Bag> Entries = new List<Bag>();

		// The right a layer needs, where it is another one than that of an administrator.
		private static readonly Dictionary<string, string> Rights = new Dictionary<string, string>
		{
			{ "sites", @"read access to %windir%\System32\inetsrv\config and the files in it, or to the share with the shared configuration" },
			{ "schema", @"read access to %windir%\System32\inetsrv\config\schema" },
			{ "managers", @"administrator rights, which %windir%\System32\Tasks asks for" },
			{ "rebind", @"administrator rights, which %windir%\System32\Tasks asks for" },
			{ "events", "membership in the group Event Log Readers" },
			{ "keys", "read access to the key itself; that SYSTEM has it does not help the reader" },
			{ "central_store_files", "read access to the share of the central certificate store, which a second hop may refuse" }
		};

		public void Add(string layer, string code, string message)
		{
			Entries.Add(new Bag { { "layer", layer }, { "code", code }, { "message", message } });
		}

		public void Add(string layer, Exception fault, string what)
		{
			string code = CodeOf(fault);
			string right;
			if (!Rights.TryGetValue(layer, out right))
				right = "administrator rights";
			string missing = code == "access_denied" ? "; this takes " + right : "";
			Add(layer, code, what + ": " + fault.Message + missing);
		}

		// The value, or what stands for "not read" after the gap was noted.
		public T Try<T>(string layer, string what, T otherwise, Func<T> read)
		{
			try
			{
				return read();
			}
			catch (Exception fault)
			{
				Add(layer, fault, what);
				return otherwise;
			}
		}

		// By HResult only: the CLR makes different exception types of one and the same code.
		public static string CodeOf(Exception fault)
		{
			HostException known = fault as HostException;
			if (known != null)
				return known.Code;
			uint result = unchecked((uint)fault.HResult);
			if (result == 0x80070005 || fault is SecurityException)
				return "access_denied";
			if (result == 0x80070002 || result == 0x80070003)
				return "not_found";
			if (fault is XmlException)
				return "malformed";
			return "0x" + result.ToString("X8", CultureInfo.InvariantCulture);
		}
	}
}
