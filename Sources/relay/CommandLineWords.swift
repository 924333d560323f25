import SSHServer
import SSHSystem
import SSHWire

/// sshd's command line, word by word as getopt(3) reads it: options with their values attached (`-p2222`), several flags in one
/// word (`-De`). Gives one option a word, and its value in the next.
struct CommandLineWords {
    /// Those that take a value, and those that take none, of sshd 10.5.
    private static let withValue = Set("CEbcfghkopu".utf8)
    private static let flags = Set("46DGQRTVdeiqrt".utf8)
    /// What sshd reads and passes over.
    private static let ignored = Set("Qrbku".utf8)
    /// A word that begins another command, or an option that is not sshd's.
    private static let commands: Set = [
        "serve", "init", "keygen", "host-key", "add-client", "remove-client", "clients", "invite", "ssh-config",
        "import", "explain", "reload", "status", "list", "kick", "help",
    ]

    private(set) var words: [String] = []

    /// - Throws: `misuse` with the words that getopt and sshd have for a mistake.
    init(_ arguments: [String]) throws(SSHError) {
        var rest = arguments[...]
        if let first = rest.first, Self.commands.contains(first) {
            guard first == "serve" else {
                self.words = arguments
                return
            }
            rest.removeFirst()
        }
        // A hidden command for completion, --help and --version are not sshd's.
        guard !rest.contains(where: { $0.hasPrefix("--") && $0 != "--" }) else {
            self.words = arguments
            return
        }
        while let word = rest.first, word.hasPrefix("-"), word != "-", word != "--" {
            rest.removeFirst()
            try self.take(word, &rest)
        }
        if rest.first == "--" { rest.removeFirst() }
        if let extra = rest.first { throw SSHError(.misuse, "Extra argument \(extra.escapedForLog).") }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(SSHError) {
        var letters = word.utf8.dropFirst()
        while let letter = letters.popFirst() {
            let name = String(decoding: [letter], as: UTF8.self)
            if Self.flags.contains(letter) {
                if letter == UInt8(ascii: "R") {
                    throw SSHError(.invalidConfiguration, "-R not supported here")
                }
                // The last of them counts.
                if "46".utf8.contains(letter) { self.words.removeAll { $0 == "-4" || $0 == "-6" } }
                // Once is enough.
                if !Self.ignored.contains(letter), !self.words.contains("-\(name)") { self.words.append("-\(name)") }
                continue
            }
            guard Self.withValue.contains(letter) else {
                throw SSHError(.misuse, "invalid option -- '\(name.escapedForLog)'")
            }
            guard let value = letters.isEmpty ? rest.popFirst() : String(decoding: letters, as: UTF8.self) else {
                throw SSHError(.misuse, "option requires an argument -- '\(name)'")
            }
            if !Self.ignored.contains(letter) { self.words += ["-\(name)", value] }
            return
        }
    }
}
