package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON as Python reads and writes it. encoding/json sorts the members of objects, turns integers
// into floats, and replaces lone surrogates. Each of that changes the bytes that are signed.
//
// A value is nil, a bool, an Int, a float64, a string, a []any or an *Object. A lone surrogate
// is three bytes in a string, as UTF-8 would write it.

// An Int is the decimal digits of an integer of any size.
type Int string

// An Object keeps its members in order.
type Object struct {
	names  []string
	values map[string]any
}

func newObject() *Object {
	return &Object{values: map[string]any{}}
}

func (o *Object) get(name string) (any, bool) {
	if o == nil {
		return nil, false
	}
	value, found := o.values[name]
	return value, found
}

// A name that is there already keeps its place and gets the new value, as in a dict.
func (o *Object) set(name string, value any) {
	if _, found := o.values[name]; !found {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

const (
	maxDepth  = 512
	maxDigits = 4300
)

var (
	errSyntax = errors.New("not JSON that Python reads")
	errFloat  = errors.New("JSON cannot carry NaN or an infinity")
)

type reader struct {
	text  string
	at    int
	depth int
}

// loads reads one value, with at most maxDepth open lists and objects.
func loads(text string, depth int) (value any, err error) {
	r := reader{text: text, depth: depth}
	if value, err = r.value(); err != nil {
		return nil, err
	}
	if r.space(); r.at < len(text) {
		return nil, errSyntax
	}
	return value, nil
}

func (r *reader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\n\r", r.text[r.at]) >= 0 {
		r.at++
	}
}

// take skips whitespace and then the token, if it is there.
func (r *reader) take(token string) bool {
	r.space()
	found := strings.HasPrefix(r.text[r.at:], token)
	if found {
		r.at += len(token)
	}
	return found
}

func (r *reader) value() (any, error) {
	switch {
	case r.take("{"):
		return r.object()
	case r.take("["):
		return r.list()
	case r.take(`"`):
		return r.str()
	case r.take("null"):
		return nil, nil
	case r.take("true"):
		return true, nil
	case r.take("false"):
		return false, nil
	case r.take("NaN"):
		return math.NaN(), nil
	case r.take("Infinity"):
		return math.Inf(1), nil
	case r.take("-Infinity"):
		return math.Inf(-1), nil
	}
	return r.number()
}

func (r *reader) open() error {
	if r.depth--; r.depth < 0 {
		return errSyntax
	}
	return nil
}

func (r *reader) list() (any, error) {
	list := []any{}
	if err := r.open(); err != nil {
		return nil, err
	}
	for first := true; !r.take("]"); first = false {
		if !first && !r.take(",") {
			return nil, errSyntax
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	r.depth++
	return list, nil
}

func (r *reader) object() (any, error) {
	object := newObject()
	if err := r.open(); err != nil {
		return nil, err
	}
	for first := true; !r.take("}"); first = false {
		if !first && !r.take(",") || !r.take(`"`) {
			return nil, errSyntax
		}
		name, err := r.str()
		if err != nil || !r.take(":") {
			return nil, errSyntax
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		object.set(name, value)
	}
	r.depth++
	return object, nil
}

// str reads a string after its opening quote.
func (r *reader) str() (string, error) {
	var text []byte
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			return string(text), nil
		case c < ' ':
			return "", errSyntax
		case c != '\\':
			text = append(text, c)
		default:
			unescaped, err := r.escape()
			if err != nil {
				return "", err
			}
			text = appendRune(text, unescaped)
		}
	}
	return "", errSyntax
}

// escape reads an escape after its backslash, and the second half of a surrogate pair with it.
func (r *reader) escape() (rune, error) {
	if r.at == len(r.text) {
		return 0, errSyntax
	}
	c := r.text[r.at]
	r.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	unit, ok := r.hex()
	if c != 'u' || !ok {
		return 0, errSyntax
	}
	if utf16.IsSurrogate(unit) && strings.HasPrefix(r.text[r.at:], `\u`) {
		start := r.at
		r.at += 2
		if low, ok := r.hex(); ok {
			if pair := utf16.DecodeRune(unit, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
		r.at = start
	}
	return unit, nil
}

func (r *reader) hex() (rune, bool) {
	if len(r.text)-r.at < 4 {
		return 0, false
	}
	digits := r.text[r.at : r.at+4]
	// ParseUint takes no sign, and an underscore only with base 0.
	unit, err := strconv.ParseUint(digits, 16, 16)
	r.at += 4
	return rune(unit), err == nil
}

// appendRune appends UTF-8, for lone surrogates too.
func appendRune(text []byte, c rune) []byte {
	if utf16.IsSurrogate(c) {
		return append(text, byte(0xe0|c>>12), byte(0x80|c>>6&0x3f), byte(0x80|c&0x3f))
	}
	return utf8.AppendRune(text, c)
}

func (r *reader) digits() bool {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}

func (r *reader) number() (any, error) {
	start := r.at
	negative := r.take("-")
	first := r.at
	if !r.digits() || r.text[first] == '0' && r.at > first+1 {
		return nil, errSyntax
	}
	integerEnd, end := r.at, r.at
	isFloat := false
	if strings.HasPrefix(r.text[r.at:], ".") {
		r.at++
		if isFloat = r.digits(); !isFloat {
			return nil, errSyntax
		}
		end = r.at
	}
	exponent := end
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		r.at++
		if r.at < len(r.text) && strings.IndexByte("+-", r.text[r.at]) >= 0 {
			r.at++
		}
		if isFloat = r.digits(); !isFloat {
			return nil, errSyntax
		}
		end = r.at
	}
	if isFloat {
		parts := r.text[start:first+1] + "." + r.text[first+1:integerEnd] +
			strings.TrimPrefix(r.text[integerEnd:exponent], ".")
		return parseFloat(parts, r.text[exponent:end], integerEnd-first-1), nil
	}
	if end-first > maxDigits {
		return nil, errSyntax
	}
	if negative && r.text[first:end] == "0" {
		return Int("0"), nil
	}
	return Int(r.text[start:end]), nil
}

// parseFloat reads a number with one digit before its point, and moves the point to the right.
// Go 1.19's ParseFloat forgets digits before a point after the first 800.
func parseFloat(number, exponent string, right int) float64 {
	power := right
	if exponent != "" {
		given, err := strconv.Atoi(exponent[1:])
		if err != nil {
			// It does not matter by how much an exponent of twenty digits is off.
			given = math.MaxInt32
			if exponent[1] == '-' {
				given = -math.MaxInt32
			}
		}
		power += given
	}
	// The only error is a number that is too large, for which it returns an infinity.
	float, _ := strconv.ParseFloat(number+"e"+strconv.Itoa(power), 64)
	return float
}

// dumps writes a value as json.dumps(value, ensure_ascii=False, separators=(",", ":")) does.
func dumps(value any) (string, error) {
	text, err := appendValue(nil, value)
	return string(text), err
}

func appendValue(text []byte, value any) ([]byte, error) {
	var err error
	switch value := value.(type) {
	case nil:
		return append(text, "null"...), nil
	case bool:
		return strconv.AppendBool(text, value), nil
	case Int:
		return append(text, value...), nil
	case float64:
		return appendFloat(text, value)
	case string:
		return appendString(text, value), nil
	case []any:
		text = append(text, '[')
		for i, element := range value {
			if i > 0 {
				text = append(text, ',')
			}
			if text, err = appendValue(text, element); err != nil {
				return nil, err
			}
		}
		return append(text, ']'), nil
	case *Object:
		text = append(text, '{')
		for i, name := range value.names {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(appendString(text, name), ':')
			if text, err = appendValue(text, value.values[name]); err != nil {
				return nil, err
			}
		}
		return append(text, '}'), nil
	}
	return nil, errors.New("not a JSON value")
}

// appendFloat writes what Python's repr does: the shortest digits that read back as the same
// float, with an exponent below 1e-4 and from 1e16 on, which has two digits at least.
func appendFloat(text []byte, float float64) ([]byte, error) {
	if math.IsNaN(float) || math.IsInf(float, 0) {
		return nil, errFloat
	}
	if size := math.Abs(float); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(text, float, 'e', -1, 64), nil
	}
	digits := strconv.FormatFloat(float, 'f', -1, 64)
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	return append(text, digits...), nil
}

func appendString(text []byte, value string) []byte {
	text = append(text, '"')
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch j := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case j >= 0:
			text = append(text, '\\', `"\bfnrt`[j])
		case c < ' ':
			text = append(text, `\u00`...)
			text = append(text, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			text = append(text, c)
		}
	}
	return append(text, '"')
}

// escapeSurrogates replaces lone surrogates by escapes, so that a text is UTF-8.
func escapeSurrogates(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == 0xed && text[i+1] >= 0xa0 {
			unit := 0xd000 | int64(text[i+1]&0x3f)<<6 | int64(text[i+2]&0x3f)
			out = strconv.AppendInt(append(out, `\u`...), unit, 16)
			i += 2
		} else {
			out = append(out, text[i])
		}
	}
	return string(out)
}
