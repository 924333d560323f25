import Glibc
import SSHClient
import SSHSystem
import SSHWire

/// systemd's manager that runs the units: the system's for root, else the user's own.
struct ServiceManager {
    private static let programs: [String] = ["/usr/bin/systemctl", "/bin/systemctl"]

    let isSystem: Bool
    /// Where unit files are written.
    let folder: String

    init(_ environment: LocalEnvironment) {
        self.isSystem = geteuid() == 0
        if self.isSystem {
            self.folder = "/etc/systemd/system"
        } else {
            let configured = environment.variable("XDG_CONFIG_HOME").flatMap { $0.first == "/" ? $0 : nil }
            self.folder = "\(configured ?? "\(environment.homeDirectory)/.config")/systemd/user"
        }
    }

    /// - Throws: `system` if the manager does not do it.
    func control(_ arguments: [String]) throws {
        let status = try self.status(of: arguments)
        guard status == 0 else {
            throw SSHError(.system, "systemctl \(arguments.joined(separator: " ")) ended with status \(status)")
        }
    }

    /// - Returns: systemctl's exit status.
    func status(of arguments: [String]) throws -> Int32 {
        guard let program = Self.programs.first(where: { access($0, X_OK) == 0 }) else {
            throw SSHError(.system, "there is no systemctl: --service needs systemd")
        }
        let words = ["systemctl"] + (self.isSystem ? [] : ["--user"]) + arguments
        let process = try ClientPrograms.start(program, words, signals: EndSignals.numbers)
        guard case .exit(let status) = try ClientPrograms.end(of: process) else { return 255 }
        return status
    }

    /// What stands in a unit's file; nil if there is none.
    func unit(_ name: String) throws -> String? {
        let path = "\(self.folder)/\(name)"
        guard access(path, F_OK) == 0 else { return nil }
        let text = String(decoding: try BoundedFile(reading: path, limit: 1 << 20).bytes, as: UTF8.self)
        guard text.hasPrefix(ServiceUnit.mark) else {
            throw SSHError(.system, "\(path) was not written by swssh --service install, and stays as it is")
        }
        return text
    }

    /// Writes the file as a whole, or not at all.
    func write(_ name: String, _ text: String) throws {
        if !self.isSystem { Self.makeFolders(self.folder) }
        let path = "\(self.folder)/\(name)"
        do throws(SystemError) {
            try WholeFile.write(Array(text.utf8), to: path, mode: 0o644)
        } catch {
            throw SSHError(.system, "\(path): \(error)")
        }
    }

    func remove(_ name: String) throws {
        let path = "\(self.folder)/\(name)"
        guard unlink(path) == 0 || errno == ENOENT else { throw SSHError(.system, "\(path): \(SystemError())") }
    }

    private static func makeFolders(_ path: String) {
        var folder = ""
        for name in path.split(separator: "/") {
            folder += "/\(name)"
            mkdir(folder, 0o755)
        }
    }
}
