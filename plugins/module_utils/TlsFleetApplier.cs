// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace TlsFleet
{
	// Module tlsfleet.iis.host_applier: arguments in, one line of JSON out (contracts.md section 6).
	public sealed class Applier
	{
		// A run takes seconds, with handshakes that do not come a minute or two.
		private const int WaitSeconds = 120;

		// A confirmation follows its run at once; one that is this late is taken for lost.
		private const int ConfirmSeconds = 30;
		private readonly IWritingMachine machine;
		private readonly IGuard guard;
		private readonly Given given;
		private readonly List<Step> steps;
		private readonly string certificates, keyCheck;

		public static string Run(IDictionary arguments)
		{
			return Run(arguments, new WindowsMachine());
		}

		public static string Run(IDictionary arguments, IWritingMachine machine)
		{
			return Run(arguments, machine, null);
		}

		// `guard`: null where nobody is going to confirm.
		public static string Run(IDictionary arguments, IWritingMachine machine, IGuard guard)
		{
			try
			{
				return new Applier(arguments, machine, guard).Answer();
			}
			catch (Exception fault)
			{
				return Json.Write(Reader.Failure(Typed(fault, "")));
			}
		}

		// Checks all arguments before anything else is done.
		private Applier(IDictionary arguments, IWritingMachine machine, IGuard guard)
		{
			this.machine = machine;
			this.guard = guard;
			given = new Given(arguments, "");
			object checkMode = arguments["_ansible_check_mode"];
			if (checkMode != null && Convert.ToString(checkMode).Equals("true", StringComparison.OrdinalIgnoreCase))
				throw new HostException("check_mode_refused", "check mode: this module changes the host", "check mode", null, null, null);
			given.Keys(new[] { "contract", "computer", "steps", "probe", "read" }, guard == null ? new[] { "shared_configuration" } : new[] { "shared_configuration", "guard", "confirm" });
			Arguments.CheckContract(arguments);
			string computer = given["computer"].Text(), own = Document.ComputerName(machine.Registry);
			if (!computer.Equals(own, StringComparison.OrdinalIgnoreCase))
				throw new HostException("computer_mismatch", "computer: the steps are for " + computer + ", this is " + own, "computer", null, null, null);
			Given probe = given["probe"].Keys(new[] { "on_unverified", "timeout", "retries" });
			probe["on_unverified"].Choice("fail", "ignore");
			probe["timeout"].Whole(1, 600);
			probe["retries"].Whole(0, 100);
			Given read = given["read"].Keys(new[] { "certificates", "key_check" });
			certificates = read["certificates"].Choice("referenced", "candidates", "all");
			keyCheck = read["key_check"].Choice("metadata", "open", "sign");
			if (!given["shared_configuration"].IsNull)
				given["shared_configuration"].Truth();
			steps = Step.Read(Unpacked(given["steps"]));
		}

		// Many steps travel as text: gzip of their JSON, then base64.
		private static Given Unpacked(Given packed)
		{
			if (!packed.IsText)
				return packed;
			try
			{
				using (GZipStream gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(packed.Text())), CompressionMode.Decompress))
				using (StreamReader reader = new StreamReader(gzip, Encoding.UTF8))
					return new Given(JsonReader.Parse(reader.ReadToEnd()), packed.Place);
			}
			catch (Exception fault)
			{
				throw packed.Bad("arrived damaged: " + fault.Message);
			}
		}

		private string Answer()
		{
			machine.LogInvocation("tlsfleet.iis.host_applier, " + steps.Count + " steps");
			// To a 32-bit process 64-bit Windows shows other files and keys, and not all of IIS (A5.01). The reader goes around that.
			const string hint = "a 32-bit PowerShell does not meet the files and classes of a 64-bit IIS; connect to the 64-bit one: configuration Microsoft.PowerShell, or OpenSSH of 64 bits";
			if (machine.System32.EndsWith("sysnative", StringComparison.Ordinal))
				throw new HostException("not_supported_here", hint, "process", hint, null, null);
			string path = Path.Combine(machine.JournalFolder(), Journal.File);
			bool confirms = guard != null && guard.Confirms;

			// Outside of the lock, or the confirmation could not come in.
			for (int second = 0; !confirms && second < ConfirmSeconds && Journal.Of(path).Waiting; second++)
				machine.Pause(1000);
			using (IDisposable alone = machine.Lock(WaitSeconds))
			{
				if (alone == null)
					throw Busy(path);
				using (IHttpApi api = machine.OpenHttp())
				{
					Changes changes = new Changes(machine, api);
					return Text(changes, confirms ? Confirmed(changes, path) : Alone(changes, path));
				}
			}
		}

		// What was done: a run whose owner died is undone first, and then nothing else is done, since the steps were planned for a
		// state that is gone.
		private Run Alone(Changes changes, string path)
		{
			Journal found = Journal.Of(path);
			for (int second = 0; !found.Finished && !found.Waiting && machine.IsAlive(found["owner"]); second++)
			{
				if (second == WaitSeconds)
					throw Busy(path);
				machine.Pause(1000);
				found = Journal.Of(path);
			}
			if (!found.Finished)
				return Recovered(changes, path, found);
			if (steps.Exists(step => step.Op == Step.Bindings) && (given["shared_configuration"].IsNull || !given["shared_configuration"].Truth()))
				RefuseShared(changes);
			Run run = new Run(machine, changes, given["probe"]);
			try
			{
				using (JournalWriter journal = JournalWriter.Start(machine, path, steps))
				{
					if (guard == null || Armed(run, journal))
						run.All(steps, journal);
					if (guard != null && run.Error == null)
					{
						run.Unconfirmed = journal.Run;
						return run;
					}
					End(journal);
					if (guard != null)
						guard.Disarm(journal.Run);
				}
				File.Delete(path);
			}
			catch (Exception fault)
			{
				// It could not be begun, or its file not be removed, in which an end is written by now.
				run.Error = run.Error ?? (run.Applied == steps.Count && steps.Count > 0 ? null : Typed(fault, "journal"));
			}
			return run;
		}

		private bool Armed(Run run, JournalWriter journal)
		{
			try
			{
				guard.Arm(journal, steps.Count);
			}
			catch (HostException fault)
			{
				run.Error = fault;
			}
			return run.Error == null;
		}

		private Run Confirmed(Changes changes, string path)
		{
			Run nothing = new Run(machine, changes, given["probe"]);
			try
			{
				guard.Confirm(path);
			}
			catch (HostException fault)
			{
				nothing.Error = fault;
			}
			return nothing;
		}

		private HostException Busy(string path)
		{
			string run = Journal.Of(path)["run"];
			string hint = "another run" + (run == null ? "" : " (" + run + ")") + " is at work on this host and did not end within " + WaitSeconds + " seconds";
			return new HostException("busy", hint, "journal", hint, null, null);
		}

		private static void RefuseShared(Changes changes)
		{
			const string hint = "the IIS configuration is shared with other hosts (redirection.config); a commit would change them all";
			if (changes.Iis.Shared())
				throw new HostException("shared_configuration", hint, "steps", hint, null, null);
		}

		private Run Recovered(Changes changes, string path, Journal dead)
		{
			Run nothing = new Run(machine, changes, given["probe"]);
			Recovery recovery = null;
			try
			{
				recovery = new Recovery(changes, dead);
				recovery.Plan();
				using (JournalWriter journal = JournalWriter.GoOn(machine, path, dead))
				{
					recovery.CarryOut(journal);
					// Where records are lost the journal is open as long as it is there: should this one die, the next one tells of them.
					if (recovery.Lost.Count == 0)
						journal.End();
				}
				File.Delete(path);
				string hint = "run " + dead["run"] + " had not finished and was undone; read again and plan anew";
				if (recovery.Lost.Count > 0)
				{
					nothing.Undone = "partial";
					nothing.UndoErrors.AddRange(recovery.Lost);
					hint = "run " + dead["run"] + " had not finished and was undone, but for " + string.Join(" and ", recovery.Lost.ConvertAll(one => one.Place + ": " + one.Hint));
				}
				if (steps.Count > 0 || recovery.Lost.Count > 0)
					nothing.Error = new HostException("journal_unfinished", hint, "journal", hint, null, null);
			}
			catch (Exception fault)
			{
				nothing.Error = Typed(fault, "journal");
			}
			return nothing;
		}

		// The steps are done, or undone, whether this can be written or not; unwritten, the next applier undoes what is left of them.
		private static void End(JournalWriter journal)
		{
			try
			{
				journal.End();
			}
			catch (HostException)
			{
			}
		}

		private string Text(Changes changes, Run run)
		{
			HostException error = run.Error;
			Bag answer = new Bag
			{
				{ "changed", Changed(changes) }, { "contract", Reader.Contract }, { "applied", run.Applied },
				{ "error", error == null ? null : Reader.ErrorBag(error, run.ErrorStep) }, { "undone", run.Undone },
				{ "undo_errors", run.UndoErrors.ConvertAll(one => Reader.ErrorBag(one, null)) }, { "probes", run.Probes }
			};
			if (run.Unconfirmed != null)
				answer.Put("unconfirmed", run.Unconfirmed);
			if (error != null)
				answer.Put("failed", true).Put("msg", error.Place + ": " + error.Hint);
			StringBuilder text = new StringBuilder(Json.Write(answer));
			text.Length--;
			text.Append(',');
			try
			{
				Json.AppendDocument(text, new Document(machine, certificates, keyCheck).Read());
			}
			catch (Exception)
			{
				text.Append("\"document\":null");
			}
			return text.Append('}').ToString();
		}

		// Where that cannot be read any more, the host counts as changed.
		private static bool Changed(Changes changes)
		{
			try
			{
				return changes.Touched.Differ(changes.Http, changes.Iis);
			}
			catch (HostException)
			{
				return true;
			}
		}

		// Whatever was thrown, as an error of the contract.
		public static HostException Typed(Exception fault, string place)
		{
			HostException known = fault as HostException;
			if (known != null)
				return known;
			bool denied = Gaps.CodeOf(fault) == "access_denied";
			string hint = denied ? "administrator rights are missing: " + fault.Message : fault.GetType().Name + ": " + fault.Message + "\n" + fault.StackTrace;
			return new HostException(denied ? "access_denied" : "internal", hint, place, hint, null, unchecked((uint)fault.HResult));
		}
	}
}
