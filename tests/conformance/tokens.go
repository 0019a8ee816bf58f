package main

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const tokenPrefix = "dstok_"

// The actions of Datasette, with the alpha of 1.0 that added each: docs/reference/actions.md.
var actions = []struct {
	since              int
	name, abbreviation string
}{
	{2, "view-instance", "vi"},
	{2, "view-database", "vd"},
	{2, "view-database-download", "vdd"},
	{2, "view-table", "vt"},
	{2, "view-query", "vq"},
	{2, "execute-sql", "es"},
	{2, "permissions-debug", "pd"},
	{2, "debug-menu", "dm"},
	{2, "insert-row", "ir"},
	{2, "delete-row", "dr"},
	{2, "update-row", "ur"},
	{2, "create-table", "ct"},
	{2, "drop-table", "dt"},
	{9, "alter-table", "at"},
	{26, "set-column-type", "sct"},
	{31, "execute-write-sql", "ews"},
	{31, "store-query", "sq"},
	{31, "update-query", "uq"},
	{31, "delete-query", "dq"},
	{36, "create-view", "cv"},
	{36, "drop-view", "dv"},
}

// alphaOf returns N of a release 1.0aN, and -1 for a release without tokens.
func alphaOf(release string) int {
	alpha, err := strconv.Atoi(strings.TrimPrefix(release, "1.0a"))
	if err != nil {
		return -1
	}
	return alpha
}

// abbreviate returns what a token carries for the name of an action.
func (s *server) abbreviate(name string) string {
	if s.abbreviations != nil {
		if abbreviation := s.abbreviations[name]; abbreviation != "" {
			return abbreviation
		}
		return name
	}
	for _, action := range actions {
		if action.name == name && action.since <= s.alpha {
			return action.abbreviation
		}
	}
	return name
}

func (s *server) createToken(params params) (any, error) {
	restrictions, err := s.restrictions(params)
	if err != nil {
		return nil, err
	}
	now, err := params.now()
	if err != nil {
		return nil, err
	}
	payload := newObject()
	payload.set("a", params["actor_id"])
	if s.alpha < 2 {
		payload.set("token", "dstok")
	}
	// Python's int(): towards zero, with every digit, and without -0.
	seconds, _ := big.NewFloat(now).Int(nil)
	payload.set("t", Int(seconds.String()))
	switch after := params["expires_after"].(type) {
	case nil:
	case Int:
		if after != "0" {
			payload.set("d", after)
		}
	default:
		return nil, invalidParam("expires_after")
	}
	if len(restrictions.names) > 0 {
		payload.set("_r", restrictions)
	}
	switch {
	case s.alpha < 0, s.alpha < 2 && len(restrictions.names) > 0:
		return nil, errNotSupported
	case s.alpha >= 25 && !s.allowsTokens:
		return nil, errDisabled
	}
	token, err := s.sign(payload, "token")
	return tokenPrefix + token, err
}

// restrictions returns the _r of a token, which is empty for one that isn't restricted.
func (s *server) restrictions(params params) (*Object, error) {
	all, database := params["restrict_all"], params["restrict_database"]
	resource := params["restrict_resource"]
	if both, ok := params["restrictions"].(*Object); ok {
		all, database, resource = both.values["all"], both.values["database"], both.values["resource"]
	}
	names := func(value any) (any, error) { return s.names(value) }
	levels := []struct {
		letter      string
		value       any
		abbreviated func(any) (any, error)
	}{
		{"a", all, names},
		{"d", database, func(value any) (any, error) { return each(value, names) }},
		{"r", resource, func(value any) (any, error) {
			return each(value, func(value any) (any, error) {
				resources, err := each(value, names)
				if err == nil && len(resources.names) == 0 {
					return nil, nil
				}
				return resources, err
			})
		}},
	}
	result := newObject()
	for _, level := range levels {
		if isEmpty(level.value) {
			continue
		}
		abbreviated, err := level.abbreviated(level.value)
		if err != nil {
			return nil, err
		}
		result.set(level.letter, abbreviated)
	}
	return result, nil
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case *Object:
		return len(value.names) == 0
	}
	return false
}

// each replaces the values of an object. Those that become nil are left out.
func each(value any, replace func(any) (any, error)) (*Object, error) {
	object, ok := value.(*Object)
	if !ok {
		return nil, invalidParam("restrictions")
	}
	result := newObject()
	for _, name := range object.names {
		replaced, err := replace(object.values[name])
		if err != nil {
			return nil, err
		}
		if replaced != nil {
			result.set(name, replaced)
		}
	}
	return result, nil
}

