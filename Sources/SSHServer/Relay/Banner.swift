import NIOCore
import SSHProtocol

/// The text that people are shown before they are logged in (Banner).
enum Banner: Sendable {
    case none
    case text([UInt8])
    /// The file is not shown, and why.
    case problem(String)

    /// Reads the file that holds for somebody who asks for an account. It may ask a name service: not for an event loop.
    static func load(
        for user: String,
        configuration: ServerConfiguration,
        facts: ConnectionFacts,
        files: AccountFiles
    ) -> Banner {
        var facts = facts
        facts.user = user
        if let name = AccountName(user) {
            var consulted = ConsultedFiles(files)
            let account = files.account(name, groups: configuration.asksForGroups)
            facts = LoginDecision.facts(of: account, configuration, facts, &consulted)
        } else {
            facts.userIsInvalid = true
        }
        guard let path = configuration.settings(for: facts).banner else { return .none }
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
    /// Whether anybody is shown a banner.
    var mayShowBanner: Bool {
        self.defaults.banner != nil
            || self.matchSections.contains { section in
                var settings = AccountSettings()
                for assign in section.assignments { assign(&settings) }
                return settings.banner != nil
            }
    }
}
