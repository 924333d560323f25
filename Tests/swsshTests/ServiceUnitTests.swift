import Testing

@testable import swssh

struct ServiceUnitTests {
    private static func unit(_ manager: ServiceUnit.Manager, host: String = "relay", _ arguments: [String] = ["relay"])
        -> ServiceUnit
    {
        ServiceUnit(host: host, manager: manager, program: "/usr/bin/swssh", arguments: arguments)
    }

    private static let system = ServiceUnit.Manager.system(user: "pi", home: "/home/pi")

    @Test func theCommandIsWhatWasAskedFor() throws {
        let text = try Self.unit(.user, ["-R", "80:a b:80", "-o", "User=%x$y", "relay"]).text()
        let line =
            "ExecStart=\"/usr/bin/swssh\" \"-N\" \"-o\" \"Reconnect=yes\" \"-R\" \"80:a b:80\" \"-o\" \"User=%%x$$y\" \"relay\""
        #expect(text.split(separator: "\n").contains { $0 == line })
    }

    @Test func systemdHearsFromItAndStartsItAgain() throws {
        for manager in [Self.system, .user] {
            let lines = try Self.unit(manager).text().split(separator: "\n")
            for line in [
                "Type=notify", "Restart=always", "WatchdogSec=60", "StartLimitIntervalSec=0", "NoNewPrivileges=yes",
            ] {
                #expect(lines.contains { $0 == line })
            }
        }
    }

    @Test func aServiceOfTheSystemRunsAsTheUserAndWritesToTheirSSHFolderAlone() throws {
        let lines = try Self.unit(Self.system).text().split(separator: "\n")
        for line in [
            "User=pi", "ProtectSystem=strict", "ProtectHome=read-only", "ReadWritePaths=-\"/home/pi/.ssh\"",
            "RuntimeDirectory=swssh/pi", "CapabilityBoundingSet=", "WantedBy=multi-user.target",
        ] {
            #expect(lines.contains { $0 == line })
        }
        let own = try Self.unit(.user).text()
        #expect(!own.contains("User=pi") && own.contains("WantedBy=default.target"))
    }

    @Test func theHostIsInTheName() {
        #expect(Self.unit(.user, host: "a-b").name == "swssh-a\\x2db.service")
    }

    @Test func whatIsOursIsMarked() throws {
        #expect(try Self.unit(.user).text().hasPrefix(ServiceUnit.mark + "\n"))
    }
}
