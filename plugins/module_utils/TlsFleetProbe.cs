// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading;

namespace TlsFleet
{
	// Which certificate do the endpoints show (contracts.md section 4, `probe`)? One TCP connection and one ClientHello each, never a
	// whole handshake: that suffices to see the certificate, and no runtime adds to the SNI or takes away from it.
	public sealed class Prober
	{
		// So many connections at a time: endpoints that do not answer must not wait for each other.
		private const int AtOnce = 64, StackSize = 256 * 1024;

		// A wrong certificate is looked at again so often, and no more: others meet it meanwhile.
		private const int Doubts = 2, Pause = 500, LongestPause = 4000;
		private readonly IMachine machine;
		private readonly IDictionary[] asked;
		private readonly Sight[] looks;
		private readonly int milliseconds;
		private readonly Gaps blind = new Gaps();
		private List<HttpRecord> records;

		private Prober(IMachine machine, IList endpoints, int seconds)
		{
			this.machine = machine;
			asked = new IDictionary[endpoints.Count];
			looks = new Sight[endpoints.Count];
			endpoints.CopyTo(asked, 0);
			milliseconds = seconds * 1000;
		}

		// Rows of `probes` in the order of `endpoints`. `seconds` each look may take in all; what may pass is tried `retries` times more.
		public static List<Bag> Look(IMachine machine, IList endpoints, int seconds, int retries)
		{
			return new Prober(machine, endpoints, seconds).Run(retries);
		}

		private List<Bag> Run(int retries)
		{
			List<int> all = Enumerable.Range(0, asked.Length).ToList(), open = all;
			for (int again = 0, doubts = 0; ; )
			{
				Together(open);
				// Undo must not wait for those who do not answer, so wrong ones are looked at alone, and end it all where they stay.
				open = all.FindAll(index => looks[index].Verdict == "wrong");
				bool wrong = open.Count > 0;
				if (!wrong)
					open = all.FindAll(index => looks[index].MayPass);
				if (open.Count == 0 || (wrong ? doubts++ >= Math.Min(Doubts, retries) : again >= retries))
					break;
				// WAS begins to listen some time after a commit (A3.02), so the pauses grow; http.sys answers from its new records at once (F1.26).
				machine.Pause(wrong ? Pause : Math.Min(LongestPause, Pause << Math.Min(again++, 3)));
			}
			List<Bag> rows = new List<Bag>();
			for (int index = 0; index < asked.Length; index++)
				rows.Add(new Bag
				{
					{ "address", Convert.ToString(asked[index]["address"]) }, { "port", Convert.ToInt32(Convert.ToString(asked[index]["port"])) },
					{ "sni", Text(asked[index], "sni") }, { "expect", Text(asked[index], "expect") },
					{ "served", looks[index].Served }, { "verdict", looks[index].Verdict }
				});
			return rows;
		}

		// A fault that is none of the network's is thrown in the thread of the caller.
		private void Together(List<int> open)
		{
			int next = -1;
			Exception broken = null;
			Sight[] seen = new Sight[open.Count];
			ThreadStart work = delegate
			{
				try
				{
					for (int turn; (turn = Interlocked.Increment(ref next)) < open.Count; )
						seen[turn] = At(asked[open[turn]]);
				}
				catch (Exception fault)
				{
					broken = fault;
				}
			};
			Thread[] threads = new Thread[Math.Min(AtOnce, open.Count)];
			for (int index = 0; index < threads.Length; index++)
			{
				threads[index] = new Thread(work, StackSize) { IsBackground = true };
				threads[index].Start();
			}
			foreach (Thread thread in threads)
				thread.Join();
			if (broken != null)
				throw new HostException("internal", "probe: " + broken.GetType().Name + ": " + broken.Message, "probe", broken.StackTrace, null, null);
			for (int turn = 0; turn < seen.Length; turn++)
			{
				Judge(asked[open[turn]], seen[turn]);
				// Only the right certificate takes a wrong one back: silence does not.
				Sight before = looks[open[turn]];
				if (before == null || before.Verdict != "wrong" || seen[turn].Verdict == "right")
					looks[open[turn]] = seen[turn];
			}
		}

		private Sight At(IDictionary endpoint)
		{
			int port = Convert.ToInt32(Convert.ToString(endpoint["port"]));
			Stopwatch watch = Stopwatch.StartNew();
			Sight look = new Sight();
			try
			{
				using (Stream stream = machine.Dial(Convert.ToString(endpoint["address"]), port, milliseconds))
				{
					look.Connected = true;
					byte[] hello = Handshake.Hello(Text(endpoint, "sni")), part = new byte[16384];
					stream.WriteTimeout = milliseconds;
					stream.Write(hello, 0, hello.Length);
					Flight flight = new Flight();
					Answer? answer = null;
					while (answer == null)
					{
						// Whoever answers a byte at a time does not get more time than others.
						int left = milliseconds - (int)watch.ElapsedMilliseconds;
						if (left <= 0)
							return look;
						stream.ReadTimeout = left;
						int count = stream.Read(part, 0, part.Length);
						answer = count == 0 ? Answer.Ended : flight.Add(part, count);
					}
					look.Answer = answer;
					look.Served = flight.Thumbprint;
				}
			}
			catch (TimeoutException)
			{
				return look;
			}
			catch (SocketException)
			{
				look.Answer = Answer.Ended;
			}
			catch (IOException fault)
			{
				SocketException inner = fault.InnerException as SocketException;
				bool late = inner != null && (inner.SocketErrorCode == SocketError.TimedOut || inner.SocketErrorCode == SocketError.WouldBlock);
				if (!late && watch.ElapsedMilliseconds < milliseconds)
					look.Answer = Answer.Ended;
			}
			return look;
		}

		// "Right" for an endpoint where no handshake may succeed takes a clear refusal: silence is none.
		private void Judge(IDictionary endpoint, Sight look)
		{
			string expect = Text(endpoint, "expect");
			bool refused = look.Answer == Answer.Ended || look.Answer == Answer.Alert;
			if (look.Answer == Answer.OtherTls)
				look.Verdict = "tls_unsupported_here";
			else if (look.Answer == Answer.Shown && expect == "file")
				look.Verdict = OfRecord(look.Served, ":" + endpoint["port"]) ? "unverified" : "right";
			else if (look.Answer == Answer.Shown)
				look.Verdict = look.Served.Equals(expect, StringComparison.OrdinalIgnoreCase) ? "right" : "wrong";
			else if (expect == null)
				look.Verdict = refused ? "right" : "unverified";
			else
				look.Verdict = look.Answer == Answer.Ended || !look.Connected ? "unreachable" : "unverified";
			look.MayPass = look.Verdict == "unreachable" || look.Verdict == "unverified" && look.Served == null;
		}

		// Files of the central store cannot be opened here, so a certificate is taken for one of them unless a record of the port names
		// it: then either may have been served, and nobody can tell.
		private bool OfRecord(string thumbprint, string port)
		{
			if (records == null)
				using (IHttpApi api = machine.OpenHttp())
					records = new HttpRecords(api).All(0, blind);
			return blind.Entries.Count > 0 || records.Exists(one => one.Key.EndsWith(port, StringComparison.Ordinal) && thumbprint.Equals(one.Thumbprint, StringComparison.OrdinalIgnoreCase));
		}

		private static string Text(IDictionary endpoint, string name)
		{
			return endpoint[name] == null ? null : Convert.ToString(endpoint[name]);
		}

		// Answer null: none within the time.
		private sealed class Sight
		{
			public bool Connected, MayPass;
			public Answer? Answer;
			public string Served, Verdict;
		}
	}
}
