// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace TlsFleet.Harness
{
    // The writing side of the machine. A task may have, beside `state` and `args`: `crash` {call, when} to end this process (SIGKILL) before or after
    // the n-th writing call, or {journal, bytes} in the n-th addition to the journal when so many bytes of it are written; `watch` (Watch.cs);
    // `wait`, seconds for the lock in place of the engine's; `bits`: this is a 32-bit process on 64-bit Windows;
    // `wrap`: arguments as PowerShell wraps them (Wrapped.cs).
    public sealed partial class FakeMachine : IWritingMachine, IDisposable
    {
        private readonly WindowsMachine real = new WindowsMachine();
        private readonly Hashtable task;
        public readonly Watch Watch = new Watch(null);

        public FakeMachine(string folder, Hashtable task) : this(folder)
        {
            this.task = task;
            Watch = new Watch(task);
        }

        public void Dispose()
        {
            Watch.Dispose();
        }

        public IAppHostWritableAdminManager OpenWritableAdmin()
        {
            return new WatchedManager(this, (IAppHostWritableAdminManager)Native.NewManager(Native.WritableAdminManager));
        }

        public string Owner
        {
            get { return real.Owner; }
        }

        public bool IsAlive(string owner)
        {
            return real.IsAlive(owner);
        }

        public string JournalFolder()
        {
            return Directory.CreateDirectory(ToPath(Journal.Folder)).FullName;
        }

        public IJournalFile OpenJournal(string path, long keep)
        {
            return new WatchedJournal(this, path, keep);
        }

        // Mono has no named mutex between processes; a lock on a file of the state folder ends with its process as well. In the Windows
        // lane it is the engine's own.
        public IDisposable Lock(int seconds)
        {
            if (task != null && task["wait"] != null)
                seconds = (int)(long)task["wait"];
            if (Path.DirectorySeparatorChar == '\\')
                return real.Lock(seconds);
            for (Stopwatch watch = Stopwatch.StartNew(); ; Thread.Sleep(20))
            {
                FileStream file = FileLock.Take(Path.Combine(Folder, "lock"));
                if (file != null || watch.ElapsedMilliseconds >= seconds * 1000)
                    return file;
            }
        }

        private sealed class WatchedJournal : IJournalFile
        {
            private readonly FakeMachine machine;
            private readonly JournalFile real;

            public WatchedJournal(FakeMachine machine, string path, long keep)
            {
                this.machine = machine;
                real = new JournalFile(path, keep);
            }

            public void Append(byte[] bytes)
            {
                machine.Watch.Adding(bytes, real.Append);
                real.Append(bytes);
            }

            public void Dispose()
            {
                real.Dispose();
            }
        }
    }

    // A lock on a whole file, which its process loses when it dies.
    public static class FileLock
    {
        public static FileStream Take(string path)
        {
            FileStream file;
            try
            {
                bool windows = Path.DirectorySeparatorChar == '\\';
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, windows ? FileShare.None : FileShare.ReadWrite);
                if (windows || flock((int)file.SafeFileHandle.DangerousGetHandle(), 2 | 4) == 0)
                    return file;
            }
            catch (IOException)
            {
                return null;
            }
            file.Dispose();
            return null;
        }

        [DllImport("libc")]
        private static extern int flock(int file, int operation);
    }

    // The engine's own class, but for the export: one process cannot load two libraries of one name.
    public sealed class SelectedHttpApi : IHttpApi
    {
        private readonly HttpApi real = new HttpApi();
        private readonly FakeMachine machine;

        public SelectedHttpApi(FakeMachine machine)
        {
            this.machine = machine;
        }

        public uint Query(int id, IntPtr input, uint inputLength, IntPtr output, uint outputLength, out uint needed)
        {
            return real.Query(id, input, inputLength, output, outputLength, out needed);
        }

        public uint Set(int id, IntPtr information, uint length)
        {
            return Watched("HttpSetServiceConfiguration", real.Set, id, information, length);
        }

        public uint Delete(int id, IntPtr information, uint length)
        {
            return Watched("HttpDeleteServiceConfiguration", real.Delete, id, information, length);
        }

        public uint Update(int id, IntPtr information, uint length)
        {
            return Watched("HttpUpdateServiceConfiguration", real.Update, id, information, length);
        }

        private uint Watched(string call, Func<int, IntPtr, uint, uint> make, int id, IntPtr information, uint length)
        {
            HttpRecord record = HttpRecords.Of(id, information);
            string place = id == HttpNative.Ssl ? "ipport " : id == HttpNative.Ccs ? "ccs " : id == HttpNative.Sni ? "hostnameport " : "scopedccs ";
            uint code = machine.Watch.Before(call, place + record.Key);
            if (code == 0)
                code = make(id, information, length);
            if (code == 0)
                machine.Watch.After(call, place + record.Key);
            return code;
        }

        public bool? UpdateExported
        {
            get
            {
                int answer = Native.Exports("HttpUpdateServiceConfiguration");
                return answer < 0 ? (bool?)null : answer == 1;
            }
        }

        public void Dispose()
        {
            real.Dispose();
        }
    }

    // Passes everything on to the C library, and lets the machine know of every commit.
    public sealed class WatchedManager : IAppHostWritableAdminManager
    {
        private readonly FakeMachine machine;
        private readonly IAppHostWritableAdminManager real;

        public WatchedManager(FakeMachine machine, IAppHostWritableAdminManager real)
        {
            this.machine = machine;
            this.real = real;
        }

        public IAppHostElement GetAdminSection(string section, string path)
        {
            return real.GetAdminSection(section, path);
        }

        public object GetMetadata(string name)
        {
            return real.GetMetadata(name);
        }

        public void SetMetadata(string name, object value)
        {
            real.SetMetadata(name, value);
        }

        public object GetConfigManager()
        {
            return real.GetConfigManager();
        }

        public void CommitChanges()
        {
            uint code = machine.Watch.Before("CommitChanges", "");
            if (code != 0)
                throw new COMException("refused", unchecked((int)code));
            real.CommitChanges();
            machine.Watch.After("CommitChanges", "");
        }

        public string GetCommitPath()
        {
            return real.GetCommitPath();
        }

        public void SetCommitPath(string path)
        {
            real.SetCommitPath(path);
        }
    }
}
