// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;

namespace TlsFleet
{
	// What the first words of a TLS server tell.
	public enum Answer
	{
		// A certificate was shown.
		Shown,
		// The connection ended without a word, which is how http.sys says that no record matches (F1.19).
		Ended,
		// A fatal alert: a TLS server that does not go on with this handshake.
		Alert,
		// An alert that says: not with this version of TLS.
		OtherTls,
		// Anything else: not TLS, too long, no certificate.
		Unclear
	}

	// The words of a TLS handshake that pass in the clear up to version 1.2: a ClientHello, and the server's flight up to its
	// Certificate. Nothing is verified and no key is agreed upon, for which certificate is shown is all that is asked.
	public static class Handshake
	{
		// ECDSA and RSA, new and old, so that no server has to refuse for want of a suite.
		private static readonly ushort[] Suites =
		{
			0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC023, 0xC027, 0xC024, 0xC028, 0xC009, 0xC013, 0xC00A, 0xC014,
			0x009E, 0x009F, 0xCCAA, 0x0067, 0x006B, 0x0033, 0x0039, 0x009C, 0x009D, 0x003C, 0x003D, 0x002F, 0x0035, 0x000A
		};

		// x25519, P-256, P-384, P-521.
		private static readonly ushort[] Groups = { 29, 23, 24, 25 };

		// Old ones too: Windows refuses a client whose list lacks a signature of its chain.
		private static readonly ushort[] Signatures =
		{
			0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B,
			0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202, 0x0101
		};

		// A whole record with a ClientHello of TLS 1.2. `sni` null: none is sent.
		public static byte[] Hello(string sni)
		{
			List<byte> extensions = new List<byte>();
			if (!string.IsNullOrEmpty(sni))
			{
				List<byte> name = new List<byte> { 0 };
				Append(name, Encoding.ASCII.GetBytes(sni), 2);
				List<byte> names = new List<byte>();
				Append(names, name, 2);
				Extension(extensions, 0, names);
			}
			Extension(extensions, 10, Numbers(Groups, 2));
			Extension(extensions, 11, new byte[] { 1, 0 });
			Extension(extensions, 13, Numbers(Signatures, 2));
			Extension(extensions, 23, new byte[0]);
			Extension(extensions, 0xFF01, new byte[] { 0 });
			byte[] random = new byte[32];
			using (RandomNumberGenerator source = RandomNumberGenerator.Create())
				source.GetBytes(random);
			List<byte> body = new List<byte> { 3, 3 };
			body.AddRange(random);
			body.Add(0);
			body.AddRange(Numbers(Suites, 2));
			body.AddRange(new byte[] { 1, 0 });
			Append(body, extensions, 2);
			List<byte> message = new List<byte> { 1 };
			Append(message, body, 3);
			// First records name version 1.0, which every server takes (RFC 5246, E.1).
			List<byte> record = new List<byte> { 22, 3, 1 };
			Append(record, message, 2);
			return record.ToArray();
		}

		private static void Extension(List<byte> to, int kind, ICollection<byte> data)
		{
			to.Add((byte)(kind >> 8));
			to.Add((byte)kind);
			Append(to, data, 2);
		}

		private static List<byte> Numbers(ushort[] numbers, int lengthSize)
		{
			List<byte> bytes = new List<byte>(), with = new List<byte>();
			foreach (ushort number in numbers)
			{
				bytes.Add((byte)(number >> 8));
				bytes.Add((byte)number);
			}
			Append(with, bytes, lengthSize);
			return with;
		}

		private static void Append(List<byte> to, ICollection<byte> data, int lengthSize)
		{
			for (int shift = 8 * (lengthSize - 1); shift >= 0; shift -= 8)
				to.Add((byte)(data.Count >> shift));
			to.AddRange(data);
		}
	}

	// The server's flight as it arrives, in records and messages cut or joined in any way. Holds at most `Most` bytes.
	public sealed class Flight
	{
		// Long chains reach 30 KB; a server that goes on beyond this is not looked at any longer.
		public const int Most = 256 * 1024;
		private const int LongestRecord = 16384 + 2048, AlertRecord = 21, HandshakeRecord = 22;
		private const byte ServerHello = 2, Certificate = 11;
		private readonly List<byte> incoming = new List<byte>(), messages = new List<byte>(), alerts = new List<byte>();
		private int taken;
		private bool greeted;

		// SHA-1 of the certificate that was shown, in upper case.
		public string Thumbprint { get; private set; }

		// Null as long as more has to come.
		public Answer? Add(byte[] bytes, int count)
		{
			taken += count;
			for (int index = 0; index < count; index++)
				incoming.Add(bytes[index]);
			Answer? answer = Records();
			return answer == null && taken > Most ? Answer.Unclear : answer;
		}

		private Answer? Records()
		{
			int at = 0;
			Answer? answer = null;
			while (answer == null && incoming.Count > at)
			{
				int kind = incoming[at];
				if (kind != AlertRecord && kind != HandshakeRecord || incoming.Count > at + 1 && incoming[at + 1] != 3)
					return Answer.Unclear;
				if (incoming.Count < at + 5)
					break;
				int length = Number(incoming, at + 3, 2);
				if (length == 0 || length > LongestRecord)
					return Answer.Unclear;
				if (incoming.Count < at + 5 + length)
					break;
				(kind == AlertRecord ? alerts : messages).AddRange(incoming.GetRange(at + 5, length));
				at += 5 + length;
				answer = kind == AlertRecord ? Alerts() : Messages();
			}
			incoming.RemoveRange(0, at);
			return answer;
		}

		private Answer? Alerts()
		{
			while (alerts.Count >= 2)
			{
				int level = alerts[0], reason = alerts[1];
				alerts.RemoveRange(0, 2);
				// 70 protocol_version, 71 insufficient_security (what is offered is too weak for this server), 0 close_notify.
				if (reason == 70 || reason == 71)
					return Answer.OtherTls;
				if (level == 2 || reason == 0)
					return Answer.Alert;
				if (level != 1)
					return Answer.Unclear;
			}
			return null;
		}

		private Answer? Messages()
		{
			while (messages.Count >= 4)
			{
				int length = Number(messages, 1, 3);
				// Only two messages have to be looked at, and nothing may stand before or between them.
				if (messages[0] != (greeted ? Certificate : ServerHello) || length > Most)
					return Answer.Unclear;
				if (messages.Count < 4 + length)
					return null;
				if (greeted)
					return Leaf(length);
				// A version above 1.2 can only be chosen by an extension, which was not offered.
				if (length < 38 || messages[4] != 3 || messages[5] > 3)
					return Answer.Unclear;
				greeted = true;
				messages.RemoveRange(0, 4 + length);
			}
			return null;
		}

		// Certificate: the length of the list, then for each its length and DER, the server's own first.
		private Answer Leaf(int length)
		{
			if (length < 6 || Number(messages, 4, 3) != length - 3)
				return Answer.Unclear;
			int size = Number(messages, 7, 3);
			if (size == 0 || size > length - 6)
				return Answer.Unclear;
			using (SHA1 sha = SHA1.Create())
				Thumbprint = BitConverter.ToString(sha.ComputeHash(messages.GetRange(10, size).ToArray())).Replace("-", "");
			return Answer.Shown;
		}

		private static int Number(List<byte> bytes, int at, int size)
		{
			int number = 0;
			for (int index = 0; index < size; index++)
				number = number << 8 | bytes[at + index];
			return number;
		}
	}
}
