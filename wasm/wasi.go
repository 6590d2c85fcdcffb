package wasm

import (
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

const wasiFunction = "wasi_snapshot_preview1"

// Error numbers of WASI preview 1.
const (
	wasiOK     = 0
	wasiBadF   = 8
	wasiFault  = 21
	wasiInval  = 28
	wasiNoSys  = 52
	eventBytes = 32
	subBytes   = 48
)

const (
	randomBytesMax    = 1 << 20
	vectorsMax        = 1024 // iovecs and subscriptions of one call
	clockStartSeconds = 1_700_000_000
	clockStep         = 1000 // nanoseconds from one look to the next
)

// wasiImports is preview 1 with nothing behind it: no arguments, environment,
// files or sockets, a clock that only counts its readers, a generator that
// starts at the same seed. It exists so that the libraries of Go and Rust run.
func wasiImports() map[string]hostFunction {
	all := map[string]hostFunction{
		"args_sizes_get":    {signature{"ii", "i"}, wasiNothing},
		"environ_sizes_get": {signature{"ii", "i"}, wasiNothing},
		"args_get":          {signature{"ii", "i"}, wasiDone},
		"environ_get":       {signature{"ii", "i"}, wasiDone},
		"sched_yield":       {signature{"", "i"}, wasiDone},
		"clock_res_get":     {signature{"ii", "i"}, wasiClockRes},
		"clock_time_get":    {signature{"iIi", "i"}, wasiClock},
		"random_get":        {signature{"ii", "i"}, wasiRandom},
		"fd_write":          {signature{"iiii", "i"}, wasiWrite},
		"fd_fdstat_get":     {signature{"ii", "i"}, wasiFdstat},
		"poll_oneoff":       {signature{"iiii", "i"}, wasiPoll},
		"proc_exit":         {signature{"i", ""}, wasiExit},
	}
	refuse := func(code uint64, functions map[string]string) {
		for name, params := range functions {
			all[name] = hostFunction{signature{params, "i"}, func(in *Instance, _ api.Memory, stack []uint64) {
				in.charge(0)
				stack[0] = code
			}}
		}
	}
	refuse(wasiBadF, map[string]string{
		"fd_advise": "iIIi", "fd_allocate": "iII", "fd_close": "i", "fd_datasync": "i", "fd_fdstat_set_flags": "ii",
		"fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii", "fd_filestat_set_size": "iI",
		"fd_filestat_set_times": "iIIi", "fd_pread": "iiiIi", "fd_prestat_get": "ii", "fd_prestat_dir_name": "iii",
		"fd_pwrite": "iiiIi", "fd_read": "iiii", "fd_readdir": "iiiIi", "fd_renumber": "ii", "fd_seek": "iIii",
		"fd_sync": "i", "fd_tell": "ii",
	})
	refuse(wasiNoSys, map[string]string{
		"path_create_directory": "iii", "path_filestat_get": "iiiii", "path_filestat_set_times": "iiiiIIi",
		"path_link": "iiiiiii", "path_open": "iiiiiIIii", "path_readlink": "iiiiii", "path_remove_directory": "iii",
		"path_rename": "iiiiii", "path_symlink": "iiiii", "path_unlink_file": "iii", "proc_raise": "i",
		"sock_accept": "iii", "sock_recv": "iiiiii", "sock_send": "iiiii", "sock_shutdown": "ii",
	})
	return all
}

func wasiDone(in *Instance, _ api.Memory, stack []uint64) {
	in.charge(0)
	result(stack, wasiOK)
}

// result leaves an error number; a function without parameters still has one
// place on its stack for it.
func result(stack []uint64, code uint64) { stack[0] = code }

// check is wasiOK if the writes to guest memory went well.
func check(stack []uint64, ok bool) {
	if ok {
		result(stack, wasiOK)
	} else {
		result(stack, wasiFault)
	}
}

// wasiNothing answers "none, of no bytes".
func wasiNothing(in *Instance, mem api.Memory, stack []uint64) {
	in.charge(0)
	ok := mem.WriteUint32Le(uint32(stack[0]), 0)
	check(stack, mem.WriteUint32Le(uint32(stack[1]), 0) && ok)
}

func wasiClockRes(in *Instance, mem api.Memory, stack []uint64) {
	in.charge(0)
	check(stack, mem.WriteUint64Le(uint32(stack[1]), clockStep))
}

// wasiClock gives every clock the same time, a step later at each look.
func wasiClock(in *Instance, mem api.Memory, stack []uint64) {
	in.charge(0)
	in.clock += clockStep
	check(stack, mem.WriteUint64Le(uint32(stack[2]), in.now()))
}

func (in *Instance) now() uint64 { return clockStartSeconds*1_000_000_000 + in.clock }

// wasiRandom is a linear congruential generator from a fixed seed.
func wasiRandom(in *Instance, mem api.Memory, stack []uint64) {
	n := uint32(stack[1])
	in.charge(uint64(n))
	p, ok := mem.Read(uint32(stack[0]), n)
	if n > randomBytesMax {
		result(stack, wasiInval)
		return
	}
	for i := range p {
		in.random = in.random*6364136223846793005 + 1442695040888963407
		p[i] = byte(in.random >> 56)
	}
	check(stack, ok)
}

// wasiWrite sends stdout and stderr to the log.
func wasiWrite(in *Instance, mem api.Memory, stack []uint64) {
	fd, vectors, n, written := uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3])
	in.charge(uint64(n))
	if fd != 1 && fd != 2 {
		result(stack, wasiBadF)
		return
	}
	list, ok := mem.Read(vectors, 8*min(n, vectorsMax))
	if !ok {
		result(stack, wasiFault)
		return
	}
	total := uint32(0)
	for ; len(list) > 0; list = list[8:] {
		size := binary.LittleEndian.Uint32(list[4:])
		in.charge(uint64(size))
		p, ok := mem.Read(binary.LittleEndian.Uint32(list), size)
		if !ok {
			result(stack, wasiFault)
			return
		}
		in.journal.write(p)
		total += size
	}
	check(stack, mem.WriteUint32Le(written, total))
}

