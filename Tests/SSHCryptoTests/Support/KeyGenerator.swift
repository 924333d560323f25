import Foundation
import Testing

/// Runs ssh-keygen in a directory of its own, which goes away with the value.
final class KeyGenerator {
    let directory: URL

    init() throws {
        self.directory = FileManager.default.temporaryDirectory.appending(path: "ssh-crypto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: self.directory)
    }

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/ssh-keygen") }

    /// Standard output of a successful run.
    @discardableResult
    func run(_ arguments: String...) throws -> String {
        let (status, text) = try self.start(arguments)
        try #require(status == 0, "ssh-keygen \(arguments)")
        return text
    }

    /// How a run ended.
    func status(_ arguments: String...) throws -> Int32 {
        try self.start(arguments).status
    }

    private func start(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/ssh-keygen")
        process.arguments = arguments
        process.currentDirectoryURL = self.directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: self.directory.appending(path: name)))
    }

    func readText(_ name: String) throws -> String {
        String(decoding: try self.read(name), as: UTF8.self)
    }

    /// Private keys must not be readable by others, or ssh-keygen refuses them.
    func write(_ content: some Sequence<UInt8>, to name: String) throws {
        let path = self.directory.appending(path: name).path
        let attributes = [FileAttributeKey.posixPermissions: 0o600]
        try #require(FileManager.default.createFile(atPath: path, contents: Data(content), attributes: attributes))
    }
}
