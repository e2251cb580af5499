// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;

namespace TlsFleet
{
	// What only the applier needs of a machine.
	public interface IWritingMachine : IMachine
	{
		// A new AppHostWritableAdminManager: it cannot be made to forget what it has read, or what was changed (A1.29, A4.04).
		IAppHostWritableAdminManager OpenWritableAdmin();

		// The one lock of all appliers on this machine; null when somebody else kept it for so many seconds.
		IDisposable Lock(int seconds);

		// This process, and whether such a process still lives.
		string Owner { get; }
		bool IsAlive(string owner);

		// The folder of the journal, made where it is missing. Throws journal_untrusted where others than administrators may write.
		string JournalFolder();

		// The journal of this folder, cut to so many bytes, ready to be added to.
		IJournalFile OpenJournal(string path, long keep);
	}

	// Keeps a run reversible until somebody confirms it (TlsFleetGuard.cs).
	public interface IGuard
	{
		// Called to confirm, not to apply.
		bool Confirms { get; }

		// Ends the journal of this path. Throws guard_expired.
		void Confirm(string path);

		// Before the first step of so many. Throws guard_unavailable.
		void Arm(JournalWriter journal, int steps);

		// The run needs it no longer.
		void Disarm(string run);
	}

	public interface IJournalFile : IDisposable
	{
		// Adds, and comes back when it is on the disk. What could not be added whole is taken away again.
		void Append(byte[] bytes);
	}

	public sealed class JournalFile : IJournalFile
	{
		private readonly FileStream stream;

		public JournalFile(string path, long keep)
		{
			stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 4096, FileOptions.WriteThrough);
			stream.SetLength(keep);
			stream.Seek(keep, SeekOrigin.Begin);
		}

		public void Append(byte[] bytes)
		{
			long start = stream.Position;
			try
			{
				stream.Write(bytes, 0, bytes.Length);
				stream.Flush(true);
			}
			catch (IOException)
			{
				stream.SetLength(start);
				stream.Seek(start, SeekOrigin.Begin);
				throw;
			}
		}

		public void Dispose()
		{
			stream.Dispose();
		}
	}

	// As IAppHostAdminManager, and three more slots.
	[ComImport, Guid("fa7660f6-7b3f-4237-a8bf-ed0ad0dcbbd9"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
	public interface IAppHostWritableAdminManager
	{
		IAppHostElement GetAdminSection([MarshalAs(UnmanagedType.BStr)] string section, [MarshalAs(UnmanagedType.BStr)] string path);
		[return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
		void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetConfigManager();
		void CommitChanges();
		[return: MarshalAs(UnmanagedType.BStr)] string GetCommitPath();
		void SetCommitPath([MarshalAs(UnmanagedType.BStr)] string path);
	}
}
