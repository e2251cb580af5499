// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Security;
using System.Text;
using System.Xml;

//AssemblyReference -Name System.Xml.dll -CLR Framework

namespace TlsFleet
{
	// Module tlsfleet.iis.host_reader: arguments in, one line of JSON out (contracts.md section 6). Changes nothing, with or without check mode.
	public static class Reader
	{
		public const int Contract = 1;

		public static string Run(IDictionary arguments)
		{
			return Run(arguments, new WindowsMachine());
		}

		public static string Run(IDictionary arguments, IMachine machine)
		{
			try
			{
				Arguments.Check(arguments, "contract", "certificates", "key_check");
				Arguments.CheckContract(arguments);
				string certificates = Arguments.Choice(arguments, "certificates", "referenced", "candidates", "all");
				string keyCheck = Arguments.Choice(arguments, "key_check", "metadata", "open", "sign");
				machine.LogInvocation("tlsfleet.iis.host_reader, certificates=" + certificates + ", key_check=" + keyCheck);
				StringBuilder text = new StringBuilder("{\"changed\":false,\"contract\":1,");
				Json.AppendDocument(text, new Document(machine, certificates, keyCheck).Read());
				return text.Append('}').ToString();
			}
			catch (Exception fault)
			{
				return Json.Write(Failure(fault));
			}
		}

		// The answer of a module that could not do what it was called for.
		public static Bag Failure(Exception fault)
		{
			HostException known = fault as HostException
				?? new HostException("internal", fault.GetType().Name + ": " + fault.Message, null, fault.StackTrace, null, fault.HResult & 0xFFFFFFFFL);
			return new Bag
			{
				{ "changed", false }, { "failed", true }, { "contract", Contract }, { "msg", known.Message },
				{ "error", ErrorBag(known, null) }
			};
		}

		public static Bag ErrorBag(HostException fault, int? step)
		{
			return new Bag { { "code", fault.Code }, { "place", fault.Place }, { "hint", fault.Hint }, { "step", step }, { "call", fault.Call }, { "number", fault.Number } };
		}
	}

	// What Ansible.Basic would have checked. Values are taken by their text: PowerShell may hand them over wrapped.
	public static class Arguments
	{
		public static void Check(IDictionary arguments, params string[] wanted)
		{
			foreach (string name in wanted)
				if (arguments[name] == null)
					throw Bad(name, "is missing");
			foreach (object key in arguments.Keys)
			{
				string name = Convert.ToString(key);
				bool known = name.StartsWith("_ansible_", StringComparison.OrdinalIgnoreCase);
				foreach (string one in wanted)
					known |= one.Equals(name, StringComparison.OrdinalIgnoreCase);
				if (!known)
					throw Bad(name, "is not known");
			}
		}

		public static void CheckContract(IDictionary arguments)
		{
			string given = Convert.ToString(arguments["contract"]);
			if (given != "1")
				throw new HostException("contract_mismatch", "contract: this host speaks contract 1, not " + given, "contract", null, null, null);
		}

		public static string Choice(IDictionary arguments, string name, params string[] known)
		{
			string given = Convert.ToString(arguments[name]);
			if (Array.IndexOf(known, given) < 0)
				throw Bad(name, "must be one of " + string.Join(", ", known) + ", is '" + given + "'");
			return given;
		}

		private static HostException Bad(string place, string message)
		{
			return new HostException("bad_argument", place + ": " + message, place, null, null, null);
		}
	}

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

		// A Windows function that did not return 0; only "access denied" has a name of its own.
		public static HostException OfCall(string call, uint number)
		{
			bool denied = number == 5;
			string says = call + " returned " + number + ": " + new Win32Exception((int)number).Message;
			return new HostException(denied ? "access_denied" : "internal", says, call, denied ? "administrator rights are missing" : says, call, number);
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

		// By HResult only: the CLR makes different exception types of one and the same code. One that has no name stays a number.
		public static string CodeOf(Exception fault)
		{
			HostException known = fault as HostException;
			if (known != null)
				return known.Code == "internal" && known.Number != null ? known.Number.ToString() : known.Code;
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
