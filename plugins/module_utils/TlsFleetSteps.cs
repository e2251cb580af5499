// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;

namespace TlsFleet
{
	// A value of the arguments, with the place that an error names. What PowerShell wraps is unwrapped.
	public sealed class Given
	{
		public readonly string Place;
		private readonly object value;

		public Given(object value, string place)
		{
			this.value = Bare(value);
			Place = place;
		}

		// PowerShell's own wrapper, told by its name: this code is not compiled against PowerShell.
		private static object Bare(object value)
		{
			if (value == null || value.GetType().FullName != "System.Management.Automation.PSObject")
				return value;
			return value.GetType().GetProperty("BaseObject").GetValue(value, null);
		}

		public bool IsNull
		{
			get { return value == null; }
		}

		// A key that is there, or may be missing (then null).
		public Given this[string name]
		{
			get { return new Given(Table()[name], Below(name)); }
		}

		private string Below(string name)
		{
			return Place.Length == 0 ? name : Place + "." + name;
		}

		private IDictionary Table()
		{
			IDictionary table = value as IDictionary;
			if (table == null)
				throw Bad("must be an object");
			return table;
		}

		// All of `wanted` have to be there, of `optional` any may; Ansible's own keys do not count. The first fault in order of names.
		public Given Keys(string[] wanted, params string[] optional)
		{
			IDictionary table = Table();
			List<string> names = new List<string>();
			foreach (object key in table.Keys)
				names.Add(Convert.ToString(key));
			names.Sort(StringComparer.Ordinal);
			string[] sorted = (string[])wanted.Clone();
			Array.Sort(sorted, StringComparer.Ordinal);
			foreach (string name in sorted)
				if (!names.Contains(name))
					throw new Given(null, Below(name)).Bad("is missing");
			foreach (string name in names)
				if (Array.IndexOf(wanted, name) < 0 && Array.IndexOf(optional, name) < 0 && !name.StartsWith("_ansible_", StringComparison.Ordinal))
					throw new Given(null, Below(name)).Bad("is not known");
			return this;
		}

		public List<Given> Items()
		{
			IEnumerable list = value as IEnumerable;
			if (list == null || value is string || value is IDictionary)
				throw Bad("must be a list");
			List<Given> items = new List<Given>();
			foreach (object item in list)
				items.Add(new Given(item, Place + "[" + items.Count + "]"));
			return items;
		}

		public string Text()
		{
			string text = value as string;
			if (text == null)
				throw Bad("must be text");
			return text;
		}

		public bool IsText
		{
			get { return value is string; }
		}

		public string TextOrNull()
		{
			return IsNull ? null : Text();
		}

		public long Whole(long least, long most)
		{
			decimal number = -1;
			bool sound = !(value is string || value is bool || value is DateTime) && value is IConvertible;
			// No number of ours has 18 digits; PowerShell makes a Double of one that a Decimal cannot hold.
			sound = sound && Math.Abs(Convert.ToDouble(value, CultureInfo.InvariantCulture)) < 1e18;
			if (sound)
				number = Convert.ToDecimal(value, CultureInfo.InvariantCulture);
			if (!sound || number != Math.Truncate(number) || number < least || number > most)
				throw Bad("must be a whole number from " + least + " to " + most);
			return (long)number;
		}

		public string Choice(params string[] known)
		{
			string text = value as string;
			if (Array.IndexOf(known, text) < 0)
				throw Bad("must be one of " + string.Join(", ", known));
			return text;
		}

		public bool Truth()
		{
			if (!(value is bool))
				throw Bad("must be true or false");
			return (bool)value;
		}

		public HostException Bad(string message)
		{
			return new HostException("bad_argument", Place + ": " + message, Place, null, null, null);
		}
	}

	// One step (contracts.md section 4). Before and After are null where there is no record.
	public sealed class Step
	{
		public const string Set = "record_set", Update = "record_update", Replace = "record_replace", Delete = "record_delete",
			Bindings = "bindings", Probe = "probe";
		public string Op, Family, Key;
		public HttpRecord Before, After;
		public List<Edit> Edits;
		public List<Hashtable> Endpoints;

		public string Place
		{
			get { return Family + " " + Key; }
		}

		public bool IsRecord
		{
			get { return Family != null; }
		}

		public static List<Step> Read(Given given)
		{
			List<Step> steps = new List<Step>();
			foreach (Given item in given.Items())
				steps.Add(One(item));
			return steps;
		}

		private static Step One(Given given)
		{
			Step step = new Step { Op = given["op"].Choice(Set, Update, Replace, Delete, Bindings, Probe) };
			if (step.Op == Bindings)
				step.Edits = given.Keys(new[] { "op", "edits" })["edits"].Items().ConvertAll<Edit>(Edit.Read);
			else if (step.Op == Probe)
				step.Endpoints = given.Keys(new[] { "op", "endpoints" })["endpoints"].Items().ConvertAll<Hashtable>(Endpoint);
			else
				Record(step, given.Keys(new[] { "op", "family", "key", "before", "after" }));
			return step;
		}

