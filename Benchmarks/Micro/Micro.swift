import Benchmark
import CAllocations

/// Blocks of memory asked for in one iteration.
let blocks = BenchmarkMetric.custom("Blocks", polarity: .prefersSmaller, useScalingFactor: true)

let benchmarks: @Sendable () -> Void = {
    // Instructions are counted where the machine lets programs do so.
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput, .instructions, blocks],
        scalingFactor: .kilo,
        maxDuration: .seconds(1),
        maxIterations: 1_000
    )
    packets()
    messages()
    keyExchanges()
    tunnels()
}

/// Measures a thousand runs at a time, and counts the blocks that they ask for.
func measure(
    _ name: String,
    scale: BenchmarkScalingFactor = .kilo,
    prepare: @escaping @Sendable () throws -> () throws -> Void
) {
    Benchmark(name, configuration: .init(scalingFactor: scale)) { benchmark in
        let run = try prepare()
        try run()
        let before = allocated_blocks()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { try run() }
        benchmark.stopMeasurement()
        benchmark.measurement(blocks, Int(clamping: allocated_blocks() - before))
    }
}
