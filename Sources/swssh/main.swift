import Glibc
import SSHClient
import SSHForwarding
import SSHProtocol
import SSHSystem

StandardDescriptors.fill()
ProcessSecrets.protect()
ProcessMemory.keepForReuse(4 * 1024 * 1024)
ResourceBudget.memory.limit = MemoryOfMachine.budget
exit(await ClientProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
