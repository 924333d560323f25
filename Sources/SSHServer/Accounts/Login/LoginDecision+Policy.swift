import SSHCrypto
import SSHProtocol

extension LoginDecision {
    /// Judges a claim by a policy instead of by files.
    static func judge(
        _ claim: LoginClaim,
        by policy: any RelayPolicy,
        _ configuration: ServerConfiguration,
        _ facts: ConnectionFacts
    ) -> LoginDecision {
        let login = RelayLogin(user: claim.user, key: claim.key, clientAddress: facts.address)
        let settings = configuration.sharedSettings(for: facts)
        guard claim.algorithms.contains(where: settings.value.pubkeyAcceptedAlgorithms.contains),
            claim.key.rsaBits ?? .max >= settings.value.requiredRSASize
        else {
            return .refused(LoginRefusal("the configuration takes no such key"), isUnknownAccount: false)
        }
        guard policy.mayLogIn(login) else {
            return .refused(LoginRefusal("the relay's policy does not let it in"), isUnknownAccount: false)
        }
        let key = AuthorizedKey(
            options: KeyOptions(),
            keyType: claim.key.type,
            blob: claim.key.blob,
            comment: "",
            file: "policy",
            line: 0
        )
        return .accepted(
            LoginGrant(
                key: key,
                sharedSettings: settings,
                expires: nil,
                files: [],
                remembered: nil,
                ruled: RuledLogin(policy: policy, login: login)
            )
        )
    }
}
