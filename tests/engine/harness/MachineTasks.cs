// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Collections.Generic;
using System.Security.Cryptography.X509Certificates;

namespace TlsFleet.Harness
{
    // Single tasks: the engine's own classes about one certificate, without a store around it; a bare loop to compare a read with.
    public static class MachineTasks
    {
        public static string Key(Hashtable task)
        {
            WindowsStores stores = new WindowsStores();
            X509Certificate2 native = new X509Certificate2(Convert.FromBase64String((string)task["der"]));
            StoredCertificate certificate = WindowsStores.One(native);
            KeyLink link = certificate.Key, asked = new KeyLink { ProviderType = task["type"] == null ? 0 : (long)task["type"] };
            certificate.Key = asked;
            KeyProbe probe = stores.Probe(certificate, (bool)task["sign"]);
            return Json.Write(new Bag
            {
                { "code", probe.Code }, { "access", KeyAccess.OfSystem(probe.Descriptor) }, { "name", probe.UniqueName }, { "renewed_by", certificate.RenewedBy },
                { "link", link == null ? null : Link(link) }, { "chain", Chain(stores, certificate) }, { "open", Native.OpenHandles() }
            });
        }

        // The engine's look at endpoints, with nothing else around it; without a state folder at those of the machine it runs on.
        public static string Look(Hashtable task)
        {
            FakeMachine fake = task["state"] == null ? null : new FakeMachine((string)task["state"]);
            IMachine machine = fake ?? (IMachine)new WindowsMachine();
            List<Bag> rows = Prober.Look(machine, (IList)task["endpoints"], (int)(long)task["timeout"], (int)(long)task["retries"]);
            return Json.Write(new Bag { { "probes", rows }, { "pauses", fake == null ? 0 : fake.Pauses }, { "paused", fake == null ? 0 : fake.Paused } });
        }

        // What nobody can do without: every record by name of a state folder asked for once, and nothing made of the answers.
        public static string Loop(string state)
        {
            const uint room = 4096;
            int length = Marshal.SizeOf(typeof(SniQuery)), token = 0, tokenAt = (int)Marshal.OffsetOf(typeof(SniQuery), "Token");
            IntPtr query = Marshal.AllocHGlobal(length), answer = Marshal.AllocHGlobal((int)room);
            Native.Select(state);
            Stopwatch watch = Stopwatch.StartNew();
            using (HttpApi api = new HttpApi())
            {
                uint needed;
                Marshal.StructureToPtr(new SniQuery { Desc = HttpNative.QueryNext }, query, false);
                while (api.Query(HttpNative.Sni, query, (uint)length, answer, room, out needed) == 0)
                    Marshal.WriteInt32(query, tokenAt, ++token);
            }
            watch.Stop();
            Marshal.FreeHGlobal(query);
            Marshal.FreeHGlobal(answer);
            return Json.Write(new Bag { { "records", token }, { "milliseconds", watch.ElapsedMilliseconds } });
        }

        private static Bag Link(KeyLink link)
        {
            return new Bag
            {
                { "container", link.Container }, { "provider", link.Provider }, { "type", link.ProviderType }, { "spec", link.KeySpec }, { "machine", link.Machine }
            };
        }

        private static object Chain(WindowsStores stores, StoredCertificate certificate)
        {
            try
            {
                ChainFacts chain = stores.Chain(certificate);
                return new Bag { { "status", chain.Status }, { "elements", chain.Elements } };
            }
            catch (HostException fault)
            {
                return fault.Message;
            }
        }
    }
}
