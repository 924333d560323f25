import Glibc

/// Objects of which each thread has one of its own, made when it is first asked for and kept as long as the thread lives.
package final class ThreadValue<Value: AnyObject>: Sendable {
    private let key: pthread_key_t

    package init() {
        var key = pthread_key_t()
        let result = pthread_key_create(&key) { address in
            if let address { Unmanaged<AnyObject>.fromOpaque(address).release() }
        }
        precondition(result == 0, "a process has room for one more thread-specific value")
        self.key = key
    }

    package func ofThisThread(_ make: () throws -> Value) rethrows -> Value {
        if let address = pthread_getspecific(self.key) {
            return Unmanaged<Value>.fromOpaque(address).takeUnretainedValue()
        }
        let value = try make()
        let retained = Unmanaged.passRetained(value)
        // A thread that cannot keep it makes another next time.
        if pthread_setspecific(self.key, retained.toOpaque()) != 0 { retained.release() }
        return value
    }
}