// wasiFdstat says that 0, 1 and 2 are terminals.
func wasiFdstat(in *Instance, mem api.Memory, stack []uint64) {
	in.charge(0)
	if uint32(stack[0]) > 2 {
		result(stack, wasiBadF)
		return
	}
	const characterDevice = 2
	p, ok := mem.Read(uint32(stack[1]), 24)
	if ok {
		clear(p)
		p[0] = characterDevice
	}
	check(stack, ok)
}

// wasiPoll never waits: it moves the clock to the latest time asked for and
// reports all timers as gone off. Files have nothing to report.
func wasiPoll(in *Instance, mem api.Memory, stack []uint64) {
	subscriptions, events, n := uint32(stack[0]), uint32(stack[1]), uint32(stack[2])
	count := uint32(stack[3])
	in.charge(uint64(n) * subBytes)
	if n == 0 || n > vectorsMax {
		result(stack, wasiInval)
		return
	}
	from, ok := mem.Read(subscriptions, n*subBytes)
	to, fits := mem.Read(events, n*eventBytes)
	if !ok || !fits {
		result(stack, wasiFault)
		return
	}
	for i := range int(n) {
		s, e := from[i*subBytes:][:subBytes], to[i*eventBytes:][:eventBytes]
		user, kind := binary.LittleEndian.Uint64(s), s[8]
		if kind == 0 {
			in.sleep(binary.LittleEndian.Uint64(s[24:]), s[40]&1 != 0)
		}
		clear(e)
		binary.LittleEndian.PutUint64(e, user)
		if kind != 0 {
			e[8] = wasiBadF
		}
		e[10] = kind
	}
	check(stack, mem.WriteUint32Le(count, n))
}

// sleep moves the clock forward, by nanoseconds or to a time.
func (in *Instance) sleep(t uint64, absolute bool) {
	if absolute {
		t -= min(t, in.now())
	}
	const century = 100 * 365 * 24 * 3600 * 1_000_000_000
	in.clock += min(t, century-min(in.clock, century))
}

func wasiExit(in *Instance, _ api.Memory, stack []uint64) {
	in.charge(0)
	panic(&stop{CodeProcExit, fmt.Sprintf("status %d", uint32(stack[0]))})
}
