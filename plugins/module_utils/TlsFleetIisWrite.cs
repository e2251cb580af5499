// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace TlsFleet
{
	// Reads and commits bindings by the IIS configuration objects, a new manager for every attempt.
	public sealed class IisSites
	{
		private const string Commit = "CommitChanges";
		private const int Attempts = 6, FirstPause = 250, LongestPause = 4000;
		private const uint Sharing = 0x80070020, Locked = 0x80070021, Transaction = 0x80071A90, BadIndex = 0x80070585, Exists = 0x800700B7,
			Denied = 0x80070005, NoClass = 0x80040154;
		private static readonly Random Jitter = new Random();
		private readonly IWritingMachine machine;

		// The configuration call and the edit that are being made, for the error.
		private string call;
		private int at;

		public IisSites(IWritingMachine machine)
		{
			this.machine = machine;
		}

		public static HostException Refused(string code, int index, string hint, long? number)
		{
			return new HostException(code, hint, "edits[" + index + "]", hint, Commit, number);
		}

		// Does redirection.config lead elsewhere (A4.22)? Its password is never looked at.
		public bool Shared()
		{
			List<object> held = new List<object>();
			try
			{
				call = "GetAdminSection";
				IAppHostAdminManager manager = SiteStates.Keep(held, machine.OpenAdmin());
				IAppHostElement section = SiteStates.Keep(held, manager.GetAdminSection("configurationRedirection", "MACHINE/REDIRECTION"));
				return Convert.ToBoolean(SiteStates.Keep(held, section.GetPropertyByName("enabled")).GetValue(), CultureInfo.InvariantCulture);
			}
			catch (Exception fault)
			{
				throw Typed(fault);
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		// The bindings of the sites that these edits are about, as they are now.
		public BindingLists Read(IEnumerable<Edit> edits)
		{
			List<object> held = new List<object>();
			try
			{
				at = 0;
				return Lists(Collections(held, edits), held);
			}
			catch (Exception fault)
			{
				throw Typed(fault);
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		// One commit of all edits. What passes is tried again, decided anew each time (A4.05, A4.06). A commit that failed may have
		// happened all the same (A4.07): then it has.
		public void CommitAll(List<Edit> edits)
		{
			bool begun = false;
			for (int attempt = 1; ; attempt++)
			{
				try
				{
					Once(edits);
					return;
				}
				catch (Exception fault)
				{
					uint result = unchecked((uint)fault.HResult);
					bool passes = result == Sharing || result == Transaction || (result == Locked && call == Commit);
					HostException typed = Typed(fault);
					begun |= call == Commit;
					if (begun && Stand(edits))
						return;
					if (!passes || attempt == Attempts)
						throw typed;
				}
				machine.Pause(Math.Min(LongestPause, FirstPause << (attempt - 1)) + Jitter.Next(FirstPause));
			}
		}

		// Is the host as these edits leave it? Then there is something to undo: a binding that only moves can be found before and after.
		private bool Stand(List<Edit> edits)
		{
			try
			{
				BindingLists now = Read(edits), back = now.Copy();
				back.Try(Edit.Undoing(edits));
				return edits.Exists(edit => !BindingLists.Same(now[edit.Site], back[edit.Site]));
			}
			catch (HostException)
			{
				return false;
			}
		}

		private void Once(List<Edit> edits)
		{
			List<object> held = new List<object>();
			try
			{
				at = 0;
				Dictionary<string, IAppHostElementCollection> sites = Collections(held, edits);
				BindingLists wanted = Lists(sites, held);
				List<Edit> placed = wanted.Try(edits);
				for (at = 0; at < placed.Count; at++)
					One(sites[placed[at].Site], placed[at], held);
				at = 0;
				BindingLists made = Lists(sites, held);
				foreach (string site in sites.Keys)
					if (!BindingLists.Same(wanted[site], made[site]))
						throw new HostException("internal", "IIS put a binding elsewhere in site " + site, "edits[0]", "IIS put a binding of site " + site + " elsewhere than it was told; nothing was committed", "AddElement", null);
				call = Commit;
				((IAppHostWritableAdminManager)held[0]).CommitChanges();
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		// The binding collections by site name; sites that are not there are left out. The manager is the first of `held`.
		private Dictionary<string, IAppHostElementCollection> Collections(List<object> held, IEnumerable<Edit> edits)
		{
			HashSet<string> names = new HashSet<string>(edits.Select(edit => edit.Site), StringComparer.Ordinal);
			Dictionary<string, IAppHostElementCollection> found = new Dictionary<string, IAppHostElementCollection>(StringComparer.Ordinal);
			call = "GetAdminSection";
			IAppHostWritableAdminManager manager = SiteStates.Keep(held, machine.OpenWritableAdmin());
			manager.SetCommitPath(SiteStates.AppHost);
			IAppHostElement section = SiteStates.Keep(held, manager.GetAdminSection(SiteStates.Sites, SiteStates.AppHost));
			IAppHostElementCollection sites = SiteStates.Keep(held, section.GetCollection());
			long count = sites.GetCount();
			for (int index = 0; index < count && found.Count < names.Count; index++)
			{
				IAppHostElement site = SiteStates.Keep(held, sites.GetItem(index));
				string name = Words(site, "name");
				if (names.Contains(name))
					found[name] = SiteStates.Keep(held, SiteStates.Keep(held, site.GetElementByName("bindings")).GetCollection());
			}
			return found;
		}

		private BindingLists Lists(Dictionary<string, IAppHostElementCollection> sites, List<object> held)
		{
			BindingLists lists = new BindingLists();
			if (sites.Count > 0)
				lists.KnowsFlags = HasFlags(SiteStates.Keep(held, sites.First().Value.CreateNewElement("binding")));
			foreach (KeyValuePair<string, IAppHostElementCollection> site in sites)
			{
				List<Binding> bindings = new List<Binding>();
				long count = site.Value.GetCount();
				for (int index = 0; index < count; index++)
					bindings.Add(Image(site.Value.GetItem(index), lists.KnowsFlags));
				lists[site.Key] = bindings;
			}
			return lists;
		}

		private static Binding Image(IAppHostElement element, bool flagsKnown)
		{
			List<object> held = new List<object> { element };
			try
			{
				Binding image = new Binding { Protocol = Words(element, "protocol"), Information = Words(element, "bindingInformation") };
				if (!flagsKnown)
					return image;
				IAppHostProperty flags = SiteStates.Keep(held, element.GetPropertyByName("sslFlags"));
				if (!Convert.ToBoolean(flags.GetMetadata("isDefaultValue"), CultureInfo.InvariantCulture))
					image.Flags = Convert.ToInt64(flags.GetValue(), CultureInfo.InvariantCulture);
				return image;
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		// IIS 7 has no such attribute (A1.51).
		private static bool HasFlags(IAppHostElement element)
		{
			List<object> held = new List<object>();
			try
			{
				SiteStates.Keep(held, element.GetPropertyByName("sslFlags"));
				return true;
			}
			catch (Exception fault)
			{
				if (unchecked((uint)fault.HResult) == BadIndex)
					return false;
				throw;
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		private static string Words(IAppHostElement element, string name)
		{
			List<object> held = new List<object>();
			try
			{
				return Convert.ToString(SiteStates.Keep(held, element.GetPropertyByName(name)).GetValue(), CultureInfo.InvariantCulture);
			}
			finally
			{
				SiteStates.Release(held);
			}
		}

		// The other attributes of a binding, and its place, stay as they are.
		private void One(IAppHostElementCollection bindings, Edit edit, List<object> held)
		{
			long count = bindings.GetCount();
			int place = (int)Math.Min(edit.Position ?? count, count);
			if (edit.After == null)
			{
				call = "DeleteElement";
				bindings.DeleteElement(place);
				return;
			}
			call = edit.Before == null ? "CreateNewElement" : "GetItem";
			IAppHostElement element = SiteStates.Keep(held, edit.Before == null ? bindings.CreateNewElement("binding") : bindings.GetItem(place));
			Binding before = edit.Before ?? new Binding();
			if (before.Protocol != edit.After.Protocol)
				Put(element, "protocol", edit.After.Protocol, held);
			if (before.Information != edit.After.Information)
				Put(element, "bindingInformation", edit.After.Information, held);
			if (before.Flags != edit.After.Flags)
				Put(element, "sslFlags", edit.After.Flags == null ? null : edit.After.Flags.Value.ToString(CultureInfo.InvariantCulture), held);
			call = "AddElement";
			// At the end by the place that all samples use (A1.26); that it is the end is looked at before the commit.
			if (edit.Before == null)
				bindings.AddElement(element, place == count ? -1 : place);
		}

		// Numbers are taken as text for attributes of any type (A1.22); null removes the attribute instead of writing a 0 (A2.07).
		private void Put(IAppHostElement element, string name, string value, List<object> held)
		{
			IAppHostProperty property = SiteStates.Keep(held, element.GetPropertyByName(name));
			call = value == null ? "Clear" : "SetValue";
			if (value == null)
				property.Clear();
			else
				property.SetValue(value);
		}

		// By HResult only (A4.01): the CLR makes exceptions of several types of them.
		private HostException Typed(Exception fault)
		{
			HostException known = fault as HostException;
			if (known != null)
				return known;
			uint result = unchecked((uint)fault.HResult);
			string code = "internal", hint = fault.Message;
			if (result == Denied)
				Is(out code, out hint, "access_denied", "administrator rights are missing");
			else if (result == Transaction)
				Is(out code, out hint, "config_conflict", "somebody else has committed at the same time");
			else if (result == Exists)
				Is(out code, out hint, "config_conflict", "such a binding is there already");
			else if (result == Sharing)
				Is(out code, out hint, "config_locked", "another process holds applicationHost.config");
			else if (result == Locked)
				Is(out code, out hint, "config_locked", call == Commit ? "another process holds applicationHost.config" : "the section or an element of it is locked in applicationHost.config");
			else if (result == NoClass)
				Is(out code, out hint, "not_supported_here", "the IIS configuration objects are not registered: IIS is not installed");
			return new HostException(code, hint, "edits[" + at + "]", hint, call, result);
		}

		private static void Is(out string code, out string hint, string known, string words)
		{
			code = known;
			hint = words;
		}
	}
}
