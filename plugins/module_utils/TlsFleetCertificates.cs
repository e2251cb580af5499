// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Text;

namespace TlsFleet
{
	// Certificates of the machine stores, as many as were asked for (contracts.md section 3).
	public sealed class Certificates
	{
		// Folders of machine keys and of SYSTEM's own, of either kind of provider (F6.04).
		private const string Crypto = @"%ProgramData%\Microsoft\Crypto\";
		private static readonly string[] KeyFolders = { @"Keys\", @"RSA\MachineKeys\", @"SystemKeys\", @"RSA\S-1-5-18\" };
		private readonly IMachine machine;
		private readonly Gaps gaps;
		private readonly string which, keyCheck;
		private readonly HashSet<string> used = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
		private readonly SortedDictionary<string, string> stores = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);

		public Certificates(IMachine machine, Gaps gaps, string which, string keyCheck, IEnumerable<HttpRecord> records)
		{
			this.machine = machine;
			this.gaps = gaps;
			this.which = which;
			this.keyCheck = keyCheck;
			stores["MY"] = "MY";
			stores["WebHosting"] = "WebHosting";
			foreach (HttpRecord record in records)
			{
				if (record.Thumbprint == null)
					continue;
				string store = record.Store ?? "MY";
				used.Add(store + "\\" + record.Thumbprint);
				if (!stores.ContainsKey(store))
					stores[store] = store;
			}
		}

		public List<Bag> Read()
		{
			var found = new List<Bag>();
			foreach (string store in stores.Values)
			{
				List<StoredCertificate> all = gaps.Try("certificates", "certificate store " + store, null, () => machine.Stores.Read(store));
				try
				{
					if (all != null)
						Choose(store, all, found);
				}
				finally
				{
					machine.Stores.Close();
				}
			}
			return found;
		}

		// referenced: a record names it; candidates: those of My and WebHosting that have a key, too.
		private void Choose(string store, List<StoredCertificate> all, List<Bag> found)
		{
			bool usual = store == "MY" || store == "WebHosting";
			all.Sort((one, other) => string.CompareOrdinal(one.Thumbprint, other.Thumbprint));
			foreach (StoredCertificate certificate in all)
			{
				bool candidate = which == "candidates" && usual && certificate.Key != null;
				if (which == "all" || candidate || used.Contains(store + "\\" + certificate.Thumbprint))
					found.Add(Facts(store, certificate));
			}
		}

		private Bag Facts(string store, StoredCertificate certificate)
		{
			return new Bag { { "thumbprint", certificate.Thumbprint }, { "store", store }, { "der", Convert.ToBase64String(certificate.Der) } }
				.PutUnless("", "friendly_name", certificate.FriendlyName ?? "")
				.PutUnless(false, "archived", certificate.Archived)
				.PutUnless(null, "renewed_by", certificate.RenewedBy)
				.Put("key", certificate.Key == null ? null : KeyFacts(store, certificate))
				.PutUnless(null, "chain", gaps.Try("chains", "chain of certificate " + certificate.Thumbprint + " in " + store, null, () => Chain(certificate)));
		}

		private Bag Chain(StoredCertificate certificate)
		{
			ChainFacts chain = machine.Stores.Chain(certificate);
			return chain == null ? null : new Bag { { "status", chain.Status }, { "elements", chain.Elements } };
		}

		private Bag KeyFacts(string store, StoredCertificate certificate)
		{
			KeyLink key = certificate.Key;
			string what = "key of certificate " + certificate.Thumbprint + " in " + store;
			// Metadata says nothing about access: the list of rights hangs at the key, which only an open reaches (A9.20, A9.21).
			string level = keyCheck == "sign" && !IsSoftware(key.Provider) ? "open" : keyCheck;
			var probe = new KeyProbe();
			if (level != "metadata")
				probe = gaps.Try("keys", what, probe, () => Opened(certificate, level == "sign"));
			string access = gaps.Try("keys", what, "unknown", () => KeyAccess.OfSystem(probe.Descriptor));
			return new Bag
			{
				{ "provider", key.Provider }, { "provider_type", key.ProviderType }, { "container", key.Container },
				{ "key_spec", key.KeySpec }, { "machine", key.Machine }, { "system_access", access },
				{ "check", probe.Tried ? level : "metadata" }, { "code", probe.Code }
			}.PutUnless(null, "file", gaps.Try("keys", what, null, () => FileOf(probe.UniqueName)));
		}

