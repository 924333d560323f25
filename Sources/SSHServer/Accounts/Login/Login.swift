import SSHCrypto

/// Who logged in, by which claim, and what was granted.
struct Login {
    let claim: LoginClaim
    /// Keys that signed before, where several are asked for.
    let earlier: [EarlierClaim]
    var grant: LoginGrant
    /// The key's, as it is written into the log with each tunnel.
    let fingerprint: String

    init(claim: LoginClaim, after earlier: [EarlierClaim], grant: LoginGrant) {
        self.claim = claim
        self.earlier = earlier
        self.grant = grant
        self.fingerprint = claim.key.fingerprint
    }

    var user: String { self.claim.user }
    var description: String { self.claim.description(fingerprint: self.fingerprint) }
}