func (s *server) names(value any) ([]any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, invalidParam("restrictions")
	}
	names := []any{}
	for _, element := range list {
		name, ok := element.(string)
		if !ok {
			return nil, invalidParam("restrictions")
		}
		names = append(names, s.abbreviate(name))
	}
	return names, nil
}

// tokenInvalid is Datasette's TokenInvalid, with Datasette's words.
type tokenInvalid string

func (t tokenInvalid) Error() string { return string(t) }

// malformed is a payload on which Datasette's code crashes.
const malformed tokenInvalid = "Invalid token: malformed payload"

func (s *server) verifyToken(params params) (any, error) {
	token, ok := params["token"].(string)
	if !ok {
		return nil, invalidParam("token")
	}
	now, err := params.now()
	if err != nil {
		return nil, err
	}
	if s.alpha < 0 {
		return nil, errNotSupported
	}
	if !strings.HasPrefix(token, tokenPrefix) {
		return nil, nil
	}
	actor, err := s.actor(token[len(tokenPrefix):], now)
	var invalid tokenInvalid
	if errors.As(err, &invalid) && invalid != malformed && s.alpha < 36 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := dumps(actor); err != nil {
		return nil, errPayload
	}
	return actor, nil
}

func (s *server) actor(signed string, now float64) (*Object, error) {
	if !s.allowsTokens {
		return nil, tokenInvalid("Signed tokens are not enabled for this Datasette instance")
	}
	value, err := s.unsign(signed, "token")
	if err == errSignature {
		return nil, tokenInvalid("Invalid token signature")
	} else if err != nil {
		return nil, err
	}
	if lacksTimestamp(value) {
		return nil, tokenInvalid("Invalid token: no timestamp")
	}
	payload, ok := value.(*Object)
	if !ok {
		return nil, malformed
	}
	created, ok := integer(payload.values["t"])
	if !ok {
		return nil, tokenInvalid("Invalid token: invalid timestamp")
	}
	duration, err := s.duration(payload.values["d"])
	if err != nil {
		return nil, err
	}
	if duration != nil {
		if isExpired, err := isExpired(created, duration, now); err != nil {
			return nil, err
		} else if isExpired {
			return nil, tokenInvalid("Token has expired")
		}
	}
	id, found := payload.get("a")
	if !found {
		return nil, malformed
	}
	actor := newObject()
	actor.set("id", id)
	actor.set("token", "dstok")
	if restrictions, found := payload.get("_r"); found && s.alpha >= 2 {
		actor.set("_r", restrictions)
	}
	if duration != nil {
		actor.set("token_expires", Int(new(big.Int).Add(created, duration).String()))
	}
	return actor, nil
}

// lacksTimestamp is Python's `"t" not in payload`, which also works on lists and strings.
func lacksTimestamp(payload any) bool {
	switch payload := payload.(type) {
	case *Object:
		_, found := payload.get("t")
		return !found
	case []any:
		for _, element := range payload {
			if element == "t" {
				return false
			}
		}
		return true
	case string:
		return !strings.Contains(payload, "t")
	}
	return false
}

// integer is what Python's isinstance(value, int) takes: a bool is an int.
func integer(value any) (*big.Int, bool) {
	switch value := value.(type) {
	case bool:
		if value {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case Int:
		return new(big.Int).SetString(string(value), 10)
	}
	return nil, false
}

// duration returns for how many seconds a token is valid, nil for one without an end.
func (s *server) duration(value any) (*big.Int, error) {
	limit := big.NewInt(s.maxTTL)
	duration := limit
	if value != nil {
		given, ok := integer(value)
		if !ok {
			return nil, tokenInvalid("Invalid token: invalid duration")
		}
		if s.maxTTL == 0 || given.Cmp(limit) <= 0 {
			duration = given
		}
	}
	if duration.Sign() == 0 {
		return nil, nil
	}
	return duration, nil
}

// isExpired is Python's `now - created > duration`. Python makes created a float, and then compares
// the float with the integer exactly.
func isExpired(created, duration *big.Int, now float64) (bool, error) {
	start, _ := new(big.Float).SetInt(created).Float64()
	if math.IsInf(start, 0) {
		return false, malformed
	}
	age := now - start
	if math.IsInf(age, 0) {
		return age > 0, nil
	}
	return new(big.Rat).SetFloat64(age).Cmp(new(big.Rat).SetInt(duration)) > 0, nil
}

// params are the parameters of a call, by name.
type params map[string]any

func (p params) now() (float64, error) {
	switch now := p["now"].(type) {
	case float64:
		return now, nil
	case Int:
		float, err := strconv.ParseFloat(string(now), 64)
		return float, err
	}
	// The suite always says when.
	return 0, invalidParam("now")
}

func invalidParam(name string) error {
	return fmt.Errorf("%w: %s", errParams, name)
}