		// Of a key that keeps administrators out Windows says what it says of none: 0x80090016 (A9.24, A9.32). The files tell: they have the access
		// list of their keys (A9.22). Names of CAPI's files begin with a hash of the container; how CNG names them is not known, so there
		// any file that does not open may be the one.
		private KeyProbe Opened(StoredCertificate certificate, bool sign)
		{
			KeyLink key = certificate.Key;
			KeyProbe probe = machine.Stores.Probe(certificate, sign);
			if (probe.Code != KeyNative.BadKeyset || !key.Machine || !IsSoftware(key.Provider))
				return probe;
			bool cng = key.ProviderType == 0;
			string folder = Crypto + KeyFolders[cng ? 0 : 1], begin = cng ? "" : FileStart(key.Container);
			foreach (string name in machine.FilesIn(folder))
			{
				if (!name.StartsWith(begin, StringComparison.OrdinalIgnoreCase))
					continue;
				if (!Opens(machine.ToPath(folder + name)))
					throw new HostException("access_denied", (cng ? "it is missing, or it is the one in " : "it may not be opened: ") + folder + name);
				if (!cng)
					probe.UniqueName = name;
			}
			return probe;
		}

		// Four numbers of 32 bits, of which MD5 here gives the bytes; so with the containers of IIS, whose files everybody knows.
		public static string FileStart(string container)
		{
			byte[] hash;
			try
			{
				using (MD5 maker = MD5.Create())
					hash = maker.ComputeHash(Encoding.ASCII.GetBytes(container.ToLowerInvariant() + "\0"));
			}
			catch (Exception)
			{
				// A Windows in FIPS mode has no MD5.
				return "";
			}
			StringBuilder name = new StringBuilder();
			for (int index = 0; index < 16; index += 4)
				name.Append(BitConverter.ToUInt32(hash, index).ToString("x8", CultureInfo.InvariantCulture));
			return name.Append('_').ToString();
		}

		private static bool Opens(string path)
		{
			try
			{
				using (new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
					return true;
			}
			catch (Exception fault)
			{
				return Gaps.CodeOf(fault) != "access_denied";
			}
		}

		// The key's file with the variable in its path, as people write it in a command; null: it lies elsewhere, or not in a file.
		private string FileOf(string name)
		{
			if (!string.IsNullOrEmpty(name))
				foreach (string folder in KeyFolders)
				{
					string path = Crypto + folder + name;
					if (File.Exists(machine.ToPath(path)))
						return path;
				}
			return null;
		}

		// Cards, TPMs and other makers' modules are not asked to sign: that may prompt, load a module, or flood its audit log.
		public static bool IsSoftware(string provider)
		{
			return provider.StartsWith("Microsoft ", StringComparison.OrdinalIgnoreCase)
				&& provider.IndexOf("Smart Card", StringComparison.OrdinalIgnoreCase) < 0
				&& provider.IndexOf("Platform", StringComparison.OrdinalIgnoreCase) < 0;
		}
	}

	// May SYSTEM read a key (A9.23)? Judged by SIDs, never by names.
	public static class KeyAccess
	{
		// SYSTEM itself and the groups its token carries: Administrators, Everyone, Authenticated Users.
		private static readonly HashSet<string> System = new HashSet<string> { "S-1-5-18", "S-1-5-32-544", "S-1-1-0", "S-1-5-11" };
		private const int Read = unchecked((int)0x80000000) | 0x10000000 | 0x1;

		public static string OfSystem(byte[] descriptor)
		{
			if (descriptor == null || descriptor.Length == 0)
				return "unknown";
			var security = new RawSecurityDescriptor(descriptor, 0);
			RawAcl list = security.DiscretionaryAcl;
			if ((security.ControlFlags & ControlFlags.DiscretionaryAclPresent) == 0)
				return "unknown";
			if (list == null)
				return "granted";
			foreach (GenericAce entry in list)
			{
				CommonAce ace = entry as CommonAce;
				if (ace == null || (ace.AceFlags & AceFlags.InheritOnly) != 0 || (ace.AccessMask & Read) == 0)
					continue;
				if (!System.Contains(ace.SecurityIdentifier.Value))
					continue;
				if (ace.AceQualifier == AceQualifier.AccessDenied)
					return "denied";
				if (ace.AceQualifier == AceQualifier.AccessAllowed)
					return "granted";
			}
			return "denied";
		}
	}
}
