// Copyright: (c) 2026, tlsfleet.iis contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System.Collections;
using System.Linq;

namespace System.Management.Automation
{
    // As PowerShell hands values over: each may be wrapped in an object of its own, a list, and an object in it, too.
    public sealed class PSObject
    {
        private readonly object inner;

        private PSObject(object inner)
        {
            this.inner = inner;
        }

        public object BaseObject
        {
            get { return inner; }
        }

        // The outermost one is a dictionary.
        public static object Wrapped(object value, bool outermost)
        {
            Hashtable table = value as Hashtable;
            object[] list = value as object[];
            if (table != null)
            {
                Hashtable copy = new Hashtable();
                foreach (object key in table.Keys)
                    copy[key] = Wrapped(table[key], false);
                value = copy;
            }
            else if (list != null)
                value = list.Select(one => Wrapped(one, false)).ToArray();
            return value == null || outermost ? value : new PSObject(value);
        }

        public override string ToString()
        {
            return inner.ToString();
        }
    }
}
