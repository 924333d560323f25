/// The arguments of PerSourcePenalties, in seconds.
public struct PenaltyRules: Hashable, Sendable {
    public var isEnabled = true
    public var crash = 90
    public var authenticationFailed = 5
    public var invalidUser = 5
    public var refused = 10
    public var noAuthentication = 1
    public var graceExceeded = 10
    public var maximum = 600
    public var minimum = 15
    public var family4 = Family()
    public var family6 = Family()

    /// What holds for all sources of one address family.
    public struct Family: Hashable, Sendable {
        public var maximumSources = 65536
        /// When so many have penalties, nobody is served; else the penalty that ends first is forgotten.
        public var deniesAllOnOverflow = false

        var overflow: String { self.deniesAllOnOverflow ? "deny-all" : "permissive" }
    }

    /// As `-T` prints it.
    var text: String {
        guard self.isEnabled else { return "no" }
        return """
            crash:\(self.crash) authfail:\(self.authenticationFailed) invaliduser:\(self.invalidUser) noauth:\(self.noAuthentication) \
            grace-exceeded:\(self.graceExceeded) refuseconnection:\(self.refused) max:\(self.maximum) \
            min:\(self.minimum) max-sources4:\(self.family4.maximumSources) \
            max-sources6:\(self.family6.maximumSources) overflow:\(self.family4.overflow) \
            overflow6:\(self.family6.overflow)
            """
    }
}
