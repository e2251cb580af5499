// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;

namespace TlsFleet
{
	// Structures of http.h. Sizes and offsets are compared with the SDK's by the tests, for 64 and 32 bits; public fields, since the marshaller fills them.
	[StructLayout(LayoutKind.Sequential)]
	public struct HttpVersion
	{
		public ushort Major, Minor;
	}

	// 128 bytes, aligned to 8 on x86 as well.
	[StructLayout(LayoutKind.Sequential)]
	public struct SockaddrStorage
	{
		public long A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SslParam
	{
		public uint HashLength;
		public IntPtr Hash;
		public Guid AppId;
		public IntPtr StoreName;
		public uint CheckMode, Freshness, Timeout;
		public IntPtr CtlIdentifier, CtlStore;
		public uint Flags;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SslSet
	{
		public IntPtr Address;
		public SslParam Param;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SslQuery
	{
		public int Desc;
		public IntPtr Address;
		public uint Token;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SniKey
	{
		public SockaddrStorage Address;
		public IntPtr Host;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SniSet
	{
		public SniKey Key;
		public SslParam Param;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct SniQuery
	{
		public int Desc;
		public SniKey Key;
		public uint Token;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct CcsSet
	{
		public SockaddrStorage Address;
		public SslParam Param;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct CcsQuery
	{
		public int Desc;
		public SockaddrStorage Address;
		public uint Token;
	}

	// The same form serves set and query of URL reservations.
	[StructLayout(LayoutKind.Sequential)]
	public struct UrlAclSet
	{
		public IntPtr Prefix, Descriptor;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct UrlAclQuery
	{
		public int Desc;
		public IntPtr Prefix;
		public uint Token;
	}

	// httpapi.dll, the configuration part.
	public static class HttpNative
	{
		public const int IpListen = 0, Ssl = 1, UrlAcl = 2, Sni = 5, Ccs = 6, ScopedCcs = 11;
		public const int QueryNext = 1;
		public const uint InitializeConfig = 2;
		public const uint NotFound = 2, InvalidParameter = 87, InsufficientBuffer = 122, MoreData = 234, NoMoreItems = 259;

		[DllImport("httpapi.dll")]
		public static extern uint HttpInitialize(HttpVersion version, uint flags, IntPtr reserved);

		[DllImport("httpapi.dll")]
		public static extern uint HttpTerminate(uint flags, IntPtr reserved);

		[DllImport("httpapi.dll")]
		public static extern uint HttpQueryServiceConfiguration(IntPtr handle, int id, IntPtr input, uint inputLength,
			IntPtr output, uint outputLength, out uint needed, IntPtr overlapped);

		[DllImport("httpapi.dll")]
		public static extern uint HttpSetServiceConfiguration(IntPtr handle, int id, IntPtr information, uint length, IntPtr overlapped);

		[DllImport("httpapi.dll")]
		public static extern uint HttpDeleteServiceConfiguration(IntPtr handle, int id, IntPtr information, uint length, IntPtr overlapped);

		[DllImport("httpapi.dll")]
		public static extern uint HttpUpdateServiceConfiguration(IntPtr handle, int id, IntPtr information, uint length, IntPtr overlapped);
	}

	// The real http.sys configuration.
	public sealed class HttpApi : IHttpApi
	{
		public HttpApi()
		{
			var version = new HttpVersion { Major = 1, Minor = 0 };
			uint code = HttpNative.HttpInitialize(version, HttpNative.InitializeConfig, IntPtr.Zero);
			if (code != 0)
				throw HostException.OfCall("HttpInitialize", code);
		}

		public uint Query(int id, IntPtr input, uint inputLength, IntPtr output, uint outputLength, out uint needed)
		{
			return HttpNative.HttpQueryServiceConfiguration(IntPtr.Zero, id, input, inputLength, output, outputLength, out needed, IntPtr.Zero);
		}

		public uint Set(int id, IntPtr information, uint length)
		{
			return HttpNative.HttpSetServiceConfiguration(IntPtr.Zero, id, information, length, IntPtr.Zero);
		}

		public uint Delete(int id, IntPtr information, uint length)
		{
			return HttpNative.HttpDeleteServiceConfiguration(IntPtr.Zero, id, information, length, IntPtr.Zero);
		}

		public uint Update(int id, IntPtr information, uint length)
		{
			return HttpNative.HttpUpdateServiceConfiguration(IntPtr.Zero, id, information, length, IntPtr.Zero);
		}

		// Looks the export up without calling it.
		public bool? UpdateExported
		{
			get
			{
				try
				{
					Marshal.Prelink(typeof(HttpNative).GetMethod("HttpUpdateServiceConfiguration"));
					return true;
				}
				catch (EntryPointNotFoundException)
				{
					return false;
				}
			}
		}

		public void Dispose()
		{
			HttpNative.HttpTerminate(HttpNative.InitializeConfig, IntPtr.Zero);
		}
	}
}
