// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsFleet
{
	// A record in unmanaged memory, as http.h wants it for set, update and delete (F4.04, F4.15). Everything is freed at once.
	public sealed class RecordMemory : IDisposable
	{
		private readonly List<IntPtr> held = new List<IntPtr>();
		public readonly int Id;
		public IntPtr At;
		public uint Length;

		// With `value` null the key alone, which is all that delete looks at.
		public RecordMemory(string family, string key, HttpRecord value)
		{
			Id = HttpRecords.Ids[family];
			SslParam param = value == null ? new SslParam() : Param(value);
			if (Id == HttpNative.Ssl)
				Put(new SslSet { Address = Sockaddr(key, true), Param = param });
			else if (Id == HttpNative.Ccs)
				Put(new CcsSet { Address = Storage(key), Param = param });
			else
				Put(new SniSet { Key = Name(key), Param = param });
		}

		private RecordMemory(string family, string key)
		{
			Id = HttpRecords.Ids[family];
			if (Id == HttpNative.Ssl)
				Put(new SslQuery { Address = Sockaddr(key, true) });
			else if (Id == HttpNative.Ccs)
				Put(new CcsQuery { Address = Storage(key) });
			else
				Put(new SniQuery { Key = Name(key) });
		}

		// Asks for exactly this key: Desc is 0 (F4.05).
		public static RecordMemory Query(string family, string key)
		{
			return new RecordMemory(family, key);
		}

		private void Put(object structure)
		{
			Length = (uint)Marshal.SizeOf(structure.GetType());
			At = Room((int)Length);
			Marshal.StructureToPtr(structure, At, false);
		}

		private IntPtr Room(int length)
		{
			IntPtr at = Marshal.AllocHGlobal(length);
			held.Add(at);
			for (int index = 0; index < length; index++)
				Marshal.WriteByte(at, index, 0);
			return at;
		}

		private IntPtr Words(string text)
		{
			if (text == null)
				return IntPtr.Zero;
			IntPtr at = Marshal.StringToHGlobalUni(text);
			held.Add(at);
			return at;
		}

		private SslParam Param(HttpRecord value)
		{
			SslParam param = new SslParam
			{
				AppId = new Guid(value.AppId), StoreName = Words(value.Store),
				CheckMode = (uint)value.CheckMode, Freshness = (uint)value.Freshness, Timeout = (uint)value.Timeout,
				CtlIdentifier = Words(value.CtlIdentifier), CtlStore = Words(value.CtlStore), Flags = (uint)value.Flags
			};
			if (value.Thumbprint != null)
			{
				byte[] hash = new byte[value.Thumbprint.Length / 2];
				for (int index = 0; index < hash.Length; index++)
					hash[index] = byte.Parse(value.Thumbprint.Substring(2 * index, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
				param.HashLength = (uint)hash.Length;
				param.Hash = Room(hash.Length);
				Marshal.Copy(hash, 0, param.Hash, hash.Length);
			}
			return param;
		}

		// sockaddr_in has 16 bytes, sockaddr_in6 28; a whole SOCKADDR_STORAGE holds either. Names and bare ports go as IPv4, any address.
		private IntPtr Sockaddr(string key, bool address)
		{
			IPAddress host = address ? Address(key) : IPAddress.Any;
			byte[] bytes = host.GetAddressBytes();
			int port = Port(key);
			IntPtr at = Room(128);
			Marshal.WriteInt16(at, (short)(bytes.Length == 16 ? 23 : 2));
			Marshal.WriteByte(at, 2, (byte)(port >> 8));
			Marshal.WriteByte(at, 3, (byte)port);
			Marshal.Copy(bytes, 0, IntPtr.Add(at, bytes.Length == 16 ? 8 : 4), bytes.Length);
			if (bytes.Length == 16)
				Marshal.WriteInt32(at, 24, (int)host.ScopeId);
			return at;
		}

		private SockaddrStorage Storage(string key)
		{
			return (SockaddrStorage)Marshal.PtrToStructure(Sockaddr(key, false), typeof(SockaddrStorage));
		}

		private SniKey Name(string key)
		{
			return new SniKey { Address = Storage(key), Host = Words(key.Substring(0, key.LastIndexOf(':'))) };
		}

		private static int Port(string key)
		{
			int port;
			string digits = key.Substring(key.LastIndexOf(':') + 1);
			return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port < 65536 ? port : 0;
		}

		private static IPAddress Address(string key)
		{
			IPAddress address;
			string text = key.Substring(0, Math.Max(0, key.LastIndexOf(':')));
			bool six = text.StartsWith("[", StringComparison.Ordinal) && text.EndsWith("]", StringComparison.Ordinal);
			if (six)
				text = text.Substring(1, text.Length - 2);
			// IPAddress takes 1 and 10.1 for addresses, too; a key has all four numbers.
			if (!six && text.Split('.').Length != 4)
				return null;
			return IPAddress.TryParse(text, out address) && text.Contains(":") == six ? address : null;
		}

		// One text for all spellings of a key, for one that is none, too. `*` as a name is the central store (F1.05).
		public static string Identity(string family, string key)
		{
			string name = family == "ipport" ? "" + Address(key) : key.Substring(0, Math.Max(0, key.LastIndexOf(':'))).ToLowerInvariant();
			return (name == "*" && family == "hostnameport" ? "ccs " : family + " " + name) + ":" + Port(key);
		}

		public static bool IsKey(string family, string key)
		{
			int colon = key.LastIndexOf(':');
			if (Port(key) == 0 || (colon < 0) != (family == "ccs"))
				return false;
			return family == "ipport" ? Address(key) != null : family == "ccs" || colon > 0;
		}

		// 20 bytes for SHA-1; up to 64 fit (F4.22).
		public static bool IsThumbprint(string text)
		{
			foreach (char letter in text)
				if (!Uri.IsHexDigit(letter))
					return false;
			return text.Length > 0 && text.Length <= 128 && text.Length % 2 == 0;
		}

		public void Dispose()
		{
			foreach (IntPtr at in held)
				Marshal.FreeHGlobal(at);
			held.Clear();
		}
	}

	// The three writing calls, and the look at one key before them. Failures are those of contracts.md section 6.
	public sealed class HttpTable
	{
		public const string UpdateCall = "HttpUpdateServiceConfiguration", DeleteCall = "HttpDeleteServiceConfiguration";
		private readonly IHttpApi api;

		public HttpTable(IHttpApi api)
		{
			this.api = api;
		}

		// Null: there is no such record. A family that this Windows does not know has none either.
		public HttpRecord Find(string family, string key)
		{
			using (RecordMemory asked = RecordMemory.Query(family, key))
			using (HttpRecords.Room room = new HttpRecords.Room())
			{
				uint code = room.Query(api, asked.Id, asked.At, asked.Length);
				if (code == HttpNative.NotFound || (code == HttpNative.InvalidParameter && family != "ipport"))
					return null;
				if (code != 0)
					throw Fault("HttpQueryServiceConfiguration", code, family + " " + key);
				HttpRecord found = HttpRecords.Of(asked.Id, room.At);
				found.Family = family;
				found.Key = key;
				return found;
			}
		}

		public void Set(string family, string key, HttpRecord value)
		{
			Call("HttpSetServiceConfiguration", api.Set, family, key, value);
		}

		public void Delete(string family, string key)
		{
			Call(DeleteCall, api.Delete, family, key, null);
		}

		// Only where it is exported: another way would be another step.
		public void Update(string family, string key, HttpRecord value)
		{
			if (api.UpdateExported == false)
				throw new HostException("update_unsupported", "this Windows does not export it", family + " " + key, "this Windows does not export it", UpdateCall, null);
			Call(UpdateCall, api.Update, family, key, value);
		}

		private delegate uint Write(int id, IntPtr information, uint length);

		private static void Call(string name, Write call, string family, string key, HttpRecord value)
		{
			using (RecordMemory memory = new RecordMemory(family, key, value))
			{
				uint code;
				try
				{
					code = call(memory.Id, memory.At, memory.Length);
				}
				catch (EntryPointNotFoundException)
				{
					code = NoSuchProcedure;
				}
				if (code != 0)
					throw Fault(name, code, family + " " + key);
			}
		}

		private const uint NoSuchProcedure = 127;

		// F4.07; for update also the codes by which Windows says that a function is none of its own.
		private static HostException Fault(string call, uint number, string place)
		{
			string code = "internal", hint = null;
			if (number == 2)
				Is(out code, out hint, "record_missing", "the record is not there");
			else if (number == 5)
				Is(out code, out hint, "access_denied", "administrator rights are missing");
			else if (number == 87)
				Is(out code, out hint, "not_supported_here", "this Windows does not know this kind of record");
			else if (number == 183)
				Is(out code, out hint, "record_exists", "there is such a record already");
			else if (number == 1312)
				Is(out code, out hint, "key_unusable", "the certificate or its private key cannot be used by SYSTEM");
			else if (call == UpdateCall && (number == 1 || number == 50 || number == 120 || number == NoSuchProcedure))
				Is(out code, out hint, "update_unsupported", "this Windows exports it and does not have it");
			else
				hint = HostException.OfCall(call, number).Message;
			return new HostException(code, hint, place, hint, call, number);
		}

		private static void Is(out string code, out string hint, string known, string words)
		{
			code = known;
			hint = words;
		}

		// Two images of one record (contracts.md section 4): texts without case, store null is MY.
		public static bool Same(HttpRecord one, HttpRecord other)
		{
			if (one == null || other == null)
				return one == other;
			return Words(one) == Words(other);
		}

		private static string Words(HttpRecord record)
		{
			StringBuilder words = new StringBuilder();
			string store = string.IsNullOrEmpty(record.Store) ? "MY" : record.Store;
			foreach (string text in new[] { record.Thumbprint, store, record.AppId, record.CtlIdentifier, record.CtlStore })
				words.Append(text == null ? "-" : "+" + text.ToLowerInvariant()).Append('\n');
			foreach (long number in new[] { record.Flags, record.CheckMode, record.Freshness, record.Timeout })
				words.Append(number).Append(' ');
			return words.ToString();
		}

		// For people: which certificate, and what else differs.
		public static string Shown(HttpRecord record)
		{
			return record == null ? "no record" : "certificate " + (record.Thumbprint ?? "none");
		}
	}
}
