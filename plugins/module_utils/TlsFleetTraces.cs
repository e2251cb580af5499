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
		private readonly IMachine machine;
		private readonly IRegistry registry;
		private readonly Gaps gaps;

		public Traces(IMachine machine, Gaps gaps)
		{
			this.machine = machine;
			this.gaps = gaps;
			registry = machine.Registry;
		}

		public void AddTo(Bag document, bool iis, long build)
		{
			document.Put("asked", gaps.Try("asked", "switches of features", new List<Bag>(), () => Asked(build)));
			document.Put("managers", gaps.Try("managers", "certificate managers", new List<Bag>(), Managers));
			document.Put("rebind", iis ? gaps.Try("rebind", "task of the automatic rebind", (bool?)null, () => Rebind()) : null);
			document.Put("renewals", gaps.Try("events", "event log of certificate renewals", new List<Bag>(), Renewals));
			document.Put("changes", gaps.Try("events", "event log of http.sys", new List<Bag>(), Changes));
		}

		// Features that a build has and that somebody has switched: only a switch that is set says anything (F2.08, F2.09).
		private List<Bag> Asked(long build)
		{
			const string http = @"SYSTEM\CurrentControlSet\Services\HTTP\Parameters";
			List<Bag> found = new List<Bag>();
			Switch(found, "http2", http, "EnableHttp2Tls", build >= 14393);
			Switch(found, "http3", http, "EnableHttp3", build >= 20348);
			Switch(found, "tls13", @"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.3\Server", "Enabled", build >= 20348);
			return found;
		}

		private void Switch(List<Bag> found, string what, string key, string name, bool known)
		{
			object value = registry.Value(key, name);
			if (value is int)
				found.Add(new Bag { { "what", what }, { "present", known && (int)value != 0 }, { "evidence", @"HKLM\" + key + ", " + name + " = " + unchecked((uint)(int)value) } });
		}

		private List<Bag> Managers()
		{
			List<Bag> found = new List<Bag>();
			foreach (string service in new[] { "Certify.Service", "Certify.Server.Core" })
			{
				string key = @"SYSTEM\CurrentControlSet\Services\" + service;
				if (registry.Names(key).Length > 0)
					Manager(found, "certify", @"HKLM\" + key);
			}
			foreach (string task in Tasks())
				Manager(found, KindOfTask(task), "scheduled task " + task);
			Folder(found, "win_acme", @"%ProgramData%\win-acme");
			Folder(found, "simple_acme", @"%ProgramData%\simple-acme");
			Folder(found, "posh_acme", @"%ProgramFiles%\WindowsPowerShell\Modules\Posh-ACME");
			return found;
		}

		private IEnumerable<string> Tasks()
		{
			return machine.FilesIn(machine.System32 + @"\Tasks").OrderBy(name => name, StringComparer.Ordinal);
		}

		private static string KindOfTask(string task)
		{
			string name = task.ToLowerInvariant();
			return name.StartsWith("win-acme", StringComparison.Ordinal) ? "win_acme" : name.StartsWith("simple-acme", StringComparison.Ordinal) ? "simple_acme"
				: name.Contains("posh-acme") ? "posh_acme" : name.Contains("acme") || name.Contains("letsencrypt") ? "other" : null;
		}

		private void Folder(List<Bag> found, string kind, string path)
		{
			if (Directory.Exists(machine.ToPath(path)))
				Manager(found, kind, path);
		}

		private static void Manager(List<Bag> found, string kind, string evidence)
		{
			if (kind != null)
				found.Add(new Bag { { "kind", kind }, { "evidence", evidence } });
		}

		// IIS 8.5 and later keep the server-wide switch as a task; one that was disabled does nothing (F6.21).
		private bool Rebind()
		{
			try
			{
				string path = machine.ToPath(machine.System32 + @"\Tasks\Microsoft\Windows\CertificateServicesClient\IIS-AutoCertRebind");
				using (FileStream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
				using (StreamReader text = new StreamReader(file, true))
				{
					XmlElement settings = First(Parse(text.ReadToEnd()), "Settings");
					XmlElement enabled = settings == null ? null : First(settings, "Enabled");
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

		// Oldest first.
		private List<Bag> Renewals()
		{
			List<Bag> found = new List<Bag>();
			foreach (XmlElement logged in Events(Lifecycle, "*[System[EventID=1001]]"))
			{
				string old = Thumbprint(logged, "OldCertificateDetails"), other = Thumbprint(logged, "NewCertificateDetails");
				if (old != null && other != null)
					found.Insert(0, new Bag { { "at", At(logged) }, { "old", old }, { "new", other } });
			}
			return found;
		}

		private static string Thumbprint(XmlElement logged, string name)
		{
			XmlElement details = First(logged, name);
			return details == null ? null : Hex.Thumbprint(details.GetAttribute("Thumbprint"));
		}

		// The newest change of each endpoint (F1.41). Texts are translated, ids and data are not; the endpoint is the last of the data.
		private List<Bag> Changes()
		{
			List<Bag> found = new List<Bag>();
			HashSet<string> seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
			foreach (XmlElement logged in Events("System", HttpEvents))
			{
				XmlNodeList data = logged.GetElementsByTagName("Data");
				string endpoint = data.Count == 0 ? "" : data[data.Count - 1].InnerText;
				if (endpoint.Length > 0 && seen.Add(endpoint))
					found.Add(new Bag { { "at", At(logged) }, { "kind", Kinds[int.Parse(First(logged, "EventID").InnerText) - 15300] }, { "endpoint", endpoint } });
			}
			return found;
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
			XmlDocument document = new XmlDocument { XmlResolver = null };
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
			List<string> found = new List<string>();
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

		[DllImport("wevtapi.dll", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern IntPtr EvtQuery(IntPtr session, string path, string query, uint flags);

		[DllImport("wevtapi.dll", ExactSpelling = true, SetLastError = true)]
		private static extern bool EvtNext(IntPtr results, uint size, out IntPtr item, int timeout, uint flags, out uint returned);

		[DllImport("wevtapi.dll", ExactSpelling = true, SetLastError = true)]
		private static extern bool EvtRender(IntPtr context, IntPtr item, uint flags, uint size, byte[] buffer, out uint used, out uint properties);

		[DllImport("wevtapi.dll", ExactSpelling = true)]
		private static extern bool EvtClose(IntPtr handle);
	}
}
