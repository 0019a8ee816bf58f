package main

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"strings"
	"unicode/utf8"
)

// URLSafeSerializer of itsdangerous, with the zlib of Go's standard library. Its streams are valid
// but have other bytes than Python's, hence --payloads.

var (
	errSignature = errors.New("bad_signature")
	errPayload   = errors.New("bad_payload")
	errText      = errors.New("UTF-8 cannot encode a lone surrogate")
)

// maxInflated limits what a payload may inflate to, in bytes.
const maxInflated = 64 << 20

func (s *server) sign(value any, namespace string) (string, error) {
	json, err := dumps(value)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(json) {
		return "", errText
	}
	body := encode([]byte(json))
	if compressed := deflate([]byte(json)); len(compressed) < len(json)-1 {
		body = "." + encode(compressed)
	}
	return body + "." + encode(signature(sha1.New, s.secrets[0], namespace, body)), nil
}

// unsign returns the value that was signed. Errors are errSignature and errPayload.
func (s *server) unsign(signed, namespace string) (any, error) {
	dot := strings.LastIndexByte(signed, '.')
	if dot < 0 {
		return nil, errSignature
	}
	body := signed[:dot]
	given, ok := decode(signed[dot+1:])
	if !ok || !s.isSigned(body, namespace, given) {
		return nil, errSignature
	}
	value, ok := payload(body)
	if !ok {
		return nil, errPayload
	}
	return value, nil
}

func (s *server) isSigned(body, namespace string, given []byte) bool {
	for _, secret := range s.secrets {
		if hmac.Equal(given, signature(sha1.New, secret, namespace, body)) {
			return true
		}
		// itsdangerous 1.1 also took these.
		if s.takesSHA512 && hmac.Equal(given, signature(sha512.New, secret, namespace, body)) {
			return true
		}
	}
	return false
}

// signature derives the key as "django-concat" does.
func signature(algorithm func() hash.Hash, secret, namespace, body string) []byte {
	key := algorithm()
	io.WriteString(key, namespace+"signer"+secret)
	mac := hmac.New(algorithm, key.Sum(nil))
	io.WriteString(mac, body)
	return mac.Sum(nil)
}

func payload(body string) (any, bool) {
	isCompressed := strings.HasPrefix(body, ".")
	data, ok := decode(strings.TrimPrefix(body, "."))
	if ok && isCompressed {
		data, ok = inflate(data)
	}
	if !ok || !utf8.Valid(data) {
		return nil, false
	}
	value, err := loads(string(data), maxDepth)
	return value, err == nil
}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	writer := zlib.NewWriter(&out)
	writer.Write(data)
	writer.Close()
	return out.Bytes()
}

// inflate ignores what follows the stream, as Python's zlib.decompress does.
func inflate(stream []byte) ([]byte, bool) {
	reader, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxInflated+1))
	return data, err == nil && len(data) <= maxInflated
}

func encode(data []byte) string {
	return base64.RawURLEncoding.EncodeToString(data)
}

// decode reads base64 as itsdangerous does: it adds the padding that the length lacks, and then
// ignores other characters, what follows the padding, and the bits that no byte needs.
func decode(text string) ([]byte, bool) {
	text += strings.Repeat("=", (4-len(text)%4)%4)
	var data []byte
	position, pads, left := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		if text[i] == '=' {
			pads++
			if position >= 2 && position+pads >= 4 {
				return data, true
			}
			continue
		}
		six, ok := sixBits(text[i])
		if !ok {
			continue
		}
		pads = 0
		switch position {
		case 1:
			data = append(data, left<<2|six>>4)
		case 2:
			data = append(data, left<<4|six>>2)
		case 3:
			data = append(data, left<<6|six)
		}
		position, left = (position+1)%4, six
	}
	return data, position == 0
}

// sixBits takes the characters of both alphabets.
func sixBits(c byte) (byte, bool) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	switch c {
	case '+':
		c = '-'
	case '/':
		c = '_'
	}
	i := strings.IndexByte(alphabet, c)
	return byte(i), i >= 0
}
