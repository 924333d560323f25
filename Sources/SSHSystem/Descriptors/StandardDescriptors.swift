import Glibc

/// Standard input, output and error.
package enum StandardDescriptors {
    /// Opens /dev/null for each that the program was started without. Otherwise the next file or socket would get its number, and
    /// would be written to, or closed, as if it were what it is not.
    package static func fill() {
        var descriptor: CInt
        repeat { descriptor = open("/dev/null", O_RDWR) } while descriptor >= 0 && descriptor <= STDERR_FILENO
        if descriptor >= 0 { close(descriptor) }
    }
}
