// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace TlsFleet
{
	// Document version 1 (contracts.md section 1): the facts of one host, layer by layer. A layer that fails leaves a gap.
	public sealed class Document
	{
		public const string Version = "0.1.0";
		private const string CurrentVersion = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
		private readonly IMachine machine;
		private readonly IRegistry registry;
		private readonly Gaps gaps = new Gaps();
		private readonly string certificates, keyCheck;
		private List<string> ipListen = new List<string>(), reservations = new List<string>();
		private List<HttpRecord> records = new List<HttpRecord>();
		private List<Bag> unknown = new List<Bag>();
		private bool? updateExported;

		public Document(IMachine machine, string certificates, string keyCheck)
		{
			this.machine = machine;
			this.certificates = certificates;
			this.keyCheck = keyCheck;
			registry = machine.Registry;
		}

		public Bag Read()
		{
			Bag os = gaps.Try("os", "Windows version", EmptyOs(), Os);
			Bag iis = gaps.Try("iis", "IIS version", null, Iis);
			long build = (int)os["build"];
			ReadHttp(build);
			IisConfig config = new IisConfig(machine, gaps);
			if (iis != null)
				config.Read();
			List<Bag> sites = Sites(config);
			bool? schema = null;
			if (iis != null)
				schema = gaps.Try("schema", "IIS schema", null, () => IisConfig.SchemaKnowsSslFlags(machine));
			List<Bag> users = AllUsers(config);
			Bag document = new Bag
			{
				{ "format", "tlsfleet.iis/document" }, { "version", 1 }, { "simulated", machine.Simulated },
				{ "read_at", machine.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
				{ "reader", new Bag { { "version", Version }, { "certificates", certificates }, { "key_check", keyCheck } } },
				{ "name", gaps.Try("os", "computer name", "", () => ComputerName(registry)) },
				{ "os", os },
				{ "iis", iis },
				{ "addresses", gaps.Try("addresses", "local addresses", new string[0], () => machine.Addresses().ToArray()) },
				{ "ip_listen", ipListen },
				{ "http_ports", gaps.Try("http_ports", "listening ports", null, Ports) },
				{ "schema_ssl_flags", schema },
				{ "update_exported", updateExported },
				{ "shared_configuration", config.Shared },
				{ "sites", sites },
				{ "records", records.Select(record => record.ToBag()) },
				{ "certificates", new Certificates(machine, gaps, certificates, keyCheck, records).Read() },
				{ "central_store", gaps.Try("central_store", "central certificate store", null, CentralStore) },
				{ "url_reservations", reservations },
				{ "users", users },
				{ "connection", gaps.Try("connection", "connection in use", null, Connection) },
				{ "journal", gaps.Try("journal", "journal of an unfinished apply", null, machine.ReadJournal) },
				{ "mappers", config.Mappers.Where(IsComplete).Select(mapper => new Bag { { "site", mapper.Site }, { "thumbprint", mapper.Thumbprint }, { "store", mapper.Store } }) }
			};
			new Traces(machine, gaps).AddTo(document, iis != null, build, unknown);
			return document.Put("incomplete", gaps.Entries);
		}

		private void ReadHttp(long build)
		{
			try
			{
				using (IHttpApi api = machine.OpenHttp())
				{
					HttpRecords http = new HttpRecords(api);
					records = http.All(build, gaps);
					unknown = http.Unknown;
					reservations = gaps.Try("url_reservations", "URL reservations", reservations, http.UrlReservations);
					ipListen = gaps.Try("ip_listen", "IP listen list", ipListen, http.IpListen);
					updateExported = gaps.Try("update_exported", "exports of httpapi.dll", null, () => api.UpdateExported);
				}
			}
			catch (Exception fault)
			{
				gaps.Add("records", fault, "http.sys configuration");
			}
		}

		public static string ComputerName(IRegistry registry)
		{
			const string path = @"SYSTEM\CurrentControlSet\Control\ComputerName\";
			object name = registry.Value(path + "ActiveComputerName", "ComputerName") ?? registry.Value(path + "ComputerName", "ComputerName");
			return Convert.ToString(name);
		}

		private int BuildOf()
		{
			object text = registry.Value(CurrentVersion, "CurrentBuildNumber") ?? registry.Value(CurrentVersion, "CurrentBuild");
			return text == null ? 0 : int.Parse(Convert.ToString(text), CultureInfo.InvariantCulture);
		}

		// CurrentVersion stays 6.3 from Windows 10 on, where two numbers of their own appear.
		private Bag Os()
		{
			object major = registry.Value(CurrentVersion, "CurrentMajorVersionNumber");
			object minor = registry.Value(CurrentVersion, "CurrentMinorVersionNumber");
			if (major == null)
			{
				string[] parts = (Convert.ToString(registry.Value(CurrentVersion, "CurrentVersion")) + ".0").Split('.');
				major = int.Parse(parts[0], CultureInfo.InvariantCulture);
				minor = int.Parse(parts[1], CultureInfo.InvariantCulture);
			}
			return OsBag(Convert.ToString(registry.Value(CurrentVersion, "ProductName")), major, minor ?? 0, BuildOf(), registry.Value(CurrentVersion, "UBR"));
		}

		private static Bag EmptyOs()
		{
			return OsBag("", 0, 0, 0, null);
		}

		private static Bag OsBag(string name, object major, object minor, object build, object revision)
		{
			return new Bag { { "name", name }, { "major", major }, { "minor", minor }, { "build", build }, { "revision", revision } };
		}

		private Bag Iis()
		{
			object major = registry.Value(@"SOFTWARE\Microsoft\InetStp", "MajorVersion");
			object minor = registry.Value(@"SOFTWARE\Microsoft\InetStp", "MinorVersion");
			return major == null ? null : new Bag { { "major", major }, { "minor", minor ?? 0 } };
		}

		private List<Bag> Sites(IisConfig config)
		{
			Dictionary<long, string> states = new Dictionary<long, string>();
			if (config.Sites.Count > 0)
				states = SiteStates.Read(machine, gaps);
			List<Bag> sites = new List<Bag>();
			foreach (Site site in config.Sites)
			{
				string state;
				IEnumerable<Bag> bindings = site.Bindings.Select(delegate(Binding binding)
				{
					return new Bag { { "protocol", binding.Protocol }, { "information", binding.Information }, { "ssl_flags", binding.Flags } };
				});
				states.TryGetValue(site.Id, out state);
				sites.Add(new Bag { { "id", site.Id }, { "name", site.Name }, { "state", state ?? "unknown" }, { "bindings", bindings } });
			}
			return sites;
		}

		private List<Bag> AllUsers(IisConfig config)
		{
			List<Bag> users = new Users(registry).Read(gaps);
			foreach (Mapper mapper in config.Mappers)
				if (mapper.Hash && !IsComplete(mapper))
					Users.Add(users, "other", null, mapper.Thumbprint, "applicationHost.config, customMetadata " + mapper.Path + ", property 5506 of the IIS 6 metabase");
			users.AddRange(gaps.Try("users", "other users of certificates", new Bag[0], machine.OtherUsers));
			return users;
		}

		private static bool IsComplete(Mapper mapper)
		{
			return mapper.Site > 0 && mapper.Thumbprint != null;
		}

		private List<int> Ports()
		{
			IEnumerable<TcpEnd> listening = machine.Listening();
			if (listening == null)
				return null;
			return new SortedSet<int>(listening.Select(end => end.Port)).ToList();
		}

		// The feature leaves its settings in the registry (F5.20); names on the share are only there when the share lets us in.
		private Bag CentralStore()
		{
			const string path = @"SOFTWARE\Microsoft\IIS\CentralCertProvider";
			object enabled = registry.Value(path, "Enabled");
			string folder = registry.Value(path, "CertStoreLocation") as string;
			if (enabled == null && folder == null)
				return null;
			bool on = enabled is int && (int)enabled != 0;
			List<string> files = null;
			if (!string.IsNullOrEmpty(folder))
				files = gaps.Try("central_store_files", "files on " + folder, null, () => FilesIn(folder));
			return new Bag { { "enabled", on }, { "files", files } };
		}

		private List<string> FilesIn(string folder)
		{
			IEnumerable<string> names = machine.FilesIn(folder);
			return names == null ? null : names.OrderBy(name => name, StringComparer.Ordinal).ToList();
		}

		// The WinRM listener with an open connection is the one we came through: it lives as long as this call. Of several, one with TLS
		// is named, because its record must stay.
		private Bag Connection()
		{
			Dictionary<int, bool> ports = new Users(registry).WinRmPorts();
			List<TcpEnd> open = machine.Established().Where(end => ports.ContainsKey(end.Port)).ToList();
			TcpEnd chosen = open.FirstOrDefault(end => ports[end.Port]) ?? open.FirstOrDefault();
			if (chosen == null)
				return null;
			if (open.Any(end => end.Port != chosen.Port || end.Address != chosen.Address))
				gaps.Add("connection", "ambiguous", "WinRM has connections on more than one listener; shown is " + chosen.Address + " port " + chosen.Port);
			return new Bag { { "address", chosen.Address }, { "port", chosen.Port }, { "tls", ports[chosen.Port] } };
		}
	}
}
