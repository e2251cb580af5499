// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Text;

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
				{ "error", new Bag { { "code", known.Code }, { "place", known.Place }, { "hint", known.Hint }, { "step", null }, { "call", known.Call }, { "number", known.Number } } }
			};
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
}
