// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace TlsFleet
{
	// The journal of this run: what is about to happen is on the disk before it happens.
	public sealed class JournalWriter : IDisposable
	{
		private readonly IJournalFile file;
		public readonly string Run;

		private JournalWriter(IWritingMachine machine, string path, long keep, string run)
		{
			Run = run;
			try
			{
				file = machine.OpenJournal(path, keep);
			}
			catch (Exception fault)
			{
				throw Typed(fault);
			}
		}

		// Begins a journal, in place of one that came to its end.
		public static JournalWriter Start(IWritingMachine machine, string path, List<Step> steps)
		{
			JournalWriter journal = new JournalWriter(machine, path, 0, Guid.NewGuid().ToString());
			string started = Journal.Time(machine.UtcNow);
			journal.Append(Journal.Line("run", journal.Run) + Journal.Line("started", started) + Journal.Line("owner", machine.Owner)
				+ Journal.Line("steps", Json.Write(steps.ConvertAll(step => step.ToBag()))));
			return journal;
		}

		// Goes on with the journal of a run that died.
		public static JournalWriter GoOn(IWritingMachine machine, string path, Journal dead)
		{
			return new JournalWriter(machine, path, dead.Sound, dead["run"]);
		}

		// `held`: what stands there; for bindings the place of each edit, or what the binding to be removed stands behind.
		public void Begin(int index, object held)
		{
			Append(Journal.Line("begin", Number(index) + "\t" + Json.Write(held)));
		}

		public void Note(string name, int index)
		{
			Append(Journal.Line(name, Number(index)));
		}

		public void End()
		{
			Append(Journal.Line("end", "-"));
		}

		// The guard of this run: when it acts, and after how many steps somebody is waited for.
		public void Guard(string value)
		{
			Append(Journal.Line("guard", value));
		}

		public void Expired(string time)
		{
			Append(Journal.Line("expired", time));
		}

		private static string Number(int index)
		{
			return index.ToString(CultureInfo.InvariantCulture);
		}

		private void Append(string lines)
		{
			try
			{
				file.Append(System.Text.Encoding.ASCII.GetBytes(lines));
			}
			catch (Exception fault)
			{
				throw Typed(fault);
			}
		}

		private static HostException Typed(Exception fault)
		{
			uint result = unchecked((uint)fault.HResult);
			bool denied = Gaps.CodeOf(fault) == "access_denied";
			string hint = denied ? "administrator rights are missing" : "the journal could not be written: " + fault.Message;
			return new HostException(denied ? "access_denied" : "internal", hint, "journal", hint, "WriteFile", result >> 16 == 0x8007 ? result & 0xFFFF : result);
		}

		public void Dispose()
		{
			if (file != null)
				file.Dispose();
		}
	}

	// What stood where this call was about to write: in the end it tells whether the host differs from before.
	public sealed class Touched
	{
		private readonly Dictionary<string, HttpRecord> records = new Dictionary<string, HttpRecord>(StringComparer.Ordinal);
		private readonly List<Step> keys = new List<Step>();
		private readonly BindingLists sites = new BindingLists();

		public void Note(Step step, HttpRecord held)
		{
			string identity = RecordMemory.Identity(step.Family, step.Key);
			if (records.ContainsKey(identity))
				return;
			records[identity] = held;
			keys.Add(step);
		}

		public void Note(BindingLists found)
		{
			foreach (string name in found.Names)
				if (sites[name] == null)
					sites[name] = found[name];
		}

		public bool Differ(HttpTable http, IisSites iis)
		{
			foreach (Step step in keys)
				if (!HttpTable.Same(http.Find(step.Family, step.Key), records[RecordMemory.Identity(step.Family, step.Key)]))
					return true;
			List<Edit> asked = new List<Edit>();
			foreach (string name in sites.Names)
				asked.Add(new Edit { Site = name });
			if (asked.Count == 0)
				return false;
			BindingLists now = iis.Read(asked);
			foreach (string name in sites.Names)
				if (!BindingLists.Same(now[name], sites[name]))
					return true;
			return false;
		}
	}

	// One change after the other, each after a look at what stands there. Shared by a run, its undo and the recovery of another one.
	public sealed class Changes
	{
		public readonly HttpTable Http;
		public readonly IisSites Iis;
		public readonly Touched Touched = new Touched();

		public Changes(IWritingMachine machine, IHttpApi api)
		{
			Http = new HttpTable(api);
			Iis = new IisSites(machine);
		}

		// Notes what stands where the steps are to write. What cannot be read now is the matter of its step.
		public void Remember(List<Step> steps)
		{
			try
			{
				foreach (Step step in steps)
					if (step.IsRecord)
						Touched.Note(step, Http.Find(step.Family, step.Key));
				List<Edit> edits = new List<Edit>();
				foreach (Step step in steps)
					edits.AddRange(step.Edits ?? new List<Edit>());
				if (edits.Count > 0)
					Touched.Note(Iis.Read(edits));
			}
			catch (HostException)
			{
			}
		}

		// What a record step meets. Throws changed_meanwhile where that is not what it expects.
		public HttpRecord Expected(Step step)
		{
			HttpRecord held = Http.Find(step.Family, step.Key);
			Touched.Note(step, held);
			if (HttpTable.Same(held, step.Before))
				return held;
			string hint = "expected " + HttpTable.Shown(step.Before) + ", found " + HttpTable.Shown(held);
			if (held != null && step.Before != null && HttpTable.Shown(held) == HttpTable.Shown(step.Before))
				hint += " with other options";
			throw new HostException("changed_meanwhile", hint, step.Place, hint, null, null);
		}

		// Carries a record step out.
		public void Record(Step step)
		{
			if (step.Op == Step.Update)
				Http.Update(step.Family, step.Key, step.After);
			if (step.Op == Step.Delete || step.Op == Step.Replace)
				Http.Delete(step.Family, step.Key);
			if (step.Op == Step.Set || step.Op == Step.Replace)
				Http.Set(step.Family, step.Key, step.After);
		}

		// What undoes a step that met `held` and failed: a replacement may have come half way, and a call that fails may have happened all the
		// same. Null: nothing. What cannot be read counts as gone, which the undo will look at again.
		public Step Rest(Step step, HttpRecord held, HostException fault)
		{
			HttpRecord now = null;
			try
			{
				now = Http.Find(step.Family, step.Key);
			}
			catch (HostException)
			{
			}
			if (HttpTable.Same(now, held))
				return null;
			if (HttpTable.Same(now, step.After) && step.Op != Step.Delete && (step.Op != Step.Set || fault.Code != "record_exists"))
				return Inverse(step, held);
			// A record that was there already was made by somebody else, one that was missing already was deleted by him.
			bool others = step.Op == Step.Set || step.Op == Step.Update || fault.Call == HttpTable.DeleteCall && fault.Code == "record_missing";
			return others ? null : new Step { Op = Step.Set, Family = step.Family, Key = step.Key, After = held };
		}

		// The step that undoes one which met `held`.
		public static Step Inverse(Step step, HttpRecord held)
		{
			string op = step.Op == Step.Set ? Step.Delete : step.Op == Step.Delete ? Step.Set : step.Op;
			return new Step { Op = op, Family = step.Family, Key = step.Key, Before = step.After, After = held };
		}

		// The error of a failed undo, with what stands there now and what should.
		public HostException Standing(HostException fault, Step step)
		{
			string now;
			try
			{
				if (step.Op == Step.Bindings)
					now = Iis.Read(step.Edits).Fits(step.Edits) ? "the bindings stand as the plan left them" : "the bindings stand neither as before nor as the plan left them";
				else
					now = "there is " + HttpTable.Shown(Http.Find(step.Family, step.Key)) + ", before the run there was " + HttpTable.Shown(step.After);
			}
			catch (HostException blind)
			{
				now = "what stands there could not be read: " + blind.Message;
			}
			return new HostException(fault.Code, fault.Message, fault.Place, fault.Hint + "; " + now, fault.Call, fault.Number);
		}
	}
}
