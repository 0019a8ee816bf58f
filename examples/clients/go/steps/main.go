// Runs the steps that scripts/test_clients gives it. Usage: steps STEPS SECRET-FILE
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"

	"dstok"
)

type request struct {
	Method string
	Params json.RawMessage // a map would be sorted
}

type step struct {
	request
	Name, Do, Member string
	Pairs            [][2]json.RawMessage
	Then             request
	Count            int
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func start(secret string) *dstok.Client {
	client, err := dstok.Start(os.Getenv("DSTOK"))
	must(err)
	var info any
	must(client.Call("configure", map[string]string{"secret": secret}, &info))
	return client
}

// sendAll makes many calls at once, each with an actor of its own, and returns their results and errors.
func sendAll(client *dstok.Client, s step) ([]string, []error) {
	results, errs := make([]string, s.Count), make([]error, s.Count)
	var wait sync.WaitGroup
	for n := range results {
		params := map[string]any{}
		must(json.Unmarshal(s.Params, &params))
		if s.Method == "create_token" {
			params["actor_id"] = fmt.Sprint("user-", n)
		}
		wait.Add(1)
		go func(n int) {
			defer wait.Done()
			errs[n] = client.Call(s.Method, params, &results[n])
		}(n)
	}
	wait.Wait()
	return results, errs
}

func run(client *dstok.Client, secret string, s step) (result any, err error) {
	switch s.Do {
	case "call":
		err = client.Call(s.Method, s.Params, &result)
	case "ordered":
		err = client.Call(s.Method, s.ordered(), &result)
	case "notify":
		must(client.Notify(s.Method, s.Params))
		err = client.Call(s.Then.Method, s.Then.Params, &result)
	case "pipeline":
		tokens, _ := sendAll(client, s)
		result = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(tokens, "\n")+"\n")))
	case "death":
		result = death(s)
	case "restart":
		result = restart(secret, s)
	}
	return result, err
}

func (s step) ordered() dstok.Object {
	var params, pairs dstok.Object
	for _, pair := range s.Pairs {
		var name string
		must(json.Unmarshal(pair[0], &name))
		pairs = append(pairs, dstok.Member{Name: name, Value: pair[1]})
	}
	members := map[string]json.RawMessage{}
	must(json.Unmarshal(s.Params, &members))
	for name, value := range members {
		params = append(params, dstok.Member{Name: name, Value: value})
	}
	return append(params, dstok.Member{Name: s.Member, Value: pairs})
}

func death(s step) any {
	client, err := dstok.Start(os.Getenv("DSTOK_MORTAL"))
	must(err)
	_, errs := sendAll(client, s)
	answered, failed, message := 0, 0, ""
	for _, err := range errs {
		if err == nil {
			answered++
		} else if errors.Is(err, dstok.ErrEnded) {
			failed++
			message = err.Error()
		}
	}
	var pong string
	later := client.Call("ping", nil, &pong)
	client.Close()
	return map[string]any{"answered": answered, "failed": failed, "message": message, "later": fmt.Sprint(later)}
}

func restart(secret string, s step) any {
	client := start(secret)
	answered := 0
	_, errs := sendAll(client, s)
	for _, err := range errs {
		if err == nil {
			answered++
		}
	}
	exit := 0
	if client.Close() != nil {
		exit = 1
	}
	return map[string]int{"answered": answered, "exit": exit}
}

func main() {
	var steps []step
	text, err := os.ReadFile(os.Args[1])
	must(err)
	must(json.Unmarshal(text, &steps))
	text, err = os.ReadFile(os.Args[2])
	must(err)
	secret := strings.TrimSuffix(string(text), "\n")

	client := start(secret)
	output := json.NewEncoder(os.Stdout)
	for _, step := range steps {
		outcome := map[string]any{"name": step.Name}
		result, err := run(client, secret, step)
		var failure *dstok.Error
		if errors.As(err, &failure) {
			var param any
			if failure.Data.Param != "" {
				param = failure.Data.Param
			}
			outcome["error"] = map[string]any{"code": failure.Code, "kind": failure.Data.Kind, "message": failure.Message, "param": param}
		} else {
			must(err)
			outcome["result"] = result
		}
		must(output.Encode(outcome))
	}
	must(client.Close())
}
