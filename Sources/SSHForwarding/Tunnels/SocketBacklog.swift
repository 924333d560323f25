package import NIOCore

/// What was said and nobody has taken yet: by a channel to its socket, within one window, or by one end in memory to the other.
package struct SocketBacklog {
    /// A smaller piece is copied, as is one that would keep more than twice its size of a connection's read in memory.
    static let smallPiece = 16 * 1024
    static let copiedPiece = 64 * 1024
    static let batch = 256 * 1024
    /// More than this is room that a quiet tunnel has no use for.
    private static let keptPieces = 16

    private var pieces: [ByteBuffer] = []
    package var isEmpty: Bool { self.pieces.isEmpty }
    private var isLastCopied = false
    /// Of the batch under way.
    private var leaving = (count: 0, bytes: 0)

    package init() {}

    /// For data that leaves with this batch.
    mutating func append(_ data: ByteBuffer) {
        self.pieces.append(data)
        self.isLastCopied = false
    }

    /// For data that waits until the socket has taken what is under way.
    package mutating func appendWaiting(_ data: ByteBuffer) {
        let isSmall = data.readableBytes < max(Self.smallPiece, data.storageCapacity / 2)
        guard isSmall else { return self.append(data) }
        let last = self.pieces.count - 1
        if self.isLastCopied, self.pieces[last].readableBytes + data.readableBytes <= Self.copiedPiece {
            self.pieces[last].writeImmutableBuffer(data)
        } else {
            self.pieces.append(ByteBuffer(bytes: data.readableBytesView))
            self.isLastCopied = true
        }
    }

    /// The next piece of what leaves now: of all, or of as many pieces as make a batch, so that the window opens step by step.
    ///
    /// What a piece causes may change the backlog before the next one is asked for.
    ///
    /// - Returns: nil at the end of the batch; the next call begins another one.
    package mutating func nextOfBatch() -> ByteBuffer? {
        guard self.leaving.count < self.pieces.count, self.leaving.bytes < Self.batch else {
            self.removeFirst(self.leaving.count)
            return nil
        }
        let piece = self.pieces[self.leaving.count]
        self.leaving.count += 1
        self.leaving.bytes += piece.readableBytes
        // Nothing is added to a piece that has left.
        self.isLastCopied = false
        return piece
    }

    /// Gives what leaves next to a reader that wants no more than `limit` bytes: the last piece is cut.
    ///
    /// - Returns: how many bytes that was.
    mutating func takeBatch(limit: Int, _ write: (ByteBuffer) -> Void) -> Int {
        var (pieceCount, byteCount) = (0, 0)
        while pieceCount < self.pieces.count, byteCount < limit {
            let length = min(self.pieces[pieceCount].readableBytes, limit - byteCount)
            guard let piece = self.pieces[pieceCount].readSlice(length: length) else { break }
            byteCount += length
            if self.pieces[pieceCount].readableBytes == 0 { pieceCount += 1 }
            write(piece)
        }
        self.removeFirst(pieceCount)
        return byteCount
    }

    private mutating func removeFirst(_ count: Int) {
        self.leaving = (0, 0)
        if count == self.pieces.count { self.removeAll() } else { self.pieces.removeFirst(count) }
    }

    package mutating func removeAll() {
        self.pieces.removeAll(keepingCapacity: self.pieces.count <= Self.keptPieces)
        self.isLastCopied = false
        self.leaving = (0, 0)
    }
}
