// Package sdk holds the sources of the guest SDKs that a new filter gets a copy
// of. The Go one is a module of its own, which cannot be embedded from here.
package sdk

import "embed"

// Files are the SDKs for Rust, C and AssemblyScript, each in the folder of its
// language, without their tests' tools and pages.
//
//go:embed rust/Cargo.toml rust/src c/cubeset.h assemblyscript/cubeset.ts assemblyscript/run-tests.mjs
var Files embed.FS
