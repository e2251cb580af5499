// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace TlsFleet
{
	// One http.sys certificate record (contracts.md section 2). Numbers are kept whole, unknown bits included.
	public sealed class HttpRecord
	{
		public const string IisAppId = "{4dc3e181-e14b-4a21-b022-59fc669b0914}";
		public string Family, Key, Thumbprint, Store, AppId, CtlIdentifier, CtlStore;
		public long Flags, CheckMode, Freshness, Timeout;

		public Bag ToBag()
		{
			return AddTo(new Bag { { "family", Family }, { "key", Key } });
		}

		// All but family and key: an image.
		public Bag AddTo(Bag bag)
		{
			return bag.Put("thumbprint", Thumbprint).PutUnless(null, "store", Store).PutUnless(IisAppId, "app_id", AppId)
				.PutUnless(0L, "flags", Flags).PutUnless(0L, "check_mode", CheckMode)
				.PutUnless(0L, "freshness", Freshness).PutUnless(0L, "timeout", Timeout)
				.PutUnless(null, "ctl_identifier", CtlIdentifier).PutUnless(null, "ctl_store", CtlStore);
		}
	}

	// Reads what http.sys is configured with. Answers arrive in one buffer that holds the texts it points to.
	public sealed class HttpRecords
	{
		public static readonly Dictionary<string, int> Ids = new Dictionary<string, int>
		{
			{ "ipport", HttpNative.Ssl }, { "hostnameport", HttpNative.Sni }, { "ccs", HttpNative.Ccs }, { "scopedccs", HttpNative.ScopedCcs }
		};
		private readonly IHttpApi api;

		// Families that this Windows does not know, as entries of `asked`.
		public readonly List<Bag> Unknown = new List<Bag>();

		public HttpRecords(IHttpApi api)
		{
			this.api = api;
		}

		// All four families. Ids that this Windows does not know answer 87: before build 9200 there were no names and no central store
		// (F1.20), and no build is known from which scoped records exist: that is noted. Elsewhere 87 is a gap like any other failure.
		public List<HttpRecord> All(long build, Gaps gaps)
		{
			List<HttpRecord> all = new List<HttpRecord>();
			Family(all, gaps, HttpNative.Ssl, "ipport", false, new SslQuery { Desc = HttpNative.QueryNext }, FromSsl);
			Family(all, gaps, HttpNative.Sni, "hostnameport", build < 9200, new SniQuery { Desc = HttpNative.QueryNext }, FromSni);
			Family(all, gaps, HttpNative.Ccs, "ccs", build < 9200, new CcsQuery { Desc = HttpNative.QueryNext }, FromCcs);
			Family(all, gaps, HttpNative.ScopedCcs, "scopedccs", true, new SniQuery { Desc = HttpNative.QueryNext }, FromSni);
			return all;
		}

		private void Family(List<HttpRecord> all, Gaps gaps, int id, string family, bool mayBeUnknown, object query, Func<IntPtr, HttpRecord> read)
		{
			try
			{
				List<HttpRecord> found = Steady(id, query, read);
				foreach (HttpRecord record in found)
					record.Family = family;
				all.AddRange(found);
			}
			catch (HostException fault)
			{
				if (mayBeUnknown && fault.Number == HttpNative.InvalidParameter)
					Unknown.Add(new Bag { { "what", "records_" + family }, { "present", false }, { "evidence", fault.Call + ", id " + id + ": " + fault.Number } });
				else
					gaps.Add("records", fault, "http.sys records of family " + family + " (id " + id + ")");
			}
		}

		// Tokens are places in a list that others may change meanwhile: a key met twice means that it was moved, so read again.
		private List<HttpRecord> Steady(int id, object query, Func<IntPtr, HttpRecord> read)
		{
			for (int attempt = 1; ; attempt++)
			{
				List<HttpRecord> found = Each(id, query, read);
				HashSet<string> keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
				bool twice = false;
				foreach (HttpRecord record in found)
					twice |= !keys.Add(record.Key);
				if (!twice)
					return found;
				if (attempt == 5)
					throw new HostException("changed_meanwhile", "records kept changing while they were read");
			}
		}

		public List<string> UrlReservations()
		{
			return Each(HttpNative.UrlAcl, new UrlAclQuery { Desc = HttpNative.QueryNext },
				at => Text(((UrlAclSet)Marshal.PtrToStructure(at, typeof(UrlAclSet))).Prefix));
		}

		// The whole list in one call; none means every address (A8.01, A8.02).
		public List<string> IpListen()
		{
			List<string> found = new List<string>();
			using (Room room = new Room())
			{
				uint code = room.Query(api, HttpNative.IpListen, IntPtr.Zero, 0);
				if (code == HttpNative.NotFound)
					return found;
				if (code != 0)
					throw HostException.OfCall("HttpQueryServiceConfiguration", code);
				int count = Marshal.ReadInt32(room.At);
				for (int index = 0; index < count; index++)
					found.Add(Address(IntPtr.Add(room.At, 8 + 128 * index)).ToString());
			}
			return found;
		}

		private List<T> Each<T>(int id, object query, Func<IntPtr, T> read)
		{
			List<T> found = new List<T>();
			int length = Marshal.SizeOf(query.GetType());
			int tokenAt = (int)Marshal.OffsetOf(query.GetType(), "Token");
			IntPtr input = Marshal.AllocHGlobal(length);
			try
			{
				for (int index = 0; index < length; index++)
					Marshal.WriteByte(input, index, 0);
				Marshal.StructureToPtr(query, input, false);
				using (Room room = new Room())
				{
					for (int token = 0; ; token++)
					{
						Marshal.WriteInt32(input, tokenAt, token);
						uint code = room.Query(api, id, input, (uint)length);
						// None at all may be told like a list or a record that is not there.
						if (code == HttpNative.NoMoreItems || (code == HttpNative.NotFound && token == 0))
							return found;
						if (code != 0)
							throw HostException.OfCall("HttpQueryServiceConfiguration", code);
						found.Add(read(room.At));
					}
				}
			}
			finally
			{
				Marshal.FreeHGlobal(input);
			}
		}

		// What a query of this id has answered, without its family.
		public static HttpRecord Of(int id, IntPtr at)
		{
			return id == HttpNative.Ssl ? FromSsl(at) : id == HttpNative.Ccs ? FromCcs(at) : FromSni(at);
		}

		private static HttpRecord FromSsl(IntPtr at)
		{
			SslSet set = (SslSet)Marshal.PtrToStructure(at, typeof(SslSet));
			IPAddress address = Address(set.Address);
			string shown = address.ToString();
			return Record(set.Param, (shown.IndexOf(':') < 0 ? shown : "[" + shown + "]") + ":" + Port(set.Address));
		}

		private static HttpRecord FromSni(IntPtr at)
		{
			SniSet set = (SniSet)Marshal.PtrToStructure(at, typeof(SniSet));
			return Record(set.Param, Text(set.Key.Host) + ":" + Port(at));
		}

		private static HttpRecord FromCcs(IntPtr at)
		{
			return Record(((CcsSet)Marshal.PtrToStructure(at, typeof(CcsSet))).Param, Port(at));
		}

		private static HttpRecord Record(SslParam param, string key)
		{
			HttpRecord record = new HttpRecord { Key = key, AppId = param.AppId.ToString("B") };
			if (param.HashLength > 0 && param.Hash != IntPtr.Zero)
			{
				byte[] hash = new byte[param.HashLength];
				Marshal.Copy(param.Hash, hash, 0, hash.Length);
				record.Thumbprint = Hex.Of(hash);
			}
			record.Store = Text(param.StoreName);
			record.Flags = param.Flags;
			record.CheckMode = param.CheckMode;
			record.Freshness = param.Freshness;
			record.Timeout = param.Timeout;
			record.CtlIdentifier = Text(param.CtlIdentifier);
			record.CtlStore = Text(param.CtlStore);
			return record;
		}

		private static string Text(IntPtr at)
		{
			return at == IntPtr.Zero ? null : Marshal.PtrToStringUni(at);
		}

		// sockaddr: family at 0, port in network order at 2; IPv4 address at 4; IPv6 address at 8, its scope at 24 (F4.15).
		private static IPAddress Address(IntPtr at)
		{
			bool six = Marshal.ReadInt16(at) == 23;
			byte[] bytes = new byte[six ? 16 : 4];
			Marshal.Copy(IntPtr.Add(at, six ? 8 : 4), bytes, 0, bytes.Length);
			return six ? new IPAddress(bytes, (uint)Marshal.ReadInt32(at, 24)) : new IPAddress(bytes);
		}

		private static string Port(IntPtr at)
		{
			int port = (Marshal.ReadByte(at, 2) << 8) | Marshal.ReadByte(at, 3);
			return port.ToString(CultureInfo.InvariantCulture);
		}

		// A buffer that grows when http.sys says it is too small, with either of its two codes (F12.06).
		public sealed class Room : IDisposable
		{
			private uint size = 512;
			public IntPtr At = Marshal.AllocHGlobal(512);

			public uint Query(IHttpApi api, int id, IntPtr input, uint inputLength)
			{
				for (;;)
				{
					uint needed;
					uint code = api.Query(id, input, inputLength, At, size, out needed);
					if (code != HttpNative.InsufficientBuffer && code != HttpNative.MoreData)
						return code;
					if (needed <= size)
						return code;
					Marshal.FreeHGlobal(At);
					At = IntPtr.Zero;
					size = needed;
					At = Marshal.AllocHGlobal((int)size);
				}
			}

			public void Dispose()
			{
				Marshal.FreeHGlobal(At);
			}
		}
	}

	public static class Hex
	{
		// Upper case, as thumbprints are written in this project.
		public static string Of(byte[] bytes)
		{
			return BitConverter.ToString(bytes).Replace("-", "");
		}

		// Text that others wrote: blanks, U+200E and case do not count (F3.36); null unless 40 digits remain.
		public static string Thumbprint(object value)
		{
			byte[] bytes = value as byte[];
			string text = bytes != null ? Of(bytes) : value as string;
			if (text == null)
				return null;
			System.Text.StringBuilder digits = new System.Text.StringBuilder();
			foreach (char letter in text)
				if (Uri.IsHexDigit(letter))
					digits.Append(char.ToUpperInvariant(letter));
			return digits.Length == 40 ? digits.ToString() : null;
		}
	}
}
