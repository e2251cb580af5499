// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;

namespace TlsFleet
{
	// The IIS configuration objects by vtable, as the SDK's ahadmin.idl has them: member order is slot order after IUnknown. Interfaces that
	// nobody calls here are passed as plain objects.
	[ComImport, Guid("9be77978-73ed-4a9a-87fd-13f09fec1b13"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
	public interface IAppHostAdminManager
	{
		IAppHostElement GetAdminSection([MarshalAs(UnmanagedType.BStr)] string section, [MarshalAs(UnmanagedType.BStr)] string path);
		[return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
		void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetConfigManager();
	}

	[ComImport, Guid("64ff8ccc-b287-4dae-b08a-a72cbf45f453"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
	public interface IAppHostElement
	{
		[return: MarshalAs(UnmanagedType.BStr)] string GetName();
		IAppHostElementCollection GetCollection();
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetProperties();
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetChildElements();
		[return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
		void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetSchema();
		IAppHostElement GetElementByName([MarshalAs(UnmanagedType.BStr)] string name);
		IAppHostProperty GetPropertyByName([MarshalAs(UnmanagedType.BStr)] string name);
		void Clear();
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetMethods();
	}

	[ComImport, Guid("c8550bff-5281-4b1e-ac34-99b6fa38464d"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
	public interface IAppHostElementCollection
	{
		uint GetCount();
		IAppHostElement GetItem([MarshalAs(UnmanagedType.Struct)] object index);
		void AddElement(IAppHostElement element, int position);
		void DeleteElement([MarshalAs(UnmanagedType.Struct)] object index);
		void Clear();
		IAppHostElement CreateNewElement([MarshalAs(UnmanagedType.BStr)] string name);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetSchema();
	}

	[ComImport, Guid("ed35f7a1-5024-4e7b-a44d-07ddaf4b524d"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
	public interface IAppHostProperty
	{
		[return: MarshalAs(UnmanagedType.BStr)] string GetName();
		[return: MarshalAs(UnmanagedType.Struct)] object GetValue();
		void SetValue([MarshalAs(UnmanagedType.Struct)] object value);
		void Clear();
		[return: MarshalAs(UnmanagedType.BStr)] string GetStringValue();
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetException();
		[return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
		void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
		[return: MarshalAs(UnmanagedType.IUnknown)] object GetSchema();
	}

	// What only the running IIS knows: the state of each site by its id.
	public static class SiteStates
	{
		public const string Sites = "system.applicationHost/sites", AppHost = "MACHINE/WEBROOT/APPHOST";
		private const int ClassNotRegistered = unchecked((int)0x80040154), NotKnownToWas = unchecked((int)0x800710D8);

		public static Dictionary<long, string> Read(IMachine machine, Gaps gaps)
		{
			var states = new Dictionary<long, string>();
			var held = new List<object>();
			var told = new HashSet<string>();
			try
			{
				IAppHostAdminManager manager = Keep(held, machine.OpenAdmin());
				IAppHostElement section = Keep(held, manager.GetAdminSection(Sites, AppHost));
				IAppHostElementCollection sites = Keep(held, section.GetCollection());
				long count = sites == null ? 0 : sites.GetCount();
				for (int index = 0; index < count; index++)
					One(sites, index, states, told, gaps);
			}
			catch (Exception fault)
			{
				string what = fault.HResult == ClassNotRegistered ? "IIS configuration objects are not registered" : "site states";
				gaps.Add("site_states", fault, what);
			}
			finally
			{
				Release(held);
			}
			return states;
		}

		// Runtime values fail one by one; such a site stays unknown. That WAS does not know a site is a fact about it (A3.02), every
		// other failure a gap, told once.
		private static void One(IAppHostElementCollection sites, int index, Dictionary<long, string> states, HashSet<string> told, Gaps gaps)
		{
			var held = new List<object>();
			try
			{
				IAppHostElement site = Keep(held, sites.GetItem(index));
				long id = Number(Keep(held, site.GetPropertyByName("id")));
				try
				{
					states[id] = Name(Number(Keep(held, site.GetPropertyByName("state"))));
				}
				catch (Exception fault)
				{
					if (fault.HResult != NotKnownToWas && told.Add(Gaps.CodeOf(fault)))
						gaps.Add("site_states", fault, "site states");
					states[id] = "unknown";
				}
			}
			finally
			{
				Release(held);
			}
		}

		// Starting and Stopping count as where they lead (A3.01).
		private static string Name(long state)
		{
			return state == 0 || state == 1 ? "started" : state == 2 || state == 3 ? "stopped" : "unknown";
		}

		// An empty value must not pass for 0, which is a state.
		private static long Number(IAppHostProperty property)
		{
			return Convert.ToInt64(property.GetValue() ?? -1, CultureInfo.InvariantCulture);
		}

		public static T Keep<T>(List<object> held, T item)
		{
			held.Add(item);
			return item;
		}

		// Last taken first; the manager goes last (A5.10).
		public static void Release(List<object> held)
		{
			for (int index = held.Count - 1; index >= 0; index--)
				if (held[index] != null && Marshal.IsComObject(held[index]))
					Marshal.ReleaseComObject(held[index]);
		}
	}
}
