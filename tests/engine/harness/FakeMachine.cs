// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsFleet.Harness
{
    // A machine made of a state folder. http.sys and the IIS configuration objects are not faked here: the engine calls the C libraries
    // itself; this class only tells them which folder is meant.
    public sealed partial class FakeMachine : IMachine
    {
        public readonly string Folder;
        private readonly Dictionary<string, string> host;
        private readonly FakeRegistry registry;
        private readonly FakeStores stores;
        private readonly Dictionary<string, HostException> gaps = new Dictionary<string, HostException>();
        private readonly List<string> log = new List<string>();
        private readonly List<string[]> dial;

        public FakeMachine(string folder)
        {
            Folder = folder;
            host = Rows.Settings(folder, "machine/host.txt");
            registry = new FakeRegistry(folder);
            stores = new FakeStores(this);
            dial = Rows.Read(folder, "machine/dial.txt");
            foreach (string[] row in Rows.Read(folder, "machine/incomplete.txt"))
                gaps[row[0]] = new HostException(row[1], row[2]);
            foreach (string[] row in Rows.Read(folder, "machine/connection.txt"))
                if (row[2] == "yes")
                    registry.Set(@"SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTPS", "Port", int.Parse(row[1]));
            Native.Select(folder);
        }

        // A layer that the folder calls incomplete fails here.
        public void Enter(string layer)
        {
            HostException gap;
            if (gaps.TryGetValue(layer, out gap))
                throw gap;
        }

        public bool Simulated { get { return true; } }
        public IRegistry Registry { get { return registry; } }
        public IStores Stores { get { return stores; } }
        public IList<string> Log { get { return log; } }
        public int Pauses { get; private set; }
        public int Paused { get; private set; }

        public DateTime UtcNow
        {
            get { return DateTime.ParseExact(host["clock"], "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture); }
        }

        public string System32
        {
            get { return task != null && task["bits"] != null ? @"%windir%\sysnative" : @"C:\Windows\System32"; }
        }

        public IHttpApi OpenHttp()
        {
            Enter("records");
            return new SelectedHttpApi(this);
        }

        public IAppHostAdminManager OpenAdmin()
        {
            Enter("site_states");
            return (IAppHostAdminManager)Native.NewManager(Native.AdminManager);
        }

        // The longest Windows folder that the table knows decides.
        public string ToPath(string windowsPath)
        {
            if (windowsPath.Contains(@"\inetsrv\config"))
                Enter("sites");
            if (windowsPath.EndsWith("IIS-AutoCertRebind", StringComparison.Ordinal))
                Enter("rebind");
            foreach (string[] row in Rows.Read(Folder, "machine/paths.txt").OrderByDescending(one => one[0].Length))
                if (windowsPath.StartsWith(row[0], StringComparison.OrdinalIgnoreCase))
                    return Path.Combine(Folder, row[1] + windowsPath.Substring(row[0].Length).Replace('\\', '/'));
            throw new DirectoryNotFoundException("the simulated machine has no " + windowsPath);
        }

        public IEnumerable<string> FilesIn(string windowsFolder)
        {
            if (windowsFolder.EndsWith(@"\Tasks", StringComparison.Ordinal))
            {
                Enter("managers");
                return Directory.GetFiles(ToPath(windowsFolder)).Select(Path.GetFileName);
            }
            if (windowsFolder.Contains(@"\Crypto\"))
            {
                // A folder stands for a file that may not be opened: nothing keeps root from a file.
                string keys = ToPath(windowsFolder);
                return Directory.Exists(keys) ? Directory.GetFileSystemEntries(keys).Select(Path.GetFileName) : new string[0];
            }
            Enter("central_store_files");
            List<string[]> rows = Rows.Read(Folder, "machine/central_store.txt");
            return rows.Any(row => row[0] == "files" && row[1] == "unknown") ? null : rows.Where(row => row[0] == "file").Select(row => row[1]);
        }

        // The engine's own class, over the C library.
        public IEnumerable<string> Events(string log, string query, int most)
        {
            Enter("events");
            return EventLog.Read(log, query, most);
        }

        public void Pause(int milliseconds)
        {
            Pauses++;
            Paused += milliseconds;
        }

        public IEnumerable<string> Addresses()
        {
            Enter("addresses");
            return Rows.Read(Folder, "machine/addresses.txt").Select(row => row[0]);
        }

        public IEnumerable<TcpEnd> Listening()
        {
            Enter("http_ports");
            return !Rows.Exist(Folder, "machine/http_ports.txt") ? null
                : Rows.Read(Folder, "machine/http_ports.txt").Select(row => new TcpEnd { Address = "0.0.0.0", Port = int.Parse(row[0]) });
        }

        public IEnumerable<TcpEnd> Established()
        {
            Enter("connection");
            return Rows.Read(Folder, "machine/connection.txt").Select(row => new TcpEnd { Address = row[0], Port = int.Parse(row[1]) });
        }

        // The engine's own way to connect, to where the table says; what it does not list refuses.
        public Stream Dial(string address, int port, int timeoutMilliseconds)
        {
            IPAddress wanted = IPAddress.Parse(address);
            foreach (string[] row in dial)
                if (IPAddress.Parse(row[0]).Equals(wanted) && int.Parse(row[1]) == port)
                    return WindowsMachine.Dial(new IPEndPoint(IPAddress.Parse(row[2]), int.Parse(row[3])), timeoutMilliseconds);
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        public IEnumerable<Bag> OtherUsers()
        {
            Enter("users");
            List<Bag> users = new List<Bag>();
            foreach (string[] row in Rows.Read(Folder, "machine/users.txt"))
                Users.Add(users, row[0], row[1], row[2], row[3]);
            return users;
        }

        public Bag ReadJournal()
        {
            Enter("journal");
            if (!Rows.Exist(Folder, "machine/journal.json"))
                return Journal.View(Path.Combine(ToPath(Journal.Folder), Journal.File));
            return (Bag)Program.Ordered(JsonText.Parse(File.ReadAllText(Path.Combine(Folder, "machine/journal.json"))));
        }

        public void LogInvocation(string text)
        {
            log.Add(text);
        }
    }

    // What the C libraries export for their tests, and the creation of a COM object without a registry.
    public static class Native
    {
        public static readonly Guid AdminManager = new Guid("228fb8f7-fb53-4fd5-8c7b-ff59de606c5b");
        public static readonly Guid WritableAdminManager = new Guid("2b72133b-3f5b-4602-8952-803546ce3344");
        private static readonly Guid Unknown = new Guid("00000000-0000-0000-c000-000000000046");
        private static readonly Guid ClassFactory = new Guid("00000001-0000-0000-c000-000000000046");

        [DllImport("httpapi.dll", EntryPoint = "tlsfleet_fake_select")]
        private static extern int SelectHttp(byte[] folder);

        [DllImport("ahadmin.dll", EntryPoint = "tlsfleet_fake_select")]
        private static extern int SelectAdmin(byte[] folder);

        [DllImport("wevtapi.dll", EntryPoint = "tlsfleet_fake_select")]
        private static extern int SelectEvents(byte[] folder);

        // Handles of event logs and keys that were not given back.
        [DllImport("wevtapi.dll", EntryPoint = "tlsfleet_fake_open")]
        public static extern int OpenHandles();

        [DllImport("httpapi.dll", EntryPoint = "tlsfleet_fake_exports")]
        private static extern int ExportsOf(byte[] name);

        [DllImport("ahadmin.dll")]
        private static extern int DllGetClassObject(ref Guid classId, ref Guid interfaceId, out IntPtr factory);

        public static void Select(string folder)
        {
            byte[] name = Encoding.UTF8.GetBytes(folder + "\0");
            if (SelectHttp(name) != 0 || SelectAdmin(name) != 0 || SelectEvents(name) != 0)
                throw new DirectoryNotFoundException(folder + " is no state folder");
        }

        public static int Exports(string name)
        {
            return ExportsOf(Encoding.UTF8.GetBytes(name + "\0"));
        }

        // IAppHostAdminManager or IAppHostWritableAdminManager.
        public static object NewManager(Guid classId)
        {
            Guid unknown = Unknown, factoryId = ClassFactory;
            IntPtr at, made;
            Marshal.ThrowExceptionForHR(DllGetClassObject(ref classId, ref factoryId, out at));
            IClassFactory factory = (IClassFactory)Marshal.GetObjectForIUnknown(at);
            Marshal.Release(at);
            try
            {
                factory.CreateInstance(IntPtr.Zero, ref unknown, out made);
            }
            finally
            {
                Marshal.ReleaseComObject(factory);
            }
            object manager = Marshal.GetObjectForIUnknown(made);
            Marshal.Release(made);
            return manager;
        }
    }

    [ComImport, Guid("00000001-0000-0000-c000-000000000046"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    public interface IClassFactory
    {
        void CreateInstance(IntPtr outer, ref Guid interfaceId, out IntPtr made);
        void LockServer(bool locked);
    }
}
