import Glibc
import SSHServer
import SSHSystem
import SSHWire

/// A public key on the command line: its line, a file, or `-` for standard input.
enum ClientKeyArgument {
    /// - Parameter words: several where nobody put quotes around the line.
    /// - Throws: `invalidKey` with what was looked at.
    static func key(_ words: [String]) throws -> ClientKey {
        let text = words.joined(separator: " ")
        if text == "-" { return try Self.locating("standard input") { try ClientKey(try Self.standardInput()) } }
        if Self.isLine(text) { return try ClientKey(Array(text.utf8)) }
        return try Self.locating(text.escapedForLog) {
            do {
                return try ClientKey(BoundedFile(path: text, limit: ClientKey.longestText).bytes)
            } catch is BoundedFile.NotFound {
                throw SSHError(.invalidKey, "no such file, and no line with a public key")
            }
        }
    }

    /// Whether it is a key itself: a file has no blank in its name, or is named by `./`.
    static func isLine(_ text: String) -> Bool {
        text.contains(" ") && !text.hasPrefix("/") && !text.hasPrefix("./")
    }

    private static func standardInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= ClientKey.longestText {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SSHError(.system, "\(SystemError())") }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func locating(_ place: String, _ body: () throws -> ClientKey) throws -> ClientKey {
        do {
            return try body()
        } catch let error as SSHError {
            throw SSHError(error.code, error.reason.hasPrefix(place) ? error.reason : "\(place): \(error.reason)")
        }
    }
}
