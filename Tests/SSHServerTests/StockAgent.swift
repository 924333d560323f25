import Foundation

/// OpenSSH's ssh-agent, with the keys that a test gives it.
final class StockAgent {
    let path: String
    private let process = Process()

    /// Nil if there is no ssh-agent, or it does not start.
    init?(at path: String) {
        self.path = path
        // In the foreground: one in the background would keep what Foundation waits for open.
        self.process.executableURL = URL(filePath: "/usr/bin/ssh-agent")
        self.process.arguments = ["-D", "-a", path]
        let output = Pipe()
        self.process.standardOutput = output
        self.process.standardError = FileHandle.nullDevice
        guard (try? self.process.run()) != nil else { return nil }
        // It says where it listens when its socket is there, or ends.
        guard !output.fileHandleForReading.availableData.isEmpty else { return nil }
    }

    deinit {
        kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
        unlink(self.path)
    }

    @discardableResult
    func add(_ key: String) -> Bool {
        Self.run("ssh-add", ["-q", key], ["SSH_AUTH_SOCK": self.path])
    }

    func removeAll() {
        Self.run("ssh-add", ["-q", "-D"], ["SSH_AUTH_SOCK": self.path])
    }

    /// - Returns: whether it succeeds.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], _ environment: [String: String] = [:]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/\(program)")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
