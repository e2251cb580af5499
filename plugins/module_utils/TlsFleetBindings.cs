// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Linq;

namespace TlsFleet
{
	// Bindings of sites in memory, and what edits make of them: nothing is written before all of it has been tried here.
	public sealed class BindingLists
	{
		private readonly Dictionary<string, List<Binding>> sites = new Dictionary<string, List<Binding>>(StringComparer.Ordinal);
		public bool KnowsFlags = true;

		public List<Binding> this[string site]
		{
			get
			{
				List<Binding> found;
				return sites.TryGetValue(site, out found) ? found : null;
			}
			set { sites[site] = value; }
		}

		public IEnumerable<string> Names
		{
			get { return sites.Keys; }
		}

		public BindingLists Copy()
		{
			BindingLists copy = new BindingLists { KnowsFlags = KnowsFlags };
			foreach (KeyValuePair<string, List<Binding>> site in sites)
				copy.sites[site.Key] = site.Value.ToList();
			return copy;
		}

		// Carries the edits out here; gives them with the place each has had. Throws what the first one that cannot be would be refused with.
		public List<Edit> Try(List<Edit> edits)
		{
			List<Edit> placed = new List<Edit>();
			for (int index = 0; index < edits.Count; index++)
			{
				Edit edit = edits[index];
				List<Binding> bindings = this[edit.Site];
				if (bindings == null)
					throw IisSites.Refused("changed_meanwhile", index, "there is no site '" + edit.Site + "'", null);
				Edit one = new Edit { Site = edit.Site, Behind = edit.Behind, Position = edit.Position ?? bindings.Count, Before = edit.Before, After = edit.After, Back = edit.Back };
				One(bindings, one, index);
				placed.Add(one);
			}
			return placed;
		}

		// Could they be carried out on this state?
		public bool Fits(List<Edit> edits)
		{
			try
			{
				Copy().Try(edits);
				return true;
			}
			catch (HostException)
			{
				return false;
			}
		}

		private void One(List<Binding> bindings, Edit edit, int index)
		{
			bool adds = edit.Before == null;
			if (adds && edit.Behind != null)
				edit.Position = Behind(bindings, edit.Behind, index);
			else if (!adds && edit.Back)
				edit.Position = bindings.FindIndex(one => Same(one, edit.Before));
			int place = edit.Position.Value;
			if (edit.After != null && edit.After.Flags != null && !KnowsFlags)
				throw IisSites.Refused("not_supported_here", index, "this IIS knows no sslFlags", null);
			if (adds && place > bindings.Count)
				throw IisSites.Refused("changed_meanwhile", index, "the site has only " + bindings.Count + " bindings", null);
			if (!adds && (place < 0 || place >= bindings.Count || !Same(bindings[place], edit.Before)))
				throw IisSites.Refused("changed_meanwhile", index, "binding " + edit.Before.Information + (place < 0 ? " is no longer there" : " is not at its place " + place), null);
			for (int other = 0; edit.After != null && other < bindings.Count; other++)
				if ((adds || other != place) && SameKey(bindings[other], edit.After))
					throw IisSites.Refused("config_conflict", index, "binding " + edit.After.Information + " is there twice", 0x800700B7);
			if (adds)
				bindings.Insert(place, edit.After);
			else if (edit.After == null)
			{
				edit.Behind = place == 0 ? "" : Key(bindings[place - 1]);
				bindings.RemoveAt(place);
			}
			else
				bindings[place] = edit.After;
		}

		// As they are written: texts are not interpreted here, and an sslFlags that is absent is none of 0.
		public static bool Same(Binding one, Binding other)
		{
			return one.Protocol == other.Protocol && one.Information == other.Information && one.Flags == other.Flags;
		}

		public static bool Same(List<Binding> one, List<Binding> other)
		{
			if (one == null || other == null || one.Count != other.Count)
				return one == other;
			for (int index = 0; index < one.Count; index++)
				if (!Same(one[index], other[index]))
					return false;
			return true;
		}

		// What the schema of IIS makes unique within a site (F3.02).
		private static bool SameKey(Binding one, Binding other)
		{
			// Each edit is compared with every binding of its site, so no texts are made here.
			return one.Protocol.Equals(other.Protocol, StringComparison.OrdinalIgnoreCase)
				&& one.Information.Equals(other.Information, StringComparison.OrdinalIgnoreCase);
		}

		private static string Key(Binding one)
		{
			return one.Protocol + " " + one.Information;
		}

		private static int Behind(List<Binding> bindings, string key, int index)
		{
			int place = bindings.FindIndex(one => key.EndsWith(one.Information, StringComparison.OrdinalIgnoreCase) && Key(one).Equals(key, StringComparison.OrdinalIgnoreCase));
			if (place < 0 && key.Length > 0)
				throw IisSites.Refused("changed_meanwhile", index, "binding " + key + ", behind which it stood, is no longer there", null);
			return place + 1;
		}
	}
}
