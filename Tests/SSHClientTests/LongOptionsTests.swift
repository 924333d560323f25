import Testing

@testable import SSHClient

struct LongOptionsTests {
    private static func parse(_ arguments: [String]) throws -> ClientCommandLine.Request {
        try ClientCommandLine.parse(arguments, environment: testEnvironment(variables: [:]))
    }

    @Test(
        arguments: [
            (["--status"], nil, false), (["--status", "pi"], "pi", false), (["--json", "--status", "pi"], "pi", true),
            (["pi", "--status", "--json"], "pi", true), (["-p", "2222", "--status", "amy@pi"], "pi", false),
        ] as [([String], String?, Bool)]
    )
    func statusIsAskedOfOneHostOrAll(_ arguments: [String], _ host: String?, _ isJSON: Bool) throws {
        guard case .status(let asked, let printsJSON) = try Self.parse(arguments) else {
            Issue.record("no question for the status")
            return
        }
        #expect(asked == host && printsJSON == isJSON)
    }

    @Test(
        arguments: [
            ["--service", "install", "-p", "22", "pi"], ["-p", "22", "--service=install", "pi"],
            ["-p", "22", "pi", "--service", "install"],
        ]
    )
    func theServiceGetsAllOtherArguments(_ arguments: [String]) throws {
        guard case .service(let action, let line, let rest) = try Self.parse(arguments) else {
            Issue.record("no service")
            return
        }
        #expect(action == .install && line.host == "pi" && rest == ["-p", "22", "pi"])
    }

    @Test(
        arguments: [
            ["--service"], ["--service", "start", "pi"], ["--service=", "pi"],
            ["--status", "--service", "remove", "pi"],
            ["--json", "pi"], ["--statu", "pi"], ["--status=1", "pi"], ["--service", "install"],
        ]
    )
    func whatDoesNotFitTogetherIsRefused(_ arguments: [String]) {
        #expect(throws: UsageError.self) { try Self.parse(arguments) }
    }

    @Test func twoHyphensAloneStillEndTheOptions() throws {
        guard case .connect(let line) = try Self.parse(["-N", "pi", "--", "--status"]) else {
            Issue.record("no connection")
            return
        }
        #expect(line.command == ["--status"])
    }
}
