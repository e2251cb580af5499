// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TlsFleet
{
	// The certificate stores of LocalMachine and the keys behind them.
	public sealed class WindowsStores : IStores
	{
		private const int StoreMissing = unchecked((int)0x80070002);
		private static readonly byte[] Sample = new byte[32];
		private X509Store open;
		private X509Certificate2Collection held;

		public List<StoredCertificate> Read(string store)
		{
			open = new X509Store(store, StoreLocation.LocalMachine);
			try
			{
				open.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly | OpenFlags.IncludeArchived);
			}
			catch (CryptographicException fault)
			{
				open = null;
				if (fault.HResult == StoreMissing)
					return null;
				throw;
			}
			var all = new List<StoredCertificate>();
			held = open.Certificates;
			foreach (X509Certificate2 certificate in held)
				all.Add(One(certificate));
			return all;
		}

		public void Close()
		{
			if (held != null)
				foreach (X509Certificate2 certificate in held)
					certificate.Reset();
			if (open != null)
				open.Close();
			held = null;
			open = null;
		}

		public static StoredCertificate One(X509Certificate2 certificate)
		{
			byte[] renewed = Property(certificate, KeyNative.Renewal, (at, size) =>
			{
				byte[] bytes = new byte[size];
				Marshal.Copy(at, bytes, 0, size);
				return bytes;
			});
			return new StoredCertificate
			{
				Thumbprint = certificate.Thumbprint, Der = certificate.RawData, Archived = certificate.Archived,
				FriendlyName = certificate.FriendlyName, RenewedBy = Hex.Thumbprint(renewed), Native = certificate,
				Key = Property(certificate, KeyNative.KeyProvInfo, ToLink)
			};
		}

		// Null where the certificate does not carry the property. Texts inside point into the buffer, so it is read before it is freed.
		private static T Property<T>(X509Certificate2 certificate, uint id, Func<IntPtr, int, T> read) where T : class
		{
			uint size = 0;
			if (!KeyNative.CertGetCertificateContextProperty(certificate.Handle, id, IntPtr.Zero, ref size))
				return null;
			IntPtr at = Marshal.AllocHGlobal((int)size);
			try
			{
				return KeyNative.CertGetCertificateContextProperty(certificate.Handle, id, at, ref size) ? read(at, (int)size) : null;
			}
			finally
			{
				Marshal.FreeHGlobal(at);
				GC.KeepAlive(certificate);
			}
		}

		public static KeyLink ToLink(IntPtr at, int size)
		{
			KeyNative.ProvInfo info = (KeyNative.ProvInfo)Marshal.PtrToStructure(at, typeof(KeyNative.ProvInfo));
			return new KeyLink
			{
				Container = Marshal.PtrToStringUni(info.Container) ?? "", Provider = Marshal.PtrToStringUni(info.Provider) ?? "",
				ProviderType = info.ProviderType, KeySpec = info.KeySpec, Machine = (info.Flags & KeyNative.MachineKeyset) != 0
			};
		}

		public KeyProbe Probe(StoredCertificate certificate, bool sign)
		{
			var probe = new KeyProbe { Tried = true };
			X509Certificate2 native = (X509Certificate2)certificate.Native;
			IntPtr key;
			uint keySpec;
			bool callerFrees;
			if (!KeyNative.CryptAcquireCertificatePrivateKey(native.Handle, KeyNative.AcquireFlags, IntPtr.Zero, out key, out keySpec, out callerFrees))
			{
				probe.Code = KeyNative.LastResult();
				// Windows says this of a key that the caller may not open, too (A9.32); without it SYSTEM's own keys would pass for missing.
				if (probe.Code == KeyNative.BadKeyset && !KeyNative.IsUserAnAdmin())
					throw new HostException("access_denied", "there is no such key, or it may not be opened (0x80090016)");
				return probe;
			}
			bool cng = keySpec == KeyNative.NcryptHandle;
			try
			{
				probe.Descriptor = cng ? CngProperty(key, "Security Descr", KeyNative.Dacl) : CapiProperty(key, KeyNative.KeysetDescriptor, KeyNative.Dacl);
				probe.UniqueName = cng ? Text(Encoding.Unicode, CngProperty(key, "Unique Name", 0)) : Text(Encoding.ASCII, CapiProperty(key, KeyNative.UniqueContainer, 0));
				probe.Code = !sign ? 0 : cng ? CngSign(key, native.GetKeyAlgorithm() == "1.2.840.113549.1.1.1") : CapiSign(key, keySpec, certificate.Key);
			}
			finally
			{
				if (callerFrees && cng)
					KeyNative.NCryptFreeObject(key);
				else if (callerFrees)
					KeyNative.CryptReleaseContext(key, 0);
				GC.KeepAlive(native);
			}
			return probe;
		}

		// The first chain of the context: status at 4; the chains' number and list at 12 and 16; in a chain, the number of elements at 12.
		public ChainFacts Chain(StoredCertificate certificate)
		{
			X509Certificate2 native = (X509Certificate2)certificate.Native;
			byte[] para = new byte[4 * IntPtr.Size];
			para[0] = (byte)para.Length;
			IntPtr context;
			if (!KeyNative.CertGetCertificateChain(KeyNative.MachineEngine, native.Handle, IntPtr.Zero, IntPtr.Zero, para, KeyNative.ChainFlags, IntPtr.Zero, out context))
				throw HostException.OfCall("CertGetCertificateChain", (uint)Marshal.GetLastWin32Error());
			try
			{
				IntPtr first = Marshal.ReadInt32(context, 12) > 0 ? Marshal.ReadIntPtr(Marshal.ReadIntPtr(context, 16)) : IntPtr.Zero;
				return new ChainFacts { Status = unchecked((uint)Marshal.ReadInt32(context, 4)), Elements = first == IntPtr.Zero ? 0 : Marshal.ReadInt32(first, 12) };
			}
			finally
			{
				KeyNative.CertFreeCertificateChain(context);
				GC.KeepAlive(native);
			}
		}

		// Null where the provider does not tell: cards and chips have neither access lists nor files.
		private static byte[] CngProperty(IntPtr key, string name, uint part)
		{
			uint flags = part | KeyNative.Silent, size;
			if (KeyNative.NCryptGetProperty(key, name, null, 0, out size, flags) != 0)
				return null;
			byte[] value = new byte[size];
			return KeyNative.NCryptGetProperty(key, name, value, size, out size, flags) == 0 ? value : null;
		}

		private static byte[] CapiProperty(IntPtr provider, uint parameter, uint part)
		{
			uint size = 0;
			if (!KeyNative.CryptGetProvParam(provider, parameter, null, ref size, part))
				return null;
			byte[] value = new byte[size];
			return KeyNative.CryptGetProvParam(provider, parameter, value, ref size, part) ? value : null;
		}

		private static string Text(Encoding encoding, byte[] value)
		{
			return value == null ? null : encoding.GetString(value).TrimEnd('\0');
		}

		private static long CngSign(IntPtr key, bool rsa)
		{
			IntPtr name = Marshal.StringToHGlobalUni("SHA256"), padding = Marshal.AllocHGlobal(IntPtr.Size);
			try
			{
				Marshal.StructureToPtr(new KeyNative.Pkcs1Padding { Algorithm = name }, padding, false);
				IntPtr used = rsa ? padding : IntPtr.Zero;
				uint flags = KeyNative.Silent | (rsa ? KeyNative.PadPkcs1 : 0), size;
				int code = KeyNative.NCryptSignHash(key, used, Sample, (uint)Sample.Length, null, 0, out size, flags);
				if (code == 0)
					code = KeyNative.NCryptSignHash(key, used, Sample, (uint)Sample.Length, new byte[size], size, out size, flags);
				return unchecked((uint)code);
			}
			finally
			{
				Marshal.FreeHGlobal(padding);
				Marshal.FreeHGlobal(name);
			}
		}

		// SHA-256 only where the provider type can (A9.31).
		private static long CapiSign(IntPtr provider, uint keySpec, KeyLink link)
		{
			IntPtr hash;
			uint size = 0;
			if (!KeyNative.CryptCreateHash(provider, link.ProviderType == KeyNative.RsaAes ? KeyNative.Sha256 : KeyNative.Sha1, IntPtr.Zero, 0, out hash))
				return KeyNative.LastResult();
			try
			{
				bool done = KeyNative.CryptHashData(hash, Sample, (uint)Sample.Length, 0)
					&& KeyNative.CryptSignHash(hash, keySpec, IntPtr.Zero, 0, null, ref size)
					&& KeyNative.CryptSignHash(hash, keySpec, IntPtr.Zero, 0, new byte[size], ref size);
				return done ? 0 : KeyNative.LastResult();
			}
			finally
			{
				KeyNative.CryptDestroyHash(hash);
			}
		}
	}

	// crypt32, ncrypt and advapi32: one way to keys for every runtime from 4.5 on (A9.15).
	public static class KeyNative
	{
		public const uint KeyProvInfo = 2, Renewal = 64;
		public const uint NcryptHandle = 0xFFFFFFFF, MachineKeyset = 0x20, Silent = 0x40, BadKeyset = 0x80090016;
		// Silent, CNG allowed, never writing a link back, the public key compared (A9.10).
		public const uint AcquireFlags = 0x40 | 0x10000 | 0x8 | 0x4;
		// As SYSTEM sees it; nothing is fetched: no issuers, no revocation lists, no roots of Windows Update.
		public const uint ChainFlags = 0x4 | 0x100 | 0x40000000 | 0x80000000;
		public static readonly IntPtr MachineEngine = (IntPtr)1;
		public const uint Dacl = 4, KeysetDescriptor = 8, UniqueContainer = 36, PadPkcs1 = 2, Sha1 = 0x8004, Sha256 = 0x800C, RsaAes = 24;

		[StructLayout(LayoutKind.Sequential)]
		public struct ProvInfo
		{
			public IntPtr Container, Provider;
			public uint ProviderType, Flags, ParamCount;
			public IntPtr Params;
			public uint KeySpec;
		}

		[StructLayout(LayoutKind.Sequential)]
		public struct Pkcs1Padding
		{
			public IntPtr Algorithm;
		}

		// False for an administrator whose token was filtered, too.
		[DllImport("shell32.dll")]
		public static extern bool IsUserAnAdmin();

		[DllImport("crypt32.dll", SetLastError = true)]
		public static extern bool CertGetCertificateContextProperty(IntPtr certificate, uint id, IntPtr data, ref uint size);

		[DllImport("crypt32.dll", SetLastError = true)]
		public static extern bool CryptAcquireCertificatePrivateKey(IntPtr certificate, uint flags, IntPtr parameters,
			out IntPtr key, out uint keySpec, out bool callerFrees);

		[DllImport("crypt32.dll", SetLastError = true)]
		public static extern bool CertGetCertificateChain(IntPtr engine, IntPtr certificate, IntPtr time, IntPtr store, byte[] para, uint flags,
			IntPtr reserved, out IntPtr chain);

		[DllImport("crypt32.dll")]
		public static extern void CertFreeCertificateChain(IntPtr chain);

		[DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
		public static extern int NCryptGetProperty(IntPtr key, string name, byte[] output, uint size, out uint needed, uint flags);

		[DllImport("ncrypt.dll")]
		public static extern int NCryptSignHash(IntPtr key, IntPtr padding, byte[] hash, uint hashSize, byte[] signature, uint size, out uint needed, uint flags);

		[DllImport("ncrypt.dll")]
		public static extern int NCryptFreeObject(IntPtr key);

		[DllImport("advapi32.dll", SetLastError = true)]
		public static extern bool CryptGetProvParam(IntPtr provider, uint parameter, byte[] data, ref uint size, uint flags);

		[DllImport("advapi32.dll", SetLastError = true)]
		public static extern bool CryptReleaseContext(IntPtr provider, uint flags);

		[DllImport("advapi32.dll", SetLastError = true)]
		public static extern bool CryptCreateHash(IntPtr provider, uint algorithm, IntPtr key, uint flags, out IntPtr hash);

		[DllImport("advapi32.dll", SetLastError = true)]
		public static extern bool CryptHashData(IntPtr hash, byte[] data, uint size, uint flags);

		[DllImport("advapi32.dll", EntryPoint = "CryptSignHashW", SetLastError = true)]
		public static extern bool CryptSignHash(IntPtr hash, uint keySpec, IntPtr description, uint flags, byte[] signature, ref uint size);

		[DllImport("advapi32.dll", SetLastError = true)]
		public static extern bool CryptDestroyHash(IntPtr hash);

		// The last error as HRESULT: small codes are Win32's, the others are HRESULTs already.
		public static long LastResult()
		{
			uint code = unchecked((uint)Marshal.GetLastWin32Error());
			return code <= 0xFFFF ? 0x80070000 | code : code;
		}
	}
}
