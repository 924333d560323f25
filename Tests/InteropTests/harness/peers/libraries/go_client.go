// golang.org/x/crypto/ssh as a forwarding client.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

type halfCloser interface{ CloseWrite() error }

func copyUntilEnd(to, from net.Conn, done chan<- struct{}) {
	io.Copy(to, from)
	if half, ok := to.(halfCloser); ok {
		half.CloseWrite()
	}
	done <- struct{}{}
}

// join copies both ways, half-close kept.
func join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	go copyUntilEnd(a, b, done)
	go copyUntilEnd(b, a, done)
	<-done
	<-done
	a.Close()
	b.Close()
}

// serve joins what the listener accepts to what dial gives.
func serve(listener net.Listener, dial func() (net.Conn, error)) {
	for {
		accepted, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			connection, err := dial()
			if err != nil {
				log.Print(err)
				accepted.Close()
				return
			}
			join(accepted, connection)
		}()
	}
}

// forward splits port:host:hostport.
func forward(spec string) (listen, target string) {
	port, target, _ := strings.Cut(spec, ":")
	return net.JoinHostPort("localhost", port), target
}

func ask(client *ssh.Client, seconds float64) {
	for {
		if _, _, err := client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Duration(seconds * float64(time.Second)))
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	key := flag.String("i", "", "private key")
	knownHosts := flag.String("k", "", "known hosts")
	rekeyBytes := flag.Uint64("r", 0, "renew the keys after so many bytes")
	askSeconds := flag.Float64("a", 0, "ask the server for a sign of life so often")
	local := flag.String("L", "", "port:host:hostport")
	remote := flag.String("R", "", "port:host:hostport")
	flag.Parse()
	fmt.Println("go", runtime.Version())

	text, err := os.ReadFile(*key)
	must(err)
	signer, err := ssh.ParsePrivateKey(text)
	must(err)
	hosts, err := knownhosts.New(*knownHosts)
	must(err)
	config := &ssh.ClientConfig{
		User:              flag.Arg(2),
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback:   hosts,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	}
	config.RekeyThreshold = *rekeyBytes
	client, err := ssh.Dial("tcp", net.JoinHostPort(flag.Arg(0), flag.Arg(1)), config)
	must(err)
	if *local != "" {
		listen, target := forward(*local)
		listener, err := net.Listen("tcp", listen)
		must(err)
		go serve(listener, func() (net.Conn, error) { return client.Dial("tcp", target) })
	}
	if *remote != "" {
		listen, target := forward(*remote)
		listener, err := client.Listen("tcp", listen)
		must(err)
		go serve(listener, func() (net.Conn, error) { return net.Dial("tcp", target) })
	}
	if *askSeconds > 0 {
		go ask(client, *askSeconds)
	}
	fmt.Println("ready")
	must(client.Wait())
}
