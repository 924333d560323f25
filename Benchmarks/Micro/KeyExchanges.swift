import Benchmark
import SSHCrypto

func keyExchanges() {
    for algorithm in [KeyExchangeAlgorithm.curve25519, .mlkem768x25519, .sntrup761x25519, .ecdhP256] {
        measure("key exchange \(algorithm.rawValue), both sides", scale: .one) {
            let random = SystemRandom()
            return {
                let initiator = try KeyExchangeInitiator(algorithm, random: random)
                let (reply, secret) = try KeyExchangeResponder.respond(
                    algorithm,
                    to: initiator.initialValue,
                    random: random
                )
                blackHole((try initiator.sharedSecret(reply: reply), secret))
            }
        }
        measure("key exchange \(algorithm.rawValue), the server's side", scale: .one) {
            let random = SystemRandom()
            let initiator = try KeyExchangeInitiator(algorithm, random: random)
            return {
                blackHole(try KeyExchangeResponder.respond(algorithm, to: initiator.initialValue, random: random))
            }
        }
    }
    measure("sign with ed25519", scale: .one) {
        let random = SystemRandom()
        let key = try Ed25519PrivateKey.generate(random: random)
        let message = [UInt8](repeating: 7, count: 32)
        return { blackHole(try key.sign(message, algorithm: "ssh-ed25519")) }
    }
}
