// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace TlsFleet.Harness
{
    // What happens to the writing calls of one applier from outside. The task says it beforehand (`crash`), or whoever listens on port `watch`
    // is asked at every turn: a JSON line {event, call, place, number, undoing}, answered by {code} to refuse, {full} for a full disk, {die}.
    public sealed class Watch : IDisposable
    {
        private readonly Hashtable crash;
        private readonly TcpClient client;
        private readonly TextReader answers;
        private int calls, additions, undoneFrom = -1;

        public Watch(Hashtable task)
        {
            crash = task == null ? null : (Hashtable)task["crash"];
            if (task == null || task["watch"] == null)
                return;
            client = new TcpClient("127.0.0.1", (int)(long)task["watch"]);
            answers = new StreamReader(client.GetStream(), new UTF8Encoding(false));
        }

        // The code that a call gives instead of being made, or 0.
        public uint Before(string call, string place)
        {
            calls++;
            Die("call", calls, "before");
            object code = Ask("before", call, place, calls)["code"];
            return code == null ? 0 : (uint)(long)code;
        }

        public void After(string call, string place)
        {
            Die("call", calls, "after");
            Ask("after", call, place, calls);
        }

        // Something is about to be added to the journal.
        public void Adding(byte[] bytes, Action<byte[]> append)
        {
            string text = Encoding.ASCII.GetString(bytes);
            if (crash != null && crash["journal"] != null && (long)crash["journal"] == ++additions)
            {
                byte[] part = new byte[Math.Min((long)crash["bytes"], bytes.Length)];
                Array.Copy(bytes, part, part.Length);
                append(part);
                End();
            }
            if (text.Contains("\tundo\t") && undoneFrom < 0)
                undoneFrom = calls;
            bool first = text.Contains("\tsteps\t");
            if (!first && !text.Contains("\tbegin\t"))
                return;
            object full = Ask("journal", "", "", first ? 0 : calls + 1)["full"];
            if (full != null && (bool)full)
                throw new IOException("there is not enough space on the disk", unchecked((int)0x80070070));
        }

        private Hashtable Ask(string what, string call, string place, int number)
        {
            if (client == null)
                return new Hashtable();
            bool undoing = undoneFrom >= 0;
            byte[] line = Encoding.ASCII.GetBytes(Json.Write(new Bag
            {
                { "event", what }, { "call", call }, { "place", place }, { "number", undoing ? number - undoneFrom : number }, { "undoing", undoing }
            }) + "\n");
            client.GetStream().Write(line, 0, line.Length);
            Hashtable answer = (Hashtable)JsonText.Parse(answers.ReadLine());
            if (answer["die"] != null)
                End();
            return answer;
        }

        private void Die(string what, int number, string when)
        {
            if (crash != null && crash[what] != null && (long)crash[what] == number && (string)crash["when"] == when)
                End();
        }

        private static void End()
        {
            Child.Die();
        }

        public void Dispose()
        {
            if (client != null)
                client.Close();
        }
    }
}
