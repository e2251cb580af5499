// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Principal;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace TlsFleet
{
	// What the applier needs of the real machine. Access lists go as SDDL through Windows' own functions: the classes for them are
	// in different places in .NET Framework and .NET.
	public sealed partial class WindowsMachine : IWritingMachine
	{
		private static readonly Guid WritableAdminManager = new Guid("2b72133b-3f5b-4602-8952-803546ce3344");
		private const int AlreadyExists = 183;
		private const string LockName = @"Global\tlsfleet.iis applier";

		// Administrators and SYSTEM, and nobody who may write above.
		private const string OnlyAdministrators = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";

		public IAppHostWritableAdminManager OpenWritableAdmin()
		{
			return (IAppHostWritableAdminManager)Activator.CreateInstance(Type.GetTypeFromCLSID(WritableAdminManager, true));
		}

		public string Owner
		{
			get
			{
				using (Process own = Process.GetCurrentProcess())
					return Mark(own);
			}
		}

		// The number alone would not do: Windows gives it to another process soon.
		private static string Mark(Process process)
		{
			long seconds = process.StartTime.ToUniversalTime().Ticks / TimeSpan.TicksPerSecond;
			return process.Id.ToString(CultureInfo.InvariantCulture) + " " + seconds.ToString(CultureInfo.InvariantCulture);
		}

		public bool IsAlive(string owner)
		{
			int id;
			if (owner == null || owner == Owner || !int.TryParse(owner.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out id))
				return false;
			try
			{
				using (Process process = Process.GetProcessById(id))
					return Mark(process) == owner;
			}
			catch (Exception)
			{
				// There is none, or one that an administrator may not look at, which is no applier.
				return false;
			}
		}

		// Across sessions, and of administrators. Only who may create global objects could have made it first, and they are administrators, too.
		public IDisposable Lock(int seconds)
		{
			IntPtr handle = Described("CreateMutexExW", 0, attributes => CreateMutexExW(ref attributes, LockName, 0, 0x1F0001));
			Mutex mutex = new Mutex(false);
			mutex.SafeWaitHandle.Dispose();
			mutex.SafeWaitHandle = new SafeWaitHandle(handle, true);
			bool got;
			try
			{
				got = mutex.WaitOne(seconds * 1000);
			}
			catch (AbandonedMutexException)
			{
				// Its owner died, and this process has it now.
				got = true;
			}
			if (got)
				return new Held(mutex);
			mutex.Dispose();
			return null;
		}

		private sealed class Held : IDisposable
		{
			private readonly Mutex mutex;

			public Held(Mutex mutex)
			{
				this.mutex = mutex;
			}

			public void Dispose()
			{
				mutex.ReleaseMutex();
				mutex.Dispose();
			}
		}

		// Everybody may make folders in ProgramData, so one that is there may be somebody's trap.
		public string JournalFolder()
		{
			string folder = ToPath(Journal.Folder);
			Described("CreateDirectoryW", AlreadyExists, attributes => (IntPtr)(CreateDirectoryW(folder, ref attributes) ? 1 : 0));
			string why = Untrusted(folder);
			if (why != null)
				throw new HostException("journal_untrusted", why, folder, why + "; look who made the folder, then remove it", null, null);
			return folder;
		}

		private static string Untrusted(string folder)
		{
			if ((File.GetAttributes(folder) & FileAttributes.ReparsePoint) != 0)
				return "the folder of the journal leads elsewhere";
			uint needed;
			GetFileSecurityW(folder, 5, null, 0, out needed);
			byte[] descriptor = new byte[needed];
			if (!GetFileSecurityW(folder, 5, descriptor, needed, out needed))
				throw Refused("GetFileSecurityW", Marshal.GetLastWin32Error());
			return Untrusted(descriptor);
		}

		// Owner and access list (1 + 4 were asked for): null where nobody but administrators and SYSTEM can write, else what is wrong.
		public static string Untrusted(byte[] descriptor)
		{
			RawSecurityDescriptor security = new RawSecurityDescriptor(descriptor, 0);
			if (!IsTrusted(security.Owner))
				return "the folder of the journal belongs to " + security.Owner;
			if (security.DiscretionaryAcl == null)
				return "everybody may write into the folder of the journal";
			foreach (GenericAce entry in security.DiscretionaryAcl)
			{
				// All but reading, listing, running and synchronizing lets somebody change the journal, or what may be done with it.
				const int harmless = 0x1200A9 | unchecked((int)0xA0000000);
				KnownAce ace = entry as KnownAce;
				bool denies = ace != null && ace.AceType == AceType.AccessDenied;
				if (!denies && (ace == null || ((ace.AccessMask & ~harmless) != 0 && !IsTrusted(ace.SecurityIdentifier))))
					return (ace == null ? "somebody" : ace.SecurityIdentifier.Value) + " may write into the folder of the journal";
			}
			return null;
		}

		// Administrators, SYSTEM, TrustedInstaller.
		private static bool IsTrusted(SecurityIdentifier identity)
		{
			string text = identity == null ? "" : identity.Value;
			return text == "S-1-5-32-544" || text == "S-1-5-18" || text.StartsWith("S-1-5-80-956008885-", StringComparison.Ordinal);
		}

		public IJournalFile OpenJournal(string path, long keep)
		{
			return new JournalFile(path, keep);
		}

		// Whoever is no administrator is told first that he cannot make administrators an owner (1307, 1314). An exception of
		// Win32Exception's own would have an HResult that says nothing.
		public static HostException Refused(string call, int error)
		{
			bool denied = error == 5 || error == 1307 || error == 1314;
			string hint = denied ? "administrator rights are missing" : HostException.OfCall(call, (uint)error).Message;
			return new HostException(denied ? "access_denied" : "internal", hint, "journal", hint, call, error);
		}

		[StructLayout(LayoutKind.Sequential)]
		private struct SecurityAttributes
		{
			public int Length;
			public IntPtr Descriptor;
			public int Inherit;
		}

		// Makes something with our access list. Throws with Windows' error; one of `accepted` is none.
		private delegate IntPtr Creation(SecurityAttributes attributes);

		private static IntPtr Described(string call, int accepted, Creation create)
		{
			SecurityAttributes attributes = new SecurityAttributes { Length = Marshal.SizeOf(typeof(SecurityAttributes)) };
			uint size;
			if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(OnlyAdministrators, 1, out attributes.Descriptor, out size))
				throw Refused("ConvertStringSecurityDescriptorToSecurityDescriptorW", Marshal.GetLastWin32Error());
			try
			{
				IntPtr made = create(attributes);
				int error = Marshal.GetLastWin32Error();
				if (made == IntPtr.Zero && error != accepted)
					throw Refused(call, error);
				return made;
			}
			finally
			{
				LocalFree(attributes.Descriptor);
			}
		}

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern bool ConvertStringSecurityDescriptorToSecurityDescriptorW(string text, uint revision, out IntPtr descriptor, out uint size);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern bool GetFileSecurityW(string path, uint parts, byte[] descriptor, uint size, out uint needed);

		[DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern IntPtr CreateMutexExW(ref SecurityAttributes attributes, string name, uint flags, uint access);

		[DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		private static extern bool CreateDirectoryW(string path, ref SecurityAttributes attributes);

		[DllImport("kernel32.dll")]
		private static extern IntPtr LocalFree(IntPtr memory);
	}
}
