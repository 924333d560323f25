import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;

/** JSch as a forwarding client. */
public class JschClient {
    private static String[] forward(String spec) {
        return spec.split(":");
    }

    public static void main(String[] words) throws Exception {
        String key = null, knownHosts = null, local = null, remote = null;
        double rekeyEverySeconds = 0, askSeconds = 0;
        int i = 0;
        for (; words[i].startsWith("-"); i += 2) {
            String value = words[i + 1];
            switch (words[i]) {
                case "-i" -> key = value;
                case "-k" -> knownHosts = value;
                // It counts no bytes, and renews its keys when it is asked to.
                case "-r" -> rekeyEverySeconds = 0.25;
                case "-a" -> askSeconds = Double.parseDouble(value);
                case "-L" -> local = value;
                case "-R" -> remote = value;
                default -> throw new IllegalArgumentException(words[i]);
            }
        }
        System.out.println("version " + JSch.VERSION);
        JSch jsch = new JSch();
        jsch.setKnownHosts(knownHosts);
        jsch.addIdentity(key);
        Session session = jsch.getSession(words[i + 2], words[i], Integer.parseInt(words[i + 1]));
        session.setConfig("server_host_key", "ecdsa-sha2-nistp256");
        session.connect(20000);
        if (local != null) {
            String[] parts = forward(local);
            session.setPortForwardingL(Integer.parseInt(parts[0]), parts[1], Integer.parseInt(parts[2]));
        }
        if (remote != null) {
            String[] parts = forward(remote);
            session.setPortForwardingR("localhost", Integer.parseInt(parts[0]), parts[1], Integer.parseInt(parts[2]));
        }
        System.out.println("ready");
        double lastRekey = 0, now = 0, pause = 0.05, lastAsked = 0;
        while (session.isConnected()) {
            Thread.sleep((long) (pause * 1000));
            now += pause;
            if (rekeyEverySeconds > 0 && now - lastRekey >= rekeyEverySeconds) {
                lastRekey = now;
                session.rekey();
            }
            if (askSeconds > 0 && now - lastAsked >= askSeconds) {
                lastAsked = now;
                session.sendKeepAliveMsg();
            }
        }
    }
}
