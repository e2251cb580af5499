# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several actions share, written once: common options, the wishes of a request, and attributes."""

from __future__ import annotations


class ModuleDocFragment:
    """``tlsfleet.iis.https`` (common options), ``.wishes`` (what is asked for) and ``.attributes``."""

    DOCUMENTATION = r"""
options:
  read:
    description:
      - How much of a host is read.
      - Every action of the action group takes this option, so that C(module_defaults) can set it once. Actions that read no host
        ignore it.
    type: dict
    suboptions:
      certificates:
        description:
          - Which certificates are read from the stores of the machine.
          - With V(referenced), those that a record names.
          - With V(candidates), also those that a binding could use. A change that has to choose a certificate needs this.
          - With V(all), every certificate of every store.
        type: str
        choices: [referenced, candidates, all]
        default: candidates
      key_check:
        description:
          - How private keys are checked.
          - With V(metadata), only what is written down about a key is read; no key is touched.
          - With V(open), keys are opened.
          - With V(sign), software keys that are about to be bound sign something, too. This is the only proof that a key works, and
            it writes an entry per key into the security log where that is audited.
        type: str
        choices: [metadata, open, sign]
        default: open
  probe:
    description:
      - The handshakes that the host itself makes right after a change, to see that every endpoint shows the expected certificate.
        A wrong certificate undoes the change.
      - Every action of the action group takes this option, so that C(module_defaults) can set it once. Actions that change nothing
        ignore it.
    type: dict
    suboptions:
      on_unverified:
        description:
          - What it means if the host could not see the certificate of an endpoint, for instance because a firewall is in between.
          - With V(fail), the change is undone. With V(ignore), the change stays, and the endpoint is listed as V(unverified).
        type: str
        choices: [fail, ignore]
        default: fail
      timeout:
        description: Seconds to wait for each handshake, 1 to 60.
        type: int
        default: 5
      retries:
        description: Further tries per endpoint, 0 to 20, after 0.5, 1, 2, 4, 4 and so on seconds, since a site may need a moment
          until it listens on a new port. A wrong certificate is looked at again twice at most, half a second apart.
        type: int
        default: 3
"""

    WISHES = r"""
options:
  bindings:
    description:
      - The HTTPS bindings to declare. A binding is told from others by O(bindings[].site), O(bindings[].address),
        O(bindings[].port) and O(bindings[].host) together; everything else is what it should look like.
      - Bindings that are not listed stay as they are. The order of the list has no meaning.
    type: list
    elements: dict
    suboptions:
      site:
        description: Name of the IIS site. The site has to exist.
        type: str
        required: true
      host:
        description:
          - Host name, compared without case. Empty for any name.
          - A leading V(*.) is a wildcard; Windows knows that from Server 2016 on.
        type: str
        default: ""
      address:
        description: Local address without brackets. V(*) and V(0.0.0.0) are the same, V(::) is another one.
        type: str
        default: "*"
      port:
        description: TCP port, 1 to 65535.
        type: int
        default: 443
      state:
        description:
          - With V(absent), the binding is removed, and its record too, if nobody else uses that.
        type: str
        choices: [present, absent]
        default: present
      sni:
        description:
          - Whether a client has to send the host name (Server Name Indication) to get this certificate.
          - V(keep) leaves a binding as it is and is V(auto) for a new one. V(required) needs O(bindings[].host).
          - V(auto) uses SNI where this Windows can, otherwise a record that is free or whose certificate covers every name on it.
            Where neither exists, the request is refused with the alternatives that do.
        type: str
        choices: [keep, auto, required, never]
        default: keep
      certificate:
        description:
          - The certificate to serve, named by its thumbprint or chosen by a rule. The one in place stays where this is omitted.
          - Needed where O(bindings[].sni) moves the binding to a record that is there already with another certificate.
        type: dict
        suboptions:
          thumbprint:
            description: SHA-1 thumbprint, 40 hex digits. Spaces and the invisible characters that the certificate dialog copies are fine.
            type: str
          store:
            description:
              - Store of the local machine, for instance V(MY) or V(WebHosting). Found by itself where omitted.
              - Only with O(bindings[].certificate.thumbprint).
            type: str
          select:
            description:
              - The rule by which the certificate is chosen on the host, so that no thumbprint has to be known.
              - Among the certificates that fulfil every part of the rule, one that an authority issued comes before a self-signed one, and
                the one that is valid longest wins. A certificate that is archived, expired, not valid yet, revoked, too weak, not for
                servers, or whose key the system cannot be seen to open, is never chosen.
              - Two equally good certificates are refused, and so is a rule that no certificate fulfils. Either way the error says why each
                candidate was not chosen. What was chosen stands in RV(ignore:chosen).
            type: dict
            suboptions:
              names:
                description: Host names the certificate has to cover. Where omitted, O(bindings[].host).
                type: list
                elements: str
                default: []
              issuers:
                description: Its issuer has to be one of these, each a whole distinguished name or one part of it, with or without C(CN=).
                type: list
                elements: str
                default: []
              min_days:
                description: So many days it must still be valid.
                type: int
                default: 0
              key_types:
                description: Kinds of key that will do. Empty for any.
                type: list
                elements: str
                choices: [rsa, ec]
                default: []
              stores:
                description: Stores of the local machine to look in. Empty for every store that was read.
                type: list
                elements: str
                default: []
      central_store:
        description:
          - With V(true), the certificate comes from the central certificate store, from the file of the name of O(bindings[].host). The
            binding is changed in place, and the one record of the port is written first, where it is missing.
          - With V(false), the binding gets a record and a certificate of its own again, so that O(bindings[].certificate) is needed.
          - Kept where omitted. Options other than those of SNI cannot be combined with the central store.
        type: bool
      options:
        description:
          - Options of TLS for this binding. Each one that is omitted is kept as it is.
          - Windows keeps most of them twice, in the binding and in its record; both are written and both are compared.
          - An option that this Windows does not know is refused, with what else would lead there.
          - A record that several bindings share has one set of options. Bindings outside the request that would get other ones need
            consent in O(allow.shared_change).
        type: dict
        suboptions:
          disable_http2:
            description: Do not offer HTTP/2. Known from Windows Server 2019 on.
            type: bool
          disable_quic:
            description: Do not offer HTTP/3. Known from Windows Server 2022 on.
            type: bool
          disable_tls13:
            description: Do not offer TLS 1.3. Known from Windows Server 2022 on.
            type: bool
          disable_legacy_tls:
            description: Refuse TLS 1.0 and 1.1. Known from Windows Server 2019 with KB4490481 on.
            type: bool
          disable_ocsp_stapling:
            description: Do not send the revocation status along. Known from Windows Server 2019 on.
            type: bool
          negotiate_client_certificate:
            description: Ask clients for a certificate during the handshake.
            type: bool
          ds_mapper:
            description: Map client certificates to accounts of the directory.
            type: bool
          ctl_identifier:
            description: Name of the certificate trust list that tells clients which issuers will do. Empty for none.
            type: str
          ctl_store:
            description: Store in which that list, or the issuers themselves, are. Empty for none.
            type: str
      replaces:
        description:
          - The binding of the same site that this one is the new name of. It is changed in place and keeps its position; certificate and
            options go along where they are omitted; its old record goes, if nobody else uses that.
          - What is omitted here is as in the new binding. Where the old binding is gone and the new one is there, nothing is left to do.
            Both, or neither, are refused.
        type: dict
        suboptions:
          address:
            description: Its local address.
            type: str
          port:
            description: Its TCP port.
            type: int
          host:
            description: Its host name, empty for any.
            type: str
  remove_others:
    description:
      - Removes HTTPS bindings that O(bindings) does not name, so that a host has exactly what is declared.
      - A record goes with its last binding. A record that others than IIS use stays, and so does a binding that relies on it, as it is, not
        repaired; a note says so. Bindings of other protocols are never removed.
    type: dict
    suboptions:
      scope:
        description:
          - Where bindings are removed. V(none) removes nothing.
          - V(listed_sites) looks at the sites that O(bindings) names, with whatever state.
          - V(host) looks at all sites of the host, stopped ones too. With C(bindings=[]) no HTTPS binding is left.
        type: str
        choices: [none, listed_sites, host]
        default: none
      at_most:
        description: A request that would remove more bindings than this is refused, with their number.
        type: int
        default: 10
      keep:
        description:
          - What stays although it is not named. Either a site, or a binding as findings show it, such as V(Shop/*:443:shop.example.com).
            Compared without case.
          - V(*) stands for any text, in an address, too. An entry that is like no binding of the host is noted.
        type: list
        elements: str
        default: []
  repair:
    description:
      - Findings to repair. Either an id, for all findings of that kind, such as V(record_missing), or an id and a subject as the
        finding shows them, such as V(orphan 10.0.0.5:443).
      - What is not wrong needs no repair and is fine. A finding without a safe repair is refused where it was named with its subject, and
        noted otherwise.
    type: list
    elements: str
  allow:
    description: Consent to side effects, without which a plan that has them is refused.
    type: dict
    suboptions:
      shared_change:
        description: Sites outside the request whose served certificate, or whose options on a record they share, may change.
        type: list
        elements: str
        default: []
      foreign:
        description:
          - Records of others than IIS that may change, such as V(0.0.0.0:443), or their users, such as V(sstp) or V(RRAS/SSTP).
            They are never deleted, and the listener that Ansible is connected through is never written.
        type: list
        elements: str
        default: []
      gap:
        description:
          - Whether handshakes may fail for a moment where this Windows cannot replace a record in place (before version 1709).
          - A record for every address, on a port without records by name and central store, is bridged instead by records for each
            local address. Clients on link-local IPv6 addresses are not carried over.
        type: bool
        default: false
      shared_configuration:
        description: Whether bindings may change that other hosts read, too; or use O(tlsfleet.iis.https_bindings_plan#module:documents).
        type: bool
        default: false
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tells what would change without changing it.
  diff_mode:
    description: Shows what changed, or would change, in diff mode.
  platform:
    description: What kind of host this can be used for.
  async:
    description: Can be used with C(async). An interrupted change is put right only while the task itself is watching it.
    support: none
    details: Refused with an error, before anything is called.
  action_group:
    description: Use C(group/tlsfleet.iis.https) in C(module_defaults) to set options of all actions at once.
    support: full
    membership:
      - tlsfleet.iis.https
"""
