// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;

namespace TlsFleet
{
	// The steps of one plan on this host: applied in their order, undone in reverse where one fails.
	public sealed class Run
	{
		private readonly IWritingMachine machine;
		private readonly Changes changes;
		private JournalWriter journal;
		private readonly Given probe;

		// Inverses of what was done, with the index of the step, in the order in which it was done.
		private readonly List<KeyValuePair<int, Step>> done = new List<KeyValuePair<int, Step>>();
		public int Applied;
		public HostException Error;
		public int? ErrorStep;

		// The name of this run where it is to be confirmed.
		public string Unconfirmed;
		public string Undone;
		public readonly List<HostException> UndoErrors = new List<HostException>();
		public readonly List<Bag> Probes = new List<Bag>();

		public Run(IWritingMachine machine, Changes changes, Given probe)
		{
			this.machine = machine;
			this.changes = changes;
			this.probe = probe;
		}

		public void All(List<Step> steps, JournalWriter into)
		{
			journal = into;
			changes.Remember(steps);
			for (int index = 0; index < steps.Count; index++)
			{
				try
				{
					One(index, steps[index]);
					journal.Note("done", index);
					Applied = index + 1;
				}
				catch (Exception fault)
				{
					Error = Applier.Typed(fault, "steps[" + index + "]");
					ErrorStep = index;
					// It has changed nothing: told before others are undone, or a recovery would judge it by what they leave.
					if (!done.Exists(one => one.Key == index))
						Try("failed", index);
					Undo();
					return;
				}
			}
		}

		private void One(int index, Step step)
		{
			if (step.Op == Step.Probe)
			{
				journal.Begin(index, null);
				Look(step);
			}
			else if (step.Op == Step.Bindings)
			{
				List<Edit> placed = Placed(step.Edits);
				journal.Begin(index, placed.ConvertAll(edit => edit.Behind ?? (object)edit.Position));
				changes.Iis.CommitAll(placed);
				done.Add(new KeyValuePair<int, Step>(index, new Step { Op = Step.Bindings, Edits = Edit.Undoing(placed) }));
			}
			else
			{
				HttpRecord held = changes.Expected(step);
				journal.Begin(index, Step.ImageBag(held));
				Step back = Changes.Inverse(step, held);
				try
				{
					changes.Record(step);
				}
				catch (Exception fault)
				{
					back = changes.Rest(step, held, Applier.Typed(fault, step.Place));
					throw;
				}
				finally
				{
					if (back != null)
						done.Add(new KeyValuePair<int, Step>(index, back));
				}
			}
		}

		private List<Edit> Placed(List<Edit> edits)
		{
			BindingLists now = changes.Iis.Read(edits);
			changes.Touched.Note(now);
			return now.Copy().Try(edits);
		}

		// Wrong is judged by thumbprint only, and weighs more than what could not be looked at.
		private void Look(Step step)
		{
			List<Bag> rows = Prober.Look(machine, step.Endpoints, (int)probe["timeout"].Whole(1, 600), (int)probe["retries"].Whole(0, 100));
			Probes.AddRange(rows);
			Bag wrong = rows.Find(row => (string)row["verdict"] == "wrong");
			Bag lost = rows.Find(row => (string)row["verdict"] != "wrong" && (string)row["verdict"] != "right");
			Bag first = wrong ?? (probe["on_unverified"].Text() == "fail" ? lost : null);
			if (first == null)
				return;
			string place = first["address"] + ":" + first["port"] + " " + (first["sni"] ?? "without SNI");
			string hint = "expected " + (first["expect"] ?? "no handshake") + ", saw " + (first["served"] ?? "no handshake");
			throw new HostException(wrong != null ? "probe_wrong" : "probe_unverified", hint, place, hint, null, null);
		}

		// Inverses of what was done, last first. One that fails does not keep the others from being tried.
		private void Undo()
		{
			if (done.Count == 0)
				return;
			Undone = "complete";
			for (int place = done.Count - 1; place >= 0; place--)
			{
				int index = done[place].Key;
				Step step = done[place].Value;
				try
				{
					Try("undo", index);
					Back(step);
					Try("undone", index);
				}
				catch (Exception fault)
				{
					Undone = "partial";
					UndoErrors.Add(changes.Standing(Applier.Typed(fault, "steps[" + index + "]"), step));
				}
			}
		}

		private void Back(Step step)
		{
			if (step.Op == Step.Bindings)
				changes.Iis.CommitAll(step.Edits);
			else
			{
				changes.Expected(step);
				changes.Record(step);
			}
		}

		// An undo that cannot be written down is better than none.
		private void Try(string name, int index)
		{
			try
			{
				journal.Note(name, index);
			}
			catch (HostException)
			{
			}
		}
	}
}
