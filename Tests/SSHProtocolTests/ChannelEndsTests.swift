import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// A channel's two directions, against a model that remembers everything that was ever asked and said.
struct ChannelEndsTests {
    /// What happened, each fact by itself; what follows is worked out anew each time.
    private struct Model {
        var (wantsEOF, wantsClose, sentEOF, sentClose) = (false, false, false, false)
        var (receivedEOF, receivedClose, isThrottled, isConfirmed) = (false, false, false, false)
        var queued = 0

        mutating func steps() -> [String] {
            guard self.queued == 0 else { return [] }
            var steps: [String] = []
            if self.isConfirmed, self.wantsEOF, !self.sentEOF, !self.sentClose {
                self.sentEOF = true
                steps.append("EOF")
            }
            if self.isConfirmed, self.wantsClose, !self.sentClose {
                self.sentClose = true
                steps.append("CLOSE")
            }
            if self.isThrottled, !self.wantsClose { steps.append("writable") }
            self.isThrottled = false
            if self.sentClose, self.receivedClose { steps.append("finished") }
            return steps
        }
    }

    private func describe(_ steps: SSHProtocol.Channel.Steps) -> [String] {
        let said: [String] =
            switch steps.message {
            case nil: []
            case .endOfFile?: ["EOF"]
            case .close?: ["CLOSE"]
            case .endOfFileAndClose?: ["EOF", "CLOSE"]
            }
        return said + (steps.isWritable ? ["writable"] : []) + (steps.isFinished ? ["finished"] : [])
    }

    @Test(arguments: UInt64(0)..<200) func everyOrderOfEndsIsWhatTheModelSays(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        var model = Model()
        var channel = SSHProtocol.Channel(
            id: ChannelID(number: 0, serial: 0),
            phase: .awaitingConfirmation,
            window: ReceiveWindow(size: 1 << 20)
        )
        for byte in random.randomBytes(60) {
            switch byte % 10 {
            case 0, 1:
                if !model.wantsEOF, !model.wantsClose, !model.receivedClose { model.queued += 7 }
                channel.queue(ByteBuffer(repeating: byte, count: 7))
            case 2:
                model.isThrottled = model.queued > 0
                #expect(channel.throttle() == model.isThrottled)
            case 3 where byte > 100:
                model.wantsEOF = true
                channel.sendEOF()
            case 4 where byte > 150:
                model.wantsClose = true
                channel.close()
            case 5 where !model.isConfirmed:
                model.isConfirmed = true
                channel.phase = .open
                channel.sendQueue.confirm(with: SendQueue(window: 1 << 20, maximumPacket: 1 << 15))
            case 6:
                model.queued -= channel.sendQueue.next(limit: 1 << 15)?.readableBytes ?? 0
            case 7 where byte > 100:
                self.check(
                    try channel.receiveEOF(),
                    isAllowed: model.isConfirmed && !model.receivedClose,
                    is: !model.receivedEOF && !model.wantsClose
                )
                if model.isConfirmed, !model.receivedClose { model.receivedEOF = true }
            case 8 where byte > 150:
                let isAllowed = model.isConfirmed && !model.receivedClose
                self.check(try channel.receiveClose(), isAllowed: isAllowed, is: model.wantsClose)
                if isAllowed { (model.receivedClose, model.queued) = (true, 0) }
            case 9:
                self.check(
                    try channel.receive(3, packetLimit: 10),
                    isAllowed: model.isConfirmed && !model.receivedEOF && !model.receivedClose,
                    is: !model.wantsClose
                )
            default: break
            }
            #expect(channel.sendQueue.bytes == model.queued)
            #expect(
                channel.takesMore
                    == (model.isConfirmed && !model.receivedEOF && !model.receivedClose && !model.sentClose)
            )
            #expect(self.describe(channel.takeSteps()) == model.steps())
        }
    }

    private func check(_ answer: @autoclosure () throws -> Bool, isAllowed: Bool, is expected: Bool) {
        do {
            let answer = try answer()
            #expect(isAllowed && answer == expected)
        } catch {
            #expect(!isAllowed)
        }
    }

    @Test func endOfFileLeavesBeforeTheCloseThatWasAskedForInTheSameBreath() {
        var end = OwnEnd.open
        end.end()
        end.close()
        #expect(end.drained() == .endOfFileAndClose)
        #expect(end == .closed)
        #expect(end.drained() == nil)
    }

    @Test func whoHasClosedSaysNoEndOfFileAfterwards() {
        var end = OwnEnd.open
        end.close()
        #expect(end.drained() == .close)
        end.end()
        #expect(end.drained() == nil)
    }
}
