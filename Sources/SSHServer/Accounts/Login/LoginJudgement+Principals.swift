import SSHConfiguration
import SSHCrypto
import SSHSystem

/// For whom a certificate of TrustedUserCAKeys may stand, where AuthorizedPrincipalsFile or AuthorizedPrincipalsCommand says so.
extension LoginJudgement {
    /// The line that has one of the certificate's names. As in sshd, the command is asked when the file has none.
    mutating func principal(of certificate: Certificate) throws(LoginRefusal) -> PrincipalsFile.Line {
        var reasons: [String] = []
        var said: [LogLine] = []
        if let pattern = self.settings.authorizedPrincipalsFile {
            var file = PrincipalsFile(line: nil)
            do throws(LoginRefusal) {
                file = try self.principals(pattern, certificate)
            } catch {
                reasons += error.reasons
                said += error.said
            }
            if let line = try self.check(file.line) { return line }
            reasons += file.problems.map(\.description)
        }
        var file: PrincipalsFile?
        do throws(LoginRefusal) {
            file = try self.principalsOfCommand(certificate)
        } catch {
            guard self.awaited == nil else { throw error }
            reasons += error.reasons
            said += error.said
        }
        if let file {
            if let line = try self.check(file.line) {
                self.remember(.principal(line))
                return line
            }
            reasons += file.problems.map(\.description)
        }
        reasons.append("the certificate does not contain an authorized principal")
        throw LoginRefusal(reasons, said: said + [.noPrincipal])
    }

    /// The first line with one of the certificate's names decides, as in sshd.
    private func check(_ line: PrincipalsFile.Line?) throws(LoginRefusal) -> PrincipalsFile.Line? {
        guard let line else { return nil }
        if let reason = AuthorizedKeys.refusal(line.options, self.now, self.facts.origin) {
            throw LoginRefusal("\(line.rule): \(reason)")
        }
        guard !line.options.certificateAuthority, line.options.principals == nil else {
            throw LoginRefusal("\(line.rule): cert-authority and principals= have no place in front of a principal")
        }
        return line
    }

    private mutating func principals(
        _ pattern: String,
        _ certificate: Certificate
    ) throws(LoginRefusal) -> PrincipalsFile {
        do {
            switch try AuthorizedKeysPath.expand(pattern, for: self.account) {
            case nil: throw InvalidValue("the account has no home or user id for AuthorizedPrincipalsFile \(pattern)")
            case .path(let path): return try self.principals(at: path, certificate)
            case .pattern(let files): return try self.principals(matching: files, certificate)
            }
        } catch let error as StrictModes.Untrusted {
            throw LoginRefusal("\(error)", said: .info("Authentication refused: \(error.fault)"))
        } catch is BoundedFile.NotFound {
            throw LoginRefusal("AuthorizedPrincipalsFile \(pattern) does not exist for this account")
        } catch {
            throw LoginRefusal((error as? InvalidValue)?.reason ?? ErrorText.of(error))
        }
    }
    private mutating func principals(at path: String, _ certificate: Certificate) throws -> PrincipalsFile {
        let file = try self.consulted.read(path)
        if self.strictModes {
            try StrictModes(account: self.account).check(path, owner: file.owner, mode: file.mode)
        }
        return PrincipalsFile(file.bytes, path: path, upTo: certificate.names)
    }

    /// As in sshd, the first file that has one of the certificate's names decides; one that cannot be used is passed over.
    private mutating func principals(matching pattern: String, _ certificate: Certificate) throws -> PrincipalsFile {
        // A file that appears changes the folder it lies in.
        try self.consulted.noteFolder(SystemPath.parent(of: pattern))
        var problems: [AuthorizedKeysProblem] = []
        for path in try ConfigurationFiles.system.glob(pattern).prefix(Self.mostPrincipalsFiles) {
            do {
                let file = try self.principals(at: path, certificate)
                if file.line != nil { return file }
                problems += file.problems
            } catch is BoundedFile.NotFound {
                continue
            } catch {
                let reason = (error as? StrictModes.Untrusted).map { "\($0)" } ?? ErrorText.of(error)
                problems.append(AuthorizedKeysProblem(file: path, line: 0, reason: reason))
            }
        }
        return PrincipalsFile(line: nil, problems: problems)
    }

    private static let mostPrincipalsFiles = 1024
}
