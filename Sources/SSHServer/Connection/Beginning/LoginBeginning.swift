import NIOCore
import SSHProtocol
import SSHSystem

/// What holds for a login as soon as it is known who wants to log in.
struct LoginBeginning: Sendable {
    let banner: Banner
    let settings: Shared<AccountSettings>

    /// The text that people are shown before they are logged in (Banner).
    enum Banner: Sendable {
        case none
        case text([UInt8])
        /// The file is not shown, and why.
        case problem(String)
    }

    /// Finds what holds for somebody who asks for an account. It reads a file, and may ask a name service: not for an event loop.
    init(for user: String, configuration: ServerConfiguration, facts: ConnectionFacts, files: AccountFiles) {
        var facts = facts
        facts.learn(user: user)
        if let name = AccountName(user) {
            var consulted = ConsultedFiles(files)
            let account = files.account(name, groups: configuration.asksForGroups)
            facts = LoginDecision.facts(of: account, configuration, facts, &consulted)
        } else {
            facts.userIsInvalid = true
        }
        self.settings = configuration.sharedSettings(for: facts)
        self.banner = self.settings.value.banner.map(Self.banner) ?? .none
    }

    private static func banner(in path: String) -> Banner {
        do {
            let file = try BoundedFile(path: path, limit: EngineLimits.banner, mustBeRegular: true)
            return file.bytes.isEmpty ? .none : .text(file.bytes)
        } catch is BoundedFile.NotFound {
            return .problem("Banner \(path.escapedForLog) does not exist")
        } catch {
            return .problem("Banner: \(ErrorText.of(error))")
        }
    }
}

extension ServerConfiguration {
    /// Whether anything depends on who wants to log in before a key is judged.
    var decidesLoginsBeginning: Bool {
        self.defaults.banner != nil || self.matchSections.contains(where: \.decidesLoginsBeginning)
    }
}
