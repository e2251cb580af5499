# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a controller reaches a simulated host: the transports and their inventory variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lab.places import SSH_PORT, WINRM_PORT, WINRM_TLS_PORT

# Beside the inventory, where there are hosts to be reached over ssh.
SSH_KEY, KNOWN_HOSTS = "ssh-key", "ssh-known-hosts"


@dataclass(frozen=True)
class Transport:
    """A way in. ``plugin`` is Ansible's connection plugin; WinRM of a host takes shells and PowerShell remoting alike."""

    name: str
    plugin: Literal["winrm", "psrp", "ssh"]
    auth: Literal["basic", "ntlm", "key"]
    tls: bool

    @property
    def port(self) -> int:
        if self.plugin == "ssh":
            return SSH_PORT
        return WINRM_TLS_PORT if self.tls else WINRM_PORT

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    def variables(self, ca_file: Path) -> dict[str, Any]:
        """The connection variables of Ansible, without address and credentials."""
        common: dict[str, Any] = {"ansible_connection": self.plugin, "ansible_port": self.port}
        if self.plugin == "ssh":
            place = ca_file.parent
            # Ends with the task, unlike a master connection; and no ssh settings of whoever runs this.
            options = f"-F none -o ControlMaster=no -o UserKnownHostsFile={place / KNOWN_HOSTS}"
            return common | {
                "ansible_shell_type": "powershell",
                "ansible_password": None,
                "ansible_ssh_private_key_file": str(place / SSH_KEY),
                "ansible_ssh_args": f"{options} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
            }
        if self.plugin == "winrm":
            common |= {"ansible_winrm_transport": self.auth, "ansible_winrm_scheme": self.scheme}
            return common | ({"ansible_winrm_ca_trust_path": str(ca_file)} if self.tls else {})
        common |= {"ansible_psrp_auth": self.auth, "ansible_psrp_protocol": self.scheme}
        if self.tls:
            return common | {"ansible_psrp_ca_cert": str(ca_file)}
        # Basic cannot encrypt, and the plugin wants to hear that this is known.
        return common | ({} if self.auth == "ntlm" else {"ansible_psrp_message_encryption": "never"})


DEFAULT = "basic"
TRANSPORTS = {
    transport.name: transport
    for transport in (
        Transport("basic", "winrm", "basic", False),
        Transport("ntlm", "winrm", "ntlm", False),
        Transport("https", "winrm", "basic", True),
        Transport("ntlm-https", "winrm", "ntlm", True),
        Transport("psrp", "psrp", "basic", False),
        Transport("psrp-ntlm", "psrp", "ntlm", False),
        Transport("psrp-https", "psrp", "basic", True),
        Transport("ssh", "ssh", "key", False),
    )
}
