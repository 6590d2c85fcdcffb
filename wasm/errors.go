package wasm

import (
	"fmt"
	"strings"
)

// Code says what went wrong with a guest. ABI.md lists what each means for the
// author of a filter.
type Code string

const (
	CodeFuel          Code = "fuel"           // used up its budget
	CodeDeadline      Code = "deadline"       // used up the wall clock; depends on the machine
	CodeTrap          Code = "trap"           // unreachable, division by zero, wrong table entry …
	CodeOOBTrap       Code = "oob_trap"       // read or wrote outside its memory
	CodeStackOverflow Code = "stack_overflow" // recursed too deeply
	CodeProcExit      Code = "proc_exit"      // called exit, whatever the status
	CodeBadPointer    Code = "bad_pointer"    // cs_reserve returned an unaligned or foreign address
	CodeBadVerdict    Code = "bad_verdict"    // a verdict was not written, or not 0 or 1
	CodeBadReason     Code = "bad_reason"     // a reason that the manifest does not declare
	CodeNaNScore      Code = "nan_score"      // a score that is not finite
	CodeGuestStatus   Code = "guest_status"   // cs_filter returned other than 0
	CodeGuestOOM      Code = "guest_oom"      // cs_reserve returned 0
	CodeStaticLimit   Code = "static_limit"   // broke a limit of Scan
	CodeCompile       Code = "compile"        // not a valid module
	CodeCompilePanic  Code = "compile_panic"  // the compiler gave up on it
	CodeMissingExport Code = "missing_export"
	CodeBadSignature  Code = "bad_signature" // an export or import of another type, or a reserved name
	CodeUnknownImport Code = "unknown_import"
	CodeABIVersion    Code = "abi_version"   // built for another version of the ABI
	CodeDeadInstance  Code = "dead_instance" // used after it failed or was closed
	CodeConfig        Code = "config"        // an option or a blob is wrong, or the guest refused them
	CodeManifest      Code = "manifest"      // the manifest is missing or wrong
)

// GuestError is a failure that is the guest's doing. Its text holds nothing that
// the guest read from a row.
type GuestError struct {
	Code   Code
	Filter string // name from the manifest; empty before it is known
	Where  string // the export that ran, or the step of loading
	Msg    string
	Row    int // row of the batch, -1 if unknown
	Err    error

	// Stack is the functions that ran when it stopped, innermost first, by the
	// names the module has for them; nil if nothing ran.
	Stack []string
}

func (e *GuestError) Error() string {
	var b strings.Builder
	b.WriteString("filter")
	if e.Filter != "" {
		b.WriteString(" " + e.Filter)
	}
	if e.Where != "" {
		b.WriteString(": " + e.Where)
	}
	b.WriteString(": " + string(e.Code))
	if e.Row >= 0 {
		fmt.Fprintf(&b, ": row %d", e.Row)
	}
	if e.Msg != "" {
		b.WriteString(": " + e.Msg)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *GuestError) Unwrap() error { return e.Err }

// Deterministic reports whether running the same rows again fails in the same
// way. Only the wall clock is not.
func (e *GuestError) Deterministic() bool { return e.Code != CodeDeadline }

// guestError starts an error that is not about one row.
func guestError(code Code, where, format string, args ...any) *GuestError {
	return &GuestError{Code: code, Where: where, Msg: fmt.Sprintf(format, args...), Row: -1}
}
