// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;

namespace TlsFleet
{
	// crypt32, ncrypt and advapi32: one way to keys for every runtime from 4.5 on (A9.15).
	public static class KeyNative
	{
		public const uint KeyProvInfo = 2, Renewal = 64;
		public const uint NcryptHandle = 0xFFFFFFFF, MachineKeyset = 0x20, Silent = 0x40;
		// Silent, CNG allowed, never writing a link back, the public key compared (A9.10).
		public const uint AcquireFlags = 0x40 | 0x10000 | 0x8 | 0x4;
		// As SYSTEM sees it; nothing is fetched, neither issuers nor revocation lists.
		public const uint ChainFlags = 0x4 | 0x40000000 | 0x80000000;
		public static readonly IntPtr MachineEngine = (IntPtr)1;
		public const uint Dacl = 4, KeysetDescriptor = 8, PadPkcs1 = 2, Sha1 = 0x8004, Sha256 = 0x800C, RsaAes = 24;

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

		[DllImport("crypt32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CertGetCertificateContextProperty(IntPtr certificate, uint id, IntPtr data, ref uint size);

		[DllImport("crypt32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptAcquireCertificatePrivateKey(IntPtr certificate, uint flags, IntPtr parameters,
			out IntPtr key, out uint keySpec, out bool callerFrees);

		[DllImport("crypt32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CertGetCertificateChain(IntPtr engine, IntPtr certificate, IntPtr time, IntPtr store, byte[] para, uint flags,
			IntPtr reserved, out IntPtr chain);

		[DllImport("crypt32.dll", ExactSpelling = true)]
		public static extern void CertFreeCertificateChain(IntPtr chain);

		[DllImport("ncrypt.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
		public static extern int NCryptGetProperty(IntPtr key, string name, byte[] output, uint size, out uint needed, uint flags);

		[DllImport("ncrypt.dll", ExactSpelling = true)]
		public static extern int NCryptSignHash(IntPtr key, IntPtr padding, byte[] hash, uint hashSize, byte[] signature, uint size, out uint needed, uint flags);

		[DllImport("ncrypt.dll", ExactSpelling = true)]
		public static extern int NCryptFreeObject(IntPtr key);

		[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptGetProvParam(IntPtr provider, uint parameter, byte[] data, ref uint size, uint flags);

		[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptReleaseContext(IntPtr provider, uint flags);

		[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptCreateHash(IntPtr provider, uint algorithm, IntPtr key, uint flags, out IntPtr hash);

		[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptHashData(IntPtr hash, byte[] data, uint size, uint flags);

		[DllImport("advapi32.dll", EntryPoint = "CryptSignHashW", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptSignHash(IntPtr hash, uint keySpec, IntPtr description, uint flags, byte[] signature, ref uint size);

		[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
		public static extern bool CryptDestroyHash(IntPtr hash);

		// The last error as HRESULT: small codes are Win32's, the others are HRESULTs already.
		public static long LastResult()
		{
			uint code = unchecked((uint)Marshal.GetLastWin32Error());
			return code <= 0xFFFF ? 0x80070000 | code : code;
		}
	}
}
