// swift-tools-version: 6.2

import PackageDescription

// Built and run by scripts/bench micro.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "relay", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // Its own interposers count less than allocations.c does, and cannot be had everywhere.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .target(name: "CAllocations", path: "counting"),
        .executableTarget(
            name: "Micro",
            dependencies: [
                "CAllocations",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "SSHWire", package: "relay"),
                .product(name: "SSHCrypto", package: "relay"),
                .product(name: "SSHProtocol", package: "relay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Micro",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ]
)
