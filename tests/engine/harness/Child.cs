// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace TlsFleet.Harness
{
    // A process of its own for one task, without the start of a runtime: a copy of this one, with nothing but the calling thread in it. It
    // can make no threads, so nothing may be probed in it, and stops for good where it needs what another thread held: so garbage is collected
    // here, now and then, and never in a child if the nursery is large (64 MB). Only on a Unix.
    public static class Child
    {
        private const int Killed = 9, Late = 14, Often = 10;
        private static int count;

        // `task`: what the child does; its answer is lost. `seconds` it may take. The answer: "ended", "killed", "late", or with which status else.
        public static string Answer(Hashtable task)
        {
            string line = Json.Write(Program.Ordered(task["task"]));
            if (count++ % Often == 0)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
                Thread.Sleep(5); // until the finalizer sleeps, too
            }
            int child = fork(), status = 0;
            if (child == 0)
                Work(line, (uint)(long)task["seconds"]);
            if (child < 0)
                throw new InvalidOperationException("no process could be made");
            while (waitpid(child, ref status, 0) != child)
                continue;
            return Json.Write(status == 0 ? "ended" : status == Killed ? "killed" : status == Late ? "late" : "status " + status);
        }

        private static void Work(string line, uint seconds)
        {
            try
            {
                alarm(seconds);
                dup2(2, 1); // the runtime's own words must not stand between the answers
                _exit(Program.Answer(line).StartsWith("{\"harness\"", StringComparison.Ordinal) ? 3 : 0);
            }
            finally
            {
                _exit(2);
            }
        }

        // Mono's Process.Kill knows only the process that the runtime was started in.
        public static void Die()
        {
            if (Path.DirectorySeparatorChar == '\\')
                Process.GetCurrentProcess().Kill();
            kill(getpid(), Killed);
        }

        [DllImport("libc")]
        private static extern int fork();

        [DllImport("libc")]
        private static extern int getpid();

        [DllImport("libc")]
        private static extern uint alarm(uint seconds);

        [DllImport("libc")]
        private static extern int dup2(int from, int to);

        [DllImport("libc")]
        private static extern void _exit(int code);

        [DllImport("libc")]
        private static extern int waitpid(int child, ref int status, int options);

        [DllImport("libc")]
        private static extern int kill(int process, int signal);
    }
}
