// SPDX-License-Identifier: Apache-2.0

// A Go server that never calls Shutdown. Its argument is the port. `/Nms` is answered after N
// milliseconds. X-Pod says who answers.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func hello(after time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(after)
		io.WriteString(w, "hello\n")
	}
}

func named(w http.ResponseWriter, r *http.Request) {
	after, err := time.ParseDuration(r.URL.Path[1:])
	if err != nil {
		after = 0
	}
	hello(after)(w, r)
}

func stream(pieces int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i != pieces; i++ {
			io.WriteString(w, "piece\n")
			w.(http.Flusher).Flush()
			time.Sleep(300 * time.Millisecond)
		}
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	size, _ := io.Copy(io.Discard, r.Body)
	fmt.Fprintln(w, size)
}

func main() {
	http.HandleFunc("/", named)
	http.HandleFunc("/slow", hello(time.Second))
	http.HandleFunc("/soon", hello(300*time.Millisecond))
	http.HandleFunc("/stream", stream(5))
	http.HandleFunc("/events", stream(-1))
	http.HandleFunc("/upload", upload)
	name, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", ":"+os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println("up")
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Pod", name)
		http.DefaultServeMux.ServeHTTP(w, r)
	}))
}
