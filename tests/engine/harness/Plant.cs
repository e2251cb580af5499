// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Win32;

namespace TlsFleet.Harness
{
    // Puts keys, certificates and registry values into the real stores of the machine it runs on: for the Windows lane, never for a machine of somebody.
    public static class Plant
    {
        private const string Provider = "Microsoft Enhanced RSA and AES Cryptographic Provider";

        // A new key in a container, small because it is soon gone; its public half as modulus and exponent.
        public static Bag Key(string container, bool machine)
        {
            CspParameters parameters = new CspParameters(24, Provider, container) { KeyNumber = 1 };
            parameters.Flags = machine ? CspProviderFlags.UseMachineKeyStore : CspProviderFlags.NoFlags;
            using (RSACryptoServiceProvider key = new RSACryptoServiceProvider(1024, parameters))
            {
                RSAParameters half = key.ExportParameters(false);
                return new Bag { { "modulus", Hex.Of(half.Modulus) }, { "exponent", Hex.Of(half.Exponent) } };
            }
        }

        // A certificate into a store of the machine, with a link to a key and to the certificate that replaces it, where these are given.
        public static bool Certificate(string store, string der, string container, bool machine, string renewedBy)
        {
            X509Store open = new X509Store(store, StoreLocation.LocalMachine);
            open.Open(OpenFlags.ReadWrite);
            X509Certificate2 certificate = new X509Certificate2(Convert.FromBase64String(der));
            if (container != null)
                Link(certificate, container, machine);
            if (renewedBy != null)
                Renewed(certificate, renewedBy);
            open.Add(certificate);
            // Wine writes a store only when asked.
            if (!CertControlStore(open.StoreHandle, 0, 3, IntPtr.Zero))
                throw new Win32Exception();
            open.Close();
            return true;
        }

        private static void Link(X509Certificate2 certificate, string container, bool machine)
        {
            KeyNative.ProvInfo info = new KeyNative.ProvInfo
            {
                Container = Marshal.StringToHGlobalUni(container), Provider = Marshal.StringToHGlobalUni(Provider),
                ProviderType = 24, KeySpec = 1, Flags = machine ? KeyNative.MachineKeyset : 0
            };
            Set(certificate, KeyNative.KeyProvInfo, info);
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct Blob
        {
            public int Size;
            public IntPtr Data;
        }

        private static void Renewed(X509Certificate2 certificate, string thumbprint)
        {
            Blob blob = new Blob { Size = thumbprint.Length / 2, Data = Marshal.AllocHGlobal(thumbprint.Length / 2) };
            for (int index = 0; index < blob.Size; index++)
                Marshal.WriteByte(blob.Data, index, Convert.ToByte(thumbprint.Substring(2 * index, 2), 16));
            Set(certificate, KeyNative.Renewal, blob);
        }

        private static void Set(X509Certificate2 certificate, uint property, object value)
        {
            IntPtr at = Marshal.AllocHGlobal(Marshal.SizeOf(value));
            Marshal.StructureToPtr(value, at, false);
            if (!CertSetCertificateContextProperty(certificate.Handle, property, 0, at))
                throw new Win32Exception();
            GC.KeepAlive(certificate);
        }

        // machine/registry.txt of a state folder, into the registry.
        public static bool Registry(string state)
        {
            using (RegistryKey root = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, RegistryView.Registry64))
                foreach (string[] row in Rows.Read(state, "machine/registry.txt"))
                    using (RegistryKey key = root.CreateSubKey(FakeRegistry.KeyOf(row)))
                        if (row[1].Length > 0)
                            key.SetValue(row[1], FakeRegistry.Data(row));
            return true;
        }

        // The reader's answers about certificates come from here; `task` as in Program.
        public static string Answer(Hashtable task)
        {
            string container = (string)task["container"];
            bool machine = task["machine"] != null && (bool)task["machine"];
            if (task["der"] == null)
                return Json.Write(Key(container, machine));
            return Json.Write(Certificate((string)task["store"], (string)task["der"], container, machine, (string)task["renewed_by"]));
        }

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertSetCertificateContextProperty(IntPtr certificate, uint property, uint flags, IntPtr data);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertControlStore(IntPtr store, uint flags, uint kind, IntPtr parameter);
    }
}
