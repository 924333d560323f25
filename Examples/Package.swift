// swift-tools-version: 6.2

import PackageDescription

// What a program that uses the libraries looks like. `scripts/examples` builds and runs them.
let relay: (String) -> Target.Dependency = { .product(name: $0, package: "relay") }
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

let package = Package(
    name: "Examples",
    dependencies: [
        .package(name: "relay", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .executableTarget(name: "JumpHost", dependencies: [relay("SSHClient"), nioCore]),
        .executableTarget(
            name: "EmbeddedRelay",
            dependencies: [
                relay("SSHServer"), relay("SSHClient"), relay("SSHCrypto"), nioCore,
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "EngineInMemory",
            dependencies: [relay("SSHProtocol"), relay("SSHCrypto"), nioCore]
        ),
    ]
)
