// An implementation of Datasette's signed tokens, for `dstok conformance`. It shares nothing with
// dstok but the documentation: docs/how-to/conformance.md, docs/reference/actions.md and compat-fixtures/README.md.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

var (
	errMethod       = errors.New("method not found")
	errParams       = errors.New("invalid parameter")
	errNotSupported = errors.New("this release has no such thing")
	errDisabled     = errors.New("signed tokens are not enabled")
)

// A server answers as one Datasette.
type server struct {
	secrets       []string // the first signs
	alpha         int
	allowsTokens  bool
	maxTTL        int64
	takesSHA512   bool
	abbreviations map[string]string // nil for those of the release
}

// The parameters of each method, in positional order.
var methods = map[string][]string{
	"configure": {"secret", "datasette_version", "actions", "settings", "zlib", "itsdangerous", "old_secrets"},
	"create_token": {"actor_id", "expires_after", "restrict_all", "restrict_database",
		"restrict_resource", "restrictions", "now"},
	"verify_token": {"token", "now"},
	"sign":         {"value", "namespace"},
	"unsign":       {"signed", "namespace"},
}

func main() {
	var s server
	// A Scanner stops at lines of more than 64 KiB. Some requests are longer.
	input := bufio.NewReader(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	for {
		line, err := input.ReadString('\n')
		if err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "cannot read stdin:", err)
			os.Exit(1)
		}
		fmt.Fprintln(output, s.answer(line))
		// The peer may be waiting for this answer.
		output.Flush()
	}
}

func (s *server) answer(line string) string {
	answer := newObject()
	answer.set("jsonrpc", "2.0")
	request, _ := loads(line, 2*maxDepth)
	object, _ := request.(*Object)
	id, _ := object.get("id")
	answer.set("id", id)
	result, err := s.call(object)
	if err == nil {
		answer.set("result", result)
	} else {
		answer.set("error", errorOf(err))
	}
	text, err := dumps(answer)
	if err != nil {
		// Only the result can hold what JSON can't.
		delete(answer.values, "result")
		answer.names = answer.names[:2]
		answer.set("error", errorOf(errPayload))
		text, _ = dumps(answer)
	}
	return escapeSurrogates(text)
}

func (s *server) call(request *Object) (any, error) {
	name, _ := request.get("method")
	method, _ := name.(string)
	names, known := methods[method]
	if !known {
		return nil, errMethod
	}
	given, _ := request.get("params")
	params, err := bind(given, names)
	if err != nil {
		return nil, err
	}
	namespace, ok := params["namespace"].(string)
	if !ok {
		namespace = "default"
	}
	switch method {
	case "configure":
		return s.configure(params)
	case "create_token":
		return s.createToken(params)
	case "verify_token":
		return s.verifyToken(params)
	case "sign":
		return s.sign(params["value"], namespace)
	}
	signed, ok := params["signed"].(string)
	if !ok {
		return nil, invalidParam("signed")
	}
	return s.unsign(signed, namespace)
}

// bind gives names to parameters that come by position.
func bind(given any, names []string) (params, error) {
	switch given := given.(type) {
	case []any:
		bound := params{}
		for i, value := range given {
			if i == len(names) {
				return nil, invalidParam("params")
			}
			bound[names[i]] = value
		}
		return bound, nil
	case *Object:
		return given.values, nil
	}
	return nil, invalidParam("params")
}

func (s *server) configure(params params) (any, error) {
	if secret, ok := params["secret"].(string); ok {
		s.secrets = []string{secret}
	}
	if old, ok := params["old_secrets"].([]any); ok {
		s.secrets = s.secrets[:1]
		for _, secret := range old {
			s.secrets = append(s.secrets, fmt.Sprint(secret))
		}
	}
	release, _ := params["datasette_version"].(string)
	s.alpha = alphaOf(release)
	settings, _ := params["settings"].(*Object)
	allows, _ := settings.get("allow_signed_tokens")
	s.allowsTokens = allows == true
	limit, _ := settings.get("max_signed_tokens_ttl")
	fmt.Sscan(fmt.Sprint(limit), &s.maxTTL)
	s.takesSHA512 = params["itsdangerous"] == "1.1"
	s.abbreviations = abbreviationsOf(params["actions"])
	return "configured", nil
}

// abbreviationsOf reads the three forms of an action table.
func abbreviationsOf(table any) map[string]string {
	object, ok := table.(*Object)
	if !ok && table == nil {
		return nil
	}
	abbreviations := map[string]string{}
	list, isList := object.get("actions")
	if elements, ok := list.([]any); isList && ok {
		for _, element := range elements {
			action, _ := element.(*Object)
			name, _ := action.get("name")
			abbreviation, _ := action.get("abbr")
			abbreviations[fmt.Sprint(name)], _ = abbreviation.(string)
		}
		return abbreviations
	}
	if object != nil {
		for name, abbreviation := range object.values {
			abbreviations[name], _ = abbreviation.(string)
		}
	}
	return abbreviations
}

// errorOf returns the error of JSON-RPC for an error of a method.
func errorOf(err error) *Object {
	code, kind := -32602, "invalid_params"
	var invalid tokenInvalid
	switch {
	case err == errMethod:
		code, kind = -32601, "method_not_found"
	case err == errSignature:
		code, kind = 2, "bad_signature"
	case err == errPayload:
		code, kind = 3, "bad_payload"
	case errors.As(err, &invalid):
		code, kind = 4, "token_invalid"
	case err == errDisabled:
		code, kind = 5, "signed_tokens_disabled"
	case err == errNotSupported:
		code, kind = 6, "not_supported"
	}
	data, object := newObject(), newObject()
	data.set("kind", kind)
	object.set("code", Int(fmt.Sprint(code)))
	object.set("message", err.Error())
	object.set("data", data)
	return object
}
