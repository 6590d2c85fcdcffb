use alloc::format;
use guest::String;
use rquickjs_core::Ctx;

/// What QuickJS calls the text of a script.
const UNIT: &str = "eval_script:";

/// An exception of a script.
pub struct Failure {
    pub line: u32, // 0 where the script has no part in it
    pub column: u32,
    pub text: String, // with the place; it may quote a row
}

impl Failure {
    /// Takes the pending exception.
    pub fn of(ctx: &Ctx, file: &str) -> Failure {
        let thrown = ctx.catch();
        let Some(e) = thrown.as_exception() else {
            return Failure { line: 0, column: 0, text: format!("{file}: threw what is no Error") };
        };
        let name = e.as_object().get::<_, String>("name").unwrap_or_default();
        let (line, column) = e.stack().as_deref().and_then(place).unwrap_or_default();
        let place = if line > 0 { format!("{file}:{line}:{column}") } else { file.into() };
        Failure { line, column, text: format!("{place}: {name}: {}", e.message().unwrap_or_default()) }
    }
}

/// The innermost place of a stack that is in the script.
fn place(stack: &str) -> Option<(u32, u32)> {
    let (_, at) = stack.split_once(UNIT)?;
    let mut numbers = at.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
