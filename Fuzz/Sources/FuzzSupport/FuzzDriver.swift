/// Hands the program over to libFuzzer. SwiftPM gives every executable a main of its own, so libFuzzer's is not used.
public enum FuzzDriver {
    public typealias Target = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

    public static func run(_ target: Target) {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        _ = runDriver(&count, &arguments, target)
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ target: FuzzDriver.Target
) -> CInt
