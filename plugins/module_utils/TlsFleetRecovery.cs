// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace TlsFleet
{
	// The way back from a run that died to the state before it. Everything is looked at before the first call, so that a host on which
	// somebody else has written since stays as it is.
	public sealed class Recovery
	{
		// One step of the dead run: what undoes it from what stands there now. Null where it stands there as before.
		private sealed class Way
		{
			public int Index;
			public Step Step;
			public string Instead;
		}

		private readonly Changes changes;
		private readonly Journal dead;
		private readonly List<Step> steps;
		private readonly List<Way> ways = new List<Way>();

		// Steps that have begun; those that are done, and those that are not, or no longer.
		private readonly SortedSet<int> begun = new SortedSet<int>();
		private readonly HashSet<int> done = new HashSet<int>(), undone = new HashSet<int>();
		private readonly Dictionary<string, HttpRecord> records = new Dictionary<string, HttpRecord>(StringComparer.Ordinal);
		private BindingLists sites;

		// Steps of which an earlier recovery has noted that their record was refused, and records that somebody has settled since.
		private readonly HashSet<int> refused = new HashSet<int>();
		private readonly HashSet<string> settled = new HashSet<string>(StringComparer.Ordinal);

		// Records that http.sys would not have back.
		public readonly List<HostException> Lost = new List<HostException>();

		public Recovery(Changes changes, Journal dead)
		{
			this.changes = changes;
			this.dead = dead;
			try
			{
				if (dead.Damaged)
					throw new FormatException("a line of it is not as it was written");
				steps = Step.Read(new Given(JsonReader.Parse(dead["steps"]), "steps"));
				foreach (KeyValuePair<string, string> line in dead.Lines)
					Take(line.Key, line.Value.Split(new[] { '\t' }, 2));
			}
			catch (Exception fault)
			{
				throw Conflict("journal", "cannot be read: " + fault.Message);
			}
		}

		// A line about a step. Throws whatever, where it does not fit the steps or the lines before it.
		private void Take(string name, string[] parts)
		{
			if (Array.IndexOf(new[] { "begin", "done", "failed", "undo", "undone", "lost" }, name) < 0)
				return;
			int index = int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture);
			if (name == "begin")
			{
				Held(steps[index], new Given(JsonReader.Parse(parts[1]), name));
				begun.Add(index);
			}
			else if (name == "failed")
				undone.Add(index);
			else if (!begun.Contains(index))
				throw new FormatException(name + ": step " + index + " had not begun");
			else if (name == "done")
				done.Add(index);
			else if (name == "undo")
				done.Remove(index);
			else
				(name == "lost" ? refused : undone).Add(index);
		}

		// The step as it was met: the record with its own spelling, places of bindings.
		private static void Held(Step step, Given held)
		{
			if (step.Op == Step.Bindings)
			{
				List<Given> places = held.Items();
				for (int at = 0; at < step.Edits.Count; at++)
					if (places[at].IsText)
						step.Edits[at].Behind = places[at].Text();
					else
						step.Edits[at].Position = (int)places[at].Whole(0, int.MaxValue);
				return;
			}
			HttpRecord image = held.IsNull ? null : Step.Image(step, held);
			if (!HttpTable.Same(image, step.Before))
				throw held.Bad("not what its step expects");
			step.Before = image;
		}

		private HostException Conflict(string place, string what)
		{
			string hint = "run " + dead["run"] + " has not finished, and " + what;
			return new HostException("journal_conflict", hint, place, hint, null, null);
		}

		// Finds out what to do. Throws journal_conflict.
		public void Plan()
		{
			foreach (int index in begun.Reverse())
				if (!undone.Contains(index) && steps[index].Op != Step.Probe)
					Plan(index, steps[index], !done.Contains(index));
		}

		// `uncertain`: begun, or its undo begun, and not finished.
		private void Plan(int index, Step step, bool uncertain)
		{
			if (step.Op == Step.Bindings)
			{
				Plan(index, step.Edits, uncertain);
				return;
			}
			HttpRecord before = step.Before, now;
			string identity = RecordMemory.Identity(step.Family, step.Key);
			if (settled.Contains(identity))
				return;
			if (!records.TryGetValue(identity, out now))
			{
				now = changes.Http.Find(step.Family, step.Key);
				changes.Touched.Note(step, now);
			}
			records[identity] = before;
			if (uncertain && HttpTable.Same(now, before))
			{
				Nothing(index);
				return;
			}
			bool between = uncertain && step.Op == Step.Replace && now == null;
			if (!between && !HttpTable.Same(now, step.After) && refused.Contains(index))
			{
				settled.Add(identity);
				return;
			}
			if (!between && !HttpTable.Same(now, step.After))
				throw Conflict(step.Place, "somebody else has written since: there is " + HttpTable.Shown(now));
			Step back = between ? new Step { Op = Step.Set, Family = step.Family, Key = step.Key, After = before } : Changes.Inverse(step, before);
			ways.Add(new Way { Index = index, Step = back });
		}

		private void Plan(int index, List<Edit> edits, bool uncertain)
		{
			if (sites == null)
			{
				sites = changes.Iis.Read(steps.Where(step => step.Edits != null).SelectMany(step => step.Edits));
				changes.Touched.Note(sites.Copy());
			}
			List<Edit> back = Edit.Undoing(edits);
			if (sites.Fits(back))
			{
				sites.Try(back);
				ways.Add(new Way { Index = index, Step = new Step { Op = Step.Bindings, Edits = back } });
			}
			else if (uncertain && sites.Fits(Edit.Undoing(back)))
				Nothing(index);
			else
				throw Conflict("edits[0]", "somebody else has written since: the bindings stand neither as before nor as it left them");
		}

		// It has not happened, or is undone already. That has to be written down before others are undone: what they leave may look as if it had.
		private void Nothing(int index)
		{
			bool undoing = dead.Lines.Contains(new KeyValuePair<string, string>("undo", index.ToString(CultureInfo.InvariantCulture)));
			ways.Add(new Way { Index = index, Instead = undoing ? "undone" : "failed" });
		}

		// Does it, each step written down before and after: a recovery that dies is gone on with by the next one.
		public void CarryOut(JournalWriter journal)
		{
			foreach (Way way in ways)
			{
				if (way.Step == null)
				{
					journal.Note(way.Instead, way.Index);
					continue;
				}
				journal.Note("undo", way.Index);
				if (way.Step.Op == Step.Bindings)
					changes.Iis.CommitAll(way.Step.Edits);
				else if (!Record(way.Step))
				{
					// Not undone: should this recovery die, too, the next one meets it again and tells of it, unless somebody has helped meanwhile.
					journal.Note("lost", way.Index);
					continue;
				}
				journal.Note("undone", way.Index);
			}
		}

		// A record whose certificate or key cannot be used (any more) is refused however often it is tried: it is named, false is given, and the
		// others go on.
		private bool Record(Step step)
		{
			changes.Expected(step);
			try
			{
				changes.Record(step);
				return true;
			}
			catch (HostException fault)
			{
				if (fault.Code != "key_unusable")
					throw;
				Keep(step);
				Lost.Add(changes.Standing(fault, step));
				return false;
			}
		}

		// What stood there before a replacement deleted it is better than nothing.
		private void Keep(Step step)
		{
			try
			{
				if (step.Op == Step.Replace)
					changes.Http.Set(step.Family, step.Key, step.Before);
			}
			catch (HostException)
			{
			}
		}
	}
}
