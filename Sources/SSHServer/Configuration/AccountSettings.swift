public import SSHForwarding

/// The settings that may stand in a Match block: what holds for one user on one connection.
public struct AccountSettings: Sendable {
    // Logging in.
    @Setting public var authorizedKeysFiles = ["/etc/relay/authorized_keys/%u"]
    @Setting public var pubkeyAuthentication = true
    /// Signature algorithms, in the order of preference.
    @Setting public var pubkeyAcceptedAlgorithms: [String] = []
    /// nil: no authority is trusted but those in authorized_keys.
    @Setting public var trustedUserCAKeys: String?
    /// nil: the account's name must be among a certificate's principals.
    @Setting public var authorizedPrincipalsFile: String?
    /// Asked for keys when the files do not accept one, as this user.
    @Setting public var authorizedKeysCommand: AccountCommand?
    @Setting public var authorizedKeysCommandUser: String?
    /// Asked for names when authorizedPrincipalsFile has none of a certificate's, as this user.
    @Setting public var authorizedPrincipalsCommand: AccountCommand?
    @Setting public var authorizedPrincipalsCommandUser: String?
    @Setting public var revokedKeys: [String] = []
    /// What authorities may sign certificates with.
    @Setting public var caSignatureAlgorithms: [String] = []
    /// What holds for the Unix account with the user id 0.
    @Setting public var permitRootLogin = PermitRootLogin.withoutPassword
    @Setting public var pubkeyAuthOptions: PubkeyAuthOptions = []
    /// Bits; less than 1024 are never accepted.
    @Setting public var requiredRSASize = 2048
    @Setting public var allowUsers: [UserPattern] = []
    @Setting public var denyUsers: [UserPattern] = []
    @Setting public var allowGroups: [UserPattern] = []
    @Setting public var denyGroups: [UserPattern] = []
    @Setting public var maxAuthTries = 6

    // Forwarding.
    @Setting public var allowTCPForwarding = TCPForwarding.all
    @Setting public var disableForwarding = false
    @Setting public var permitListen = PermitList.any
    @Setting public var permitOpen = PermitList.any
    @Setting public var gatewayPorts = GatewayPorts.no
    /// Lists of methods, each of which logs in; here they differ in how many different keys must sign.
    @Setting public var authenticationMethods = AuthenticationMethods()
    @Setting public var listenTakeover = ListenTakeover.sameKeyIfSilent

    /// From where listeners on ports may be reached; nil: from everywhere.
    @Setting public var permitCallers: CallerList?

    /// Hosts that are names of devices.
    @Setting public var names = DeviceNames.none

    /// The listeners whose callers are named in a PROXY header, and the targets to which the client is.
    @Setting public var proxyProtocolListen = PermitList.none
    @Setting public var proxyProtocolOpen = PermitList.none

    // Unix sockets.
    @Setting public var allowStreamLocalForwarding: TCPForwarding = []
    /// Permission bits that a listener's file does not get.
    @Setting public var streamLocalBindMask: UInt32 = 0o177
    @Setting public var streamLocalBindUnlink = false
    @Setting public var permitStreamLocalListen: [UnixPathPermission] = []
    @Setting public var permitStreamLocalOpen: [UnixPathPermission] = []

    // The connection.
    /// nil: the client is never asked.
    @Setting public var clientAliveInterval: Duration? = .seconds(15)
    /// 0: a client that does not answer is never disconnected.
    @Setting public var clientAliveCountMax = 3
    /// RekeyLimit sets both, each by the first line that names it; nil leaves the cipher's limit, or none by time.
    @Setting var rekeyBytes: UInt64?
    @Setting var rekeyTime: Duration?
    @Setting public var maxSessions = 10
    /// What a session is told, whatever it asks to run; nil: the text of its key's `command=`, or ours.
    @Setting public var forceCommand: String?
    /// nil: a connection without channels stays.
    @Setting public var unusedConnectionTimeout: Duration?
    @Setting public var channelTimeouts = ChannelTimeouts(entries: [])
    @Setting public var refuseConnection = false
    /// Channels and listeners of one connection; nil: as many as there is memory for.
    @Setting public var maxChannels: Int?
    @Setting public var maxListeners: Int?
    /// nil: as fast as it goes.
    @Setting public var rateLimit: RateLimit?
    /// A file that people are shown before they are logged in; nil: none is.
    @Setting public var banner: String?
    @Setting public var logLevel = LogLevel.info

    public init() {}

    public var rekeyLimit: ConfiguredRekeyLimit { ConfiguredRekeyLimit(bytes: self.rekeyBytes, time: self.rekeyTime) }

    /// A certificate of TrustedUserCAKeys needs a line with one of its names; else it has to name the account.
    var namesPrincipals: Bool { self.authorizedPrincipalsFile != nil || self.authorizedPrincipalsCommand != nil }

    /// Accounts need no file of their own: an authority or a command may know them.
    var mayKnowAnybody: Bool { self.trustedUserCAKeys != nil || self.authorizedKeysCommand != nil }

    /// Something is set that is asked for before a key is judged.
    var decidesLoginsBeginning: Bool {
        [self.$banner.rule, self.$maxAuthTries.rule, self.$pubkeyAcceptedAlgorithms.rule, self.$logLevel.rule]
            .contains { $0 != nil }
    }

    /// A rule keeps out accounts for what the system says of them.
    var hangsOnUnixAccount: Bool {
        self.asksForGroups || ![.yes, .withoutPassword].contains(self.permitRootLogin)
    }

    var asksForGroups: Bool { self.$allowGroups.rule != nil || self.$denyGroups.rule != nil }

    /// DenyUsers, AllowUsers, DenyGroups, AllowGroups, in this order; without any of them everybody may.
    public func mayLogIn(_ facts: ConnectionFacts) -> Decision { self.judgeLogin(facts).decision }

    /// The lists that keep accounts out.
    enum LoginList: Sendable {
        case allowUsers
        case denyUsers
        case allowGroups
        case denyGroups
    }

    /// The same, with the list that refuses.
    func judgeLogin(_ facts: ConnectionFacts) -> (decision: Decision, list: LoginList?) {
        let matchesGroup = { (pattern: UserPattern) in pattern.matchesGroup(of: facts) }
        var permitted = Rule.builtIn("every account may log in")
        if let denied = self.denyUsers.first(where: { $0.excludes(facts) }) {
            return (.refused(by: denied.rule), .denyUsers)
        }
        if let rule = self.$allowUsers.rule {
            guard let allowed = self.allowUsers.first(where: { $0.permits(facts) }) else {
                return (.refused(by: rule), .allowUsers)
            }
            permitted = allowed.rule
        }
        if let rule = self.$denyGroups.rule ?? self.$allowGroups.rule {
            let list = self.$denyGroups.rule == nil ? LoginList.allowGroups : .denyGroups
            guard facts.isKnown(.groups) else {
                return (.refused(by: rule.because("which groups the account is in cannot be found out now")), list)
            }
            // As in sshd. Other accounts have no groups, and need none.
            guard !facts.isUnixAccount || !facts.groups.isEmpty else {
                return (.refused(by: rule.because("the account is in no group that has a name")), list)
            }
        }
        if let denied = self.denyGroups.first(where: matchesGroup) { return (.refused(by: denied.rule), .denyGroups) }
        if let rule = self.$allowGroups.rule {
            guard let allowed = self.allowGroups.first(where: matchesGroup) else {
                return (.refused(by: rule), .allowGroups)
            }
            permitted = allowed.rule
        }
        return (.permitted(by: permitted), nil)
    }
}
