// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;

namespace TlsFleet
{
	// Others than IIS who use a certificate or a record and show it in the registry (A8.04 to A8.08). What is not found proves nothing.
	public sealed class Users
	{
		private const string Wsman = @"SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener";
		private const string Services = @"SYSTEM\CurrentControlSet\Services\";
		// Instances of 64 and of 32 bits.
		private static readonly string[] Sql = { @"SOFTWARE\Microsoft\Microsoft SQL Server\", @"SOFTWARE\WOW6432Node\Microsoft\Microsoft SQL Server\" };
		private readonly IRegistry registry;
		private readonly List<Bag> found = new List<Bag>();

		public Users(IRegistry registry)
		{
			this.registry = registry;
		}

		// A sign that may not be read leaves a gap; the other signs are looked for all the same.
		public List<Bag> Read(Gaps gaps)
		{
			foreach (Action look in new Action[] { WinRm, WebManagement, SqlServers, Wsus, Sstp, Values })
				gaps.Try("users", "other users of certificates", 0, delegate { look(); return 0; });
			return found;
		}

		private void Values()
		{
			Hash("rdp", null, @"SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp", "SSLCertificateSHA1Hash");
			Present("rd_gateway", "ipport 0.0.0.0:443", Services + "TSGateway");
			Present("adfs", null, Services + "adfssrv");
			Present("wap", null, Services + "appproxysvc");
			Present("exchange", null, @"SOFTWARE\Microsoft\ExchangeServer\v15\Setup");
		}

		private void WinRm()
		{
			foreach (string listener in registry.Keys(Wsman))
			{
				string path = Wsman + "\\" + listener;
				string thumbprint = Hex.Thumbprint(registry.Value(path, "certThumbprint"));
				int port;
				bool tls;
				if (Listener(listener, out port, out tls) && tls && thumbprint != null)
					Found("winrm", RecordOf(listener, port), thumbprint, path);
			}
		}

		// Name of a listener: `*+HTTPS`, `IP:10.0.0.5+HTTP`, `MAC:...+HTTPS`; values that are not set mean defaults (A8.04).
		private bool Listener(string name, out int port, out bool tls)
		{
			int plus = name.LastIndexOf('+');
			tls = name.EndsWith("+HTTPS", StringComparison.OrdinalIgnoreCase);
			object value = registry.Value(Wsman + "\\" + name, "Port");
			port = value is int ? (int)value : tls ? 5986 : 5985;
			return plus > 0;
		}

		private static string RecordOf(string listener, int port)
		{
			string address = listener.Substring(0, listener.LastIndexOf('+'));
			if (address.StartsWith("IP:", StringComparison.OrdinalIgnoreCase))
			{
				address = address.Substring(3).Trim('[', ']');
				return "ipport " + (address.IndexOf(':') < 0 ? address : "[" + address + "]") + ":" + port;
			}
			return "ipport 0.0.0.0:" + port;
		}

		// Port -> TLS of every WinRM listener; the two default ports always, since a policy can create listeners that are not listed.
		public Dictionary<int, bool> WinRmPorts()
		{
			var ports = new Dictionary<int, bool>();
			ports[5985] = false;
			ports[5986] = true;
			foreach (string listener in registry.Keys(Wsman))
			{
				int port;
				bool tls;
				if (Listener(listener, out port, out tls))
					ports[port] = tls;
			}
			return ports;
		}

		private void WebManagement()
		{
			const string path = @"SOFTWARE\Microsoft\WebManagement\Server";
			object port = registry.Value(path, "Port");
			Hash("wmsvc", "ipport 0.0.0.0:" + (port is int ? (int)port : 8172), path, "SslCertificateHash");
		}

		private void SqlServers()
		{
			foreach (string root in Sql)
			{
				foreach (string instance in registry.Names(root + @"Instance Names\SQL"))
				{
					object id = registry.Value(root + @"Instance Names\SQL", instance);
					Hash("sql", null, root + id + @"\MSSQLServer\SuperSocketNetLib", "Certificate");
				}
				foreach (string instance in registry.Names(root + @"Instance Names\RS"))
					Found("ssrs", null, null, root + @"Instance Names\RS, instance " + instance);
			}
		}

		// With a SHA-256 hash alone there is no telling which certificate, only that there is one (A8.08).
		private void Sstp()
		{
			const string path = Services + @"SstpSvc\Parameters";
			string thumbprint = Hex.Thumbprint(registry.Value(path, "SHA1CertificateHash"));
			byte[] newer = registry.Value(path, "SHA256CertificateHash") as byte[];
			if (thumbprint != null || (newer != null && newer.Length == 32))
				Found("sstp", "ipport 0.0.0.0:443", thumbprint, path);
		}

		private void Wsus()
		{
			const string path = @"SOFTWARE\Microsoft\Update Services\Server\Setup";
			object port = registry.Value(path, "PortNumber"), tls = registry.Value(path, "UsingSSL");
			if (port is int && tls is int && (int)tls != 0)
				Found("wsus", "ipport 0.0.0.0:" + ((int)port).ToString(CultureInfo.InvariantCulture), null, path);
		}

		// A value that holds a SHA-1 hash, as bytes or as text.
		private void Hash(string kind, string key, string path, string name)
		{
			string thumbprint = Hex.Thumbprint(registry.Value(path, name));
			if (thumbprint != null)
				Found(kind, key, thumbprint, path + ", " + name);
		}

		private void Present(string kind, string key, string path)
		{
			if (registry.Keys(path).Length + registry.Names(path).Length > 0)
				Found(kind, key, null, path);
		}

		private void Found(string kind, string key, string thumbprint, string path)
		{
			Add(found, kind, key, thumbprint, @"HKLM\" + path);
		}

		public static void Add(List<Bag> users, string kind, string key, string thumbprint, string evidence)
		{
			users.Add(new Bag { { "kind", kind }, { "key", key }, { "thumbprint", thumbprint }, { "evidence", evidence } });
		}
	}
}
