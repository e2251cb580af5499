// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace TlsFleet
{
	public sealed class Binding
	{
		public string Protocol, Information;
		public long? Flags;
	}

	public sealed class Site
	{
		public long Id;
		public string Name;
		public List<Binding> Bindings = new List<Binding>();
	}

	// What the IIS 6 metabase left behind (properties 5506 and 5511); ABO start-up can write it back into http.sys (F3.32).
	public sealed class Mapper
	{
		public string Path, Thumbprint, Store;
		public long Site;
		public bool Hash;
	}

	// Sites and bindings out of applicationHost.config, as they stand there: texts are neither repaired nor interpreted.
	public sealed class IisConfig
	{
		public readonly List<Site> Sites = new List<Site>();
		public readonly List<Mapper> Mappers = new List<Mapper>();
		public bool Shared;

		private const string Folder = @"\inetsrv\config";
		private readonly IMachine machine;
		private readonly Gaps gaps;
		private readonly List<Bag> doubts = new List<Bag>();
		private string sitesSource;
		private bool sitesSeen, defaultBindings;

		public IisConfig(IMachine machine, Gaps gaps)
		{
			this.machine = machine;
			this.gaps = gaps;
		}

		// Reads all of it; whatever cannot be read leaves a gap in layer "sites".
		public void Read()
		{
			string path = null;
			try
			{
				string folder = Redirected(machine.System32 + Folder);
				path = machine.ToPath(folder + "\\applicationHost.config");
				XmlFile.Visit(machine, path, Restart, VisitConfiguration);
				if (sitesSource != null)
				{
					path = machine.ToPath(folder + "\\" + sitesSource);
					XmlFile.Visit(machine, path, Sites.Clear, place => VisitSites(place, 0));
				}
				if (defaultBindings && Sites.Any(site => site.Bindings.Count == 0))
					gaps.Add("site_defaults", "not_modelled", "siteDefaults has bindings, and there are sites without any: whether these get them is not known");
				if (!sitesSeen)
					gaps.Add("sites", "malformed", path + " has no section system.applicationHost/sites");
			}
			catch (Exception fault)
			{
				Sites.Clear();
				gaps.Add("sites", fault, path == null ? "IIS configuration redirection" : "IIS configuration " + path);
			}
			gaps.Entries.AddRange(doubts);
		}

		// The folder that holds applicationHost.config: redirection.config may lead to a share (F3.13). Its password is never looked at.
		private string Redirected(string folder)
		{
			string target = null;
			Action<XmlPlace> visit = delegate(XmlPlace place)
			{
				if (place.Is(0, "configurationRedirection") && Truth(place["enabled"]))
					target = place["path"];
			};
			try
			{
				XmlFile.Visit(machine, machine.ToPath(folder + "\\redirection.config"), () => { target = null; }, visit);
			}
			catch (IOException fault)
			{
				if (!XmlFile.IsMissing(fault))
					throw;
			}
			Shared = target != null;
			return target == null ? folder : target.TrimEnd('\\');
		}

		private static bool Truth(string text)
		{
			return text != null && (text.Trim() == "1" || text.Trim().Equals("true", StringComparison.OrdinalIgnoreCase));
		}

		private void Restart()
		{
			Sites.Clear();
			Mappers.Clear();
			doubts.Clear();
			sitesSource = null;
			sitesSeen = defaultBindings = false;
		}

		// <location> around the section is not what IIS tools write, and is passed through (A6.05).
		private void VisitConfiguration(XmlPlace place)
		{
			int depth = place.Path.IndexOf("system.applicationHost") + 1;
			if (depth == 0 || place.Path[0] != "configuration" || !OnlyLocations(place.Path, depth - 1))
				return;
			if (place.Is(depth + 1, "sites"))
			{
				sitesSeen = true;
				sitesSource = place["configSource"] ?? sitesSource;
			}
			else if (place.Path.Count > depth + 1 && place.Path[depth] == "sites")
				VisitSites(place, depth);
			else if (place.Is(depth + 2, "customMetadata", "key"))
				Mappers.Add(NewMapper(place["path"] ?? ""));
			else if (place.Is(depth + 3, "customMetadata", "key", "property"))
				Property(Mappers[Mappers.Count - 1], place);
		}

		// Site 0: the key is none of a site.
		private static Mapper NewMapper(string path)
		{
			const string sites = "LM/W3SVC/";
			var mapper = new Mapper { Path = path, Store = "MY" };
			if (path.StartsWith(sites, StringComparison.OrdinalIgnoreCase))
				long.TryParse(path.Substring(sites.Length), NumberStyles.None, CultureInfo.InvariantCulture, out mapper.Site);
			return mapper;
		}

		private static void Property(Mapper mapper, XmlPlace place)
		{
			if (place["id"] == "5506")
			{
				mapper.Hash = true;
				mapper.Thumbprint = LegacyThumbprint(place["value"]);
			}
			else if (place["id"] == "5511" && !string.IsNullOrEmpty(place["value"]))
				mapper.Store = place["value"];
		}

		private static bool OnlyLocations(List<string> path, int end)
		{
			for (int index = 1; index < end; index++)
				if (path[index] != "location")
					return false;
			return true;
		}

		// `above`: number of names above `sites`. Anything that is no site with bindings is a neighbour and ignored (A6.07).
		private void VisitSites(XmlPlace place, int above)
		{
			Site site = Sites.Count == 0 ? null : Sites[Sites.Count - 1];
			defaultBindings |= place.Is(above + 4, "siteDefaults", "bindings", "binding");
			if (place.Is(above + 2, "sites", "site"))
				Sites.Add(NewSite(place));
			else if (site == null)
				return;
			else if (place.Is(above + 4, "site", "bindings", "clear"))
				site.Bindings.Clear();
			else if (place.Is(above + 4, "site", "bindings", "binding"))
				site.Bindings.Add(NewBinding(place, site));
		}

		private Site NewSite(XmlPlace place)
		{
			var site = new Site { Name = place["name"] ?? "" };
			if (!long.TryParse(place["id"], NumberStyles.None, CultureInfo.InvariantCulture, out site.Id))
				Doubt(place, "site " + site.Name + ": id is '" + place["id"] + "', not a number");
			if (site.Name.Length == 0)
				Doubt(place, "site " + site.Id + ": has no name");
			return site;
		}

		// IIS itself refuses the whole section for one bad value (A2.09); here it is named and the rest is shown.
		private Binding NewBinding(XmlPlace place, Site site)
		{
			var binding = new Binding { Protocol = place["protocol"] ?? "", Information = place["bindingInformation"] ?? "" };
			string where = "site " + site.Name + ", binding '" + binding.Information + "': ";
			string flags = place["sslFlags"];
			uint number;
			if (binding.Protocol.Length == 0 || binding.Information.Length == 0)
				Doubt(place, where + "protocol or bindingInformation is missing");
			if (flags != null && uint.TryParse(flags, NumberStyles.None, CultureInfo.InvariantCulture, out number))
				binding.Flags = number;
			else if (flags != null)
				Doubt(place, where + "sslFlags is '" + flags + "', not an unsigned number");
			return binding;
		}

		private void Doubt(XmlPlace place, string message)
		{
			message = "applicationHost.config line " + place.Line + ": " + message + "; IIS refuses to read the section";
			doubts.Add(new Bag { { "layer", "sites" }, { "code", "bad_value" }, { "message", message } });
		}

		// Binary data as base64 or as hexadecimal text: both were seen [L]; anything else has no thumbprint to show.
		private static string LegacyThumbprint(string value)
		{
			string hex = Hex.Thumbprint(value);
			if (hex != null || value == null)
				return hex;
			try
			{
				byte[] bytes = Convert.FromBase64String(value);
				return bytes.Length == 20 ? Hex.Of(bytes) : null;
			}
			catch (FormatException)
			{
				return null;
			}
		}

		// Does the schema of a binding know sslFlags (A1.50)? Null where there is no schema file.
		public static bool? SchemaKnowsSslFlags(IMachine machine)
		{
			bool known = false, inside = false, seen = false;
			Action<XmlPlace> visit = delegate(XmlPlace place)
			{
				if (place.Is(2, "sectionSchema"))
					inside = place["name"] == "system.applicationHost/sites";
				seen |= inside;
				known |= inside && place.Is(0, "collection", "attribute") && place["name"] == "sslFlags";
			};
			try
			{
				string path = machine.ToPath(machine.System32 + Folder + "\\schema\\IIS_schema.xml");
				XmlFile.Visit(machine, path, () => { known = inside = seen = false; }, visit);
			}
			catch (IOException fault)
			{
				if (XmlFile.IsMissing(fault))
					return null;
				throw;
			}
			return seen ? known : (bool?)null;
		}
	}
}
