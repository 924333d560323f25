import SSHWire

/// The systemd unit that keeps the tunnels of a Host up.
struct ServiceUnit {
    /// Files that begin so are ours to change and to remove.
    static let mark = "# Written by swssh --service install: changes are lost with the next one."

    enum Manager {
        /// The system's; the service runs as that user, whose ~/.ssh lies in that home.
        case system(user: String, home: String)
        /// A user's own.
        case user
    }

    /// The Host, as it was written on the command line.
    let host: String
    let manager: Manager
    /// The path of this program.
    let program: String
    /// What stood on the command line but for `--service`.
    let arguments: [String]

    var name: String { "swssh-\(UnitWords.escaped(self.host)).service" }

    /// - Throws: `invalidConfiguration` if something cannot be written in a unit.
    func text() throws(SSHError) -> String {
        let command = try self.command()
        let lines = [
            Self.mark,
            "[Unit]",
            "Description=swssh tunnels of \(try UnitWords.plain(self.host))",
            "After=network.target",
            // It goes on trying, however often it fails.
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            "ExecStart=\(command)",
            "Restart=always",
            "RestartSec=5",
            // Ready is who has all forwards, and a relay may be away for days.
            "TimeoutStartSec=infinity",
            "TimeoutStopSec=10",
            "WatchdogSec=60",
        ]
        return (lines + (try self.rights()) + ["", "[Install]", "WantedBy=\(self.target)", ""]).joined(separator: "\n")
    }

    private var target: String {
        if case .system = self.manager { "multi-user.target" } else { "default.target" }
    }

    private func command() throws(SSHError) -> String {
        var words = [try UnitWords.program(self.program)]
        for argument in ["-N", "-o", "Reconnect=yes"] + self.arguments { words.append(try UnitWords.quoted(argument)) }
        return words.joined(separator: " ")
    }

    private func rights() throws(SSHError) -> [String] {
        // What needs no file system of its own holds for every manager.
        let common = [
            "NoNewPrivileges=yes",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
            "RestrictNamespaces=yes",
            "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes",
            "LockPersonality=yes",
            "SystemCallArchitectures=native",
            "SystemCallFilter=@system-service",
            "SystemCallErrorNumber=EPERM",
            "UMask=0077",
        ]
        guard case .system(let user, let home) = self.manager else { return common }
        return [
            "User=\(try UnitWords.plain(user))",
            "RuntimeDirectory=swssh/\(try UnitWords.plain(user))",
            "RuntimeDirectoryMode=0700",
            // Other services of the user have their sockets there, too.
            "RuntimeDirectoryPreserve=yes",
            "CapabilityBoundingSet=",
            "ProtectSystem=strict",
            "ProtectHome=read-only",
            // New host keys of the relay are written to known_hosts.
            "ReadWritePaths=-\(try UnitWords.quoted("\(home)/.ssh"))",
            "PrivateTmp=yes",
            "PrivateDevices=yes",
            "ProtectClock=yes",
            "ProtectControlGroups=yes",
            "ProtectHostname=yes",
            "ProtectKernelLogs=yes",
            "ProtectKernelModules=yes",
            "ProtectKernelTunables=yes",
        ] + common
    }
}
