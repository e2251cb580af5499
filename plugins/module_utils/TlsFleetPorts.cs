// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;

namespace TlsFleet
{
	// Everything that touches Windows stands behind these interfaces, so that the same engine can be run elsewhere. Ports give facts
	// or throw; what a failure means is decided by the engine.
	public interface IMachine
	{
		bool Simulated { get; }
		DateTime UtcNow { get; }
		IRegistry Registry { get; }
		IStores Stores { get; }

		// A fresh HttpInitialize; disposing it terminates. One at a time.
		IHttpApi OpenHttp();

		// A new AppHostAdminManager: it keeps a snapshot, so every reading takes its own (A4.04).
		IAppHostAdminManager OpenAdmin();

		// Windows' System32 as this process has to name it: a 32-bit one would be shown another (F3.16).
		string System32 { get; }

		// Where a path that Windows knows is to be opened; environment variables are expanded.
		string ToPath(string windowsPath);

		// Names only; null: not to be told.
		IEnumerable<string> FilesIn(string windowsFolder);

		// The newest events that match an XPath query, newest first, as XML.
		IEnumerable<string> Events(string log, string query, int most);
		void Pause(int milliseconds);

		// Unicast addresses, without loopback and IPv6 link-local ones: no client of a web site arrives there.
		IEnumerable<string> Addresses();

		// TCP sockets of the System process, which is http.sys; null where there is no telling.
		IEnumerable<TcpEnd> Listening();
		IEnumerable<TcpEnd> Established();

		// A TCP connection to one of the machine's own addresses. SocketException where there is none, TimeoutException where nothing is
		// heard in time. Several threads may dial at once.
		Stream Dial(string address, int port, int timeoutMilliseconds);

		// `journal` of the document: an unfinished apply, or null.
		Bag ReadJournal();

		// Entries for `users` that the registry does not show.
		IEnumerable<Bag> OtherUsers();

		// Leaves a line "module invoked" in the host's event log, as modules with Ansible.Basic do.
		void LogInvocation(string text);
	}

	public interface IHttpApi : IDisposable
	{
		// HttpQueryServiceConfiguration; the result code is returned as it is.
		uint Query(int id, IntPtr input, uint inputLength, IntPtr output, uint outputLength, out uint needed);

		// The writing calls; the result code is returned as it is. EntryPointNotFoundException where there is no update.
		uint Set(int id, IntPtr information, uint length);
		uint Delete(int id, IntPtr information, uint length);
		uint Update(int id, IntPtr information, uint length);

		// Does httpapi.dll export HttpUpdateServiceConfiguration (F12.07)? Null: not to be told.
		bool? UpdateExported { get; }
	}

	// HKEY_LOCAL_MACHINE in its 64-bit view. A key or value that is missing is null or empty, never an error.
	public interface IRegistry
	{
		object Value(string key, string name);
		string[] Keys(string key);
		string[] Names(string key);
	}

	// Certificate stores of LocalMachine.
	public interface IStores
	{
		// Null where the store does not exist. Archived certificates are included.
		List<StoredCertificate> Read(string store);

		// Opens the key and, if asked, signs with it; silent, never repairing a link (A9.10).
		KeyProbe Probe(StoredCertificate certificate, bool sign);

		// What the machine's own chain engine says without fetching anything.
		ChainFacts Chain(StoredCertificate certificate);

		// Frees what Read holds.
		void Close();
	}

	public sealed class StoredCertificate
	{
		public string Thumbprint, FriendlyName, RenewedBy;
		public byte[] Der;
		public bool Archived;
		public KeyLink Key;
		public object Native;
	}

	// The link from a certificate to its private key (A9.01 to A9.05). ProviderType 0 means CNG.
	public sealed class KeyLink
	{
		public string Provider, Container;
		public long ProviderType, KeySpec;
		public bool Machine;
	}

	// Code: 0 or the HRESULT, null when nothing was opened. Descriptor: the key's security descriptor, null if unknown. UniqueName: how the
	// provider calls the key, which for Microsoft's software providers is the name of its file (A9.12); null if unknown.
	public sealed class KeyProbe
	{
		public bool Tried;
		public long? Code;
		public byte[] Descriptor;
		public string UniqueName;
	}

	// Status: sum of CERT_TRUST_*, which are X509ChainStatusFlags. Elements: certificates in the chain.
	public sealed class ChainFacts
	{
		public long Status, Elements;
	}

	public sealed class TcpEnd
	{
		public string Address;
		public int Port;
	}
}
