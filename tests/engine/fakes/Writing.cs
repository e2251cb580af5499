// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;
using System.Text;

// Shows that .NET's own COM calls reach the fake's writing side: typed interfaces, variants by value, BSTRs, HRESULTs as exceptions. Every
// line it prints is compared by test_ahadmin_dotnet.py.
namespace TlsFleet.Fakes
{
    [ComImport, Guid("fa7660f6-7b3f-4237-a8bf-ed0ad0dcbbd9"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    public interface IWritableManager
    {
        IElement GetAdminSection([MarshalAs(UnmanagedType.BStr)] string section, [MarshalAs(UnmanagedType.BStr)] string path);
        [return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
        void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetConfigManager();
        void CommitChanges();
        [return: MarshalAs(UnmanagedType.BStr)] string GetCommitPath();
        void SetCommitPath([MarshalAs(UnmanagedType.BStr)] string path);
    }

    [ComImport, Guid("64ff8ccc-b287-4dae-b08a-a72cbf45f453"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    public interface IElement
    {
        [return: MarshalAs(UnmanagedType.BStr)] string GetName();
        IElements GetCollection();
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetProperties();
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetChildElements();
        [return: MarshalAs(UnmanagedType.Struct)] object GetMetadata([MarshalAs(UnmanagedType.BStr)] string name);
        void SetMetadata([MarshalAs(UnmanagedType.BStr)] string name, [MarshalAs(UnmanagedType.Struct)] object value);
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetSchema();
        IElement GetElementByName([MarshalAs(UnmanagedType.BStr)] string name);
        IProperty GetPropertyByName([MarshalAs(UnmanagedType.BStr)] string name);
        void Clear();
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetMethods();
    }

    [ComImport, Guid("c8550bff-5281-4b1e-ac34-99b6fa38464d"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    public interface IElements
    {
        uint GetCount();
        IElement GetItem([MarshalAs(UnmanagedType.Struct)] object index);
        void AddElement(IElement element, int position);
        void DeleteElement([MarshalAs(UnmanagedType.Struct)] object index);
        void Clear();
        IElement CreateNewElement([MarshalAs(UnmanagedType.BStr)] string name);
        [return: MarshalAs(UnmanagedType.IUnknown)] object GetSchema();
    }

    [ComImport, Guid("ed35f7a1-5024-4e7b-a44d-07ddaf4b524d"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    public interface IProperty
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

    public static class Writing
    {
        [DllImport("ahadmin.dll")]
        private static extern int tlsfleet_fake_select(byte[] folder);

        [DllImport("ahadmin.dll")]
        private static extern int tlsfleet_fake_manager(int writable, out IntPtr manager);

        private static readonly StringBuilder said = new StringBuilder();
        private static bool registered;

        private static void Say(params object[] words)
        {
            said.Append(string.Join(" ", words)).Append('\n');
        }

        private static void Refused(Action call)
        {
            try
            {
                call();
                Say("no error");
            }
            catch (Exception fault)
            {
                Say(fault.GetType().Name, string.Format("{0:X8}", fault.HResult));
                if (registered && fault.Message.Contains("changed on disk"))
                    Say(fault.Message.Trim().Replace("\n", "; "));
            }
        }

        private static IWritableManager Manager()
        {
            if (registered)
                return (IWritableManager)Activator.CreateInstance(Type.GetTypeFromProgID("Microsoft.ApplicationHost.WritableAdminManager", true));
            IntPtr made;
            Marshal.ThrowExceptionForHR(tlsfleet_fake_manager(1, out made));
            object manager = Marshal.GetObjectForIUnknown(made);
            Marshal.Release(made);
            return (IWritableManager)manager;
        }

        private static IElements Bindings(IWritableManager manager, object site)
        {
            IElement section = manager.GetAdminSection("system.applicationHost/sites", "MACHINE/WEBROOT/APPHOST");
            return section.GetCollection().GetItem(site).GetElementByName("bindings").GetCollection();
        }

        private static IElement New(IElements bindings, string information, object flags)
        {
            IElement element = bindings.CreateNewElement("binding");
            element.GetPropertyByName("protocol").SetValue("https");
            element.GetPropertyByName("bindingInformation").SetValue(information);
            element.GetPropertyByName("sslFlags").SetValue(flags);
            return element;
        }

        // On Windows: the class is found through the registry, and errors have texts.
        public static string Registered(string folder)
        {
            registered = true;
            return Run(folder);
        }

        // Gets a state folder, gives what happened, a line each.
        public static string Run(string folder)
        {
            Marshal.ThrowExceptionForHR(tlsfleet_fake_select(Encoding.UTF8.GetBytes(folder.Trim() + "\0")));
            IWritableManager manager = Manager(), late = Manager();
            manager.SetCommitPath("MACHINE/WEBROOT/APPHOST");
            IElements bindings = Bindings(manager, 0);
            Bindings(late, 0).DeleteElement(0);
            bindings.AddElement(New(bindings, "*:443:ünï.example.com", 97), 1);
            bindings.AddElement(New(bindings, "*:444:", "1"), -1);
            bindings.AddElement(New(bindings, "*:445:", 2u), 0);
            bindings.DeleteElement(bindings.GetItem(3));
            bindings.GetItem(1L).GetPropertyByName("sslFlags").Clear();
            for (uint index = 0; index < bindings.GetCount(); index++)
            {
                IElement item = bindings.GetItem(index);
                IProperty flags = item.GetPropertyByName("sslFlags");
                Say(item.GetPropertyByName("bindingInformation").GetValue(), flags.GetValue(), flags.GetStringValue(), flags.GetMetadata("isDefaultValue"));
            }
            Refused(() => bindings.AddElement(New(bindings, "*:444:", 0), -1));
            Refused(() => bindings.DeleteElement(99));
            Refused(() => bindings.CreateNewElement("site"));
            Refused(() => bindings.GetItem(0).GetPropertyByName("sslFlags").SetValue("x"));
            Refused(() => bindings.GetItem(0).GetPropertyByName("sslFlag").SetValue("x"));
            Refused(() => bindings.AddElement(null, -1));
            manager.CommitChanges();
            Refused(late.CommitChanges);
            Say(manager.GetCommitPath(), Bindings(Manager(), 0).GetCount());
            return said.ToString();
        }

        public static void Main(string[] arguments)
        {
            Console.OutputEncoding = new UTF8Encoding(false);
            Console.Write(Run(arguments[0]));
        }
    }
}
