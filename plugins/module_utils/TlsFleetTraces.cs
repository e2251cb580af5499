// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Xml;

//AssemblyReference -Name System.Xml.dll -CLR Framework

namespace TlsFleet
{
	// What others leave on a host: when records changed, who renews certificates, which features are switched. What is not found proves
	// nothing. These are the optional keys of the document (contracts.md section 1).
	public sealed class Traces
	{
		private const string HttpEvents = "*[System[Provider[@Name='Microsoft-Windows-HttpEvent'] and (EventID=15300 or EventID=15301 or EventID=15302)]]";
		private const string Lifecycle = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational";
		private const int MostEvents = 1000;
		private static readonly string[] Kinds = { "deleted", "created", "updated" };
		private static readonly string[][] Folders =
		{
			new[] { "win_acme", @"%ProgramData%\win-acme" }, new[] { "simple_acme", @"%ProgramData%\simple-acme" },
			new[] { "posh_acme", @"%ProgramFiles%\WindowsPowerShell\Modules\Posh-ACME" }
		};
		private readonly IMachine machine;
		private readonly IRegistry registry;
		private readonly Gaps gaps;

		public Traces(IMachine machine, Gaps gaps)
		{
			this.machine = machine;
			this.gaps = gaps;
			registry = machine.Registry;
		}

		// `unknown`: what http.sys did not know when it was asked.
		public void AddTo(Bag document, bool iis, long build, List<Bag> unknown)
		{
			Put(document, "asked", "asked", "switches of features", () => Asked(build).Concat(unknown));
			Put(document, "managers", "managers", "certificate managers", Managers);
			document.Put("rebind", iis ? gaps.Try("rebind", "task of the automatic rebind", (bool?)null, () => Rebind()) : null);
			Put(document, "renewals", "events", "event log of certificate renewals", () => Renewals().Reverse());
			Put(document, "changes", "events", "event log of http.sys", Changes);
		}

		private void Put(Bag document, string key, string layer, string what, Func<IEnumerable<Bag>> read)
		{
			document.Put(key, gaps.Try(layer, what, new List<Bag>(), () => read().ToList()));
		}

		// Features that a build has and that somebody has switched: only a switch that is set says anything (F2.08, F2.09).
		private IEnumerable<Bag> Asked(long build)
		{
			const string http = @"SYSTEM\CurrentControlSet\Services\HTTP\Parameters";
			const string tls = @"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.3\Server";
			return Switch("http2", http, "EnableHttp2Tls", build >= 14393)
				.Concat(Switch("http3", http, "EnableHttp3", build >= 20348)).Concat(Switch("tls13", tls, "Enabled", build >= 20348));
		}

