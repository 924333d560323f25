import Glibc
import SSHCrypto
import SSHSystem
import SSHWire

extension ServerConfiguration {
    /// What is wrong with the files that the configuration names, as they are now.
    ///
    /// - Returns: one line for each file that is not there or has lines that do not count.
    /// - Throws: `invalidConfiguration` for a file without which nobody may log in.
    public func checkFiles() throws -> [String] {
        let now = UInt64(clamping: time(nil))
        let blocks = self.matchSections.map { section in
            var settings = AccountSettings()
            for assign in section.assignments { assign(&settings) }
            return settings
        }
        var problems: [String] = []
        for settings in [self.defaults] + blocks {
            problems += try settings.checkFiles(now: now)
        }
        return problems.map(\.escapedForLog)
    }
}

extension AccountSettings {
    fileprivate func checkFiles(now: UInt64) throws -> [String] {
        let files = AccountFiles(now: now)
        for path in self.revokedKeys {
            do throws(LoginRefusal) {
                _ = try files.revokedKeys(path, at: now)
            } catch {
                let place = self.$revokedKeys.rule.map { "\($0.file) line \($0.line): " } ?? ""
                let reason = error.reasons.joined(separator: "; ")
                throw SSHError(.invalidConfiguration, "\(place)\(reason)".escapedForLog)
            }
        }
        var problems: [String] = []
        if let path = self.trustedUserCAKeys {
            let place = self.$trustedUserCAKeys.rule.map { "\($0.file) line \($0.line): " } ?? ""
            do throws(LoginRefusal) {
                let lines = try files.trustedAuthorities(path, at: now)
                if let problem = lines.problem {
                    problems.append(
                        "\(place)TrustedUserCAKeys \(path) line \(problem.line): \(problem.reason): no line from there on is used"
                    )
                }
            } catch {
                problems.append("\(place)\(error.reasons.joined(separator: "; ")): no certificate of theirs logs in")
            }
        }
        if let path = self.banner, access(path, R_OK) != 0 {
            let place = self.$banner.rule.map { "\($0.file) line \($0.line): " } ?? ""
            problems.append("\(place)Banner \(path): \(SystemError())")
        }
        return problems
    }
}
