// swift-tools-version: 6.2

import PackageDescription

var settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
// Continuous integration turns warnings into errors; a newer compiler's new warning must not stop anybody else's build.
if Context.environment["WARNINGS_AS_ERRORS"] != nil {
    settings.append(.treatAllWarnings(as: .error))
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "swift-ssh-relay",
    products: [
        .executable(name: "relay", targets: ["relay"]),
        .executable(name: "swssh", targets: ["swssh"]),
        .library(name: "SSHWire", targets: ["SSHWire"]),
        .library(name: "SSHCrypto", targets: ["SSHCrypto"]),
        .library(name: "SSHProtocol", targets: ["SSHProtocol"]),
        .library(name: "SSHForwarding", targets: ["SSHForwarding"]),
        .library(name: "SSHServer", targets: ["SSHServer"]),
        .library(name: "SSHClient", targets: ["SSHClient"]),
    ],
    dependencies: [
        // Sockets, event loops and the ByteBuffer that carries every byte.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // ML-KEM-768, which libcrypto 3.0 does not have, X25519, ed25519 signatures, SHA-256, and AES-GCM where it is faster.
        // Only patches of 4.5: CBoringSSL names functions inside it, which another version may take away.
        .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.0")),
        // Log levels and handlers that a program using the library can replace.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // Help, version and errors of relay's subcommands as users of Swift tools know them.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // Deque: queues of packets and requests that pop at the front in constant time; Heap: what ends first.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // relay import: sshmux's configuration is YAML, of which a reader of our own would understand a part. In relay alone.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Signals and graceful shutdown.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CSpawn"),
        .systemLibrary(name: "CStatfs"),
        .systemLibrary(name: "CResolv"),
        .systemLibrary(name: "CBoringSSL"),

        .target(name: "SSHWire", dependencies: [nioCore], swiftSettings: settings),
        .target(
            name: "SSHCrypto",
            dependencies: [
                "SSHWire", "CSodium", "COpenSSL", "CBoringSSL", nioCore,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SSHProtocol",
            dependencies: ["SSHWire", "SSHCrypto", nioCore, deque],
            swiftSettings: settings
        ),
        // What the programs ask of the operating system; nothing of it is public.
        .target(
            name: "SSHSystem",
            dependencies: ["SSHWire", "SSHCrypto", "CSpawn", "CStatfs", "CResolv", nioCore, nioPosix, deque],
            swiftSettings: settings
        ),
        // What both configurations are written in; nothing of it is public.
        .target(name: "SSHConfiguration", swiftSettings: settings),
        .target(
            name: "SSHForwarding",
            dependencies: [
                "SSHWire", "SSHCrypto", "SSHProtocol", "SSHSystem", "CMalloc", nioCore, nioPosix, logging, deque,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SSHServer",
            dependencies: [
                "SSHWire", "SSHCrypto", "SSHProtocol", "SSHForwarding", "SSHSystem", "SSHConfiguration", nioCore,
                nioPosix,
                logging, lifecycle, heap, deque,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SSHClient",
            dependencies: [
                "SSHWire", "SSHCrypto", "SSHProtocol", "SSHForwarding", "SSHSystem", "SSHConfiguration", nioCore,
                nioPosix, logging,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "relay",
            dependencies: [
                "SSHServer", "SSHForwarding", "SSHSystem", "SSHConfiguration", "SSHCrypto", "SSHWire", logging,
                arguments, lifecycle,
                signals,
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "swssh",
            dependencies: [
                "SSHClient", "SSHForwarding", "SSHSystem", "SSHProtocol", "SSHCrypto", "SSHWire", nioCore, nioPosix,
            ],
            swiftSettings: settings
        ),
        // The light clients of scripts/bench.
        .executableTarget(
            name: "ssh-load",
            dependencies: [
                "SSHWire", "SSHCrypto", "SSHProtocol", "SSHForwarding", "SSHClient", nioCore, nioPosix, arguments,
            ],
            path: "Benchmarks/Load",
            swiftSettings: settings
        ),

        .testTarget(name: "SSHWireTests", dependencies: ["SSHWire", nioCore], swiftSettings: settings),
        .target(
            name: "SSHTestFixtures",
            dependencies: ["SSHWire", "SSHCrypto", "SSHSystem"],
            path: "Tests/SSHTestFixtures",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SSHCryptoTests",
            dependencies: ["SSHWire", "SSHCrypto", "SSHTestFixtures", "COpenSSL", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SSHProtocolTests",
            dependencies: ["SSHWire", "SSHCrypto", "SSHProtocol", "SSHTestFixtures", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SSHSystemTests",
            dependencies: ["SSHWire", "SSHCrypto", "SSHSystem", "SSHTestFixtures", nioCore],
            swiftSettings: settings
        ),
        .testTarget(name: "SSHConfigurationTests", dependencies: ["SSHConfiguration"], swiftSettings: settings),
        .testTarget(
            name: "SSHForwardingTests",
            dependencies: [
                "SSHWire", "SSHCrypto", "SSHProtocol", "SSHForwarding", "SSHSystem", nioCore, nioPosix, logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SSHServerTests",
            dependencies: [
                "SSHServer", "SSHForwarding", "SSHSystem", "SSHConfiguration", "SSHProtocol", "SSHCrypto", "SSHWire",
                "SSHTestFixtures", nioCore, nioPosix, logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SSHClientTests",
            dependencies: [
                "SSHClient", "SSHServer", "SSHForwarding", "SSHSystem", "SSHProtocol", "SSHCrypto", "SSHWire",
                "SSHTestFixtures",
                nioCore,
                nioPosix, logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "swsshTests",
            dependencies: ["swssh", "SSHClient", "SSHForwarding", "SSHWire", nioCore],
            swiftSettings: settings
        ),
    ]
)
