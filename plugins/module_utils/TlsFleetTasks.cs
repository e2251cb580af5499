// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsFleet
{
	// Scheduled tasks, as far as the guard of a run needs them.
	public interface ITasks
	{
		// Runs Windows PowerShell with these arguments: null when it ended with 0 in time, else what happened.
		string PowerShell(string arguments, int seconds);

		// A task of SYSTEM in our folder. What the Task Scheduler refuses is thrown.
		void Register(string name, string xml);

		// One that is not there is none to remove.
		void Remove(string name);
	}

	// By vtable, as the SDK declares them: member order is slot order after IDispatch. Interfaces nobody calls here are plain objects.
	[ComImport, Guid("2faba4c7-4da9-4013-9697-20cc3fd40f85"), InterfaceType(ComInterfaceType.InterfaceIsDual)]
	public interface ITaskService
	{
		ITaskFolder GetFolder([MarshalAs(UnmanagedType.BStr)] string path);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetRunningTasks(int flags);
		[return: MarshalAs(UnmanagedType.IUnknown)] object NewTask(uint flags);
		void Connect([MarshalAs(UnmanagedType.Struct)] object server, [MarshalAs(UnmanagedType.Struct)] object user,
			[MarshalAs(UnmanagedType.Struct)] object domain, [MarshalAs(UnmanagedType.Struct)] object password);
	}

	[ComImport, Guid("8cfac062-a080-4c15-9a88-aa7c2af80dfc"), InterfaceType(ComInterfaceType.InterfaceIsDual)]
	public interface ITaskFolder
	{
		[return: MarshalAs(UnmanagedType.BStr)] string GetName();
		[return: MarshalAs(UnmanagedType.BStr)] string GetPath();
		ITaskFolder GetFolder([MarshalAs(UnmanagedType.BStr)] string path);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetFolders(int flags);
		ITaskFolder CreateFolder([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object sddl);
		void DeleteFolder([MarshalAs(UnmanagedType.BStr)] string name, int flags);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetTask([MarshalAs(UnmanagedType.BStr)] string path);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetTasks(int flags);
		void DeleteTask([MarshalAs(UnmanagedType.BStr)] string name, int flags);
		[return: MarshalAs(UnmanagedType.IUnknown)] object RegisterTask([MarshalAs(UnmanagedType.BStr)] string path,
			[MarshalAs(UnmanagedType.BStr)] string xml, int flags, [MarshalAs(UnmanagedType.Struct)] object user,
			[MarshalAs(UnmanagedType.Struct)] object password, int logonType, [MarshalAs(UnmanagedType.Struct)] object sddl);
	}

	// The Task Scheduler itself, for each call anew.
	public sealed class WindowsTasks : ITasks
	{
		private static readonly Guid TaskScheduler = new Guid("0f87369f-a4e5-4cfc-bd3e-73e6154572dd");
		private const int CreateOrUpdate = 6, ServiceAccount = 5, NotFound = unchecked((int)0x80070002), NoPath = unchecked((int)0x80070003);

		// Whoever may see that a task is there may not change what SYSTEM runs.
		private const string OnlyAdministrators = "D:P(A;;FA;;;BA)(A;;FA;;;SY)";

		public string PowerShell(string arguments, int seconds)
		{
			ProcessStartInfo start = new ProcessStartInfo(Environment.ExpandEnvironmentVariables(Guard.Program), arguments);
			start.UseShellExecute = false;
			start.CreateNoWindow = true;

			// Input and output of this process belong to Ansible.
			start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
			StringBuilder said = new StringBuilder();
			using (Process process = Process.Start(start))
			{
				process.StandardInput.Close();
				process.OutputDataReceived += delegate { };
				process.ErrorDataReceived += delegate(object sender, DataReceivedEventArgs line)
				{
					lock (said)
						said.Append(' ').Append(line.Data);
				};
				process.BeginOutputReadLine();
				process.BeginErrorReadLine();
				if (!process.WaitForExit(seconds * 1000))
				{
					process.Kill();
					return "it did not end in " + seconds + " seconds";
				}
				process.WaitForExit();
				return process.ExitCode == 0 ? null : "it ended with code " + process.ExitCode + said.ToString().TrimEnd();
			}
		}

		public void Register(string name, string xml)
		{
			In(delegate(ITaskFolder root, List<object> held)
			{
				ITaskFolder folder = Find(root, held) ?? SiteStates.Keep(held, root.CreateFolder(Guard.TaskFolder, null));
				SiteStates.Keep(held, folder.RegisterTask(name, xml, CreateOrUpdate, "SYSTEM", null, ServiceAccount, OnlyAdministrators));
			});
		}

		// The folder goes with its last task.
		public void Remove(string name)
		{
			In(delegate(ITaskFolder root, List<object> held)
			{
				ITaskFolder folder = Find(root, held);
				if (folder == null)
					return;
				try
				{
					folder.DeleteTask(name, 0);
				}
				catch (Exception fault)
				{
					if (!IsMissing(fault))
						throw;
				}
				try
				{
					root.DeleteFolder(Guard.TaskFolder, 0);
				}
				catch (Exception)
				{
					// Another run's task is in it; an empty folder does no harm either.
				}
			});
		}

		private static ITaskFolder Find(ITaskFolder root, List<object> held)
		{
			try
			{
				return SiteStates.Keep(held, root.GetFolder(Guard.TaskFolder));
			}
			catch (Exception fault)
			{
				if (IsMissing(fault))
					return null;
				throw;
			}
		}

		private static bool IsMissing(Exception fault)
		{
			return fault.HResult == NotFound || fault.HResult == NoPath;
		}

		private static void In(Action<ITaskFolder, List<object>> work)
		{
			List<object> held = new List<object>();
			try
			{
				ITaskService service = (ITaskService)SiteStates.Keep(held, Activator.CreateInstance(Type.GetTypeFromCLSID(TaskScheduler, true)));
				service.Connect(null, null, null, null);
				work(SiteStates.Keep(held, service.GetFolder("\\")), held);
			}
			finally
			{
				SiteStates.Release(held);
			}
		}
	}
}
