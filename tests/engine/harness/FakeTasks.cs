// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace TlsFleet.Harness
{
    // Scheduled tasks as files `scheduled/NAME.xml` of the state folder. Rows of machine/tasks.txt: `register` and `remove` with an HRESULT
    // refuse that; `powershell` with text lets PowerShell end so; `compile` lets Mono's compiler try what lies beside the script.
    public sealed class FakeTasks : ITasks
    {
        private readonly string folder;

        public FakeTasks(string state)
        {
            folder = state;
        }

        private string Row(string name)
        {
            foreach (string[] row in Rows.Read(folder, "machine/tasks.txt"))
                if (row[0] == name)
                    return row[1];
            return null;
        }

        private void Refuse(string name)
        {
            if (Row(name) != null)
                Marshal.ThrowExceptionForHR(unchecked((int)Convert.ToUInt32(Row(name), 16)));
        }

        private string FileOf(string name)
        {
            return Path.Combine(folder, "scheduled", name + ".xml");
        }

        public string PowerShell(string arguments, int seconds)
        {
            string script = Regex.Match(arguments, "^-NoProfile -NonInteractive -ExecutionPolicy Bypass -File \"([^\"]+)\" -Check$").Groups[1].Value;
            if (!File.Exists(script))
                return "there is no script " + script;
            return Row("compile") == null ? Row("powershell") : Compile(Path.GetDirectoryName(script));
        }

        private static string Compile(string folder)
        {
            // Never /dev/null: a compiler deletes its output first, and root would take the device away from the whole machine.
            string library = Path.GetTempFileName();
            string options = "-langversion:5 -target:library -out:" + library + " -r:System.Core.dll -r:System.Xml.dll \"" + folder + "\"/*.cs";
            ProcessStartInfo start = new ProcessStartInfo("sh", "-c 'mcs " + options + "'") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
            try
            {
                using (Process process = Process.Start(start))
                {
                    string said = process.StandardError.ReadToEnd();
                    process.WaitForExit();
                    return process.ExitCode == 0 ? null : said;
                }
            }
            finally
            {
                File.Delete(library);
            }
        }

        public void Register(string name, string xml)
        {
            Refuse("register");
            Directory.CreateDirectory(Path.GetDirectoryName(FileOf(name)));
            File.WriteAllText(FileOf(name), xml);
        }

        public void Remove(string name)
        {
            Refuse("remove");
            File.Delete(FileOf(name));
        }

        // `do`: guard (the module), expire (what the script of a task does, for `run`).
        public static string Guarded(Hashtable task)
        {
            string state = (string)task["state"];
            return Guard.Run((IDictionary)task["args"], new FakeMachine(state, task), new FakeTasks(state));
        }

        // `do` schedule, on the machine it runs on: runs PowerShell with `powershell` for so many `seconds`, registers `name` with `xml`, or removes
        // it. Null, what the shell ended with, or the HRESULT and the words of a refusal.
        public static string Schedule(Hashtable task)
        {
            try
            {
                if (task["powershell"] != null)
                    return Json.Write(new WindowsTasks().PowerShell((string)task["powershell"], (int)(long)task["seconds"]));
                if (task["xml"] != null)
                    new WindowsTasks().Register((string)task["name"], (string)task["xml"]);
                else
                    new WindowsTasks().Remove((string)task["name"]);
                return "null";
            }
            catch (Exception fault)
            {
                return Json.Write(new Bag { { "code", unchecked((uint)fault.HResult) }, { "says", fault.ToString() } });
            }
        }

        public static string Expire(Hashtable task)
        {
            string state = (string)task["state"];
            return Json.Write(Guard.Expire((string)task["run"], new FakeMachine(state, task), new FakeTasks(state)));
        }
    }
}
