// Package dstok is a client of `dstok serve`. It needs the standard library alone.
package dstok

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// ErrEnded is the error of every call that has no answer when the process ends.
var ErrEnded = errors.New("dstok ended")

type call struct {
	id     uint64
	answer chan answer
}

// Client is one process. Any number of goroutines may call it at once.
type Client struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	writing sync.Mutex // never taken by read, which must go on while a write waits
	lastID  uint64
	state   sync.Mutex // guards what follows
	calls   []call     // answers come in the order of the calls
	ended   error      // why the process ended
	done    chan error
}

// Start starts `command serve args...`. Secrets don't belong in args, which other users can read.
func Start(command string, args ...string) (*Client, error) {
	c := &Client{done: make(chan error, 1)}
	c.command = exec.Command(command, append([]string{"serve"}, args...)...)
	c.command.Stderr = os.Stderr
	for _, variable := range os.Environ() {
		// dstok would sign with a secret that it inherits, until `configure` brings another one.
		if !strings.HasPrefix(variable, "DATASETTE_SECRET=") && !strings.HasPrefix(variable, "DSTOK_OLD_SECRETS=") {
			c.command.Env = append(c.command.Env, variable)
		}
	}
	var stdout io.Reader
	var err error
	if c.stdin, err = c.command.StdinPipe(); err == nil {
		if stdout, err = c.command.StdoutPipe(); err == nil {
			err = c.command.Start()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", command, err)
	}
	go c.read(stdout)
	return c, nil
}

// Call calls a method and stores its result. It returns an *Error, or one that wraps ErrEnded.
func (c *Client) Call(method string, params, result any) error {
	channel := make(chan answer, 1)
	if err := c.send(request{Method: method, Params: params}, channel); err != nil {
		return err
	}
	answer, ok := <-channel
	if !ok {
		return c.ended
	}
	if answer.Error != nil {
		return answer.Error
	}
	return json.Unmarshal(answer.Result, result)
}

// Notify sends a request that gets no answer. You don't learn whether it failed.
func (c *Client) Notify(method string, params any) error {
	return c.send(request{Method: method, Params: params}, nil)
}

// Close closes stdin and waits. Calls in flight are answered. Call it once; it returns the error of (*exec.Cmd).Wait.
func (c *Client) Close() error {
	c.stdin.Close()
	return <-c.done
}

func (c *Client) send(r request, channel chan answer) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	r.JSONRPC = "2.0"
	if channel != nil {
		c.lastID++
		r.ID = c.lastID
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	c.state.Lock()
	ended := c.ended
	if ended == nil && channel != nil {
		c.calls = append(c.calls, call{r.ID, channel})
	}
	c.state.Unlock()
	c.stdin.Write(append(line, '\n')) // if it fails, read learns why
	return ended
}

func (c *Client) read(stdout io.Reader) {
	lines := bufio.NewReader(stdout) // a Scanner stops at lines of 64 KiB
	line, err := lines.ReadBytes('\n')
	for err == nil && c.answer(line) {
		line, err = lines.ReadBytes('\n')
	}
	c.command.Process.Kill() // if it still runs, it isn't dstok
	exit := c.command.Wait()
	c.state.Lock()
	defer c.state.Unlock()
	c.ended = fmt.Errorf("%w: %s", ErrEnded, c.command.ProcessState)
	for _, call := range c.calls {
		close(call.answer)
	}
	c.done <- exit
}

// answer says whether the line answers the oldest call. An answer to a line that is too long has no ID.
func (c *Client) answer(line []byte) bool {
	var a answer
	c.state.Lock()
	defer c.state.Unlock()
	if json.Unmarshal(line, &a) != nil || len(c.calls) == 0 {
		return false
	}
	if a.ID != c.calls[0].id && (a.ID != 0 || a.Error == nil) {
		return false
	}
	c.calls[0].answer <- a
	c.calls = c.calls[1:]
	return true
}
