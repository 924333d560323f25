// swift-tools-version: 6.2

import PackageDescription

// Built by scripts/fuzz, which passes the sanitizer's flags.
let targets = [
    "FuzzServerEngine", "FuzzClientEngine", "FuzzMessages", "FuzzLoggedIn", "FuzzProxyHeader", "FuzzKeyRevocationList",
    "FuzzAuthorizedKeys", "FuzzServerConfiguration", "FuzzClientConfiguration", "FuzzKnownHosts", "FuzzPrivateKeyFile",
]
let modules: [Target.Dependency] = [
    .product(name: "SSHWire", package: "relay"),
    .product(name: "SSHCrypto", package: "relay"),
    .product(name: "SSHProtocol", package: "relay"),
    .product(name: "SSHForwarding", package: "relay"),
    .product(name: "SSHServer", package: "relay"),
    .product(name: "SSHClient", package: "relay"),
    .product(name: "NIOCore", package: "swift-nio"),
]

let package = Package(
    name: "Fuzz",
    dependencies: [
        .package(name: "relay", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [.target(name: "FuzzSupport", dependencies: modules)]
        + targets.map { name in
            .executableTarget(
                name: name,
                dependencies: modules + ["FuzzSupport"],
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]
            )
        }
)
