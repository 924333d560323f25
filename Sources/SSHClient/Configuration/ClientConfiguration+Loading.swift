import SSHWire

extension ClientConfiguration {
    /// Reads the files that a command line names and completes what it said.
    ///
    /// - Parameters:
    ///   - matchExecutor: runs the command of `Match exec` and says whether it exited with 0; nil refuses such a line.
    /// - Throws: `invalidConfiguration` with file and line.
    public static func load(
        _ commandLine: ClientCommandLine,
        environment: LocalEnvironment,
        algorithms: ClientAlgorithms,
        matchExecutor: ((String) throws -> Bool)? = nil
    ) throws -> ClientConfiguration {
        var options = commandLine.options
        var host = commandLine.host
        var warnings = commandLine.warnings
        // A second pass takes place only if some `Match final` asked for it in the first.
        for isFinalPass in [false, true] {
            var reader = ConfigurationReader(
                environment: environment,
                originalHost: commandLine.host,
                host: host,
                isFinalPass: isFinalPass,
                command: commandLine.command,
                matchExecutor: matchExecutor,
                options: options
            )
            try Self.readFiles(commandLine.configurationFile, into: &reader)
            options = reader.options
            warnings += reader.warnings.filter { !warnings.contains($0) }
            guard reader.wantsFinalPass, !isFinalPass else { break }
            host = try Self.hostName(options, originalHost: commandLine.host, environment)
            options.hostName = host.replacing("%", with: "%%")
        }
        let completion = OptionsCompletion(
            options: options,
            originalHost: commandLine.host,
            environment: environment,
            algorithms: algorithms
        )
        let names = try Self.relayNames(options, originalHost: commandLine.host, environment)
        var configuration = try completion.configuration(at: names[0], of: names)
        configuration.warnings = warnings + configuration.warnings
        return configuration
    }

    private static func readFiles(
        _ file: ClientCommandLine.ConfigurationFile,
        into reader: inout ConfigurationReader
    ) throws {
        switch file {
        case .none:
            break
        case .only(let path):
            let source = ConfigurationReader.Source(path: path, owner: .user, checksPermissions: false)
            guard try reader.read(source) else {
                throw SSHError(
                    .invalidConfiguration,
                    "Can't open user config file \(path): No such file or directory"
                )
            }
        case .standard:
            let home = reader.environment.homeDirectory
            try reader.read(
                .init(path: "\(home)/.ssh/config", owner: .user, checksPermissions: true)
            )
            try reader.read(
                .init(path: reader.environment.systemConfigurationFile, owner: .system, checksPermissions: false)
            )
        }
    }

    /// At least one.
    private static func relayNames(
        _ options: ConfigurationOptions,
        originalHost: String,
        _ environment: LocalEnvironment
    ) throws -> [RelayName] {
        let first = try Self.hostName(options, originalHost: originalHost, environment)
        guard options.hostName != nil else { return [RelayName(host: first)] }
        let expansion = TokenExpansion(values: ["h": originalHost], environment: environment)
        let others = try options.otherHostNames.map { try expansion.percent($0, allowed: "h").lowercased() }
        return try ([first] + others).map { try RelayName($0) }
    }

    /// HostName with `%h` for the name on the command line; names are compared in lower case from here on.
    static func hostName(
        _ options: ConfigurationOptions,
        originalHost: String,
        _ environment: LocalEnvironment
    ) throws -> String {
        guard let hostName = options.hostName else { return originalHost.lowercased() }
        return try TokenExpansion(values: ["h": originalHost], environment: environment)
            .percent(hostName, allowed: "h").lowercased()
    }
}
