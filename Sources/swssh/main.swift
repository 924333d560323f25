import Glibc
import SSHClient
import SSHForwarding

StandardDescriptors.fill()
ProcessMemory.keepForReuse(4 * 1024 * 1024)
exit(await ClientProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
