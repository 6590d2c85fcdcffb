//! What the host offers a guest, and what QuickJS would like of a system.

#[link(wasm_import_module = "cubeset")]
unsafe extern "C" {
    #[link_name = "log"]
    fn cubeset_log(level: i32, text: *const u8, bytes: usize);
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    #[link_name = "abort"]
    fn env_abort(message: usize, file: usize, line: u32, column: u32);
}

pub const INFO: i32 = 1;
pub const ERROR: i32 = 3;

/// Says something in the log.
pub fn say(level: i32, text: &str) {
    unsafe { cubeset_log(level, text.as_ptr(), text.len()) }
}

/// Ends the instance, at a place of the script.
pub fn abort(line: u32, column: u32) -> ! {
    unsafe { env_abort(0, 0, line, column) }
    core::arch::wasm32::unreachable()
}

/// The time, which QuickJS seeds Math.random with. A script has neither.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    0.0
}
