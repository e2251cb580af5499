// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace TlsFleet
{
	// Module tlsfleet.iis.host_guard: an applier whose run is undone by a scheduled task of SYSTEM unless somebody confirms it in time.
	// Beside the journal lies a folder with this program and a script that starts it; the task starts the script.
	public sealed class Guard : IGuard
	{
		public const string TaskFolder = "tlsfleet.iis", Program = @"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe";

		// A compiler starts slowly on a busy host. A guard that meets an applier at work waits as long as that could ever take.
		private const int CheckSeconds = 120, WaitSeconds = 3600;
		private readonly IWritingMachine machine;
		private readonly ITasks tasks;
		private readonly int minutes;
		private readonly List<string> sources = new List<string>();
		private readonly string confirm;

		public static string Run(IDictionary arguments)
		{
			return Run(arguments, new WindowsMachine(), new WindowsTasks());
		}

		public static string Run(IDictionary arguments, IWritingMachine machine, ITasks tasks)
		{
			try
			{
				return Applier.Run(arguments, machine, new Guard(new Given(arguments, ""), machine, tasks));
			}
			catch (Exception fault)
			{
				return Json.Write(Reader.Failure(Applier.Typed(fault, "")));
			}
		}

		// `guard` {minutes, engine} with steps, or `confirm`, a run, without any.
		private Guard(Given given, IWritingMachine machine, ITasks tasks)
		{
			this.machine = machine;
			this.tasks = tasks;
			if (given["guard"].IsNull == given["confirm"].IsNull)
				throw given["guard"].Bad("give exactly one of guard and confirm");
			if (!given["confirm"].IsNull)
			{
				confirm = given["confirm"].Text();
				if (given["steps"].Items().Count > 0)
					throw given["steps"].Bad("a confirmation has none");
				return;
			}
			Given guard = given["guard"].Keys(new[] { "minutes", "engine" });
			minutes = (int)guard["minutes"].Whole(1, 1440);
			foreach (Given source in guard["engine"].Items())
				sources.Add(Unpacked(source));
		}

		// C# as gzip in base64.
		private static string Unpacked(Given source)
		{
			try
			{
				using (GZipStream stream = new GZipStream(new MemoryStream(Convert.FromBase64String(source.Text())), CompressionMode.Decompress))
				using (StreamReader reader = new StreamReader(stream, Encoding.UTF8))
					return reader.ReadToEnd();
			}
			catch (Exception fault)
			{
				throw source.Bad("must be gzip in base64: " + fault.Message);
			}
		}

		public bool Confirms
		{
			get { return confirm != null; }
		}

		// Everything that could keep the guard from working is tried before the run writes anything. Throws guard_unavailable.
		public void Arm(JournalWriter journal, int steps)
		{
			DateTime end = machine.UtcNow.AddMinutes(minutes);
			try
			{
				string folder = Directory.CreateDirectory(FolderOf(machine, journal.Run)).FullName;
				string script = Path.Combine(folder, "undo.ps1");
				for (int index = 0; index < sources.Count; index++)
					File.WriteAllText(Path.Combine(folder, index.ToString(CultureInfo.InvariantCulture) + ".cs"), sources[index], Encoding.ASCII);
				File.WriteAllText(script, Script(journal.Run), Encoding.ASCII);
				string words = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File \"" + script + "\"";
				string said = tasks.PowerShell(words + " -Check", CheckSeconds);
				if (said != null)
					throw new InvalidOperationException("Windows PowerShell could not load the engine: " + said);
				tasks.Register(NameOf(journal.Run), Xml(words, end));
				journal.Guard(Journal.Time(end) + "\t" + steps.ToString(CultureInfo.InvariantCulture));
			}
			catch (Exception fault)
			{
				Disarm(journal.Run);
				string hint = "the guard could not be set up, so nothing was written: " + fault.Message;
				throw new HostException("guard_unavailable", hint, "guard", hint, null, unchecked((uint)fault.HResult));
			}
		}

		// What is left behind does no harm: the task finds no run to undo, and takes itself away.
		public void Disarm(string run)
		{
			Tidy(machine, tasks, run);
		}

		// Ends the run's journal, after which the guard has nothing to undo. Throws guard_expired where no such run waits.
		public void Confirm(string path)
		{
			Journal found = Journal.Of(path);
			if (found["run"] != confirm || !found.Waiting)
			{
				bool undone = found["run"] == confirm && found["expired"] != null;
				string hint = "run " + confirm + (undone ? " was not confirmed in time, and its guard has acted" : " does not wait for a confirmation: it was confirmed already, or undone");
				throw new HostException("guard_expired", hint, "confirm", hint, null, null);
			}
			using (JournalWriter journal = JournalWriter.GoOn(machine, path, found))
				journal.End();
			File.Delete(path);
			Disarm(confirm);
		}

		// What the script calls: the run is undone if it still waits for its confirmation, or died.
		public static string Expire(string run)
		{
			return Expire(run, new WindowsMachine(), new WindowsTasks());
		}

		public static string Expire(string run, IWritingMachine machine, ITasks tasks)
		{
			string said;
			try
			{
				string path = Path.Combine(machine.JournalFolder(), Journal.File);
				using (IDisposable alone = machine.Lock(WaitSeconds))
					said = alone == null ? "another applier did not end" : Undone(run, machine, path);
			}
			catch (Exception fault)
			{
				HostException known = Applier.Typed(fault, "journal");
				said = known.Code + ": " + known.Hint;
			}
			machine.LogInvocation("tlsfleet.iis guard of run " + run + ": " + said);
			Tidy(machine, tasks, run);
			return said;
		}

		private static string Undone(string run, IWritingMachine machine, string path)
		{
			Journal found = Journal.Of(path);
			if (found["run"] != run || found.Finished)
				return "nothing to do";
			using (IHttpApi api = machine.OpenHttp())
			using (JournalWriter journal = JournalWriter.GoOn(machine, path, found))
			{
				journal.Expired(Journal.Time(machine.UtcNow));
				Recovery recovery = new Recovery(new Changes(machine, api), found);
				recovery.Plan();
				recovery.CarryOut(journal);
				foreach (HostException one in recovery.Lost)
					machine.LogInvocation("tlsfleet.iis guard of run " + run + ": " + one.Place + ": " + one.Hint);
				// Without an end the document says so, and the next applier tells which.
				if (recovery.Lost.Count > 0)
					return "undone but for records that could not be put back";
				journal.End();
			}
			return "undone, since nobody had confirmed it";
		}

		private static void Tidy(IWritingMachine machine, ITasks tasks, string run)
		{
			try
			{
				string folder = FolderOf(machine, run);
				if (Directory.Exists(folder))
					Directory.Delete(folder, true);
				tasks.Remove(NameOf(run));
			}
			catch (Exception)
			{
			}
		}

		private static string NameOf(string run)
		{
			return "undo-" + run;
		}

		private static string FolderOf(IWritingMachine machine, string run)
		{
			return Path.Combine(machine.JournalFolder(), NameOf(run));
		}

		// Windows PowerShell's own compiler makes the engine of the sources beside the script. It needs no network and leaves no file.
		private static string Script(string run)
		{
			return "param([switch]$Check)\r\n"
				+ "# Undoes run " + run + " of tlsfleet.iis unless it was confirmed. With -Check: only tells whether it could.\r\n"
				+ "$ErrorActionPreference = 'Stop'\r\n"
				+ "$options = New-Object -TypeName System.CodeDom.Compiler.CompilerParameters\r\n"
				+ "$options.GenerateInMemory = $true\r\n"
				+ "$options.ReferencedAssemblies.AddRange([string[]]@('System.dll', 'System.Core.dll', 'System.Xml.dll'))\r\n"
				+ "$sources = [string[]]@(Get-ChildItem -LiteralPath $PSScriptRoot -Filter *.cs | ForEach-Object -MemberName FullName)\r\n"
				+ "$made = (New-Object -TypeName Microsoft.CSharp.CSharpCodeProvider).CompileAssemblyFromFile($options, $sources)\r\n"
				+ "$expire = $made.CompiledAssembly.GetType('TlsFleet.Guard', $true).GetMethod('Expire', [type[]]@([string]))\r\n"
				+ "if (-not $Check) { $null = $expire.Invoke($null, [object[]]@('" + run + "')) }\r\n"
				+ "exit 0\r\n";
		}

		// A machine that was off at that time does it at its start. The task goes with its work; one that could not be run goes after a month.
		private static string Xml(string words, DateTime end)
		{
			return "<?xml version=\"1.0\"?><Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">"
				+ "<RegistrationInfo><Description>Undoes a change of tlsfleet.iis that nobody has confirmed</Description></RegistrationInfo>"
				+ "<Triggers><TimeTrigger><StartBoundary>" + Journal.Time(end) + "</StartBoundary><EndBoundary>" + Journal.Time(end.AddDays(30)) + "</EndBoundary></TimeTrigger></Triggers>"
				+ "<Principals><Principal id=\"System\"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>"
				+ "<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
				+ "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><StartWhenAvailable>true</StartWhenAvailable>"
				+ "<ExecutionTimeLimit>PT2H</ExecutionTimeLimit><DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter></Settings>"
				+ "<Actions Context=\"System\"><Exec><Command>" + Program + "</Command><Arguments>" + words.Replace("\"", "&quot;") + "</Arguments></Exec></Actions></Task>";
		}
	}
}
