// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.IO;
using System.Threading;

namespace TlsFleet.Harness
{
    // Single questions to the runtime and to Win32 below the engine's own classes; for the Windows lane.
    public static class LaneTasks
    {
        // What the runtime makes of a call of the IIS objects that the state folder lets fail. `registered`: the class is found as on Windows.
        public static string Provoke(Hashtable task)
        {
            Native.Select((string)task["state"]);
            try
            {
                IAppHostWritableAdminManager manager = task["registered"] != null
                    ? new WindowsMachine().OpenWritableAdmin()
                    : (IAppHostWritableAdminManager)Native.NewManager(Native.WritableAdminManager);
                manager.SetCommitPath(SiteStates.AppHost);
                IAppHostElementCollection sites = manager.GetAdminSection(SiteStates.Sites, SiteStates.AppHost).GetCollection();
                IAppHostElementCollection bindings = sites.GetItem(0).GetElementByName("bindings").GetCollection();
                IAppHostElement added = bindings.CreateNewElement("binding");
                added.GetPropertyByName("protocol").SetValue("http");
                added.GetPropertyByName("bindingInformation").SetValue("*:1:");
                bindings.AddElement(added, -1);
                bindings.GetItem(0).GetPropertyByName("sslFlags").Clear();
                bindings.DeleteElement(0);
                manager.CommitChanges();
                return "null";
            }
            catch (Exception fault)
            {
                return Json.Write(new Bag { { "type", fault.GetType().Name }, { "result", unchecked((uint)fault.HResult) } });
            }
        }

        // The lock of all appliers, kept as long as somebody leaves the file that says so; then given back, or the process dies (`die`).
        public static string Lock(Hashtable task)
        {
            using (IDisposable held = new WindowsMachine().Lock((int)(long)task["wait"]))
            {
                string file = (string)task["file"];
                if (held != null)
                    File.WriteAllText(file, "");
                while (held != null && File.Exists(file))
                    Thread.Sleep(50);
                if (task["die"] != null)
                    System.Diagnostics.Process.GetCurrentProcess().Kill();
                return Json.Write(held != null);
            }
        }

        // What is wrong with an owner and an access list of the journal's folder.
        public static string Untrusted(string sddl)
        {
            return Json.Write(WindowsMachine.Untrusted(FakeStores.Bytes(sddl)));
        }

        // The journal's own folder, as the machine makes and checks it.
        public static string Folder()
        {
            try
            {
                return Json.Write(new WindowsMachine().JournalFolder());
            }
            catch (HostException fault)
            {
                return Json.Write(new Bag { { "code", fault.Code }, { "message", fault.Message }, { "place", fault.Place } });
            }
        }
    }
}
