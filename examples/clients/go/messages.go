package dstok

import (
	"encoding/json"
	"strings"
)

// Error is an error that dstok answers. Data.Kind is stable; Message is for people.
type Error struct {
	Code    int
	Message string
	Data    struct{ Kind, Param string }
}

func (e *Error) Error() string { return e.Message }

type request struct {
	JSONRPC string `json:"jsonrpc"`
	ID      uint64 `json:"id,omitempty"` // from 1; a notification has none
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

type answer struct {
	ID     uint64
	Result json.RawMessage
	Error  *Error
}

// Object is a JSON object that keeps its order, which changes the token. A map is sorted.
type Object []Member

// Member is a name and a value of an Object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	members := make([]string, len(o))
	for i, member := range o {
		object, err := json.Marshal(map[string]any{member.Name: member.Value})
		if err != nil {
			return nil, err
		}
		members[i] = string(object[1 : len(object)-1])
	}
	return []byte("{" + strings.Join(members, ",") + "}"), nil
}