		private static void Record(Step step, Given given)
		{
			step.Family = given["family"].Choice("ipport", "hostnameport", "ccs", "scopedccs");
			step.Key = given["key"].Text();
			if (!RecordMemory.IsKey(step.Family, step.Key))
				throw given["key"].Bad("'" + step.Key + "' is no key of family " + step.Family);
			bool before = !given["before"].IsNull, after = !given["after"].IsNull;
			if (before == (step.Op == Set) || after == (step.Op == Delete))
				throw given.Bad(step.Op + " has the wrong images");
			step.Before = before ? Image(step, given["before"]) : null;
			step.After = after ? Image(step, given["after"]) : null;
		}

		// A record without family and key; what is missing has its default (contracts.md section 2).
		public static HttpRecord Image(Step step, Given given)
		{
			given.Keys(new string[0], "thumbprint", "store", "app_id", "flags", "check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store");
			HttpRecord image = new HttpRecord { Family = step.Family, Key = step.Key };
			image.Thumbprint = given["thumbprint"].TextOrNull();
			image.Store = given["store"].TextOrNull();
			image.AppId = given["app_id"].TextOrNull() ?? HttpRecord.IisAppId;
			image.CtlIdentifier = given["ctl_identifier"].TextOrNull();
			image.CtlStore = given["ctl_store"].TextOrNull();
			image.Flags = Number(given["flags"]);
			image.CheckMode = Number(given["check_mode"]);
			image.Freshness = Number(given["freshness"]);
			image.Timeout = Number(given["timeout"]);
			Guid id;
			if (image.Thumbprint != null && !RecordMemory.IsThumbprint(image.Thumbprint))
				throw given["thumbprint"].Bad("must be hexadecimal digits");
			if (!Guid.TryParse(image.AppId, out id))
				throw given["app_id"].Bad("must be a GUID");
			return image;
		}

		private static long Number(Given given)
		{
			return given.IsNull ? 0 : given.Whole(0, uint.MaxValue);
		}

		// As it was given, for the journal.
		public Bag ToBag()
		{
			Bag bag = new Bag { { "op", Op } };
			if (Op == Bindings)
				return bag.Put("edits", Edits.ConvertAll(edit => edit.ToBag()));
			if (Op == Probe)
				return bag.Put("endpoints", Endpoints.ConvertAll(one => new Bag { { "address", one["address"] }, { "port", one["port"] }, { "sni", one["sni"] }, { "expect", one["expect"] } }));
			return bag.Put("family", Family).Put("key", Key).Put("before", ImageBag(Before)).Put("after", ImageBag(After));
		}

		public static Bag ImageBag(HttpRecord record)
		{
			return record == null ? null : record.AddTo(new Bag());
		}

		private static Hashtable Endpoint(Given given)
		{
			given.Keys(new[] { "address", "port", "sni", "expect" });
			Hashtable endpoint = new Hashtable();
			endpoint["address"] = given["address"].Text();
			endpoint["port"] = (int)given["port"].Whole(1, 65535);
			endpoint["sni"] = given["sni"].TextOrNull();
			endpoint["expect"] = given["expect"].TextOrNull();
			return endpoint;
		}
	}

	// A change of one binding. Position null: at the end of the site's list. One that undoes (`Back`) goes by what stands there, since others may
	// have put bindings before it: a removed one returns to behind the one that stood before it (`Behind`, empty for the first).
	public sealed class Edit
	{
		public string Site, Behind;
		public int? Position;
		public Binding Before, After;
		public bool Back;

		public static Edit Read(Given given)
		{
			given.Keys(new[] { "site", "position", "before", "after" });
			Edit edit = new Edit { Site = given["site"].Text(), Before = Image(given["before"]), After = Image(given["after"]) };
			if (!given["position"].IsNull)
				edit.Position = (int)given["position"].Whole(0, int.MaxValue);
			if (edit.Before == null && edit.After == null)
				throw given.Bad("has neither before nor after");
			if (edit.Before != null && edit.Position == null)
				throw given["position"].Bad("is needed where a binding is changed or removed");
			return edit;
		}

		private static Binding Image(Given given)
		{
			if (given.IsNull)
				return null;
			given.Keys(new[] { "protocol", "information" }, "ssl_flags");
			Binding image = new Binding { Protocol = given["protocol"].Text(), Information = given["information"].Text() };
			if (!given["ssl_flags"].IsNull)
				image.Flags = given["ssl_flags"].Whole(0, uint.MaxValue);
			return image;
		}

		public Bag ToBag()
		{
			return new Bag { { "site", Site }, { "position", Position }, { "before", ImageBag(Before) }, { "after", ImageBag(After) } };
		}

		private static Bag ImageBag(Binding image)
		{
			return image == null ? null : new Bag { { "protocol", image.Protocol }, { "information", image.Information }, { "ssl_flags", image.Flags } };
		}

		// The inverses, in the order in which they undo.
		public static List<Edit> Undoing(List<Edit> edits)
		{
			List<Edit> swapped = edits.ConvertAll(edit => new Edit { Site = edit.Site, Behind = edit.Behind, Position = edit.Position, Before = edit.After, After = edit.Before, Back = true });
			swapped.Reverse();
			return swapped;
		}
	}
}
