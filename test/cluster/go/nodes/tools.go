//go:build tools

// Package nodes pins kwok, which plays nodes and kubelets; nothing here is compiled.
package nodes

import _ "sigs.k8s.io/kwok/cmd/kwok"
