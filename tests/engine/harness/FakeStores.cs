// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.AccessControl;

namespace TlsFleet.Harness
{
    // certs/index.txt as certificate stores. A verdict about SYSTEM becomes an access list again, so that the engine has to judge it.
    public sealed class FakeStores : IStores
    {
        private static readonly Dictionary<string, string> Lists = new Dictionary<string, string>
        {
            { "granted", "O:BAG:SYD:(A;;0x80000000;;;S-1-5-21-1-2-3-500)(A;;FA;;;SY)" },
            { "denied", "O:BAG:SYD:(A;;FA;;;S-1-5-21-1-2-3-500)" }
        };
        private readonly FakeMachine machine;

        public FakeStores(FakeMachine machine)
        {
            this.machine = machine;
        }

        public List<StoredCertificate> Read(string store)
        {
            machine.Enter("certificates");
            List<StoredCertificate> found = new List<StoredCertificate>();
            foreach (string[] row in Rows.Read(machine.Folder, "certs/index.txt"))
                if (row[0].Equals(store, StringComparison.OrdinalIgnoreCase))
                    found.Add(One(row));
            return found.Count == 0 && store != "MY" ? null : found;
        }

        private StoredCertificate One(string[] row)
        {
            StoredCertificate certificate = new StoredCertificate
            {
                Thumbprint = row[1], Der = File.ReadAllBytes(Path.Combine(machine.Folder, "certs", row[2])),
                FriendlyName = row[3], Archived = row[4] == "yes", RenewedBy = row[5], Native = row
            };
            if (row[6] == "yes")
                certificate.Key = new KeyLink
                {
                    Provider = row[7], ProviderType = Rows.Number(row[8]), Container = row[9], KeySpec = Rows.Number(row[10]), Machine = row[11] == "yes"
                };
            return certificate;
        }

        public KeyProbe Probe(StoredCertificate certificate, bool sign)
        {
            machine.Enter("keys");
            string[] row = (string[])certificate.Native;
            string list;
            return new KeyProbe
            {
                Tried = true, Code = row[14] == null ? (long?)null : Rows.Number(row[14]),
                UniqueName = row[18] == null ? null : row[18].Substring(row[18].LastIndexOf('\\') + 1),
                Descriptor = Lists.TryGetValue(row[12], out list) ? Bytes(list) : null
            };
        }

        public ChainFacts Chain(StoredCertificate certificate)
        {
            machine.Enter("chains");
            string[] row = (string[])certificate.Native;
            return row[16] == null ? null : new ChainFacts { Status = Rows.Number(row[16]), Elements = Rows.Number(row[17]) };
        }

        public static byte[] Bytes(string sddl)
        {
            RawSecurityDescriptor descriptor = new RawSecurityDescriptor(sddl);
            byte[] bytes = new byte[descriptor.BinaryLength];
            descriptor.GetBinaryForm(bytes, 0);
            return bytes;
        }

        public void Close()
        {
        }
    }
}