		private IEnumerable<Bag> Switch(string what, string key, string name, bool known)
		{
			object value = registry.Value(key, name);
			if (value is int)
				yield return new Bag { { "what", what }, { "present", known && (int)value != 0 }, { "evidence", @"HKLM\" + key + ", " + name + " = " + unchecked((uint)(int)value) } };
		}

		private IEnumerable<Bag> Managers()
		{
			foreach (string service in new[] { "Certify.Service", "Certify.Server.Core" })
				if (registry.Names(@"SYSTEM\CurrentControlSet\Services\" + service).Length > 0)
					yield return Manager("certify", @"HKLM\SYSTEM\CurrentControlSet\Services\" + service);
			foreach (string task in machine.FilesIn(machine.System32 + @"\Tasks").OrderBy(name => name, StringComparer.Ordinal))
				if (KindOfTask(task) != null)
					yield return Manager(KindOfTask(task), "scheduled task " + task);
			foreach (string[] trace in Folders)
				if (Directory.Exists(machine.ToPath(trace[1])))
					yield return Manager(trace[0], trace[1]);
		}

		private static Bag Manager(string kind, string evidence)
		{
			return new Bag { { "kind", kind }, { "evidence", evidence } };
		}

		private static string KindOfTask(string task)
		{
			string name = task.ToLowerInvariant();
			foreach (string known in new[] { "win-acme", "simple-acme", "posh-acme" })
				if (name.Contains(known))
					return known.Replace('-', '_');
			return name.Contains("acme") || name.Contains("letsencrypt") ? "other" : null;
		}

		// IIS 8.5 and later keep the server-wide switch as a task; one that was disabled does nothing (F6.21).
		private bool Rebind()
		{
			try
			{
				string path = machine.ToPath(machine.System32 + @"\Tasks\Microsoft\Windows\CertificateServicesClient\IIS-AutoCertRebind");
				using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
				using (var text = new StreamReader(file, true))
				{
					XmlNode enabled = Parse(text.ReadToEnd()).SelectSingleNode("*[local-name()='Settings']/*[local-name()='Enabled']");
					return enabled == null || enabled.InnerText.Trim() != "false";
				}
			}
			catch (IOException fault)
			{
				if (XmlFile.IsMissing(fault))
					return false;
				throw;
			}
		}

		private IEnumerable<Bag> Renewals()
		{
			foreach (XmlElement logged in Events(Lifecycle, "*[System[EventID=1001]]"))
			{
				string old = Thumbprint(logged, "OldCertificateDetails"), other = Thumbprint(logged, "NewCertificateDetails");
				if (old != null && other != null)
					yield return new Bag { { "at", At(logged) }, { "old", old }, { "new", other } };
			}
		}

		private static string Thumbprint(XmlElement logged, string name)
		{
			XmlElement details = First(logged, name);
			return details == null ? null : Hex.Thumbprint(details.GetAttribute("Thumbprint"));
		}

		// The newest change of each endpoint (F1.41). Texts are translated, ids and data are not; the endpoint is the last of the data.
		private IEnumerable<Bag> Changes()
		{
			var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
			foreach (XmlElement logged in Events("System", HttpEvents))
			{
				XmlNodeList data = logged.GetElementsByTagName("Data");
				string endpoint = data.Count == 0 ? "" : data[data.Count - 1].InnerText;
				if (endpoint.Length > 0 && seen.Add(endpoint))
					yield return new Bag { { "at", At(logged) }, { "kind", Kinds[int.Parse(First(logged, "EventID").InnerText) - 15300] }, { "endpoint", endpoint } };
			}
		}

		private static string At(XmlElement logged)
		{
			return First(logged, "TimeCreated").GetAttribute("SystemTime").Substring(0, 19) + "Z";
		}

		private IEnumerable<XmlElement> Events(string log, string query)
		{
			return machine.Events(log, query, MostEvents).Select(Parse);
		}

		private static XmlElement Parse(string text)
		{
			var document = new XmlDocument { XmlResolver = null };
			document.LoadXml(text);
			return document.DocumentElement;
		}

		private static XmlElement First(XmlElement within, string name)
		{
			return (XmlElement)within.GetElementsByTagName(name)[0];
		}
	}

	// wevtapi.dll: the same on every runtime, which .NET's own classes for event logs are not.
	public static class EventLog
	{
		private const int InsufficientBuffer = 122, NoMoreItems = 259, ChannelNotFound = 15007;

		// XML of the newest `most` events, newest first; none where there is no such log.
		public static List<string> Read(string log, string query, int most)
		{
			var found = new List<string>();
			IntPtr results = EvtQuery(IntPtr.Zero, log, query, 0x201);
			int code = results == IntPtr.Zero ? Marshal.GetLastWin32Error() : 0;
			if (code == ChannelNotFound)
				return found;
			if (code != 0)
				throw HostException.OfCall("EvtQuery", (uint)code);
			try
			{
				IntPtr one;
				uint count;
				while (found.Count < most && EvtNext(results, 1, out one, -1, 0, out count))
				{
					try
					{
						found.Add(Xml(one));
					}
					finally
					{
						EvtClose(one);
					}
				}
				code = Marshal.GetLastWin32Error();
				if (found.Count < most && code != NoMoreItems)
					throw HostException.OfCall("EvtNext", (uint)code);
			}
			finally
			{
				EvtClose(results);
			}
			return found;
		}

		private static string Xml(IntPtr item)
		{
			byte[] text = new byte[4096];
			uint used, count;
			for (;;)
			{
				if (EvtRender(IntPtr.Zero, item, 1, (uint)text.Length, text, out used, out count))
					return Encoding.Unicode.GetString(text, 0, (int)used).TrimEnd('\0');
				int code = Marshal.GetLastWin32Error();
				if (code != InsufficientBuffer || used <= text.Length)
					throw HostException.OfCall("EvtRender", (uint)code);
				text = new byte[used];
			}
		}

		[DllImport("wevtapi.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern IntPtr EvtQuery(IntPtr session, string path, string query, uint flags);

		[DllImport("wevtapi.dll", SetLastError = true)]
		private static extern bool EvtNext(IntPtr results, uint size, out IntPtr item, int timeout, uint flags, out uint returned);

		[DllImport("wevtapi.dll", SetLastError = true)]
		private static extern bool EvtRender(IntPtr context, IntPtr item, uint flags, uint size, byte[] buffer, out uint used, out uint properties);

		[DllImport("wevtapi.dll")]
		private static extern bool EvtClose(IntPtr handle);
	}
}
