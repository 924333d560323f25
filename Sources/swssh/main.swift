import Glibc
import SSHClient
import SSHForwarding

ProcessMemory.keepForReuse()
exit(await ClientProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
