// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32;

namespace TlsFleet
{
	// The real machine.
	public sealed partial class WindowsMachine : IMachine
	{
		private static readonly Guid AdminManager = new Guid("228fb8f7-fb53-4fd5-8c7b-ff59de606c5b");
		private readonly IRegistry registry = new WindowsRegistry();
		private readonly IStores stores = new WindowsStores();

		public bool Simulated { get { return false; } }
		public DateTime UtcNow { get { return DateTime.UtcNow; } }
		public IRegistry Registry { get { return registry; } }
		public IStores Stores { get { return stores; } }

		public string System32
		{
			get { return System32Of(Environment.Is64BitOperatingSystem, Environment.Is64BitProcess); }
		}

		public static string System32Of(bool system64, bool process64)
		{
			return system64 && !process64 ? @"%windir%\sysnative" : @"%windir%\System32";
		}

		public IHttpApi OpenHttp()
		{
			return new HttpApi();
		}

		public IAppHostAdminManager OpenAdmin()
		{
			return (IAppHostAdminManager)Activator.CreateInstance(Type.GetTypeFromCLSID(AdminManager, true));
		}

		public string ToPath(string windowsPath)
		{
			return Environment.ExpandEnvironmentVariables(windowsPath);
		}

		public IEnumerable<string> FilesIn(string windowsFolder)
		{
			return Directory.GetFiles(ToPath(windowsFolder)).Select(Path.GetFileName);
		}

		public IEnumerable<string> Events(string log, string query, int most)
		{
			return EventLog.Read(log, query, most);
		}

		public void Pause(int milliseconds)
		{
			Thread.Sleep(milliseconds);
		}

		public IEnumerable<string> Addresses()
		{
			List<string> found = new List<string>();
			foreach (NetworkInterface card in NetworkInterface.GetAllNetworkInterfaces())
				if (card.OperationalStatus == OperationalStatus.Up)
					foreach (UnicastIPAddressInformation information in card.GetIPProperties().UnicastAddresses)
						if (!IPAddress.IsLoopback(information.Address) && !information.Address.IsIPv6LinkLocal)
							found.Add(information.Address.ToString());
			return found.Distinct();
		}

		public IEnumerable<TcpEnd> Listening()
		{
			return TcpTable.OfSystem(TcpTable.Listen);
		}

		public IEnumerable<TcpEnd> Established()
		{
			return TcpTable.OfSystem(TcpTable.Established);
		}

		public Stream Dial(string address, int port, int timeoutMilliseconds)
		{
			return Dial(new IPEndPoint(IPAddress.Parse(address), port), timeoutMilliseconds);
		}

		// No TcpClient constructor and no Connect of .NET Framework 4.5 takes a time.
		public static Stream Dial(IPEndPoint end, int timeoutMilliseconds)
		{
			Socket socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
			try
			{
				IAsyncResult dialling = socket.BeginConnect(end, null, null);
				if (!dialling.AsyncWaitHandle.WaitOne(timeoutMilliseconds))
					throw new TimeoutException("no connection to " + end + " within " + timeoutMilliseconds + " ms");
				socket.EndConnect(dialling);
				return new NetworkStream(socket, true);
			}
			catch
			{
				socket.Close();
				throw;
			}
		}

		public IEnumerable<Bag> OtherUsers()
		{
			return new Bag[0];
		}

		public Bag ReadJournal()
		{
			return Journal.View(ToPath(Journal.Folder + "\\" + Journal.File));
		}

		// As Ansible.Basic does: source "Ansible" in the Application log. A log that refuses must not fail a read.
		public void LogInvocation(string text)
		{
			IntPtr log = RegisterEventSourceW(null, "Ansible");
			if (log == IntPtr.Zero)
				return;
			ReportEventW(log, 4, 0, 0, IntPtr.Zero, 1, 0, new[] { text }, IntPtr.Zero);
			DeregisterEventSource(log);
		}

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern IntPtr RegisterEventSourceW(string server, string source);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern bool ReportEventW(IntPtr log, ushort type, ushort category, uint id, IntPtr user, ushort count,
			uint dataSize, string[] texts, IntPtr data);

		[DllImport("advapi32.dll")]
		private static extern bool DeregisterEventSource(IntPtr log);
	}

	public sealed class WindowsRegistry : IRegistry
	{
		public object Value(string key, string name)
		{
			return With(key, null, open => open.GetValue(name));
		}

		public string[] Keys(string key)
		{
			return With(key, new string[0], open => open.GetSubKeyNames());
		}

		public string[] Names(string key)
		{
			return With(key, new string[0], open => open.GetValueNames());
		}

		private static T With<T>(string key, T otherwise, Func<RegistryKey, T> read)
		{
			using (RegistryKey root = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, RegistryView.Registry64))
			using (RegistryKey open = root.OpenSubKey(key))
				return open == null ? otherwise : read(open);
		}
	}

	// Sockets of process 4 (System), where http.sys lives.
	public static class TcpTable
	{
		public const int Listen = 2, Established = 5;
		private const int System = 4, AllWithOwner = 5, V4 = 2, V6 = 23, TooSmall = 122;

		public static List<TcpEnd> OfSystem(int state)
		{
			List<TcpEnd> found = new List<TcpEnd>();
			Read(V4, row => Take(found, row, state, 0, 4, 4, 8, 20), 24);
			Read(V6, row => Take(found, row, state, 48, 0, 16, 20, 52), 56);
			return found;
		}

		private static void Take(List<TcpEnd> found, IntPtr row, int state, int stateAt, int addressAt, int addressSize, int portAt, int ownerAt)
		{
			if (Marshal.ReadInt32(row, ownerAt) != System || Marshal.ReadInt32(row, stateAt) != state)
				return;
			byte[] address = new byte[addressSize];
			Marshal.Copy(IntPtr.Add(row, addressAt), address, 0, addressSize);
			IPAddress local = new IPAddress(address);
			if (local.IsIPv4MappedToIPv6)
				local = local.MapToIPv4();
			found.Add(new TcpEnd { Address = local.ToString(), Port = (Marshal.ReadByte(row, portAt) << 8) | Marshal.ReadByte(row, portAt + 1) });
		}

		// The table grows between asking for its size and reading it, so this is done until it fits.
		private static void Read(int family, Action<IntPtr> each, int rowSize)
		{
			uint size = 0x10000;
			for (;;)
			{
				IntPtr table = Marshal.AllocHGlobal((int)size);
				try
				{
					uint code = GetExtendedTcpTable(table, ref size, false, family, AllWithOwner, 0);
					if (code == TooSmall)
						continue;
					if (code != 0)
						throw HostException.OfCall("GetExtendedTcpTable", code);
					int count = Marshal.ReadInt32(table);
					for (int index = 0; index < count; index++)
						each(IntPtr.Add(table, 4 + index * rowSize));
					return;
				}
				finally
				{
					Marshal.FreeHGlobal(table);
				}
			}
		}

		[DllImport("iphlpapi.dll")]
		private static extern uint GetExtendedTcpTable(IntPtr table, ref uint size, bool sorted, int family, int kind, uint reserved);
	}
}
