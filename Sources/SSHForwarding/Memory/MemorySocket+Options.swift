import NIOCore

/// Of a socket's options it has those that a tunnel uses.
extension MemorySocket: NIOSynchronousChannelOptions {
    var syncOptions: (any NIOSynchronousChannelOptions)? { self }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
        if option is ChannelOptions.Types.RecvAllocatorOption, let reads = value as? UnpooledReads {
            self.largestRead = reads.maximum
            return
        }
        guard option is ChannelOptions.Types.AutoReadOption, let readsByItself = value as? Bool else {
            throw ChannelError.operationUnsupported
        }
        guard self.readsByItself != readsByItself else { return }
        self.readsByItself = readsByItself
        if readsByItself { self.pipeline.syncOperations.read() }
    }

    func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
        let value: Any? =
            switch option {
            case is ChannelOptions.Types.AutoReadOption: self.readsByItself
            case is ChannelOptions.Types.BufferedWritableBytesOption: self.bufferedBytes
            default: nil
            }
        guard let value = value as? Option.Value else { throw ChannelError.operationUnsupported }
        return value
    }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        self.eventLoop.submit { try self.syncOptions?.setOption(option, value: value) }.map { _ in }
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        self.eventLoop.submit { try (self as any NIOSynchronousChannelOptions).getOption(option) }
    }
}
