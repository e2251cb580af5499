// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsFleet.Harness
{
    // A lane: JSON lines in, answer lines out, so that one process serves thousands of hosts.
    public static class Program
    {
        public static int Main()
        {
            TextReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
            TextWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
            string line;
            while ((line = input.ReadLine()) != null)
            {
                output.Write(Answer(line));
                output.Write('\n');
                output.Flush();
            }
            return 0;
        }

        // `do`: read (default), held (read while a file is open elsewhere), windows (the machine it runs on), plant, registry, key, probe (endpoints), loop, provoke, lock, untrusted, refused, folder,
        // child (a task in a process of its own), guard, expire, schedule (FakeTasks.cs), system32, export, handles, keyfile, json, parse, access, layout. An error of the harness itself is {"harness": text}.
        public static string Answer(string line)
        {
            try
            {
                Hashtable task = (Hashtable)JsonText.Parse(line);
                switch ((string)task["do"] ?? "read")
                {
                    case "read":
                        return Reader.Run((IDictionary)task["args"], new FakeMachine((string)task["state"]));
                    case "held":
                        using (new FileStream((string)task["path"], FileMode.Open, FileAccess.ReadWrite, (bool)task["alone"] ? FileShare.None : FileShare.ReadWrite | FileShare.Delete))
                            return Reader.Run((IDictionary)task["args"], new FakeMachine((string)task["state"]));
                    case "apply": // FakeMachineWriting.cs says with what beside
                        return Applier.Run((IDictionary)(task["wrap"] == null ? task["args"] : System.Management.Automation.PSObject.Wrapped(task["args"], true)), new FakeMachine((string)task["state"], task));
                    case "child":
                        return Child.Answer(task);
                    case "guard":
                        return FakeTasks.Guarded(task);
                    case "expire":
                        return FakeTasks.Expire(task);
                    case "schedule":
                        return FakeTasks.Schedule(task);
                    case "windows":
                        return Reader.Run((IDictionary)task["args"]);
                    case "plant":
                        return Plant.Answer(task);
                    case "registry":
                        return Json.Write(Plant.Registry((string)task["state"]));
                    case "export":
                        using (HttpApi api = new HttpApi())
                            return Json.Write(api.UpdateExported);
                    case "key":
                        return MachineTasks.Key(task);
                    case "probe":
                        return MachineTasks.Look(task);
                    case "provoke":
                        return LaneTasks.Provoke(task);
                    case "lock":
                        return LaneTasks.Lock(task);
                    case "untrusted":
                        return LaneTasks.Untrusted((string)task["sddl"]);
                    case "refused":
                        HostException refused = WindowsMachine.Refused((string)task["call"], Convert.ToInt32(task["error"]));
                        return Json.Write(Reader.ErrorBag(refused, null));
                    case "folder":
                        return LaneTasks.Folder();
                    case "loop":
                        return MachineTasks.Loop((string)task["state"]);
                    case "system32":
                        return Json.Write(WindowsMachine.System32Of((bool)task["system"], (bool)task["process"]));
                    case "handles":
                        return Json.Write(Native.OpenHandles());
                    case "keyfile":
                        return Json.Write(Certificates.FileStart((string)task["container"]));
                    case "json":
                        return Json.Write(Ordered(task["value"]));
                    case "parse": // the engine's own reader of JSON; what a fault is called, where it has one
                        try
                        {
                            return Json.Write(new Bag { { "value", Ordered(JsonReader.Parse((string)task["text"])) } });
                        }
                        catch (FormatException fault)
                        {
                            return Json.Write(new Bag { { "refused", fault.Message } });
                        }
                    case "access":
                        return Json.Write(KeyAccess.OfSystem(task["sddl"] != null ? FakeStores.Bytes((string)task["sddl"]) : FakeRegistry.Bytes((string)task["hex"])));
                    case "layout":
                        return Json.Write(Layout.Of(typeof(Reader).Assembly));
                    default:
                        throw new ArgumentException("unknown task " + task["do"]);
                }
            }
            catch (Exception fault)
            {
                return Json.Write(new Bag { { "harness", fault.ToString() } });
            }
        }

        // Hashtables become bags, sorted by key, so that random data can pass through the engine's writer.
        public static object Ordered(object value)
        {
            Hashtable table = value as Hashtable;
            object[] list = value as object[];
            if (list != null)
                return list.Select(Ordered).ToArray();
            if (table == null)
                return value;
            Bag bag = new Bag();
            foreach (string key in table.Keys.Cast<string>().OrderBy(one => one, StringComparer.Ordinal))
                bag.Put(key, Ordered(table[key]));
            return bag;
        }
    }

    // What the marshaller makes of the engine's structures and interfaces.
    public static class Layout
    {
        public static Bag Of(Assembly assembly)
        {
            Bag structures = new Bag(), members = new Bag(), interfaces = new Bag();
            foreach (Type type in assembly.GetTypes().OrderBy(one => one.Name, StringComparer.Ordinal))
            {
                if (type.IsValueType && !type.IsEnum && !type.IsPrimitive && type.IsLayoutSequential && type.IsVisible)
                {
                    structures.Put(type.Name, Structure(type));
                    members.Put(type.Name, type.GetFields(BindingFlags.Public | BindingFlags.Instance).OrderBy(one => one.MetadataToken).Select(one => new[] { one.Name, one.FieldType.Name }));
                }
                if (type.IsInterface && type.IsImport)
                    interfaces.Put(type.Name, new Bag { { "id", type.GUID.ToString() }, { "slots", type.GetMethods().OrderBy(one => one.MetadataToken).Select(one => one.Name) } });
            }
            return new Bag { { "structures", structures }, { "members", members }, { "interfaces", interfaces } };
        }

        private static Bag Structure(Type type)
        {
            Bag fields = new Bag();
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
                fields.Put(field.Name, (int)Marshal.OffsetOf(type, field.Name));
            return new Bag { { "size", Marshal.SizeOf(type) }, { "fields", fields } };
        }
    }
}
