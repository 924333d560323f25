import SSHCrypto
import Testing

@testable import SSHForwarding

/// A tunnel's directions, against a model that remembers each fact by itself.
struct TunnelStateTests {
    private struct Model {
        var (inputDone, outputDone, isReading, isShutDown, closesWhenDrained) = (false, false, false, false, false)
        var inFlight = 0
        var ending = Tunnel.Ending.finished

        mutating func drained() -> TunnelState.Steps {
            guard self.inFlight == 0 else { return [] }
            var steps: TunnelState.Steps = self.closesWhenDrained ? .closeChannel : []
            if self.outputDone, !self.isShutDown {
                self.isShutDown = true
                steps.insert(.shutDownSocket)
            }
            return steps
        }

        mutating func closeIfDone() -> TunnelState.Steps {
            guard self.inputDone, self.outputDone else { return [] }
            self.closesWhenDrained = true
            return self.drained()
        }

        mutating func endInput() -> TunnelState.Steps {
            defer { self.inputDone = true }
            return self.inputDone ? [] : .sendEOF
        }

        mutating func setReading(_ isReading: Bool, _ step: TunnelState.Steps) -> TunnelState.Steps {
            guard !self.inputDone, self.isReading != isReading else { return [] }
            self.isReading = isReading
            return step
        }
    }

    @Test(arguments: UInt64(0)..<200) func everyOrderOfEventsIsWhatTheModelSays(seed: UInt64) {
        var (model, state) = (Model(), TunnelState())
        for byte in SeededRandom(seed: seed).randomBytes(60) {
            let expected: TunnelState.Steps
            let steps: TunnelState.Steps
            switch byte % 8 {
            case 0: (expected, steps) = (model.setReading(true, .resumeSocket), state.channelTakesData())
            case 1: (expected, steps) = (model.setReading(false, .pauseSocket), state.channelIsFull())
            case 2 where byte > 128:
                let ended = model.endInput()
                (expected, steps) = (ended.union(model.closeIfDone()), state.socketEndedInput())
            case 3 where byte > 200:
                if !model.outputDone, model.ending == .finished { model.ending = .closedBySocket }
                expected = model.endInput().union(.closeChannel)
                (model.outputDone, model.isShutDown) = (true, true)
                steps = state.socketEnded()
            case 4:
                model.inFlight += Int(byte)
                state.channelSaid(Int(byte))
                (expected, steps) = ([], [])
            case 5 where model.inFlight > 0:
                let count = byte > 100 ? model.inFlight : 1
                model.inFlight -= count
                state.beginWriting()
                (expected, steps) = (model.drained(), state.socketTook(count))
                #expect(!state.isWriting)
            case 6 where byte > 128:
                let isNews = !model.outputDone
                model.outputDone = true
                (expected, steps) = (
                    isNews ? model.drained().union(model.closeIfDone()) : [], state.channelEndedOutput()
                )
            case 7 where byte > 200:
                if !model.inputDone, model.ending == .finished { model.ending = .closedByPeer }
                model.closesWhenDrained = true
                (expected, steps) = (model.drained(), state.channelIsToClose())
            default: continue
            }
            #expect(steps == expected)
            #expect(state.inFlight == model.inFlight)
            #expect(state.ending == model.ending)
        }
        state.channelEnded()
        #expect(state.hasEnded)
        #expect(state.channelTakesData() == [])
    }

    @Test func theSocketIsShutDownOnlyWhenItHasTakenEverything() {
        var state = TunnelState()
        state.channelSaid(10)
        #expect(state.channelEndedOutput() == [])
        #expect(state.socketTook(4) == [])
        #expect(state.socketTook(6) == .shutDownSocket)
    }

    @Test func bothDirectionsEndTheChannelOnceTheSocketHasTakenEverything() {
        var state = TunnelState()
        state.channelSaid(1)
        #expect(state.socketEndedInput() == .sendEOF)
        #expect(state.channelEndedOutput() == [])
        #expect(state.socketTook(1) == [.shutDownSocket, .closeChannel])
        #expect(state.ending == .finished)
    }

    @Test func whoEndsItFirstIsRemembered() {
        var state = TunnelState()
        _ = state.channelIsToClose()
        _ = state.socketEnded()
        #expect(state.ending == .closedByPeer)
    }
}
